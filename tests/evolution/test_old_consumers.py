"""The check by experiment: old consumers read what new producers write, for any change of a topic.

Each trial generates a topic, changes it, and compiles both versions. Where ``avrogen check`` finds
nothing at FULL, the consumer of the old generated code handles every message of the new producer,
and each value is the one that was sent, in all fields that both versions have.

CI tries a hundred changes. ``AVROGEN_TOPIC_CHANGES=10000`` in the environment has more tried,
and ``AVROGEN_TOPIC_SEED=7`` others.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any, ClassVar, TypeGuard
from uuid import UUID

import pytest

from avrogen.avro.compat.levels import Level
from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.compiler.build import analyse
from avrogen.compiler.rendering import render
from avrogen.config.config import parse_config
from avrogen.evolution.check import check
from avrogen.examples.factory import Factory
from avrogen.kafka.consumer.message_reader import (
    MessageReader,
    MessageUnreadable,
    SchemaNotCached,
)
from avrogen.testing import Incoming
from avrogen.testing.handlers.incoming_messages import TopicWriter
from avrogen.testing.registry.memory import MemoryRegistry

TRIALS = int(os.environ.get("AVROGEN_TOPIC_CHANGES", "100"))
SEED = int(os.environ.get("AVROGEN_TOPIC_SEED", "20"))

# --- topics ---------------------------------------------------------------------------------------

Json = Any
NAMES = ["Placed", "Cancelled", "Shipped", "Returned", "Billed"]
FIELDS = ["id", "total", "note", "state", "lines", "at"]
LEAVES: list[Json] = [
    "int",
    "long",
    "float",
    "double",
    "boolean",
    "string",
    "bytes",
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "date"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 3},
]
DEFAULTS: dict[str, Json] = {
    "int": 0,
    "long": 0,
    "float": 0.5,
    "double": 0.5,
    "boolean": True,
    "string": "",
    "bytes": "",
}


@dataclass
class Version:
    """A version of a topic: its types, and its table in ``avrogen.toml``."""

    types: list[dict[str, Json]]
    value: list[str]
    key: str | None
    key_field: str | None
    tombstones: bool
    strategy: str | None

    def toml(self) -> str:
        lines = ["[topics.t]", f"value = {json.dumps(self.value)}", 'dead-letter = "t.dlq"']
        lines += [f'key = "{self.key}"'] if self.key else []
        lines += [f'key-field = "{self.key_field}"'] if self.key_field else []
        lines += ["tombstones = true"] if self.tombstones else []
        lines += [f'subject-strategy = "{self.strategy}"'] if self.strategy else []
        return "\n".join(lines)


class Maker:
    """Makes topics and changes of them, of a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.made = 0

    def topic(self) -> Version:
        types = [self.record(name) for name in NAMES[: self.chance.randint(1, 3)]]
        value = [f"n.{type_['name']}" for type_ in types]
        key, field = None, None
        match self.chance.randrange(4):
            case 0:
                key = self.chance.choice(["string", "int", "long", "bytes", "double"])
            case 1:
                for each in types:
                    _field(each, "id")["type"] = "long"
                    _field(each, "id").pop("default", None)
                field = "id"
            case _:
                pass
        tombstones = (key or field) is not None and self.chance.random() < 0.3
        return Version(types, value, key, field, tombstones, None)

    def record(self, name: str) -> dict[str, Json]:
        chosen = [each for each in FIELDS if each == "id" or self.chance.random() < 0.5]
        made = [self.field(each) for each in chosen]
        return {"type": "record", "name": name, "namespace": "n", "fields": made}

    def field(self, name: str) -> dict[str, Json]:
        type_ = self.type(2)
        field: dict[str, Json] = {"name": name, "type": type_}
        if self.chance.random() < 0.4:
            self.give_default(field)
        return field

    def give_default(self, field: dict[str, Json]) -> None:
        type_ = field["type"]
        if isinstance(type_, str) and type_ in DEFAULTS:
            field["default"] = DEFAULTS[type_]
        elif isinstance(type_, list) and type_[0] == "null":
            field["default"] = None
        elif isinstance(type_, dict) and type_["type"] == "enum":
            field["default"] = type_["symbols"][0]
        elif isinstance(type_, dict) and type_["type"] in ("array", "map"):
            field["default"] = [] if type_["type"] == "array" else {}

    def type(self, depth: int) -> Json:
        self.made += 1
        match self.chance.randrange(10) if depth else 0:
            case 6:
                return {"type": "array", "items": self.type(depth - 1)}
            case 7:
                return self.union(depth)
            case 8:
                enum: dict[str, Json] = {
                    "type": "enum",
                    "name": f"E{self.made}",
                    "symbols": ["NEW", "PAID", "LOST"][: self.chance.randint(1, 3)],
                }
                if self.chance.random() < 0.5:
                    enum["default"] = "NEW"
                return enum
            case 9:
                inner = [{"name": f"f{i}", "type": self.type(depth - 1)} for i in range(2)]
                return {"type": "record", "name": f"R{self.made}", "fields": inner}
            case _:
                return copy.deepcopy(self.chance.choice(LEAVES))

    def union(self, depth: int) -> Json:
        branches: list[Json] = ["null"] if self.chance.random() < 0.7 else []
        for branch in (self.type(depth - 1) for _ in range(2)):
            if isinstance(branch, list):
                continue
            kinds = [each if isinstance(each, str) else each["type"] for each in branches]
            kind = branch if isinstance(branch, str) else branch["type"]
            if kind in ("record", "enum") or kind not in kinds:
                branches.append(branch)
        return branches if len(branches) > 1 else copy.deepcopy(self.chance.choice(LEAVES))

    def changed(self, old: Version) -> Version:
        new = copy.deepcopy(old)
        for _ in range(self.chance.choice([1, 1, 1, 2, 3])):
            self.chance.choice(self.CHANGES)(self, new)
        new.value = [f"{each.get('namespace')}.{each['name']}" for each in new.types]
        if new.strategy == "topic" and len(new.value) > 1:
            new.strategy = None
        return new

    # --- changes of the topic

    def add_type(self, new: Version) -> None:
        free = [name for name in NAMES if all(each["name"] != name for each in new.types)]
        record = self.record(self.chance.choice(free or NAMES))
        if self.chance.random() < 0.2:
            record["name"], record["namespace"] = new.types[0]["name"], "m"
        if new.key_field:
            _field(record, "id")["type"] = "long"
            _field(record, "id").pop("default", None)
        if all(
            (each["name"], each["namespace"]) != (record["name"], record["namespace"])
            for each in new.types
        ):
            new.types.append(record)

    def remove_type(self, new: Version) -> None:
        if len(new.types) > 1:
            new.types.pop(self.chance.randrange(len(new.types)))

    def reorder_types(self, new: Version) -> None:
        self.chance.shuffle(new.types)

    def rename_type(self, new: Version) -> None:
        type_ = self.chance.choice(new.types)
        old = f"{type_['namespace']}.{type_['name']}"
        if self.chance.random() < 0.5:
            type_["namespace"] = "other"
        else:
            type_["name"] = f"{type_['name']}V2"
        if self.chance.random() < 0.5:
            type_["aliases"] = [old]

    def change_key(self, new: Version) -> None:
        if new.key_field is None:
            new.key = self.chance.choice([None, "string", "int", "long", "bytes", "float"])
        else:
            new.key_field = None
        new.tombstones = new.tombstones and new.key is not None

    def change_tombstones(self, new: Version) -> None:
        if new.key or new.key_field:
            new.tombstones = not new.tombstones

    def change_strategy(self, new: Version) -> None:
        new.strategy = self.chance.choice([None, "record", "topic-record"])

    # --- changes of types

    def change_parts(self, new: Version) -> None:
        part = self.chance.choice(list(_parts(new.types)))
        match part:
            case {"symbols": symbols}:
                self.change_enum(part, symbols)
            case {"fields": inside}:
                self.change_fields(part, inside)
            case {"name": _, "type": _}:
                self.change_field(part)
            case _ if _is_array(part):
                self.change_union(part)
            case {"items": _}:
                part["items"] = self.type(1)
            case _:
                pass

    def change_enum(self, part: dict[str, Json], symbols: list[str]) -> None:
        match self.chance.randrange(4):
            case 0:
                symbols.append(f"S{len(symbols)}")
            case 1 if len(symbols) > 1 and "default" not in part:
                symbols.pop()
            case 2:
                part["default"] = self.chance.choice(symbols)
            case _:
                symbols.reverse()

    def change_fields(self, part: dict[str, Json], inside: list[dict[str, Json]]) -> None:
        match self.chance.randrange(4):
            case 0:
                inside.insert(0, self.field(f"added{self.made}"))
            case 1 if len(inside) > 1:
                inside.pop()
            case 2:
                self.chance.shuffle(inside)
            case _:
                part["doc"] = "changed"

    def change_field(self, part: dict[str, Json]) -> None:
        match self.chance.randrange(5):
            case 0:
                part["type"] = self.type(1)
                part.pop("default", None)
            case 1:
                old = part["name"]
                part["name"] = f"{old}Renamed"
                if self.chance.random() < 0.5:
                    part["aliases"] = [old]
            case 2 if "default" in part:
                del part["default"]
            case 3:
                self.give_default(part)
            case _ if isinstance(part["type"], str) and part["type"] != "null":
                wider = {"int": "long", "long": "double", "float": "double", "string": "bytes"}
                narrower = {value: key for key, value in wider.items()}
                table = self.chance.choice([wider, narrower])
                part["type"] = table.get(part["type"], part["type"])
                part.pop("default", None)
            case _:
                part["doc"] = "changed"

    def change_union(self, part: list[Json]) -> None:
        match self.chance.randrange(3):
            case 0 if len(part) > 1:
                part.pop()
            case 1:
                part.reverse()
            case _:
                part.append({"type": "map", "values": "string"})

    CHANGES: ClassVar[list[Callable[[Any, Version], None]]] = [
        add_type,
        remove_type,
        reorder_types,
        rename_type,
        change_key,
        change_tombstones,
        change_strategy,
        *[change_parts] * 12,
    ]


def _field(record: dict[str, Json], name: str) -> dict[str, Json]:
    found: dict[str, Json] = next(each for each in record["fields"] if each["name"] == name)
    return found


def _parts(schema: Json) -> Iterator[Json]:
    """Yield records, enums, fields, unions and arrays of schemas."""
    if _is_array(schema):
        if "null" in schema or not any(_is_object(each) and "fields" in each for each in schema):
            yield schema
        for each in schema:
            yield from _parts(each)
    elif _is_object(schema):
        yield schema
        for member in ("type", "items", "values"):
            if not isinstance(schema.get(member), str | None):
                yield from _parts(schema[member])
        for each in schema.get("fields", ()):
            yield from _parts(each)


def _is_array(schema: Json) -> TypeGuard[list[Json]]:
    return isinstance(schema, list)


def _is_object(schema: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(schema, dict)


# --- packages -------------------------------------------------------------------------------------


@contextmanager
def compiled(version: Version, name: str, folder: Path) -> Generator[Any]:
    """The topics module of a version's generated package; None if it cannot be built."""
    diagnostics = Diagnostics()
    sources = [Source("all.avsc", json.dumps(version.types), "all.avsc")]
    config = parse_config("avrogen.toml", version.toml().encode(), diagnostics)
    analysis = analyse(sources, config, diagnostics)
    if analysis is None:
        yield None
        return
    for file in render(analysis.package):
        path = folder / name / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.head + "\n".join(file.pieces), "utf-8")
    invalidate_caches()
    try:
        yield import_module(f"{name}.topics")
    finally:
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]


# --- values ---------------------------------------------------------------------------------------


def same(sent: Any, read: Any) -> bool:
    """Whether a value is what was sent, in all fields that both versions have."""
    if is_dataclass(read) and is_dataclass(sent):
        names = {each.name for each in fields(sent)}
        return all(
            same(getattr(sent, each.name), getattr(read, each.name))
            for each in fields(read)
            if each.name in names
        )
    match sent, read:
        case [*values], [*items]:
            return len(values) == len(items) and all(map(same, values, items))
        case {**entries}, {**others}:
            pairs = ((entries[key], others.get(key)) for key in entries)
            return entries.keys() == others.keys() and all(same(*pair) for pair in pairs)
        case UUID(), str():
            return str(sent) == read
        case float(), float():
            return sent == read or (sent != sent and read != read)
        case bool(), bool():
            return sent == read
        case int() | float(), int() | float():
            return type(sent) is not bool and type(read) is not bool and sent == read
        case _:
            return _text(sent) == _text(read)


def _text(value: Any) -> tuple[str, str]:
    kind = next(
        (
            each.__name__
            for each in (str, bytes, Decimal, datetime, date, time, timedelta, UUID, type(None))
            if isinstance(value, each)
        ),
        type(value).__name__,
    )
    symbol = getattr(value, "value", value)
    return kind if not hasattr(value, "value") else "enum", str(symbol)


# --- the experiment -------------------------------------------------------------------------------


class Trial:
    """One change of a topic, and what comes of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        maker = Maker(seed)
        self.seed = seed
        self.old = maker.topic()
        self.new = maker.changed(self.old)
        self.folder = folder

    def findings(self) -> list[str]:
        """The codes that the check finds at FULL."""
        for name, version in (("old", self.old), ("new", self.new)):
            schemas = self.folder / name
            schemas.mkdir(exist_ok=True)
            (schemas / "all.avsc").write_text(json.dumps(version.types), "utf-8")
            (schemas / "avrogen.toml").write_text(version.toml(), "utf-8")
        found = check([self.folder / "new"], str(self.folder / "old"), Level.FULL, strict=False)
        return [each.diagnostic.code.id for each in found.findings]

    def surprises(self, old: Any, new: Any) -> list[str]:
        """What an old consumer does with messages of the new producer, if not handle them."""
        registry = MemoryRegistry()
        writer, reader = TopicWriter(new, registry), MessageReader[Any, Any](old, registry)
        values = [Factory(owner)(number) for owner in new.value for number in range(1, 7)]
        problems: list[str] = []
        for value in [*values, *([None] if new.tombstones else [])]:
            key = None
            if value is None or not new.key_field:
                key = KEYS.get(str(new.key))
            if value is None and key is None:
                key = getattr(values[0], new.key_field)
            raw = writer.write(Incoming(value, key=key))
            try:
                message = read(reader, raw)
            except MessageUnreadable as error:
                problems.append(f"{value!r}: {error.failure.error}")
                continue
            if not same(value, message.value):
                problems.append(f"{value!r} was read as {message.value!r}")
            written = getattr(value, new.key_field) if new.key_field and value else key
            if old.key is not None and not same(written, message.key):
                problems.append(f"the key {written!r} was read as {message.key!r}")
        return problems


KEYS: dict[str, Any] = {
    "string": "k",
    "bytes": b"k",
    "int": 7,
    "long": 7,
    "float": 7.5,
    "double": 7.5,
}


def read(reader: MessageReader[Any, Any], raw: Any) -> Any:
    """A message as a consumer reads it."""
    while True:
        try:
            return reader.read_ahead(deque([raw]))[0]
        except SchemaNotCached as missing:
            missing.learn()


def outcome_of(seed: int, folder: Path) -> tuple[str, str]:
    """What a trial shows, and its details if it contradicts the check."""
    trial = Trial(seed, folder)
    name = f"topic_change_{seed}"
    with (
        compiled(trial.old, f"{name}_old", folder) as old,
        compiled(trial.new, f"{name}_new", folder) as new,
    ):
        if old is None or new is None:
            return "not built", ""
        found = trial.findings()
        surprises = trial.surprises(old.T, new.T)
    if not surprises:
        return ("fine, and so it is" if not found else "found, and harmless"), ""
    if found:
        return "found, and so it is", ""
    details = [f"seed {seed}", trial.old.toml(), json.dumps(trial.old.types)]
    details += [trial.new.toml(), json.dumps(trial.new.types), *surprises[:3]]
    return "fine, but a surprise", "\n".join(details)


def test_where_the_check_is_fine_old_consumers_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    outcomes, contradictions = Counter[str](), list[str]()
    for number in range(TRIALS):
        folder = tmp_path / str(number)
        folder.mkdir()
        sys.path.insert(0, str(folder))
        outcome, details = outcome_of(SEED * 1_000_000 + number, folder)
        outcomes[outcome] += 1
        contradictions += [details] if details else []
        sys.path.remove(str(folder))
        shutil.rmtree(folder)
    print(dict(outcomes))
    assert not contradictions, "\n\n".join(contradictions[:5])
    assert outcomes["fine, and so it is"] > TRIALS / 10
    assert outcomes["found, and so it is"] > TRIALS / 10
