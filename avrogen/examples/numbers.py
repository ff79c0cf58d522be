"""Ints, floats and decimals.

Dates, times and timestamps, around noon of a day in May 2024.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from avrogen.codec.plan import Bits
from avrogen.examples.hints import FieldHints, by_words, table

__all__ = [
    "clock",
    "date_text",
    "day",
    "decimal",
    "integer",
    "is_moment",
    "moment",
    "moment_text",
    "real",
]

_MOST: Final = 30
"""Digits of a decimal that are other than zero: nobody reads more."""

_SMALL: Final = 1000
"""Number at which floats start over."""

_UNITS = table(
    {
        "s sec secs second seconds unix": 1,
        "ms millis milliseconds": 1000,
        "us micros microseconds": 1_000_000,
        "ns nanos nanoseconds": 10**9,
    }
)

_HUNDREDTHS = table(
    {
        "age": 3400,
        "altitude elevation": 3400,
        "amount cost fee price subtotal sum total value": 1999,
        "attempt partition retry shard version": 100,
        "balance": 150000,
        "count quantity qty pieces": 200,
        "day": 1700,
        "discount percent percentage": 1000,
        "duration elapsed latency": 25000,
        "height length width depth distance": 12000,
        "lat latitude": 5250,
        "lng lon long longitude": 1337,
        "month": 500,
        "offset position sequence": 4200,
        "port": 808000,
        "probability ratio share": 25,
        "rate": 19,
        "rating score stars": 450,
        "size bytes": 102400,
        "speed": 5000,
        "status status_code": 20000,
        "stock": 1500,
        "temperature": 2150,
        "weight": 150,
        "year": 202400,
    }
)
_MONEY = table({"amount cents cost fee price subtotal sum total": True})


def integer(about: FieldHints, bits: Bits) -> int:
    """Return an int: a timestamp, an amount in cents, an id, or a small number."""
    if is_moment(about) or _is_moment_in_units(about):
        return _timestamp(about, bits)
    if about.words and about.words[-1] in {"id", "key", "number", "no", "nr"}:
        return _within(1000 + about.number, bits)
    hundredths = by_words(about.words, _HUNDREDTHS)
    if hundredths is None:
        return _within(about.number, bits)
    is_money = by_words(about.words, _MONEY)
    return _within((hundredths if is_money else hundredths // 100) + about.number - 1, bits)


def real(about: FieldHints, bits: Bits) -> float:
    """Return a float; one that 32 bits represent exactly if they are all there is."""
    if is_moment(about):
        return float(_timestamp(about, 32))
    hundredths = by_words(about.words, _HUNDREDTHS)
    value = (150 if hundredths is None else hundredths) / 100 + (about.number - 1) % _SMALL
    return round(value * 8) / 8 if bits == 32 else value


def decimal(about: FieldHints, precision: int, scale: int) -> Decimal:
    """Return a decimal with the schema's scale, within its precision."""
    hundredths = by_words(about.words, _HUNDREDTHS) or 1999
    hundredths += 100 * (about.number - 1)
    shift = min(scale, _MOST) - 2
    unscaled = hundredths * 10**shift if shift >= 0 else hundredths // 10**-shift
    digits = str(unscaled % 10 ** min(precision, _MOST))
    return Decimal((0, tuple(map(int, digits)), -scale))


def _is_moment_in_units(about: FieldHints) -> bool:
    """Return True for names such as ``created_at_ms``, not ``timeout_ms``."""
    is_unit = by_words(about.words[-1:], _UNITS) is not None
    return is_unit and is_moment(FieldHints(about.number, about.words[:-1]))


def _timestamp(about: FieldHints, bits: Bits) -> int:
    """Return a time since 1970, in milliseconds unless the name has another unit."""
    seconds = int(moment(about).replace(tzinfo=UTC).timestamp())
    if bits == 32:
        return seconds
    return seconds * (by_words(about.words[-1:], _UNITS) or 1000)


def _within(number: int, bits: Bits) -> int:
    return number % (1 << (bits - 1))


_NOON = datetime(2024, 5, 17, 12, 30, 15)

_MINUTES, _DAYS = 1_000_000, 10_000
"""After so many, moments and days begin anew, so that no number leads out of the calendar."""

_LATER = table(
    {
        "accepted confirmed paid settled started": timedelta(minutes=5),
        "cancelled canceled modified processed received scanned updated": timedelta(hours=1),
        "completed finished shipped": timedelta(hours=6),
        "closed delivered ended": timedelta(days=2),
        "due end ends expiration expires expiry planned predicted promised until": timedelta(30),
        "birth birthday born dob": -timedelta(days=365 * 34),
    }
)

_CLOCKS = table(
    {
        "begins from open opening opens start starts": time(9),
        "close closes closing end ends until": time(17, 30),
    }
)

_MOMENTS = table(
    {
        "at created date datetime modified moment occurred time timestamp ts updated "
        "expires expiry": True
    }
)


def moment(about: FieldHints) -> datetime:
    """Return a naive datetime in whole seconds, one minute later per number."""
    later = by_words(about.words, _LATER) or timedelta()
    return _NOON + later + timedelta(minutes=(about.number - 1) % _MINUTES)


def day(about: FieldHints) -> date:
    """Return a date, one day later per number."""
    later = by_words(about.words, _LATER) or timedelta()
    return (_NOON + later).date() + timedelta(days=(about.number - 1) % _DAYS)


def clock(about: FieldHints) -> time:
    """Return a time of day, one minute later per number."""
    start = by_words(about.words, _CLOCKS) or _NOON.time()
    shifted = datetime.combine(_NOON, start) + timedelta(minutes=(about.number - 1) % _MINUTES)
    return shifted.time()


def is_moment(about: FieldHints) -> bool:
    """Return True if the field looks like a timestamp."""
    return bool(about.words) and by_words(about.words[-1:], _MOMENTS) is not None


def date_text(about: FieldHints) -> str:
    """Return a date as text."""
    return day(about).isoformat()


def moment_text(about: FieldHints) -> str:
    """Return a timestamp as text."""
    return moment(about).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
