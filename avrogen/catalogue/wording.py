"""Types in words, piece by piece, so that names can be links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from avrogen.avro import model
from avrogen.avro.describe import described_logical
from avrogen.avro.names import short_name
from avrogen.compiler.expressions import Expression

__all__ = ["Word", "annotation_text", "json_line", "json_text", "type_words"]


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text.

    Attributes:
        text: what it says.
        role: ``plain``; ``type``, a named type whose full name is ``name``; ``logical``, a logical
            type, with the type it is based on in ``name``.
        name: see there; or "".
    """

    text: str
    role: Literal["plain", "type", "logical"] = "plain"
    name: str = ""


def type_words(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> tuple[Word, ...]:
    """A type: ``array of OrderLine``, ``null or string``, ``timestamp-millis``."""
    return tuple(_words(type_, types))


def _words(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> Iterator[Word]:
    match type_:
        case model.Primitive(name, logical):
            yield Word(described_logical(logical), "logical", name) if logical else Word(name)
        case model.Reference(name):
            yield Word(short_name(name), "type", name)
        case model.Array(items):
            yield Word("array of ")
            yield from _inner(items, types)
        case model.Map(values):
            yield Word("map of ")
            yield from _inner(values, types)
        case model.Union(branches):
            for index, branch in enumerate(branches):
                if index:
                    yield Word(" or ")
                yield from _words(branch, types)
            if not branches:
                yield Word("an empty union")
        case _:
            assert_never(type_)


def _inner(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> Iterator[Word]:
    """What an array or a map is of; a union in brackets, so that it is clear where it ends."""
    is_union = isinstance(type_, model.Union) and len(type_.branches) > 1
    if is_union:
        yield Word("(")
    yield from _words(type_, types)
    if is_union:
        yield Word(")")


def annotation_text(expression: Expression) -> str:
    """A Python annotation, whose names are not those of any module."""
    return "".join(part if isinstance(part, str) else part.name for part in expression.parts)


def json_line(value: model.Json) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def json_text(value: model.Json) -> str:
    """JSON over as many lines as it takes."""
    return json.dumps(value, ensure_ascii=False, indent=2)
