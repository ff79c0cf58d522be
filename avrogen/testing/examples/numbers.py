"""Ints, floats and decimals."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Final

from avrogen.codec.plan import Bits
from avrogen.testing.examples.about import About
from avrogen.testing.examples.lookup import by_words, table
from avrogen.testing.examples.moments import is_moment, moment

__all__ = ["decimal", "integer", "real"]

_MOST: Final = 30
"""Digits of a decimal that are other than zero: nobody reads more."""

_SMALL: Final = 1000
"""Where floats begin anew."""

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


def integer(about: About, bits: Bits) -> int:
    """An int: a timestamp, an amount in cents, an id, or a small number."""
    if is_moment(about) or _is_moment_in_units(about):
        return _timestamp(about, bits)
    if about.words and about.words[-1] in {"id", "key", "number", "no", "nr"}:
        return _within(1000 + about.number, bits)
    hundredths = by_words(about.words, _HUNDREDTHS)
    if hundredths is None:
        return _within(about.number, bits)
    is_money = by_words(about.words, _MONEY)
    return _within((hundredths if is_money else hundredths // 100) + about.number - 1, bits)


def real(about: About, bits: Bits) -> float:
    """A float; of 32 bits, one that they hold exactly."""
    if is_moment(about):
        return float(_timestamp(about, 32))
    hundredths = by_words(about.words, _HUNDREDTHS)
    value = (150 if hundredths is None else hundredths) / 100 + (about.number - 1) % _SMALL
    return round(value * 8) / 8 if bits == 32 else value


def decimal(about: About, precision: int, scale: int) -> Decimal:
    """A decimal with the places of its schema, and no more digits than it allows."""
    hundredths = by_words(about.words, _HUNDREDTHS) or 1999
    hundredths += 100 * (about.number - 1)
    shift = min(scale, _MOST) - 2
    unscaled = hundredths * 10**shift if shift >= 0 else hundredths // 10**-shift
    digits = str(unscaled % 10 ** min(precision, _MOST))
    return Decimal((0, tuple(map(int, digits)), -scale))


def _is_moment_in_units(about: About) -> bool:
    """As in ``created_at_ms``; ``timeout_ms`` is none."""
    is_unit = by_words(about.words[-1:], _UNITS) is not None
    return is_unit and is_moment(About(about.number, about.words[:-1]))


def _timestamp(about: About, bits: Bits) -> int:
    """Since 1970: milliseconds, if its name says nothing else and they fit."""
    seconds = int(moment(about).replace(tzinfo=UTC).timestamp())
    if bits == 32:
        return seconds
    return seconds * (by_words(about.words[-1:], _UNITS) or 1000)


def _within(number: int, bits: Bits) -> int:
    return number % (1 << (bits - 1))
