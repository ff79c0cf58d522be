"""What must hold for bytes of one schema that are read as values of another."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cached_property
from typing import Any

from avrogen import ResolutionError, Schema
from avrogen.codec import plan as plans
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.resolving_planner import plan_to_read
from tests.fuzz.default_model import Unresolvable, UnusableDefault
from tests.fuzz.outcomes import Failure, Find, Outcome, Value, outcome_of
from tests.fuzz.own_schema import expect_same, write_again
from tests.fuzz.partner_faults import MOST_BYTES, Resolved, resolution_fault
from tests.fuzz.resolution_model import NO_TEXT, LyingBlock, Model
from tests.fuzz.subjects import Subject
from tests.support.dynamic import as_plain
from tests.support.strategies import is_same

__all__ = ["Pair"]


class Pair:
    """A reader and a writer."""

    def __init__(self, reader: Subject, writer: Subject) -> None:
        self.reader = reader
        self.writer = writer

    @cached_property
    def plan(self) -> plans.Plan | ResolutionError:
        """The plan for plain values, or why there is none."""
        return Pair._plan(self.reader.schema, self.writer.schema)

    @cached_property
    def raw_plan(self) -> plans.Plan | ResolutionError:
        """Likewise without logical types."""
        return Pair._plan(self.reader.raw, self.writer.raw)

    @staticmethod
    def _plan(mine: Schema, theirs: Schema) -> plans.Plan | ResolutionError:
        try:
            return plan_to_read(mine.type, mine.types, theirs.type, theirs.types, None)
        except ResolutionError as error:
            return error

    @cached_property
    def checked(self) -> InterpretedDecoder | None:
        """Reads step by step."""
        return None if isinstance(self.plan, ResolutionError) else InterpretedDecoder(self.plan)

    @cached_property
    def model(self) -> Model:
        """Resolves base types as plainly as can be."""
        return Model(self.writer.raw_meaning, self.reader.raw_meaning)

    def examine(self, data: bytes) -> Outcome:
        """Read bytes of the writer in every way there is.

        Raises:
            Find: something must not be as it is.
        """
        mine, theirs, size = self.reader, self.writer, len(data)
        outcome = outcome_of(lambda: mine.schema.from_avro(data, writer=theirs.schema), size)
        expect_same(outcome, outcome_of(lambda: self._stepwise(data), size), "step by step")
        codec = mine.package.codec
        with_classes = outcome_of(lambda: codec.from_avro(data, writer=theirs.schema), size)
        match outcome, with_classes:
            case Value(value), Value(instance):
                if not is_same(as_plain(instance), value):
                    raise Find(f"with classes {instance!r:.200}, without {value!r:.200}")
                if self._units_are_kept:
                    write_again(mine, value, instance)
            case Failure(), Failure() if outcome.offset == with_classes.offset:
                pass
            case _:
                raise Find(f"with classes {with_classes!r:.300}, without {outcome!r:.300}")
        self._compare_with_model(data)
        return outcome

    def _stepwise(self, data: bytes) -> Any:
        if self.checked is None:
            assert isinstance(self.plan, ResolutionError), "otherwise there is a reader"
            raise self.plan
        return self.checked.read(data)

    def _compare_with_model(self, data: bytes) -> None:
        """Valid data of base types are read as the model reads them."""
        own = outcome_of(lambda: self.writer.raw.from_avro(data), len(data))
        raw = outcome_of(lambda: self.reader.raw.from_avro(data, writer=self.writer.raw), len(data))
        match own, raw:
            case Value(), _:
                try:
                    self._expect_model(data, raw)
                except LyingBlock:
                    return  # where a block is passed over, others do not go by its size
                self._compare_with_fastavro(data, raw)
            case Failure(message), Value(value) if not (
                self._skips or message.startswith("invalid UTF-8")  # a string, read as bytes
            ):
                raise Find(f"{value!r:.200} of what is no datum: {own}")
            case _:
                pass

    def _compare_with_fastavro(self, data: bytes, raw: Outcome) -> None:
        if self.writer.has_empty_items or len(data) > MOST_BYTES:
            return
        theirs: object
        try:
            theirs = self.writer.fastavro_as_is.read(data, self.reader.fastavro_as_is)
            agrees = isinstance(raw, Value) and is_same(raw.value, theirs)
        except Exception as error:  # whatever it is: their exceptions are many
            theirs, agrees = error, isinstance(raw, Failure)
        resolved = Resolved(json.loads(self.reader.text), self.raw_plan, raw, theirs)
        if not agrees and not resolution_fault(resolved):
            raise Find(f"{raw!r:.300}, but fastavro has {theirs!r:.200}")

    def _expect_model(self, data: bytes, raw: Outcome) -> None:
        try:
            expected = self.model.read(data)
        except Unresolvable as error:
            if isinstance(raw, Value):
                raise Find(f"{raw.value!r:.200}, but the model has {error!s:.200}") from error
            # Of these, Java's SchemaCompatibility says nothing, and so does can_read.
            known = str(error) == NO_TEXT or isinstance(error, UnusableDefault)
            known = known or "the field that its alias names" in raw.message
            if not known and not self.reader.raw.can_read(self.writer.raw):
                raise Find(f"{raw}, but can_read has nothing to say") from error
            return
        match raw:
            case Value(value):
                if not is_same(value, expected):
                    raise Find(f"{value!r:.300}, but the model has {expected!r:.300}")
            case Failure():
                raise Find(f"{raw!r:.300}, but the model has {expected!r:.300}")

    @cached_property
    def _units_are_kept(self) -> bool:
        """Whether no time is read that is finer than the reader's unit, and then cut if written."""
        own, others = (
            Counter(re.findall(r'"logicalType": "([a-z-]+)"', subject.text))
            for subject in (self.reader, self.writer)
        )
        return own == others

    @cached_property
    def _skips(self) -> bool:
        """Whether anything is skipped, and not looked at."""
        if isinstance(self.plan, ResolutionError):
            return True
        records = self.plan.records.values()
        return any(isinstance(f.operation, plans.SkipOperation) for r in records for f in r.fields)
