"""Values of the logical types that Python has no type for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

__all__ = ["Duration", "LocalTimestampNanos", "TimestampNanos"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of time in three units that do not convert into each other.

    A month has no fixed number of days, and a day not always 24 hours, so durations compare for
    equality only (specification, "Duration").

    Attributes:
        months: 0 to 2**32 - 1, as the other two.
        days: days.
        milliseconds: milliseconds.

    Raises:
        TypeError: a part is no int.
        ValueError: a part is out of range.
    """

    months: int = 0
    days: int = 0
    milliseconds: int = 0

    def __post_init__(self) -> None:
        for name in ("months", "days", "milliseconds"):
            part: object = getattr(self, name)
            if not isinstance(part, int) or isinstance(part, bool):
                raise TypeError(f"{name} must be an int, not {type(part).__name__}")
            if not 0 <= part < 2**32:
                raise ValueError(f"{name} must be between 0 and 2**32 - 1")

    @classmethod
    def from_timedelta(cls, value: timedelta) -> Self:
        """Days and milliseconds of a timedelta; what is below a millisecond is dropped.

        Raises:
            ValueError: the timedelta is negative.
        """
        return cls(0, value.days, value.seconds * 1000 + value.microseconds // 1000)

    def to_timedelta(self) -> timedelta:
        """The same as a timedelta.

        Raises:
            ValueError: there are months in it, which have no fixed length.
            OverflowError: it is longer than a timedelta can be.
        """
        if self.months:
            raise ValueError("a duration with months has no fixed length")
        return timedelta(days=self.days, milliseconds=self.milliseconds)


class TimestampNanos(int):
    """An instant: nanoseconds since 1970-01-01T00:00:00 UTC, negative before.

    ``datetime`` ends at microseconds, so this is an int, and nothing is lost.
    """

    __slots__ = ()

    @classmethod
    def now(cls) -> Self:
        """The present, as exactly as the system's clock tells it."""
        return cls(time.time_ns())

    @classmethod
    def from_datetime(cls, value: datetime, nanosecond: int = 0) -> Self:
        """The instant of an aware datetime, plus ``nanosecond`` (0 to 999) nanoseconds.

        Raises:
            ValueError: the datetime is naive, or ``nanosecond`` is out of range.
        """
        if value.utcoffset() is None:
            raise ValueError("a naive datetime is no instant; give it a time zone")
        return cls(_count(value - _EPOCH, nanosecond))

    def to_datetime(self) -> datetime:
        """The aware datetime in UTC of the microsecond in which the instant lies.

        The nanoseconds within that microsecond are ``value % 1000``.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _EPOCH + timedelta(microseconds=self // 1000)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"


class LocalTimestampNanos(int):
    """A date and time in no particular time zone: nanoseconds since 1970-01-01T00:00:00 there."""

    __slots__ = ()

    @classmethod
    def from_datetime(cls, value: datetime, nanosecond: int = 0) -> Self:
        """The time that a naive datetime shows, plus ``nanosecond`` (0 to 999) nanoseconds.

        Raises:
            ValueError: the datetime is aware, or ``nanosecond`` is out of range.
        """
        if value.tzinfo is not None:
            raise ValueError("an aware datetime is no local time; drop its time zone")
        return cls(_count(value - _LOCAL_EPOCH, nanosecond))

    def to_datetime(self) -> datetime:
        """The naive datetime of the microsecond in which it lies.

        The nanoseconds within that microsecond are ``value % 1000``.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _LOCAL_EPOCH + timedelta(microseconds=self // 1000)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"


def _count(since_epoch: timedelta, nanosecond: int) -> int:
    if not 0 <= nanosecond < 1000:
        raise ValueError("nanosecond must be between 0 and 999")
    return since_epoch // _MICROSECOND * 1000 + nanosecond
