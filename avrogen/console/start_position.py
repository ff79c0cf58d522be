"""Beginnings of reading a topic: ``--from`` and ``--since``.

:func:`parse_start` and :func:`parse_since` parse the options, :func:`read_from` reads.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from avrogen.console.topic_reader import OffsetBounds, TopicReader, TopicRecord

__all__ = [
    "AtOffset",
    "AtTime",
    "LastRecords",
    "Start",
    "parse_since",
    "parse_start",
    "read_from",
]


@dataclass(frozen=True, slots=True)
class AtOffset:
    """From an offset of every partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class LastRecords:
    """So many last records of all partitions together."""

    count: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """Records whose timestamp is not before a time, in milliseconds since 1970."""

    milliseconds: int


Start: TypeAlias = "Literal['beginning', 'end'] | AtOffset | LastRecords | AtTime"

_MOST: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"(-?)([0-9]{1,19})")
_UNITS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_DURATION: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|[smhdw])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_start(text: str) -> Start:
    """Parse ``beginning``, ``end``, an offset, or a negative number of records.

    Raises:
        ValueError: it is none of these.
    """
    if text == "beginning":
        return "beginning"
    if text == "end":
        return "end"
    found = _NUMBER.fullmatch(text)
    if found is None or int(found[2]) > _MOST:
        raise ValueError("expected beginning, end, an offset, or -N for the last N messages")
    return LastRecords(int(found[2])) if found[1] else AtOffset(int(found[2]))


def parse_since(text: str, now: datetime) -> AtTime:
    """Parse a duration before now, such as ``90s`` or ``1h30m``, or a time in ISO 8601.

    A time without an offset is in UTC.

    Raises:
        ValueError: it is neither, or out of range.
    """
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        before = sum(float(number) * _UNITS[unit] for number, unit in parts)
        return AtTime(max(0, int((now - _EPOCH) / timedelta(milliseconds=1) - before)))
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
        return AtTime(max(0, (time - _EPOCH) // timedelta(milliseconds=1)))
    except (ValueError, OverflowError):
        raise ValueError(
            "expected a duration such as 90s, 1h30m or 7d, or a time such as 2025-03-14T09:30:00Z"
        ) from None


def read_from(
    reader: TopicReader,
    start: Start,
    bounds: Mapping[int, OffsetBounds],
    is_wanted: Callable[[TopicRecord], bool],
) -> Iterator[TopicRecord]:
    """Yield the wanted records of partitions from a beginning to the ends, in the order of time.

    Args:
        reader: reader of the topic.
        start: the beginning.
        bounds: bounds of the partitions.
        is_wanted: returns False for records that are left out. Those do not count as last ones.

    Raises:
        ConsumeError: the brokers do not respond.
    """
    match start:
        case "end":
            return
        case LastRecords(count):
            yield from _last_records(reader, count, bounds, is_wanted)
            return
        case "beginning":
            starts = {number: each.first for number, each in bounds.items()}
        case AtOffset(offset):
            starts = {number: max(each.first, offset) for number, each in bounds.items()}
        case AtTime(milliseconds):
            starts = _starts_at(reader, milliseconds, bounds)
    earliest = start.milliseconds if isinstance(start, AtTime) else -1
    for record in reader.in_time_order(starts, bounds):
        if record.time >= earliest and is_wanted(record):
            yield record


def _starts_at(
    reader: TopicReader, milliseconds: int, bounds: Mapping[int, OffsetBounds]
) -> dict[int, int]:
    """Return the first offsets to read for a time.

    A broker that cannot search, such as the embedded one, answers that no record is that late. So
    the last record is looked at, and the partition read from its beginning if it is.
    """
    starts = dict(zip(bounds, reader.offsets_at(milliseconds, bounds), strict=True))
    lasts = {
        number: each.end - 1
        for number, each in bounds.items()
        if starts[number] == each.end and each.first < each.end
    }
    for record in reader.records(lasts, bounds) if lasts else ():
        if record.time >= milliseconds:
            starts[record.partition] = bounds[record.partition].first
    return starts


def _last_records(
    reader: TopicReader,
    count: int,
    bounds: Mapping[int, OffsetBounds],
    is_wanted: Callable[[TopicRecord], bool],
) -> Iterator[TopicRecord]:
    """Yield the last records, for which more and more of each partition is read.

    Offsets have gaps, where a topic was compacted or transactions were aborted, and records that
    are not wanted.
    """
    found: dict[int, deque[TopicRecord]] = {number: deque() for number in bounds}
    left = dict(bounds) if count else {}
    window = count
    while left:
        starts = {number: max(each.first, each.end - window) for number, each in left.items()}
        for number in left:
            found[number] = deque(maxlen=count)
        for record in reader.records(starts, left):
            if is_wanted(record):
                found[record.partition].append(record)
        left = {
            number: each
            for number, each in left.items()
            if len(found[number]) < count and starts[number] > each.first
        }
        window *= 8
    ordered = list(merge(*found.values(), key=attrgetter("time")))
    yield from ordered[max(0, len(ordered) - count) :]
