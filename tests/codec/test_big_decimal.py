"""``big-decimal``: as Avro Java's ``Conversions.BigDecimalConversion`` writes and reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, ResolutionError
from avrogen.avro.logical_types import big_decimal_parts
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for
from avrogen.codec.varints import encode_long
from tests.codec.backends import readers, writers
from tests.support.schemas import field, fixed, items, logical, parsed, record, record_of

BIG = logical("bytes", "big-decimal")

JAVA: dict[str, str] = {
    # a value, and the content that toBytes of Avro Java 1.12.0 returns for it
    "12.34": "04 04d2 04",
    "0": "02 00 00",
    "0.00": "02 00 04",
    "-1": "02 ff 00",
    "1E+2": "02 01 03",
    "-0.128": "02 80 06",
    "255": "04 00ff 00",
    "12345678901234567890.123456789": "18 27e41b3246bec9b16e398115 12",
    "1E-2147483647": "02 01 feffffff0f",
    "1E+2147483648": "02 01 ffffffff0f",
}


@pytest.mark.parametrize("text", JAVA)
def test_data_of_java(text: str) -> None:
    content, value = bytes.fromhex(JAVA[text]), Decimal(text)
    data = encode_long(len(content)) + content
    for write in writers(BIG):
        assert write(value) == data
    for read in readers(BIG):
        assert (read(data), str(read(data))) == (value, str(value))  # with its zeros
    assert InterpretedDecoder(plan_for(parsed(BIG).type, {}, None)).read(data) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "ends too soon"),
        ("04 04d2", "ends too soon"),
        ("04 04", "longer than its bytes"),
        ("01 04d2 04", "longer than its bytes"),
        ("04 04d2 04 00", "no scale of 32 bits"),
        ("02 01 8080808010", "no scale of 32 bits"),
        ("ffffffffffffffffffffff", "ends too soon"),
    ],
)
def test_content_that_is_refused(content: str, message: str) -> None:
    data = bytes.fromhex(content)
    for read in readers(record_of(a="int", b=BIG)):
        with pytest.raises(DecodeError, match=message):
            read(b"\2" + encode_long(len(data)) + data)


def test_a_megabyte_is_refused() -> None:
    number = encode_long(2**20) + b"\x7f" * 2**20 + b"\0"
    for read in readers(BIG):
        with pytest.raises(DecodeError, match="10000 digits"):
            read(encode_long(len(number)) + number)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Decimal("NaN"), "finite"),
        (Decimal("-Infinity"), "finite"),
        (Decimal("1E-2147483649"), "scale of 32 bits"),
        (Decimal("1E+2147483649"), "scale of 32 bits"),
        (Decimal(10**10_000), "10000 digits"),
        (1, "a Decimal"),
        (1.5, "a Decimal"),
        ("1", "a Decimal"),
        (b"\x02\x01\x00", "a Decimal"),
    ],
)
def test_values_that_are_refused(value: Any, message: str) -> None:
    for write in writers(BIG):
        with pytest.raises(EncodeError, match=message):
            write(value)


def test_the_most_digits() -> None:
    schema = parsed(items(BIG))
    numbers = [Decimal(10**9_999), Decimal(-(10**9_999)), Decimal((0, (9,) * 10_000, -10_000))]
    assert schema.from_avro(schema.to_avro(numbers)) == numbers


def test_unions() -> None:
    union = parsed(["null", "string", BIG])
    assert union.to_avro(Decimal("12.34")) == bytes.fromhex("04 08 04 04d2 04")
    two = parsed([fixed(2, logicalType="decimal", precision=3, scale=1), BIG])
    plan = plan_for(two.type, two.types, None)
    for value, branch in ((Decimal("1.5"), b"\0"), (Decimal("1.55"), b"\2")):
        assert two.to_avro(value)[:1] == InterpretedEncoder(plan).write(value)[:1] == branch


# --- other versions -------------------------------------------------------------------------------


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return logical("bytes", "decimal", precision=precision, scale=scale)


def test_values_are_preserved_between_decimals() -> None:
    big, two = parsed(BIG), parsed(decimal(6, 2))
    assert big.from_avro(two.to_avro(Decimal("12.34")), writer=two) == Decimal("12.34")
    assert two.from_avro(big.to_avro(Decimal("12.3")), writer=big) == Decimal("12.30")
    with pytest.raises(DecodeError, match="at most 2 decimal places"):
        two.from_avro(big.to_avro(Decimal("12.345")), writer=big)


def test_defaults() -> None:
    reader = parsed(record("R", field("d", BIG, default="\x04\x04\xd2\x04")))
    assert reader.from_avro(b"", writer=parsed(record("R"))) == {"d": Decimal("12.34")}
    wrong = parsed(record("R", field("d", BIG, default="\x04\xd2")))
    with pytest.raises(ResolutionError, match="longer than its bytes"):
        wrong.from_avro(b"", writer=parsed(record("R")))


def test_parts() -> None:
    assert big_decimal_parts(b"\x00\x04") == (0, 2)  # no bytes, as in decimal
