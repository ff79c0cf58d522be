"""Edits of schema text: places are JSON values, and layout, comments and line ends are kept.

An edit is applied to the text that its origin was read from. Several edits of a text must not
overlap; :func:`edited` applies them from the end, so that offsets stay valid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from avrogen.avro.model import Json
from avrogen.avro.source import JsonSpan, Origin, blank_comments, span_of

__all__ = [
    "AddMember",
    "Edit",
    "MoveFirst",
    "RemoveItem",
    "RenameKey",
    "ReplaceValue",
    "UnwrapValue",
    "edited",
]


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add a member to an object, behind its last one and laid out as that."""

    origin: Origin
    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give the key of a value another name."""

    origin: Origin
    name: str


@dataclass(frozen=True, slots=True)
class ReplaceValue:
    """Write another value."""

    origin: Origin
    value: Json


@dataclass(frozen=True, slots=True)
class UnwrapValue:
    """Write the text of a value inside of a value in place of that."""

    origin: Origin
    inner: Origin


@dataclass(frozen=True, slots=True)
class MoveFirst:
    """Move an item of an array to its start; what is between items stays between them."""

    origin: Origin
    index: int


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Remove a member of an object, or an item of an array, with its comma."""

    origin: Origin


Edit: TypeAlias = AddMember | RenameKey | ReplaceValue | UnwrapValue | MoveFirst | RemoveItem


@dataclass(frozen=True, slots=True, order=True)
class _Replacement:
    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str | None:
    """Return a text with edits applied; None if some of them cannot be applied together.

    Args:
        text: text of the source of all edits.
        edits: the edits.
    """
    replacements: list[_Replacement] = []
    for edit in edits:
        found = _replacements(text, edit)
        if not found:
            return None
        replacements += found
    replacements = sorted(set(replacements))
    parts: list[str] = []
    end = 0
    for each in replacements:
        if each.start < end:
            return None
        parts += text[end : each.start], each.text
        end = each.end
    return "".join((*parts, text[end:]))


def _replacements(text: str, edit: Edit) -> list[_Replacement]:
    """Return the replacements of an edit; none if the text does not have its place."""
    span = span_of(edit.origin)
    if span is None:
        return []
    match edit:
        case AddMember(_, key, value):
            return _added(text, span, f"{json.dumps(key)}: {json.dumps(value)}")
        case RenameKey(_, name):
            end = span.key + _token_length(text, span.key)
            return [_Replacement(span.key, end, json.dumps(name))]
        case ReplaceValue(_, value):
            return [_Replacement(span.start, span.end, json.dumps(value))]
        case UnwrapValue(_, inner):
            within = span_of(inner)
            if within is None:
                return []
            return [_Replacement(span.start, span.end, text[within.start : within.end])]
        case MoveFirst(origin, index):
            return _moved(text, origin, index)
        case RemoveItem():
            return _removed(text, span)
        case _:
            assert_never(edit)


_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def _token_length(text: str, start: int) -> int:
    match = _STRING.match(text, start)
    assert match is not None, "keys are strings"
    return len(match[0])


def _added(text: str, span: JsonSpan, member: str) -> list[_Replacement]:
    blanked = blank_comments(text)
    last = len(blanked[: span.end - 1].rstrip())
    if blanked[last - 1] == "{" and last - 1 == span.start:
        return [_Replacement(last, last, member)]
    # As the last member: on a line of its own, or behind it.
    line_start = text.rfind("\n", 0, last) + 1
    key = _last_key(blanked, span)
    before = text[text.rfind("\n", 0, key) + 1 : key]
    own_line = span.start < text.rfind("\n", 0, key) and not before.strip() and line_start > 0
    if not own_line:
        return [_Replacement(last, last, f", {member}")]
    line_end = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", last, span.end)
    end = len(text[:end].rstrip("\r")) if end >= 0 and not blanked[last:end].strip() else last
    line = f"{line_end}{before}{member}"
    if end == last:
        return [_Replacement(last, last, f",{line}")]
    return [_Replacement(last, last, ","), _Replacement(end, end, line)]  # behind a comment


def _last_key(blanked: str, span: JsonSpan) -> int:
    """Return the offset of the last key of an object."""
    key = span.start
    depth, expects_key = 0, False
    for match in _SIGNIFICANT.finditer(blanked, span.start, span.end):
        token = match[0]
        if token in "{[":
            depth += 1
            expects_key = depth == 1
        elif token in "}]":
            depth -= 1
        elif token == ",":
            expects_key = depth == 1
        elif depth == 1 and expects_key:
            key, expects_key = match.start(), False
    return key


_SIGNIFICANT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


def _moved(text: str, origin: Origin, index: int) -> list[_Replacement]:
    spans: list[JsonSpan] = []
    while len(spans) <= index:
        span = span_of(origin / len(spans))
        if span is None:
            return []
        spans.append(span)
    texts = [text[span.start : span.end] for span in spans]
    order = [texts[index], *texts[:index]]
    return [
        _Replacement(span.start, span.end, moved) for span, moved in zip(spans, order, strict=True)
    ]


def _removed(text: str, span: JsonSpan) -> list[_Replacement]:
    blanked = blank_comments(text)
    after = re.compile(r"\s*,\s*").match(blanked, span.end)
    if after is not None:
        return [_Replacement(span.key, after.end(), "")]
    before = re.compile(r",\s*\Z").search(blanked[: span.key])
    return [_Replacement(before.start() if before else span.key, span.end, "")]
