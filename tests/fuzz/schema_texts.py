"""Texts of schemas with something wrong: a Schema that works, or a SchemaError, nothing else."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from avrogen import DecodeError, EncodeError, Schema, SchemaError
from tests.fuzz.outcomes import Find
from tests.support.schema_meaning import is_list, is_object

__all__ = ["examine_text", "mutated_text"]

Json: TypeAlias = Any

_ODD: Final[Sequence[Json]] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        "int",
        "null",
        "record",
        "map",
        "no such type",
        ".",
        "a..b",
    ),
    *([], {}, [[]], ["null", "null"], {"type": "int"}, {"type": {"type": "int"}}, {"type": []}),
    *("\x00\x1b[31m\n", "\ud800", "\u2028", "x" * 10_000, "$", "a b", "class"),
    {"type": "array", "items": {"type": "array", "items": "int"}},
    {"type": "fixed", "name": "Odd", "size": 2**31 - 1},
    {"type": "enum", "name": "Odd", "symbols": []},
    {"type": "record", "name": "Odd", "fields": [{"name": "a", "type": "Odd"}]},
    {"type": "bytes", "logicalType": "decimal", "precision": 10**40, "scale": 10**30},
)
_KEYS: Final = ("type", "name", "namespace", "fields", "items", "values", "symbols", "size")
_MORE_KEYS: Final = ("default", "aliases", "doc", "order", "logicalType", "precision", "scale", "x")
_PIECES: Final = (
    *'{}[]",:\\',
    "//",
    "/*",
    "\\u0000",
    "NaN",
    "1e999",
    "\ufeff",
    "null",
    "\n",
    "\x00",
)


def mutated_text(text: str, source: random.Random) -> str:
    """A schema's text, changed as JSON or as text."""
    if source.random() < 0.3:
        for _ in range(source.choice((1, 1, 3))):
            place = source.randint(0, len(text))
            text = text[:place] + source.choice(_PIECES) + text[place + source.choice((0, 1, 5)) :]
        return text
    root = [json.loads(text)]
    for _ in range(source.choice((1, 1, 2, 4))):
        holder, key = source.choice(list(_places(root)))
        match source.randrange(5):
            case 0 if is_object(holder):
                holder[source.choice((*_KEYS, *_MORE_KEYS))] = copy.deepcopy(source.choice(_ODD))
            case 1 if is_object(holder) or len(root) > 1:
                del holder[key]
            case 2:
                other, other_key = source.choice(list(_places(root)))
                text = json.dumps(other[other_key])
                holder[key] = json.loads(text)
            case _:
                holder[key] = copy.deepcopy(source.choice(_ODD))
    return json.dumps(root[0]) if root else ""


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    keys: list[Any] = list(holder) if is_object(holder) else list(range(len(holder)))
    for key in keys:
        yield holder, key
        if is_object(holder[key]) or is_list(holder[key]):
            yield from _places(holder[key])


def examine_text(text: str) -> bool:
    """Whether a text is a schema.

    Raises:
        Find: another exception than SchemaError, or a schema that does not work.
    """
    try:
        schema = Schema.parse(text)
    except SchemaError as error:
        if not str(error).isprintable() or len(str(error)) > 20_000:
            raise Find(f"no line for a log: {str(error)[:200]!r}") from error
        return False
    except Exception as error:
        raise Find(f"{type(error).__name__}: {error}"[:300]) from error
    try:
        _use(schema)
    except (AssertionError, Exception) as error:
        raise Find(f"{type(error).__name__}: {error}"[:300]) from error
    return True


def _use(schema: Schema) -> None:
    assert repr(schema).isprintable()
    again = Schema.parse(str(schema))
    assert again == schema == pickle.loads(pickle.dumps(schema)), "it is another one"
    assert hash(again) == hash(schema)
    assert again.canonical_form == schema.canonical_form
    assert again.fingerprint() == schema.fingerprint()
    assert schema.can_read(again) == [], "it cannot read itself"
    for data in (b"", b"\x00", b"\x02", bytes(50), b"\x02" * 50, b"\xff" * 20):
        for writer in (None, again):
            try:
                value = schema.from_avro(data, writer=writer)
            except DecodeError:
                continue
            try:
                schema.to_avro(value)
            except EncodeError as error:
                assert "dict" in str(error) or "there is no value" in str(error), error
    for simple in (None, 1, "", b"", 1.5, True):
        try:
            schema.to_avro(simple)
        except EncodeError:
            continue
