"""The native codec against the Python backend: the same values, bytes and errors for anything.

    python -m tests.fuzz.both_backends --seconds 600          # with a seed that is printed
    python -m tests.fuzz.both_backends --seed 7 --turns 10    # the same again

Values, their types and texts are compared; of errors the type, the message, the path, the offset
and the cause. Values that change while they are encoded are either refused, or their bytes can be
read.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from datetime import time as time_of_day
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeGuard, cast
from uuid import UUID

from avrogen import CodecError, Limits, ResolutionError, SchemaError
from avrogen.avro.time_options import TimeOptions
from avrogen.codec import python_backend
from avrogen.codec.native_backend import NativeModule, native_decoder, native_encoder
from avrogen.codec.plan import Plan
from avrogen.codec.planner import DictRules, plan_for, under_options
from avrogen.codec.resolving_planner import plan_to_read
from tests.fuzz.evolving import evolved
from tests.fuzz.mutators import mutated
from tests.fuzz.subjects import EXAMPLES, Subject
from tests.support.dynamic import Package
from tests.support.native import native_module

__all__ = ["Tally", "turn"]


@dataclass
class Tally:
    """What there was so far."""

    schemas: int = 0
    comparisons: int = 0
    values: int = 0
    differences: int = 0


# --- schemas --------------------------------------------------------------------------------------

_LEAVES: Final[list[Any]] = [
    *("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "big-decimal"},
    *(
        {"type": "long", "logicalType": kind}
        for kind in (
            *("time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos"),
            *("local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos"),
        )
    ),
    *(
        {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
        for precision, scale in ((1, 0), (9, 2), (18, 18), (30, 10), (40, 20))
    ),
]


def random_schema(source: random.Random, depth: int, names: list[str]) -> Any:
    """A schema; ``names`` has the names in it, and gets new ones."""
    match source.random() if depth else 0.0:
        case chance if chance < 0.45:
            return source.choice(_LEAVES)
        case chance if chance < 0.57:
            return {"type": "array", "items": random_schema(source, depth - 1, names)}
        case chance if chance < 0.65:
            return {"type": "map", "values": random_schema(source, depth - 1, names)}
        case chance if chance < 0.72:
            symbols = [f"S{number}" for number in range(source.choice([1, 2, 5, 80]))]
            return {"type": "enum", "name": _name(names, "E"), "symbols": symbols}
        case chance if chance < 0.79:
            return _fixed(source, names)
        case chance if chance < 0.89:
            return _union(source, depth, names)
        case _:
            return _record(source, depth, names)


def _name(names: list[str], kind: str) -> str:
    names.append(f"{kind}{len(names)}")
    return names[-1]


def _fixed(source: random.Random, names: list[str]) -> Any:
    size = source.choice([0, 1, 4, 9, 12, 16])
    made: dict[str, Any] = {"type": "fixed", "name": _name(names, "F"), "size": size}
    if size == 12:
        made["logicalType"] = "duration"
    elif size == 16 and source.random() < 0.5:
        made["logicalType"] = "uuid"
    elif size in (4, 9):
        made |= {"logicalType": "decimal", "precision": size * 2, "scale": 2}
    return made


def _union(source: random.Random, depth: int, names: list[str]) -> Any:
    branches: list[Any] = ["null"] if source.random() < 0.6 else []
    kinds = {"null"}
    for _ in range(source.randint(1, 4)):
        branch = random_schema(source, depth - 1, names)
        if isinstance(branch, list):
            continue
        kind = branch if isinstance(branch, str) else branch.get("name", branch["type"])
        if kind not in kinds:
            kinds.add(kind)
            branches.insert(source.randint(0, len(branches)), branch)
    return branches or ["null", "long"]


def _record(source: random.Random, depth: int, names: list[str]) -> Any:
    name = _name(names, "R")
    made: list[Any] = []
    for number in range(source.choice([0, 1, 2, 3, 5])):
        field: dict[str, Any] = {"name": f"f{number}"}
        field["type"] = random_schema(source, depth - 1, names)
        if isinstance(field["type"], list) and field["type"][0] == "null":
            field["default"] = None
        elif field["type"] in ("int", "long"):
            field["default"] = 7
        elif field["type"] == "string":
            field["default"] = "text"
        made.append(field)
    if source.random() < 0.3:
        made.append({"name": "next", "type": ["null", name], "default": None})
    if source.random() < 0.15:
        made.append({"name": "all", "type": {"type": "array", "items": name}})
    return {"type": "record", "name": name, "fields": made}


# --- values ---------------------------------------------------------------------------------------


class _Int(int):
    pass


class _Str(str):
    __slots__ = ()


class _Float(float):
    def __float__(self) -> float:
        return 3.5


class _Bytes(bytes):
    pass


class _List(list[Any]):
    pass


class _Dict(dict[Any, Any]):
    pass


class _Decimal(Decimal):
    pass


class _Datetime(datetime):
    pass


class _Uuid(UUID):
    pass


class _Other(StrEnum):
    S0 = "S0"


class _Rude:
    """An object whose methods raise, as far as they can."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<rude>"


class _Changing(tzinfo):
    """A time zone that changes something when it is asked, and not more than three times."""

    def __init__(self, change: Callable[[], object]) -> None:
        self._change, self._left = change, 3

    def utcoffset(self, dt: datetime | None) -> timedelta:
        if self._left:
            self._left -= 1
            self._change()
        return timedelta(0)

    def dst(self, dt: datetime | None) -> None:
        return None

    def tzname(self, dt: datetime | None) -> str:
        return "changing"

    def __repr__(self) -> str:
        return "changing"


_MOMENT: Final = (2024, 2, 29, 23, 59, 59, 999_999)

_STRANGERS: Final[list[Callable[[], Any]]] = [
    lambda: None,
    lambda: True,
    *(lambda number=number: number for number in (0, -1, 2**31 - 1, 2**31, -(2**31) - 1)),
    *(lambda number=number: number for number in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64)),
    lambda: 10**400,
    lambda: _Int(5),
    *(lambda number=number: number for number in (0.1, 1e39, -1e39, float("nan"), float("-inf"))),
    lambda: _Float(0.25),
    *(lambda text=text: text for text in ("", "S0", "S1", "é€😀", "\ud800", "x" * 9000)),
    lambda: _Str("S0"),
    lambda: _Other.S0,
    *(lambda size=size: b"\xff" * size for size in (0, 1, 4, 12, 16)),
    lambda: _Bytes(b"abcd"),
    lambda: bytearray(b"abcd"),
    lambda: memoryview(b"abcdef")[::2],
    *(
        lambda text=text: Decimal(text)
        for text in (
            *("0", "-0", "1.00", "1.5", "-1.23", "1E+3", "1E-30", "NaN", "sNaN", "Infinity"),
            *(
                "999999999999999999",
                "-9223372036854775808",
                "0.000000000000000001",
                "1E-9",
                "9" * 40,
            ),
        )
    ),
    lambda: _Decimal("1.5"),
    lambda: datetime(*_MOMENT),
    lambda: datetime(*_MOMENT, tzinfo=UTC),
    lambda: datetime(*_MOMENT, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    lambda: datetime.max.replace(tzinfo=timezone(timedelta(hours=-3))),
    lambda: datetime.min.replace(tzinfo=timezone(timedelta(0, 1))),
    lambda: datetime(1, 1, 1, tzinfo=UTC),
    lambda: _Datetime(*_MOMENT, tzinfo=UTC),
    lambda: date.max,
    lambda: date.min,
    lambda: time_of_day(23, 59, 59, 999_999),
    lambda: time_of_day(1, tzinfo=UTC),
    lambda: UUID(int=0),
    lambda: UUID(int=2**128 - 1),
    lambda: _Uuid(int=5),
    lambda: [],
    lambda: [1, 2.5, "a", None],
    lambda: [[[]]],
    lambda: _List([1, 2]),
    lambda: {},
    lambda: {"a": 1, "f0": 2},
    lambda: {1: 2},
    lambda: {"\ud800": 1},
    lambda: {_Str("f0"): 1},
    lambda: _Dict(f0=1),
    lambda: {"-type": "R0", "f0": 1},
    lambda: ("int", 5),
    lambda: ("R0", {"f0": 1}),
    lambda: ("nothing", 1, 2),
    lambda: object,
    _Rude,
]


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_collection(value: object) -> TypeGuard[list[Any] | dict[Any, Any]]:
    return isinstance(value, list | dict)


def _places(value: Any) -> list[tuple[Callable[[Any], None], Any]]:
    """Functions that put something in place of a part of a value, with the part."""
    found: list[tuple[Callable[[Any], None], Any]] = []
    waiting, seen = [value], 0
    while waiting and seen < 200:
        part = waiting.pop()
        seen += 1
        inner: list[tuple[Callable[[Any], None], Any]] = []
        if _is_list(part):
            inner = [(_item(part, index), each) for index, each in enumerate(part)]
        elif _is_dict(part):
            inner = [(_item(part, key), each) for key, each in part.items()]
        elif is_dataclass(part) and not isinstance(part, type):
            names = [field.name for field in fields(part)]
            inner = [(_attribute(part, name), getattr(part, name)) for name in names]
        found += inner
        waiting += [each for _, each in inner]
    return found


def _item(container: Any, key: Any) -> Callable[[Any], None]:
    return lambda value: container.__setitem__(key, value)


def _attribute(instance: Any, name: str) -> Callable[[Any], None]:
    return lambda value: object.__setattr__(instance, name, value)


def altered(value: Any, source: random.Random) -> Any:
    """Put strangers in place of parts, remove and add parts, or have them change while encoded."""
    for _ in range(source.randint(1, 3)):
        places = _places(value)
        if not places or source.random() < 0.1:
            return source.choice(_STRANGERS)()
        put, part = source.choice(places)
        chance = source.random()
        if chance < 0.55:
            put(source.choice(_STRANGERS)())
        elif chance < 0.7:
            _change(value, source)
        elif chance < 0.8 and _is_collection(part):
            put(_List(part) if _is_list(part) else _Dict(part))
        else:
            put(_List([part]))
    return value


def changing(value: Any, source: random.Random) -> Any:
    """Put datetimes in place of parts that change other parts while they are encoded."""
    for _ in range(source.randint(1, 3)):
        places = _places(value)
        if places:
            likely = [put for put, part in places if isinstance(part, datetime)]
            put = source.choice(likely or [put for put, _ in places])
            zone = _Changing(lambda: _change(value, source))
            put(datetime(2024, 1, 1, tzinfo=zone))
    return value


def _change(value: Any, source: random.Random) -> None:
    """Change a list, dict or record somewhere in a value."""
    places = [part for _, part in _places(value) if _is_collection(part)]
    places += [value] if _is_collection(value) else []
    others = _places(value)
    match source.randrange(4):
        case 0 if places:
            source.choice(places).clear()
        case 1 if places:
            part = source.choice(places)
            if isinstance(part, list):
                part.append(source.choice(_STRANGERS)())
            else:
                part[source.choice(["f0", "f1", "new", "-type"])] = source.choice(_STRANGERS)()
        case 2 if places:
            part = source.choice(places)
            if part:
                part.pop() if isinstance(part, list) else part.popitem()
        case _ if others:
            source.choice(others)[0](source.choice(_STRANGERS)())
        case _:
            pass


# --- data -----------------------------------------------------------------------------------------


def _varint(source: random.Random) -> bytes:
    choices = [0, 1, 2, 3, 4, 5, source.randrange(300), source.randrange(2**32)]
    number = source.choice([*choices, source.randrange(2**64), 2**64 - 1, 2**63])
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def junk(source: random.Random) -> bytes:
    """Pieces that some schema expects, in any order."""
    pieces: list[Callable[[], bytes]] = [
        lambda: _varint(source),
        lambda: source.randbytes(source.randint(0, 9)),
        lambda: b"\0",
        lambda: b"\x02",
        lambda: b"\x80\x00",
        lambda: b"\xff" * source.randint(1, 11),
        lambda: bytes([source.choice([4, 6, 8])]) + b"abcd",
        lambda: b"\x483f8b8a54-0f6d-4c3f-8d5e-77c1c3a0f9b2",
        lambda: b"\x403F8B8A540f6d4c3f8d5e77c1c3a0f9b2",
        lambda: b"\x02" * source.choice([10, 150, 199, 200, 201, 250]) + b"\0",
    ]
    return b"".join(source.choice(pieces)() for _ in range(source.randint(0, 12)))


def _messages(subject: Subject, source: random.Random, count: int) -> Iterator[bytes]:
    valid: list[bytes] = []
    with suppress(Exception):  # fastavro has no values for some schemas
        valid = [*subject.messages(source, 4)]
    yield from valid
    for _ in range(count):
        if not valid or source.random() < 0.3:
            yield junk(source)
        else:
            yield mutated(source.choice(valid), source, valid)


# --- comparisons ----------------------------------------------------------------------------------

_LIMITS: Final = [
    *(None, None, None, Limits(max_depth=0), Limits(max_depth=3), Limits(max_depth=300)),
    *(Limits(max_values=5), Limits(max_empty_items=2)),
]


_CONSISTENT: Final = ("value", "EncodeError")


def _outcome(run: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        value = run()
    except CodecError as error:
        cause = error.__cause__
        offset = getattr(error, "offset", None)
        more = error.incompatibilities if isinstance(error, ResolutionError) else None
        reason = (type(cause).__name__, str(cause))
        return type(error).__name__, str(error), error.path, offset, more, reason
    except Exception as error:  # of the caller's: a TypeError
        return "other", type(error).__name__, str(error)
    return "value", cast("object", type(value)), repr(value), value


_OF_PYTHON: Final = "s recursion limit"
"""Part of the message where the stack of the interpreter ends, at no certain level."""


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    if one[0] == other[0] and all(_OF_PYTHON in str(each[1:2]) for each in (one, other)):
        return True
    if one[:3] != other[:3]:
        return False
    if one[0] != "value" or one is other:
        return one == other
    # NaN is not equal to itself: its text is.
    return "nan" in one[2].lower() or bool(one[3] == other[3])


class _Pair:
    """The functions of both backends for a plan."""

    def __init__(self, native: NativeModule, plan: Plan, tally: Tally, what: str) -> None:
        self._tally, self._what = tally, what
        self._plan = plan
        self._decoders = (
            python_backend.compile_decoder(plan),
            native_decoder(native, plan, None, None),
        )
        self._native = native
        self._encoders: tuple[Callable[..., bytes], Callable[..., bytes] | None] | None = None

    def decode(self, data: bytes, limits: Limits | None) -> tuple[Any, ...]:
        """Decode with both."""
        python, native = self._decoders
        one = _outcome(lambda: python(data, limits=limits))
        if native is not None:
            other = _outcome(lambda: native(data, limits=limits))
            self._compare(one, other, f"decode {data.hex()} {limits}")
        return one

    def encode(self, make: Callable[[], Any], limits: Limits | None, how: str) -> None:
        """Encode with both a value that is made twice."""
        if self._encoders is None:
            python = python_backend.compile_encoder(self._plan)
            self._encoders = python, native_encoder(self._native, self._plan, None)
        python, native = self._encoders
        if native is not None:
            first, second = make(), make()
            one = _outcome(lambda: python(first, limits=limits))
            other = _outcome(lambda: native(second, limits=limits))
            self._compare(one, other, f"encode {how} {limits}")

    def encode_changing(self, value: Any, how: str) -> None:
        """Encode a value that changes meanwhile by native code: an error, or bytes of a value."""
        self.encode(lambda: None, None, "nothing")
        assert self._encoders is not None
        native = self._encoders[1]
        if native is not None:
            done = _outcome(lambda: native(value))
            if done[0] == "value":
                done = _outcome(lambda: self._decoders[0](done[3]))
            self._compare(("consistent",), ("consistent",) if done[0] in _CONSISTENT else done, how)

    def _compare(self, one: tuple[Any, ...], other: tuple[Any, ...], step: str) -> None:
        self._tally.comparisons += 1
        self._tally.values += one[0] == "value"
        if not _same(one, other):
            self._tally.differences += 1
            text = f"{self._what}\n  {step}\n  python {one}\n  native {other}"
            print(f"DIFFERENT {text}"[:3000], flush=True)


def turn(native: NativeModule, seed: str, tally: Tally, messages: int = 12) -> None:
    """Compare on one schema, on a version of it, and on another schema as the writer."""
    source = random.Random(seed)
    if source.random() < 0.1:
        text = source.choice(EXAMPLES).read_text("utf-8")
    else:
        text = json.dumps(random_schema(source, 4, []))
    try:
        subject = Subject("random", text)
    except SchemaError:
        return  # types of other files, or records that contain themselves
    tally.schemas += 1
    schema, what = subject.schema, f"seed {seed!r}: {text[:600]}"
    text = str(schema)
    times = source.choice([None, None, *_TIMES])
    classes = Package(schema).classes
    dicts = DictRules(source.random() < 0.8, source.random() < 0.8)
    of_types = schema.type, schema.types
    plain = _Pair(native, under_options(plan_for(*of_types, None, dicts), times), tally, what)
    named = plan_for(*of_types, None, named_branches=True)
    pairs = [
        plain,
        _Pair(native, under_options(plan_for(*of_types, classes), times), tally, what),
    ]
    reading = [*pairs, _Pair(native, named, tally, what)]
    for data in _messages(subject, source, messages):
        limits = source.choice(_LIMITS)
        for pair in reading:
            if pair.decode(data, limits)[0] == "value" and pair in pairs:
                _encode_altered(pair, data, source)
    for writer_text in (evolved(text, source), json.dumps(random_schema(source, 3, []))):
        _turn_of_writer(native, subject, classes, writer_text, source, tally, what)


_TIMES: Final = [
    TimeOptions(out_of_range="number"),
    TimeOptions(out_of_range="nearest", rounding="error"),
    TimeOptions(rounding="error"),
]


def _encode_altered(pair: _Pair, data: bytes, source: random.Random) -> None:
    read = pair._decoders[0]  # pyright: ignore[reportPrivateUsage]
    most = Limits(max_depth=300)
    pair.encode(lambda: read(data, limits=most), source.choice(_LIMITS), f"what {data.hex()} is")
    for _ in range(3):
        seed = source.random()
        make = partial(_altered_by, seed, read, data)
        pair.encode(make, source.choice(_LIMITS), f"what {data.hex()} is, altered by {seed}")
    seed = source.random()
    value = changing(read(data, limits=most), random.Random(seed))
    pair.encode_changing(value, f"encode what {data.hex()} is, changed by {seed}")


def _altered_by(seed: float, read: Callable[..., Any], data: bytes) -> Any:
    return altered(read(data, limits=Limits(max_depth=300)), random.Random(seed))


def _turn_of_writer(
    native: NativeModule,
    subject: Subject,
    classes: dict[str, type[Any]],
    text: str,
    source: random.Random,
    tally: Tally,
    what: str,
) -> None:
    schema = subject.schema
    try:
        writer = Subject("writer", text)
        names = source.random() < 0.3
        plans = [
            plan_to_read(
                schema.type, schema.types, writer.schema.type, writer.schema.types, known, named
            )
            for known, named in ((None, names), (classes, False))
        ]
    except (ResolutionError, SchemaError):
        return
    pairs = [_Pair(native, plan, tally, f"{what}\n  written as {text[:600]}") for plan in plans]
    for data in _messages(writer, source, 6):
        for pair in pairs:
            pair.decode(data, source.choice(_LIMITS))


def main() -> int:
    """Compare as the arguments say. 1 if anything was different."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.both_backends")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--turns", type=int, help="number of schemas")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--reproduce", metavar="SEED", help="of one schema, as it was printed")
    arguments = parser.parse_args()
    native, tally = native_module(), Tally()
    if arguments.reproduce is not None:
        turn(native, arguments.reproduce, tally)
        print(tally)
        return bool(tally.differences)
    seed = random.randrange(10**9) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    end = time.monotonic() + arguments.seconds
    number = 0
    while time.monotonic() < end if arguments.turns is None else number < arguments.turns:
        turn(native, f"{seed} {number}", tally)
        number += 1
    print(tally)
    return bool(tally.differences)


if __name__ == "__main__":
    sys.exit(main())
