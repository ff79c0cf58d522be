"""Values of logical types to numbers and bytes, and back (specification, "Logical Types").

Each function is exact for every value that can be represented, and raises ValueError for others.
"""

from __future__ import annotations

from binascii import unhexlify
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Rounded
from functools import lru_cache
from struct import Struct
from typing import Final
from uuid import UUID

from avrogen.avro.logical_types import uuid_digits
from avrogen.avro.model import TimeUnit
from avrogen.codec.limits import MAX_DECIMAL_DIGITS
from avrogen.codec.varints import fits
from avrogen.message_text import shortened

__all__ = [
    "END_OF_TIME",
    "EPOCH",
    "EPOCH_ORDINAL",
    "LOCAL_EPOCH",
    "MAX_SCALE",
    "PER_SECOND",
    "date_from_days",
    "decimal_contexts",
    "decimal_from_unscaled",
    "minimal_bytes",
    "nanos_from_units",
    "nearest_float",
    "rescaled",
    "time_from_units",
    "time_to_units",
    "timestamp_from_units",
    "timestamp_to_units",
    "unscaled",
    "unscaled_and_scale",
    "uuid_from_text",
]

_FLOAT: Final = Struct("<f")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH: Final = datetime(1970, 1, 1)
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
END_OF_TIME: Final = (date.max.toordinal() + 1 - EPOCH_ORDINAL) * 86400
"""Seconds from 1970 to the year 10000, which is beyond every datetime."""
_FIRST: Final = datetime.min - LOCAL_EPOCH
_LAST: Final = datetime.max - LOCAL_EPOCH

MAX_SCALE: Final = -MIN_EMIN
"""Greatest number of decimal places in ``decimal``."""

PER_SECOND: Final = {TimeUnit.MILLIS: 1_000, TimeUnit.MICROS: 1_000_000, TimeUnit.NANOS: 10**9}

# --- dates and times -----------------------------------------------------------------------------


def date_from_days(days: int) -> date:
    """Return the date that is a number of days after 1970-01-01."""
    try:
        return date.fromordinal(days + EPOCH_ORDINAL)
    except (ValueError, OverflowError):
        raise ValueError(f"{days} days from 1970 are outside the years 1 to 9999") from None


def time_to_units(value: time, unit: TimeUnit) -> int:
    """Return whole units since midnight."""
    if value.tzinfo is not None:
        raise ValueError("expected a time without time zone")
    per_second = PER_SECOND[unit]
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * per_second + value.microsecond * per_second // 1_000_000


def time_from_units(units: int, unit: TimeUnit) -> time:
    """Return the time of day that is a number of units after midnight."""
    per_second = PER_SECOND[unit]
    day = 86_400 * per_second
    if not 0 <= units < day:
        raise ValueError(f"a time of day is 0 to {day - 1} {unit} after midnight, got {units}")
    seconds, rest = divmod(units, per_second)
    minutes, second = divmod(seconds, 60)
    return time(minutes // 60, minutes % 60, second, rest * 1_000_000 // per_second)


def timestamp_to_units(value: datetime, unit: TimeUnit, *, local: bool) -> int:
    """Return whole units since 1970, rounded towards the past."""
    if local:
        if value.utcoffset() is not None:
            raise ValueError("expected a datetime without time zone")
        delta = value.replace(tzinfo=None) - LOCAL_EPOCH
    else:
        if value.utcoffset() is None:
            raise ValueError("expected a datetime with a time zone")
        delta = value - EPOCH
        if not _FIRST <= delta <= _LAST:
            raise ValueError("expected a datetime from the years 1 to 9999 in UTC")
    per_second = PER_SECOND[unit]
    seconds = delta.days * 86_400 + delta.seconds
    return seconds * per_second + delta.microseconds * per_second // 1_000_000


def timestamp_from_units(units: int, unit: TimeUnit, *, local: bool) -> datetime:
    """Return the datetime that is a number of units after 1970: in UTC, or naive if ``local``.

    It is rounded down to microseconds.
    """
    microseconds = units * 1_000_000 // PER_SECOND[unit]
    try:
        return (LOCAL_EPOCH if local else EPOCH) + timedelta(microseconds=microseconds)
    except OverflowError:
        raise ValueError(f"{units} {unit} from 1970 are outside the years 1 to 9999") from None


def nanos_from_units(units: int, unit: TimeUnit) -> int:
    """Convert units to nanoseconds."""
    nanos = units * (10**9 // PER_SECOND[unit])
    if not fits(nanos, 64):
        raise ValueError(f"{units} {unit} do not fit 64 bits as nanoseconds")
    return nanos


# --- numbers -------------------------------------------------------------------------------------


def nearest_float(number: int, bits: int) -> float:
    """Return the float of 32 or 64 bits nearest to an int of 64 bits; of two, the even one."""
    if bits == 64:
        return float(number)
    # Rounded to 64 bits first, it could lie in the middle between two of 32 bits, and then be
    # rounded a second time, the wrong way. One bit in place of all those dropped prevents that.
    surplus = max(0, number.bit_length() - 48)
    kept = number >> surplus
    if kept << surplus != number:
        kept |= 1
    rounded: float = _FLOAT.unpack(_FLOAT.pack(float(kept)))[0]
    return rounded * 2.0**surplus


# --- decimals ------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def decimal_contexts(precision: int) -> tuple[Context, Context]:
    """Return contexts that raise if a value does not fit ``precision`` digits exactly.

    Returns:
        A context that drops trailing zeros if there are too many digits, and one that raises then.
    """
    exact = Context(
        prec=min(precision, MAX_DECIMAL_DIGITS),
        Emin=MIN_EMIN,
        Emax=MAX_EMAX,
        clamp=0,
        traps=[Inexact, InvalidOperation, Rounded],
    )
    dropping_zeros = exact.copy()
    dropping_zeros.traps[Rounded] = False
    return dropping_zeros, exact


def unscaled(value: Decimal, precision: int, scale: int) -> int:
    """Return ``value * 10**scale``. Zeros beyond the scale are dropped."""
    if not value.is_finite():
        raise ValueError("expected a finite Decimal")
    if scale > MAX_SCALE:
        raise ValueError(f"Python cannot represent {scale} decimal places, at most {MAX_SCALE}")
    dropping_zeros, exact = decimal_contexts(precision)
    try:
        quantized = dropping_zeros.quantize(value, Decimal((0, (1,), -scale)))
        return int(exact.scaleb(quantized, scale))
    except Inexact:
        raise ValueError(f"expected Decimal with at most {scale} decimal places") from None
    except (InvalidOperation, Rounded):
        raise ValueError(
            f"expected Decimal with at most {exact.prec} digits, {scale} of them decimal places"
        ) from None


def unscaled_and_scale(value: Decimal) -> tuple[int, int]:
    """Return a number and a scale: ``number / 10**scale`` is the value, with its zeros."""
    if not Decimal.is_finite(value):
        raise ValueError("expected a finite Decimal")
    exponent = Decimal.as_tuple(value).exponent
    assert isinstance(exponent, int), "it is finite"
    if not fits(-exponent, 32):
        raise ValueError("expected a Decimal with a scale of 32 bits")
    _, exact = decimal_contexts(MAX_DECIMAL_DIGITS)
    try:
        return int(exact.scaleb(value, -exponent)), -exponent
    except (InvalidOperation, Inexact, Rounded):
        raise ValueError(f"expected a Decimal with at most {exact.prec} digits") from None


def decimal_from_unscaled(number: int, scale: int) -> Decimal:
    """Return ``number / 10**scale``, also if it has more digits than its schema allows."""
    _, context = decimal_contexts(MAX_DECIMAL_DIGITS)
    # Four bits hold any digit: a cheap check before huge numbers become decimal.
    if number.bit_length() <= 4 * MAX_DECIMAL_DIGITS:
        try:
            return context.scaleb(Decimal(number), -scale)
        except (InvalidOperation, Inexact, Rounded):
            pass
    raise ValueError(f"the decimal has more than {MAX_DECIMAL_DIGITS} digits")


def rescaled(number: int, written_scale: int, scale: int) -> Decimal:
    """Return ``number / 10**written_scale`` with ``scale`` decimal places, if they hold it."""
    if number.bit_length() > 4 * MAX_DECIMAL_DIGITS:
        raise ValueError(f"the decimal has more than {MAX_DECIMAL_DIGITS} digits")
    digits = Decimal(number).as_tuple()
    written = Decimal((digits.sign, digits.digits, -written_scale))
    return decimal_from_unscaled(unscaled(written, MAX_DECIMAL_DIGITS, scale), scale)


def minimal_bytes(number: int) -> bytes:
    """Return big-endian two's complement in as few bytes as possible, at least one."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return number.to_bytes(size, "big", signed=True)


# --- uuid ----------------------------------------------------------------------------------------


def uuid_from_text(text: str) -> UUID:
    """Parse a UUID, in any spelling that :func:`uuid_digits` knows."""
    digits = uuid_digits(text)
    if digits is None:
        raise ValueError(f"expected the text of a UUID, got {shortened(text)}")
    return UUID(bytes=unhexlify(digits))
