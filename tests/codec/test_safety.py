"""Whatever the bytes: a value or a DecodeError with its place, in bounded memory."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from avrogen import DecodeError, EncodeError
from avrogen.codec.varints import encode_long
from tests.codec.backends import readers
from tests.support.dynamic import as_plain
from tests.support.schemas import fixed, items, logical, parsed, record_of, values


def enum(count: int) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(count)]}


def framed(number: int) -> bytes:
    """A number as the bytes of a decimal."""
    content = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
    return encode_long(len(content)) + content


NODE = record_of("N", v="int", next=["null", "N"])
TREE = record_of("T", children=items("T"))
BRANCHES = [record_of(f"R{n}", a="int") for n in range(100)]
DECIMAL = logical("bytes", "decimal", precision=3, scale=1)
ID = UUID("01234567-89ab-cdef-0123-456789abcdef")
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
    "length in a record": (record_of("R", a="int", b="string"), b"\x02\x06ab", "$.b", 1),
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
    "empty records without end": (items(record_of("R", a="null")), MOST + b"\x00", "$", 0),
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
    "boolean 255": (record_of("R", a="boolean"), b"\xff", "$.a", 0),
    "symbol -1": (enum(2), b"\x01", "$", 0),
    "symbol 2 of 2": (enum(2), b"\x04", "$", 0),
    "symbol 100 of 100": (enum(100), encode_long(100), "$", 0),
    "symbol -1 of 100": (enum(100), b"\x01", "$", 0),
    "branch -1": (["null", "int"], b"\x01", "$", 0),
    "branch 2 of 2": (["null", "int"], b"\x04\x00", "$", 0),
    "branch 100 of 100": (BRANCHES, encode_long(100) + b"\x00", "$", 0),
    "branch -1 of 100": (BRANCHES, b"\x01\x00", "$", 0),
    # --- logical types
    "decimal of 10,001 digits": (DECIMAL, framed(10**10_000), "$", 0),
    "negative decimal likewise": (DECIMAL, framed(-(10**10_000)), "$", 0),
    "decimal of a megabyte": (DECIMAL, encode_long(2**20) + b"\x7f" * 2**20, "$", 0),
    "fixed decimal of a megabyte": (
        fixed(2**20, logicalType="decimal", precision=3),
        b"\x7f" * 2**20,
        "$",
        0,
    ),
    "date in the year 10000": (logical("int", "date"), encode_long(2_932_897), "$", 0),
    "date in the year 0": (logical("int", "date"), encode_long(-719_163), "$", 0),
    "last millisecond": (logical("int", "time-millis"), encode_long(86_400_000), "$", 0),
    "time -1": (logical("long", "time-micros"), b"\x01", "$", 0),
    "year 10000": (logical("long", "timestamp-millis"), encode_long(253_402_300_800_000), "$", 0),
    "year 0": (logical("long", "timestamp-micros"), encode_long(-62_135_596_800_000_001), "$", 0),
    "most micros": (logical("long", "local-timestamp-micros"), MOST, "$", 0),
    "uuid of 35 characters": (logical("string", "uuid"), b"\x46" + b"0" * 35, "$", 0),
    "uuid without hyphens": (logical("string", "uuid"), b"\x48" + b"0" * 36, "$", 0),
    **{
        f"uuid as {text!r}": (
            logical("string", "uuid"),
            encode_long(len(text.encode())) + text.encode(),
            "$",
            0,
        )
        for text in (
            "",
            f"{{{ID}",
            f"{ID}}}",
            f"({ID}}}",
            f" {ID}",
            f"{ID}\n",
            f"0x{ID.hex[2:]}",
            f"{ID.hex[:-2]}_1",
            f"{ID.hex[:-1]}\u0661",
            f"{ID.hex[:8]}-{ID.hex[8:]}",
            f"uuid:{ID}",
            f"{ID}{ID}",
        )
    },
    "uuid that ends too soon": (logical("string", "uuid"), b"\x48" + ID.hex.encode(), "$", 0),
    "uuid of letters": (
        logical("string", "uuid"),
        b"\x48" + b"gggggggg-0000-0000-0000-000000000000",
        "$",
        0,
    ),
    # --- what remains
    "a byte remains": ("int", b"\x02\x00", "$", 1),
    "a byte remains behind nothing": ("null", b"\x00", "$", 0),
    "a byte remains behind a record": (record_of("R", a="int"), b"\x02\x02", "$", 1),
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
    "decimal of too many digits": (DECIMAL, b"\x04\x03\xe8", Decimal("100.0")),
    "negative decimal likewise": (DECIMAL, b"\x04\xfc\x18", Decimal("-100.0")),
    "fixed decimal": (fixed(2, logicalType="decimal", precision=3), b"\x03\xe8", Decimal(1000)),
    "decimal of 10,000 digits": (DECIMAL, framed(10**9_999), Decimal(10).scaleb(9_997)),
    "zeros before a digit": (DECIMAL, encode_long(9_000) + bytes(8_999) + b"\x01", Decimal("0.1")),
    **{
        f"uuid as {text}": (
            logical("string", "uuid"),
            encode_long(len(text.encode())) + text.encode(),
            ID,
        )
        for text in (
            str(ID).upper(),
            ID.hex,
            ID.hex.upper(),
            f"{{{ID}}}",
            f"{{{ID.hex}}}",
            f"({ID})",
            ID.urn,
            ID.urn.upper(),
            f"urn:uuid:{{{ID}}}",
        )
    },
    "nulls within the limit": (items("null"), encode_long(100_000) + b"\x00", [None] * 100_000),
}


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


def test_digits_beyond_the_precision_are_read_and_not_written() -> None:
    schema = parsed(DECIMAL)
    value = schema.from_avro(b"\x04\x03\xe8")
    with pytest.raises(EncodeError, match="at most 3 digits"):
        schema.to_avro(value)


def test_uuids_are_written_in_one_spelling() -> None:
    schema = parsed(logical("string", "uuid"))
    written = schema.to_avro(schema.from_avro(b"\x40" + ID.hex.upper().encode()))
    assert written == b"\x48" + str(ID).encode()


EVERYTHING = record_of(
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
    s=items(record_of("Inner", x="int", y=["null", items("long")])),
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


def test_a_byte_that_was_read_ahead_is_used_once() -> None:
    """Numbers are read with the byte behind them; the other branches of a union are not."""
    inner = record_of("Inner", again=["null", "Inner"], b="boolean")
    flat = record_of("Flat", b=["null", "int"], c="boolean")
    for other, value, data in (
        (inner, {"again": None, "b": True}, b"\x00\x01"),
        (flat, {"b": 1, "c": True}, b"\x02\x02\x01"),
        (flat, {"b": None, "c": False}, b"\x00\x00"),
        (items("boolean"), [True], b"\x02\x01\x00"),
    ):
        number = bytes(7) + b"\x40"
        for branches in (["double", other], [other, "double"], ["double", "null", other]):
            tag = encode_long(branches.index(other))
            real = encode_long(branches.index("double")) + number
            for then, last, byte in (("boolean", True, b"\x01"), (["null", "int"], 1, b"\x02\x02")):
                schema = items(record_of("Outer", union=branches, then=then))
                parts = [real + byte, tag + data + byte] * 3
                for read in readers(schema):
                    found = as_plain(read(encode_long(6) + b"".join(parts) + b"\x00"))
                    assert (
                        found == [{"union": 2.0, "then": last}, {"union": value, "then": last}] * 3
                    )
