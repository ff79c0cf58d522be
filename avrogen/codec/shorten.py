"""Values for people: on one line, however large they are, and whatever they do when asked.

``repr`` of a record is the one that dataclasses have, as long as that fits on a screen. What is
longer is cut where it is long: texts, lists and records within records show how they begin and how
much more there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from enum import Enum
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from avrogen.codec.classes import AvroFixed, AvroRecord
from avrogen.printable import printable

__all__ = ["fixed_repr", "record_repr", "shortened", "shortened_name"]

_MOST: Final = 1000
"""Characters of the repr of a record: a dozen lines."""

_SHORT: Final = 80
_NAME: Final = 100


def shortened_name(name: str) -> str:
    """A name from a schema, which may be of any length."""
    return name if len(name) <= _NAME else f"{name[:_NAME]}..."


def shortened(value: object) -> str:
    """A value as it is shown in a message: of at most some 80 characters.

    Only what Python's own types say of themselves is shown; of others it is the type that counts.
    """
    match value:
        case str() | bytes() if type(value) in (str, bytes):
            # A character that has to be escaped takes up to ten.
            most = 60 if len(repr(value[:60])) <= _SHORT else 7
            return repr(value[:most]) + ("..." if len(value) > most else "")
        case Enum():
            return printable(shortened_name(f"{type(value).__qualname__}.{value.name}"))
        case _ if type(value).__module__ in _OWN and not isinstance(value, _CONTAINERS):
            try:
                text = printable(repr(value))
            except Exception:  # such as that of an int of too many digits
                return _kind(value)
            return text if len(text) <= _SHORT else _kind(value)
        case _:
            return _kind(value)


_OWN: Final = frozenset({"builtins", "datetime", "decimal", "uuid", "avrogen.codec.values"})
_CONTAINERS: Final = (list, dict, tuple, set, frozenset, bytearray, memoryview, type)


def _kind(value: object) -> str:
    return f"a value of type {printable(shortened_name(type(value).__qualname__))}"


# --- records -------------------------------------------------------------------------------------


class _Style(NamedTuple):
    """How much of a value is shown: characters of a text, items, fields, and levels."""

    text: int
    items: int
    fields: int
    levels: int


_STYLES: Final = (
    _Style(_MOST, _MOST, _MOST, 100),
    _Style(60, 6, 30, 6),
    _Style(30, 3, 20, 3),
    _Style(12, 1, 8, 1),
)


def record_repr(record: AvroRecord) -> str:
    """The repr of a record, in as much detail as fits."""
    text = ""
    for style in _STYLES:
        text = _joined(_record(record, style, 0))
        if len(text) <= _MOST:
            return text
    return f"{text[:_MOST]}..."


def _joined(pieces: Iterable[str]) -> str:
    """Pieces in one, up to the first that is too much."""
    text: list[str] = []
    size = 0
    for piece in pieces:
        text.append(piece)
        size += len(piece)
        if size > _MOST:
            break
    return "".join(text)


def _value(value: Any, style: _Style, level: int) -> Iterator[str]:
    match value:
        case AvroRecord():
            yield from _record(value, style, level)
        case list() | dict() if level > style.levels:
            yield "[...]" if isinstance(value, list) else "{...}"
        case list():
            items = cast("list[Any]", value)  # type: ignore[redundant-cast]
            yield "["
            for position, item in enumerate(items[: style.items]):
                yield ", " if position else ""
                yield from _value(item, style, level + 1)
            yield f"{_more(len(items) - style.items)}]"
        case dict():
            entries = cast("dict[Any, Any]", value)  # type: ignore[redundant-cast]
            yield "{"
            for position, (key, each) in enumerate(islice(entries.items(), style.items)):
                yield ", " if position else ""
                yield from _value(key, style, level + 1)
                yield ": "
                yield from _value(each, style, level + 1)
            yield f"{_more(len(entries) - style.items)}}}"
        case AvroFixed():
            yield _fixed(value, style)
        case str() | bytes() if type(value) in (str, bytes):
            yield _text(value, style)
        case _:
            text = repr(value)
            yield text if len(text) <= style.text else f"{text[: style.text]}..."


def _record(record: AvroRecord, style: _Style, level: int) -> Iterator[str]:
    yield f"{type(record).__qualname__}("
    shown = [field.name for field in fields(cast("Any", record)) if field.repr]
    if level > style.levels and shown:
        yield "..."
    else:
        for position, name in enumerate(shown[: style.fields]):
            yield f"{', ' if position else ''}{name}="
            yield from _value(getattr(record, name), style, level + 1)
        yield _more(len(shown) - style.fields)
    yield ")"


def fixed_repr(value: AvroFixed) -> str:
    """The repr of a fixed, all of it unless it is long."""
    return _fixed(value, _STYLES[0] if len(value) <= _MOST // 4 else _STYLES[1])


def _fixed(value: AvroFixed, style: _Style) -> str:
    return f"{type(value).__name__}({_text(bytes(value), style)})"


def _text(value: str | bytes, style: _Style) -> str:
    rest = len(value) - style.text
    return f"{value[: style.text]!r}{f' ... {rest} more' if rest > 0 else ''}"


def _more(count: int) -> str:
    return f", ... {count} more" if count > 0 else ""
