"""What is fuzzed: schemas of the corpora, each seen in several ways, and messages of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import pytest

from avrogen import Schema
from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_json import self_contained_json
from avrogen.avro.source import Source
from avrogen.codec import plan as plans
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.plan_analysis import MinimumSizes
from avrogen.codec.planner import plan_for
from tests.compiler.test_corpora import REFUSED, WITHOUT_VALUES
from tests.conftest import ROOT
from tests.support.corpora import RealSchema, valid_schemas
from tests.support.dynamic import Package
from tests.support.partners import Apache, FastAvro
from tests.support.random_data import for_partners, random_datum
from tests.support.schema_meaning import Meaning, meaning
from tests.support.strategies import without_logical_types

__all__ = ["Subject", "subjects"]

EXAMPLES = sorted((ROOT / "schemas").rglob("*.avsc"))


class Subject:
    """A schema, and all that reads and writes it. What is costly is made when it is asked for."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.schema = Schema.parse(text)

    @cached_property
    def raw(self) -> Schema:
        """The schema without logical types, as partners see it."""
        return Schema.parse(json.dumps(without_logical_types(json.loads(self.text))))

    @cached_property
    def raw_meaning(self) -> Meaning:
        """What the schema means, without logical types."""
        return meaning(without_logical_types(json.loads(self.text)))

    @cached_property
    def package(self) -> Package:
        """Classes as they would be generated."""
        return Package(self.schema)

    @cached_property
    def plan(self) -> plans.Plan:
        """The plan for plain values."""
        return plan_for(self.schema.type, self.schema.types, None)

    @cached_property
    def reader(self) -> InterpretedDecoder:
        """Reads step by step."""
        return InterpretedDecoder(self.plan)

    @cached_property
    def writer(self) -> InterpretedEncoder:
        """Writes step by step."""
        return InterpretedEncoder(self.plan)

    @cached_property
    def fastavro(self) -> FastAvro:
        """fastavro for the schema without logical types."""
        return FastAvro(for_partners(self._meaning))

    @cached_property
    def fastavro_as_is(self) -> FastAvro:
        """fastavro with defaults and aliases, which it needs to read what others wrote."""
        return FastAvro(json.loads(self.text))

    @cached_property
    def apache(self) -> Apache:
        """Apache avro likewise."""
        return Apache(for_partners(self._meaning))

    @cached_property
    def has_look_alike_dicts(self) -> bool:
        """Whether branches of a union are dicts as plain values, which only keys tell apart."""
        return self._has_alike(plans.Call, plans.MapOperation)

    @cached_property
    def has_look_alikes(self) -> bool:
        """Whether branches of a union are of one type as plain values, but not as classes."""
        return (
            self.has_look_alike_dicts
            or self._has_alike(plans.EnumOperation, plans.StringOperation)
            or self._has_alike(plans.FixedOperation, plans.BytesOperation)
        )

    @cached_property
    def has_empty_items(self) -> bool:
        """Whether an array's items take no bytes: a message can claim any number of them."""
        sizes = MinimumSizes(self.plan)
        return any(
            isinstance(each, plans.ArrayOperation) and sizes.of(each.item) == 0
            for each in self._operations()
        )

    def messages(self, source: random.Random, count: int) -> Sequence[bytes]:
        """Valid messages, written by fastavro; any bytes, if there are no values."""
        try:
            data = [random_datum(self._meaning, source) for _ in range(count)]
        except RecursionError:
            # Records that contain each other without end have no values.
            return [source.randbytes(20) for _ in range(count)]
        return [self.fastavro.write(datum) for datum in data]

    @cached_property
    def _meaning(self) -> Meaning:
        return meaning(json.loads(self.text))

    def _has_alike(self, *kinds: type[plans.Operation]) -> bool:
        unions = (op for op in self._operations() if isinstance(op, plans.UnionOperation))
        return any(
            sum(isinstance(branch.operation, kinds) for branch in union.branches) > 1
            for union in unions
        )

    def _operations(self) -> Iterator[plans.Operation]:
        waiting = [self.plan.root]
        waiting += [f.operation for r in self.plan.records.values() for f in r.fields]
        while waiting:
            operation = waiting.pop()
            yield operation
            match operation:
                case plans.ArrayOperation(inner) | plans.MapOperation(inner):
                    waiting.append(inner)
                case plans.UnionOperation(branches):
                    waiting += [branch.operation for branch in branches]
                case _:
                    pass


def subjects(part: int = 1, parts: int = 1) -> list[Subject]:
    """One for each schema of the example and the corpora, or for every third, and so on.

    Equal schemas are one.
    """
    examples = [(f"schemas/{file.name}", file, (file, *EXAMPLES)) for file in EXAMPLES]
    real = [
        (each.name, each.files[0], each.files)
        for each in _corpora()
        if each.name not in {*REFUSED, *WITHOUT_VALUES}
    ]
    found: dict[str, Subject] = {}
    for name, file, files in [*examples, *real][part - 1 :: parts]:
        text = _in_one_piece(file, files)
        if text not in found:
            found[text] = Subject(name, text)
    return list(found.values())


def _corpora() -> list[RealSchema]:
    try:
        return valid_schemas()
    except pytest.skip.Exception:
        return []  # the example is there everywhere


def _in_one_piece(file: Path, files: Iterable[Path]) -> str:
    sources = {each: Source(str(each), each.read_text("utf-8"), each.name) for each in files}
    parsed = parse_sources(sources.values())
    root = next(root.type for root in parsed.roots if root.source is sources[file])
    return json.dumps(self_contained_json(root, parsed.types))
