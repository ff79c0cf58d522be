"""Values that do not behave: whatever they do, it is an EncodeError on one short line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from avrogen import EncodeError
from tests.codec.backends import writers
from tests.codec.test_strictness import ENUM, Undecided, Unfinished
from tests.support.schemas import items, logical, parsed, record_of, values

MILLIS = logical("long", "timestamp-millis")
AWARE = datetime(2024, 1, 1, tzinfo=UTC)


class Rude:
    """Everything that it is asked ends in an exception."""

    def __repr__(self) -> str:
        raise ValueError("no\nrepr")


class Loud:
    """Its repr is a megabyte over many lines."""

    def __repr__(self) -> str:
        return "line\n" * 200_000


class RudeDict(dict[str, Any]):
    """Has keys, and no values for them."""

    def __getitem__(self, _: str) -> Any:
        raise OSError("disk")

    def keys(self) -> Any:
        return ["a"]


class RudeList(list[Any]):
    """Says that it has more than it has."""

    def __len__(self) -> int:
        return 7


class RudeInt(int):
    """Says that it is another."""

    def __int__(self) -> int:
        return 2**70

    def __index__(self) -> int:
        return 2**70


class RudeStr(str):
    """Says that it is another."""

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        return b"\xff"


RELEASED = memoryview(b"ab")
RELEASED.release()


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        ("int", Rude(), "$"),
        ("int", Loud(), "$"),
        ("string", [Loud()], "$"),
        (record_of(a="int"), {"a": Loud()}, "$.a"),
        (record_of(a="int"), RudeDict(a=1), "$.a"),
        (items(MILLIS), [AWARE, datetime(2024, 1, 1, tzinfo=Unfinished())], "$[1]"),
        (items(MILLIS), [datetime(2024, 1, 1, tzinfo=Undecided(KeyError("x")))], "$[0]"),
        (items(["null", MILLIS]), [datetime(2024, 1, 1, tzinfo=Unfinished())], "$[0]"),
        (items("bytes"), [RELEASED], "$[0]"),
        ("int", "x" * 1_000_000, "$"),
        ("int", b"x" * 1_000_000, "$"),
        ("int", "\U0010ffff" * 60, "$"),
        ("int", type("x\n" * 5_000, (), {})(), "$"),
        (ENUM, "A\x1b[31m\n" * 1000, "$"),
        (["null", "int"], ["x" * 1_000_000], "$"),
        (values("int"), {("key", "x" * 1000): 1}, "$"),
        (["null", "int"], ("x\n" * 1000, 1), "$"),
    ],
)
def test_whatever_the_value_it_is_an_error_on_one_short_line(
    schema: Any, value: Any, path: str
) -> None:
    for write in writers(schema):
        with pytest.raises(EncodeError) as caught:
            write(value)
        assert caught.value.path == path
        text = str(caught.value)
        assert len(text) < 300 and text.isprintable(), text


def test_an_exception_of_the_value_is_the_cause() -> None:
    moment = datetime(2024, 1, 1, tzinfo=Undecided(KeyError("offset")))
    with pytest.raises(EncodeError, match="KeyError") as caught:
        parsed(MILLIS).to_avro(moment)
    assert isinstance(caught.value.__cause__, KeyError)


def test_subclasses_are_written_as_what_they_are() -> None:
    for schema, value, data in (
        (items("int"), RudeList([1, 2]), "04020400"),
        (values("int"), RudeDict(a=1), "0202610200"),
        ("int", RudeInt(5), "0a"),
        ("string", RudeStr("ab"), "046162"),
    ):
        for write in writers(schema):
            assert write(value).hex() == data


def test_long_names_are_cut_in_messages() -> None:
    name = "N" * 10_000
    schema = {"type": "record", "name": name, "fields": [{"name": "f" * 10_000, "type": "int"}]}
    for write in writers([schema, "null"]):
        with pytest.raises(EncodeError) as caught:
            write({"f" * 10_000: "x"})
        assert len(str(caught.value)) < 500
        with pytest.raises(EncodeError) as caught:
            write(1)
        assert len(str(caught.value)) < 500


def test_decimals_that_python_cannot_count() -> None:
    schema = parsed(logical("bytes", "decimal", precision=10**30, scale=10**25))
    with pytest.raises(EncodeError, match="decimal places"):
        schema.to_avro(Decimal(1))
