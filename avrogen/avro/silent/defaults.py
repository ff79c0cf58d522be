"""Defaults that changed: what is not in the data is another value than it was."""

from __future__ import annotations

import json
from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.history import Direction
from avrogen.avro.model import Json
from avrogen.avro.places import Pair
from avrogen.avro.resolution import written_fields
from avrogen.avro.silent.changes import SilentChange, SilentKind, silent_change

__all__ = ["changed_defaults", "changed_enum_default"]

_LONGEST = 60


def changed_defaults(
    pair: Pair, reader: model.Record, writer: model.Record, direction: Direction
) -> Iterator[SilentChange]:
    """Of the fields that two records have in common."""
    for index, source in enumerate(written_fields(reader, writer)):
        if source is None:
            continue
        mine, theirs = reader.fields[index].default, writer.fields[source].default
        old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
        if old is model.NO_DEFAULT or (new is not model.NO_DEFAULT and _is_same(old, new)):
            continue
        if new is model.NO_DEFAULT:
            kind, message = SilentKind.DEFAULT_REMOVED, f"the default {_brief(old)} was removed"
        else:
            kind = SilentKind.DEFAULT_CHANGED
            message = f"the default {_brief(old)} became {_brief(new)}"
        yield silent_change(
            kind,
            message,
            pair,
            direction,
            reader=("fields", index, *_step(mine)),
            writer=("fields", source, *_step(theirs)),
        )


def changed_enum_default(
    pair: Pair, reader: model.EnumType, writer: model.EnumType, direction: Direction
) -> Iterator[SilentChange]:
    """Of an enum, which takes it for symbols that it lacks."""
    mine, theirs = reader.default, writer.default
    old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
    if old is None or old == new:
        return
    became = f"became {new}" if new is not None else "was removed"
    yield silent_change(
        SilentKind.ENUM_DEFAULT,
        f"the default {old} {became}",
        pair,
        direction,
        reader=("default",) if mine is not None else (),
        writer=("default",) if theirs is not None else (),
    )


def _step(default: Json | model.NoDefault) -> tuple[str, ...]:
    return () if default is model.NO_DEFAULT else ("default",)


def _is_same(one: Json, other: Json) -> bool:
    """Whether two JSON values are one. 1 and 1.0 are, 1 and true are not."""
    match one, other:
        case bool(), _:
            return one is other
        case _, bool():
            return False
        case list(), list():
            return len(one) == len(other) and all(map(_is_same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
        case _:
            return one == other


def _brief(value: Json | model.NoDefault) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
