"""Texts of ISO 8601 that ``datetime`` has no part in: nanoseconds, and durations with months."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

__all__ = ["datetime_with_nanos", "duration", "read_datetime", "read_duration"]

_DATETIME: Final = re.compile(r"([^.,]+)(?:[.,]([0-9]{1,9}))?(Z|[+-][0-9:]{2,8})?", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,3}))?S)?)?",
    re.ASCII,
)
_MOST_DIGITS: Final = 20


def datetime_with_nanos(value: datetime, nanosecond: int) -> str:
    """A datetime with so many nanoseconds more, with nine decimal places."""
    text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{text}{nanosecond:03}{'' if value.tzinfo is None else '+00:00'}"


def read_datetime(text: str) -> tuple[datetime, int]:
    """A datetime with or without time zone, and the nanoseconds within its microsecond.

    Raises:
        ValueError: the text is no date and time, or has more than nine decimal places.
    """
    # What is before a fraction may have a date with hyphens: the offset is looked for behind it.
    whole, point, rest = text.replace(",", ".").partition(".")
    match = _DATETIME.fullmatch(f"0.{rest}" if point else "0")
    if match is None or "T" not in whole.upper().replace(" ", "T"):
        raise ValueError(f"no date and time of ISO 8601: {text[:50]!r}")
    digits = (match[2] or "").ljust(9, "0")
    value = datetime.fromisoformat(whole + (match[3] or ""))
    return value.replace(microsecond=int(digits[:6])), int(digits[6:])


def duration(months: int, days: int, milliseconds: int) -> str:
    """A duration in those units that are not 0."""
    text = f"{months}M" if months else ""
    text += f"{days}D" if days else ""
    if milliseconds or not text:
        seconds, rest = divmod(milliseconds, 1000)
        text += f"T{seconds}.{rest:03}S" if rest else f"T{seconds}S"
    return f"P{text}"


def read_duration(text: str) -> tuple[int, int, int]:
    """Months, days and milliseconds.

    Raises:
        ValueError: the text is no duration, or has more than three decimal places.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text[-1] in "PT" or len(text) > 8 * _MOST_DIGITS:
        raise ValueError(f"no duration of ISO 8601 in whole milliseconds: {text[:50]!r}")
    *numbers, fraction = match.groups()
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in numbers)
    milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000
    return years * 12 + months, weeks * 7 + days, milliseconds + int((fraction or "").ljust(3, "0"))
