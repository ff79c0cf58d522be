"""Rules for timestamps, dates and durations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.lint.name_words import (
    DURATION_WORDS,
    TIME_UNITS,
    Words,
    ends_with,
    last_word,
    word_set,
)
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView

__all__ = ["durations_without_unit", "epoch_numbers", "local_instants", "mixed_units", "time_texts"]

_MOMENTS: Final = word_set(
    "created updated modified deleted placed received sent started finished completed "
    "published expires expired occurred registered paid shipped cancelled canceled confirmed "
    "ingested processed archived closed opened joined logged recorded requested approved "
    "rejected scheduled changed captured fetched emitted produced submitted"
)
"""Words that say with "at", "on", "time", "date" or "timestamp" when something happened."""

_NO_MOMENTS: Final = word_set(
    "processing response elapsed execution run running total duration average avg mean max "
    "min spent remaining wait waiting idle active cpu up down travel delivery lead wall clock "
    "gc user system count per travelled looked relative offset logical version watermark zone"
)
"""Words that make a length of time, or another thing, of a time."""

_INSTANTS: Final = frozenset({"timestamp", "ts", "datetime"})


def _is_instant(words: Words) -> bool:
    """Tell if a name is that of a point in time."""
    if _NO_MOMENTS.intersection(words):
        return False
    if len(words) > 1 and words[-1] in _EPOCH_UNITS:
        words = words[:-1]
    last = last_word(words)
    if last in _INSTANTS:
        return True
    return (
        len(words) > 1
        and last in ("at", "time", "on")
        and (
            words[-2] in _MOMENTS
            or (last == "time" and words[-2] in ("event", "creation", "ingestion"))
        )
    )


_EPOCH_UNITS: Final = word_set(
    "ms millis milliseconds us micros microseconds ns nanos s sec secs seconds epoch utc"
)


def epoch_numbers(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a point in time is a long without a logical type."""
    type_ = view.primitive
    if type_ is None or type_.name != "long" or type_.logical is not None:
        return
    attributes = {*type_.attributes, *view.field.attributes}
    if attributes & {"logicalType", "connect.name"}:
        return  # it has one that another tool knows, and build warns if it is misplaced
    says_epoch = "epoch" in view.doc and ("since" in view.doc or "unix" in view.doc)
    if (_is_instant(view.words) or says_epoch) and not _says_duration(view):
        yield RuleFinding(
            Code.EPOCH_NUMBER,
            view.type_origin,
            f"{view.label} looks like a point in time, and is a long: its unit is a guess",
            'use {"type": "long", "logicalType": "timestamp-millis"}, in its unit',
        )


def _says_duration(view: FieldView) -> bool:
    return bool(DURATION_WORDS.intersection(view.words)) or "duration" in view.doc


def local_instants(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if something happened at a local time, without a zone."""
    type_ = view.primitive
    if type_ is None or not isinstance(type_.logical, model.LocalTimestamp):
        return
    happened = _MOMENTS.intersection(view.words) and _is_instant(view.words)
    if happened and "local" not in view.words and "local" not in view.doc:
        yield RuleFinding(
            Code.LOCAL_INSTANT,
            view.type_origin / "logicalType",
            f"{view.label} looks like an instant, and is a local timestamp: it does not say when "
            "something happened",
            f'use "timestamp-{type_.logical.unit}"',
        )


_MOST_MIXED: Final = 0.25
"""Fields in another unit, of all with timestamps in a namespace, that are an exception."""

_FEWEST: Final = 4
"""Fields with timestamps that make a custom of a namespace."""


def mixed_units(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield timestamps in another unit than most others of their namespace.

    Names that say their unit do not count.
    """
    for namespace, fields in view.namespaces.items():
        found: list[tuple[FieldView, model.TimeUnit]] = []
        for each in fields:
            type_ = each.primitive
            logical = type_.logical if type_ is not None else None
            says_unit = TIME_UNITS.intersection(each.words)
            if isinstance(logical, model.Timestamp | model.LocalTimestamp) and not says_unit:
                found.append((each, logical.unit))
        units = Counter(unit for _, unit in found)
        if len(units) < 2 or len(found) < _FEWEST:
            continue
        common, count = units.most_common(1)[0]
        if len(found) - count > len(found) * _MOST_MIXED:
            continue
        for each, unit in found:
            if unit is not common:
                yield RuleFinding(
                    Code.MIXED_TIME_UNITS,
                    each.type_origin / "logicalType",
                    f"{each.label} is in {unit}, and {count} other timestamps of "
                    f"{namespace or 'types without a namespace'} are in {common}",
                    f"use {common} in a new field, and drop this one later",
                )


def time_texts(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a date or a point in time is a string."""
    type_ = view.primitive
    if type_ is None or type_.name != "string" or "logicalType" in type_.attributes:
        return
    is_date = ends_with(view.words, [("date",)])
    if is_date or _is_instant(view.words):
        example = (
            '"int", "logicalType": "date"'
            if is_date
            else ('"long", "logicalType": "timestamp-millis"')
        )
        yield RuleFinding(
            Code.TIME_TEXT,
            view.type_origin,
            f"{view.label} looks like a {'date' if is_date else 'point in time'}, and is a string: "
            "its format is a guess",
            f'use {{"type": {example}}}',
        )


def durations_without_unit(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if neither name nor doc of a length of time has a unit."""
    type_ = view.primitive
    if type_ is None or type_.name not in ("int", "long", "float", "double") or type_.logical:
        return
    if last_word(view.words) in DURATION_WORDS:
        said = {*view.words, *_doc_words(view.doc)}
        if not said & TIME_UNITS:
            yield RuleFinding(
                Code.NO_UNIT,
                view.origin / "name",
                f"neither name nor doc of {view.label} has the unit of this length of time",
                f'name it "{view.field.name}_ms", or write the unit in "doc"',
            )


def _doc_words(doc: str) -> set[str]:
    return set(doc.replace(".", " ").replace(",", " ").replace("(", " ").replace(")", " ").split())
