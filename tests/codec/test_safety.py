"""Whatever the bytes: a value or a DecodeError with its place, in bounded memory."""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import mmap
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, Limits, Schema, set_limits
from avrogen.codec.limits import current_limits
from avrogen.codec.varints import encode_long
from tests.codec.dynamic import Package


def parsed(schema: Any) -> Schema:
    return Schema.parse(json.dumps(schema))


def record(name: str, **fields: Any) -> dict[str, Any]:
    members = [{"name": key, "type": type_} for key, type_ in fields.items()]
    return {"type": "record", "name": name, "fields": members}


def items(type_: Any) -> dict[str, Any]:
    return {"type": "array", "items": type_}


def values(type_: Any) -> dict[str, Any]:
    return {"type": "map", "values": type_}


def logical(type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "logicalType": name, **more}


def fixed(size: int, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": "F", "size": size, **more}


def enum(count: int) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(count)]}


NODE = record("N", v="int", next=["null", "N"])
TREE = record("T", children=items("T"))
BRANCHES = [record(f"R{n}", a="int") for n in range(100)]
DECIMAL = logical("bytes", "decimal", precision=3, scale=1)
LEAST, MOST = encode_long(-(2**63)), encode_long(2**63 - 1)

REFUSED: dict[str, tuple[Any, bytes, str, int]] = {
    # name: schema, bytes, path, offset
    # --- varints
    "int in six bytes": ("int", b"\x80\x80\x80\x80\x80\x00", "$", 0),
    "int of 33 bits": ("int", b"\x80\x80\x80\x80\x10", "$", 0),
    "long in eleven bytes": ("long", b"\x80" * 10 + b"\x00", "$", 0),
    "long of 65 bits": ("long", b"\xff" * 9 + b"\x02", "$", 0),
    "endless long": ("long", b"\xff" * 50, "$", 0),
    "number that ends too soon": ("long", b"\x80\x80", "$", 2),
    "nothing": ("int", b"", "$", 0),
    # --- lengths
    "length of -1": ("string", b"\x01", "$", 0),
    "least length": ("bytes", LEAST, "$", 0),
    "most length": ("string", MOST, "$", 0),
    "a byte too much": ("bytes", b"\x04a", "$", 0),
    "length in a record": (record("R", a="int", b="string"), b"\x02\x06ab", "$.b", 1),
    "key": (values("int"), b"\x02\x08a\x02\x00", "$", 1),
    # --- blocks
    "most items": (items("int"), MOST, "$", 0),
    "least count": (items("int"), LEAST + b"\x00", "$", 0),
    "as many longs as bytes and one": (items("long"), b"\x06\x00\x00", "$", 0),
    "doubles that are not there": (items("double"), b"\x04" + bytes(15), "$", 0),
    "entries": (values("null"), b"\x06\x00\x00", "$", 0),
    "no end": (items("int"), b"\x02\x02", "$", 2),
    "block beyond the end": (items("int"), b"\x01\x10\x02\x00", "$", 1),
    "block of negative size": (items("int"), b"\x01\x01\x02\x00", "$", 1),
    "end in two bytes, and more": (items("int"), b"\x80\x00\x00", "$", 2),
    "end in two bytes, and a block": (items("int"), b"\x80\x00\x02\x02\x00", "$", 2),
    "end of a map in two bytes, and more": (values("int"), b"\x80\x00\x00", "$", 2),
    "nulls without end": (items("null"), MOST + b"\x00", "$", 0),
    "least count of nulls": (items("null"), LEAST + b"\x00\x00", "$", 0),
    "empty records without end": (items(record("R", a="null")), MOST + b"\x00", "$", 0),
    "fixed of no bytes without end": (items(fixed(0)), MOST + b"\x00", "$", 0),
    "nulls in many arrays": (
        items(items("null")),
        b"\x04" + 2 * (encode_long(60_000) + b"\0"),
        "$[1]",
        5,
    ),
    # --- depth
    "list": (NODE, b"\x00\x02" * 100_000, "deep", -1),
    "tree": (TREE, b"\x02" * 100_000, "deep", -1),
    # --- text, booleans, indexes
    "UTF-8": ("string", b"\x04\xc3\x28", "$", 1),
    "UTF-8 that ends too soon": ("string", b"\x02\xc3", "$", 1),
    "half of a pair": ("string", b"\x06\xed\xa0\x80", "$", 1),
    "NUL in two bytes": ("string", b"\x04\xc0\x80", "$", 1),
    "beyond Unicode": ("string", b"\x08\xf4\x90\x80\x80", "$", 1),
    "UTF-8 in a key": (values("int"), b"\x02\x02\xff\x02\x00", "$", 2),
    "boolean 2": ("boolean", b"\x02", "$", 0),
    "boolean 255": (record("R", a="boolean"), b"\xff", "$.a", 0),
    "symbol -1": (enum(2), b"\x01", "$", 0),
    "symbol 2 of 2": (enum(2), b"\x04", "$", 0),
    "symbol 100 of 100": (enum(100), encode_long(100), "$", 0),
    "symbol -1 of 100": (enum(100), b"\x01", "$", 0),
    "branch -1": (["null", "int"], b"\x01", "$", 0),
    "branch 2 of 2": (["null", "int"], b"\x04\x00", "$", 0),
    "branch 100 of 100": (BRANCHES, encode_long(100) + b"\x00", "$", 0),
    "branch -1 of 100": (BRANCHES, b"\x01\x00", "$", 0),
    # --- logical types
    "decimal of too many digits": (DECIMAL, b"\x04\x03\xe8", "$", 0),
    "negative decimal likewise": (DECIMAL, b"\x04\xfc\x18", "$", 0),
    "decimal of a megabyte": (DECIMAL, encode_long(2**20) + b"\x7f" * 2**20, "$", 0),
    "fixed decimal": (fixed(2, logicalType="decimal", precision=3), b"\x03\xe8", "$", 0),
    "date in the year 10000": (logical("int", "date"), encode_long(2_932_897), "$", 0),
    "date in the year 0": (logical("int", "date"), encode_long(-719_163), "$", 0),
    "last millisecond": (logical("int", "time-millis"), encode_long(86_400_000), "$", 0),
    "time -1": (logical("long", "time-micros"), b"\x01", "$", 0),
    "year 10000": (logical("long", "timestamp-millis"), encode_long(253_402_300_800_000), "$", 0),
    "year 0": (logical("long", "timestamp-micros"), encode_long(-62_135_596_800_000_001), "$", 0),
    "most micros": (logical("long", "local-timestamp-micros"), MOST, "$", 0),
    "uuid of 35 characters": (logical("string", "uuid"), b"\x46" + b"0" * 35, "$", 0),
    "uuid without hyphens": (logical("string", "uuid"), b"\x48" + b"0" * 36, "$", 0),
    "uuid of letters": (
        logical("string", "uuid"),
        b"\x48" + b"gggggggg-0000-0000-0000-000000000000",
        "$",
        0,
    ),
    # --- what remains
    "a byte remains": ("int", b"\x02\x00", "$", 1),
    "a byte remains behind nothing": ("null", b"\x00", "$", 0),
    "a byte remains behind a record": (record("R", a="int"), b"\x02\x02", "$", 1),
}

TAKEN: dict[str, tuple[Any, bytes, Any]] = {
    # what looks odd and is right
    "int in five bytes": ("int", b"\x82\x80\x80\x80\x00", 1),
    "long in ten bytes": ("long", b"\x82" + b"\x80" * 8 + b"\x00", 1),
    "least long": ("long", b"\xff" * 9 + b"\x01", -(2**63)),
    "length in two bytes": ("string", b"\x82\x00a", "a"),
    "end in two bytes": (items("int"), b"\x02\x02\x80\x00", [1]),
    "end of a map in two bytes": (values("int"), b"\x80\x00", {}),
    "blocks": (items("int"), b"\x02\x02\x01\x02\x04\x02\x06\x00", [1, 2, 3]),
    "block that says a size too small": (items("int"), b"\x03\x00\x02\x04\x00", [1, 2]),
    "symbol in two bytes": (enum(2), b"\x82\x00", "S1"),
    "branch in two bytes": (["null", "int"], b"\x82\x00\x02", 1),
    "a key twice": (values("int"), b"\x04\x02a\x02\x02a\x04\x00", {"a": 2}),
    "decimal of no bytes": (DECIMAL, b"\x00", 0),
    "nulls within the limit": (items("null"), encode_long(100_000) + b"\x00", [None] * 100_000),
}


def readers(schema: Any) -> list[Callable[[bytes], Any]]:
    """Plain values, classes, another writer whose schema is equal but for a field's type."""
    own = parsed(schema)
    return [own.from_avro, Package(own).codec.from_avro]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    schema, data, path, offset = REFUSED[case]
    for read in readers(schema):
        with pytest.raises(DecodeError) as caught:
            read(data)
        error = caught.value
        if path != "deep":
            assert (error.path.replace("field_0", "a").replace("field_1", "b"), error.offset) == (
                path,
                offset,
            )
        assert 0 <= error.offset <= len(data)
        assert len(str(error)) < 1000
        assert error.__cause__ is None
        assert error.__suppress_context__


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken(case: str) -> None:
    schema, data, value = TAKEN[case]
    for read in readers(schema):
        assert read(data) == value


EVERYTHING = record(
    "Everything",
    a="null",
    b="boolean",
    c="int",
    d="long",
    e="float",
    f="double",
    g="bytes",
    h="string",
    i=enum(3),
    j=fixed(3),
    k=items("string"),
    l=values("double"),
    m=["null", "string"],
    n=DECIMAL,
    o=logical("string", "uuid"),
    p=logical("int", "date"),
    q=logical("long", "timestamp-micros"),
    r={"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
    s=items(record("Inner", x="int", y=["null", items("long")])),
)


def test_every_truncation_is_refused() -> None:
    data = (
        b"\x01\x80\x02\x02"
        + bytes(12)
        + b"\x06abc\x04\xc3\xa9\x02xyz"
        + b"\x04\x02a\x02b\x00\x02\x02k"
        + bytes(8)
        + b"\x00\x02\x02s\x02\x05"
        + b"\x48"
        + b"3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10"
        + b"\x00"
        + encode_long(1_700_000_000_000_000)
        + bytes(12)
        + b"\x04\x02\x00\x04\x02\x02\x04\x00\x00"
    )
    for read in readers(EVERYTHING):
        read(data)
        for size in range(len(data)):
            with pytest.raises(DecodeError) as caught:
                read(data[:size])
            assert caught.value.offset <= size
        with pytest.raises(DecodeError) as caught:
            read(data + b"\x00")
        assert caught.value.offset == len(data)


# --- memory --------------------------------------------------------------------------------------

BOMBS: dict[str, tuple[Any, bytes]] = {
    "counts": (items("int"), MOST),
    "counts of counts": (items(items(items("int"))), MOST * 3),
    "nulls": (items("null"), MOST + b"\x00"),
    "lengths": (items("bytes"), b"\x02" + MOST),
    "keys": (values("int"), b"\x02" + MOST),
    "doubles": (items("double"), encode_long(2**40) + bytes(64)),
    "floats": (items("float"), encode_long(2**60) + bytes(64)),
    "fixed": (items(fixed(2**20)), encode_long(2**30) + bytes(64)),
    "nodes": (NODE, b"\x00\x02" * 5_000),
    "trees": (TREE, encode_long(2**40) * 200),
    "decimal": (DECIMAL, encode_long(2**50) + bytes(64)),
}


@pytest.mark.parametrize("case", BOMBS)
def test_few_bytes_take_little_memory(case: str) -> None:
    schema, data = BOMBS[case]
    for read in readers(schema):
        with pytest.raises(DecodeError):
            read(b"")  # compiles
        tracemalloc.start()
        try:
            with pytest.raises(DecodeError):
                read(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 10_000_000, peak  # of the nulls up to the limit, most of it


def test_memory_is_bounded_by_the_bytes() -> None:
    data = encode_long(200_000) + bytes(200_000) + b"\x00"
    for read in readers(items(items("int"))):
        read(b"\x00")
        tracemalloc.start()
        try:
            assert len(read(data)) == 200_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 100 * len(data), peak  # an empty list takes 56


# --- depth ---------------------------------------------------------------------------------------

KINDS: dict[str, Any] = {
    "union": NODE,
    "array": TREE,
    "map": record("M", inner=values("M")),
    "union of many": record("U", next=["null", *BRANCHES, "U"]),
}


def nested(kind: str, levels: int) -> bytes:
    """So many records inside each other."""
    match kind:
        case "union":
            return b"\x00\x02" * (levels - 1) + b"\x00\x00"
        case "array":
            return b"\x02" * (levels - 1) + b"\x00" * levels
        case "map":
            return b"\x02\x00" * (levels - 1) + b"\x00" * levels
        case _:
            return encode_long(101) * (levels - 1) + b"\x00"


@pytest.mark.parametrize("kind", KINDS)
def test_depth_up_to_the_limit(kind: str) -> None:
    for read in readers(KINDS[kind]):
        read(nested(kind, 200))
        with pytest.raises(DecodeError, match=r"Limits\.max_depth"):
            read(nested(kind, 201))
        with pytest.raises(DecodeError):
            read(nested(kind, 200) + b"\x00")  # now step by step


@pytest.mark.parametrize("kind", KINDS)
def test_writing_ends_at_the_same_depth(kind: str) -> None:
    schema = parsed(KINDS[kind])
    value = schema.from_avro(nested(kind, 200))
    assert schema.from_avro(schema.to_avro(value)) == value
    package = Package(schema)
    instance = package.codec.from_avro(nested(kind, 200))
    assert package.codec.to_avro(instance) == schema.to_avro(value)
    with pytest.raises(EncodeError, match=r"Limits\.max_depth"):
        schema.to_avro(wrapped(kind, value))
    with pytest.raises(EncodeError, match=r"Limits\.max_depth"):
        package.codec.to_avro(instance, limits=Limits(max_depth=199))


def wrapped(kind: str, value: Any) -> Any:
    """One record more around it."""
    return {
        "union": {"v": 0, "next": value},
        "array": {"children": [value]},
        "map": {"inner": {"": value}},
        "union of many": {"next": value},
    }[kind]


def test_values_that_contain_themselves_are_refused() -> None:
    node: dict[str, Any] = {"v": 1}
    node["next"] = node
    tree: dict[str, Any] = {}
    tree["children"] = [tree, tree]
    for schema, value in ((NODE, node), (TREE, tree)):
        with pytest.raises(EncodeError, match=r"Limits\.max_depth") as caught:
            parsed(schema).to_avro(value)
        assert len(str(caught.value)) < 1000


def test_a_small_stack_is_enough() -> None:
    """256 KB, as some servers give their threads."""
    outcomes: list[str] = []

    def run() -> None:
        for kind, schema in KINDS.items():
            for read in readers(schema):
                read(nested(kind, 200))
                for data in (nested(kind, 201), nested(kind, 50_000), nested(kind, 200) + b"\x01"):
                    try:
                        read(data)
                    except DecodeError:
                        outcomes.append("refused")
            own = parsed(schema)
            value = own.from_avro(nested(kind, 200))
            own.to_avro(value)
            try:
                own.to_avro(wrapped(kind, value))
            except EncodeError:
                outcomes.append("refused")

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert outcomes == ["refused"] * len(KINDS) * 7


@pytest.mark.parametrize("left", [15, 20, 25, 30, 50, 100, 200])
def test_near_the_end_of_pythons_own_stack(left: int) -> None:
    """What does not fit any more is refused, as long as there are calls left to say so."""
    schema = parsed(NODE)
    value = schema.from_avro(nested("union", 150))
    schema.to_avro(value)
    deep, bad = nested("union", 150), nested("union", 150) + b"\x00"

    def at_depth(frames: int) -> None:
        if frames:
            at_depth(frames - 1)
            return
        for call in (
            lambda: schema.from_avro(deep),
            lambda: schema.from_avro(bad),
            lambda: schema.to_avro(value),
            lambda: schema.to_avro({"v": 1, "next": {"v": ""}}),
        ):
            with contextlib.suppress(DecodeError, EncodeError):
                call()

    frame, used = sys._getframe(), 0  # pyright: ignore[reportPrivateUsage] -- for its depth
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    at_depth(sys.getrecursionlimit() - used - left - 5)
    assert schema.from_avro(deep) == value


def test_limits_of_the_process_and_of_a_call() -> None:
    schema, before = parsed(NODE), current_limits()
    deep = nested("union", 50)
    value = schema.from_avro(deep)
    set_limits(Limits(max_depth=49))
    try:
        with pytest.raises(DecodeError, match="max_depth"):
            schema.from_avro(deep)
        with pytest.raises(EncodeError, match="max_depth"):
            schema.to_avro(value)
        assert schema.from_avro(deep, limits=Limits(max_depth=50)) == value
        assert schema.to_avro(value, limits=Limits(max_depth=50)) == deep
    finally:
        set_limits(before)
    with pytest.raises(DecodeError, match="max_empty_items"):
        parsed(items("null")).from_avro(b"\x04\x00", limits=Limits(max_empty_items=1))


# --- buffers -------------------------------------------------------------------------------------

TEXT = record("Text", a="string", b="bytes", c=fixed(2), d=items("bytes"))
DATA = b"\x04ab\x06cde\x66\x67\x02\x02h\x00"
VALUE = {"a": "ab", "b": b"cde", "c": b"fg", "d": [b"h"]}


def test_any_buffer_is_read(tmp_path: Path) -> None:
    schema = parsed(TEXT)
    spaced = bytearray(2 * len(DATA))
    spaced[::2] = DATA
    backwards = memoryview(DATA[::-1])[::-1]
    wider = DATA + bytes(-len(DATA) % 4)
    ints = array.array("I", wider)
    buffers: list[Any] = [
        DATA,
        bytearray(DATA),
        memoryview(DATA),
        memoryview(b"__" + DATA + b"__")[2:-2],
        memoryview(spaced)[::2],
        backwards,
        memoryview(DATA).cast("c"),
        array.array("B", DATA),
        (ctypes.c_ubyte * len(DATA)).from_buffer_copy(DATA),
    ]
    for buffer in buffers:
        assert schema.from_avro(buffer) == VALUE
    for view in (memoryview(ints), memoryview(ints).cast("B").cast("I", (len(ints), 1))):
        with pytest.raises(DecodeError) as caught:
            schema.from_avro(view)
        assert caught.value.offset == len(DATA)
    (tmp_path / "data").write_bytes(DATA)
    with (
        (tmp_path / "data").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        assert schema.from_avro(mapped) == VALUE


def test_values_share_no_memory_with_what_was_read() -> None:
    schema = parsed(TEXT)
    package = Package(schema)
    data = bytearray(DATA)
    plain, instance = schema.from_avro(data), package.codec.from_avro(memoryview(data))
    data[:] = bytes(len(data))
    data.extend(b"not even locked")
    assert plain == VALUE
    assert (instance.field_0, instance.field_1, instance.field_2) == ("ab", b"cde", b"fg")


def test_what_is_no_buffer_is_a_mistake_of_the_caller() -> None:
    schema = parsed("bytes")
    released = memoryview(b"\x00")
    released.release()
    for wrong in ("\x00", None, 1, [0]):
        with pytest.raises(TypeError):
            schema.from_avro(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="released"):
        schema.from_avro(released)
