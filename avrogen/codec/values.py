"""Values of the logical types that Python has no type for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self, overload

from avrogen.codec import iso8601

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

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Read ISO 8601, such as ``P1M2DT3.004S``.

        A year is 12 months, a week 7 days, an hour 3,600,000 milliseconds.

        Raises:
            ValueError: the text is none, or finer than milliseconds, or out of range.
        """
        return cls(*iso8601.read_duration(text))

    def isoformat(self) -> str:
        """As ISO 8601: ``P1M2DT3.004S`` is a month, two days and 3,004 milliseconds."""
        return iso8601.duration(self.months, self.days, self.milliseconds)

    __str__ = isoformat


class _Nanos(int):
    """Nanoseconds since some moment.

    ``datetime`` ends at microseconds, so this is an int, and nothing is lost. Arithmetic with ints
    is that of ints, in nanoseconds, and gives ints: so does the difference of two. A timedelta can
    be added and subtracted, which gives another of the same type.
    """

    __slots__ = ()

    @property
    def nanosecond(self) -> int:
        """The nanoseconds within the microsecond, 0 to 999."""
        return self % 1000

    def isoformat(self) -> str:
        """As ISO 8601, with nine decimal places."""
        raise NotImplementedError

    @overload  # type: ignore[override]  # mypy fears what timedelta does with ints: nothing
    def __add__(self, other: timedelta, /) -> Self: ...

    @overload
    def __add__(self, other: int, /) -> int: ...

    def __add__(self, other: int | timedelta, /) -> int:
        if isinstance(other, timedelta):
            return type(self)(int(self) + _nanos(other))
        return int.__add__(self, other)

    @overload  # type: ignore[override]  # mypy fears what timedelta does with ints: nothing
    def __sub__(self, other: timedelta, /) -> Self: ...

    @overload
    def __sub__(self, other: int, /) -> int: ...

    def __sub__(self, other: int | timedelta, /) -> int:
        if isinstance(other, timedelta):
            return type(self)(int(self) - _nanos(other))
        return int.__sub__(self, other)

    def __str__(self) -> str:
        """As :meth:`isoformat`; a number if the year is not between 1 and 9999."""
        try:
            return self.isoformat()
        except OverflowError:
            return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"


class TimestampNanos(_Nanos):
    """An instant: nanoseconds since 1970-01-01T00:00:00 UTC, negative before.

    ``str`` is ISO 8601, and ``int`` the number that is on the wire.
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

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Read ISO 8601 with up to nine decimal places: ``2024-05-17T12:30:15.123456789Z``.

        Raises:
            ValueError: the text is none, or there is no ``Z`` or offset from UTC in it.
        """
        return cls.from_datetime(*iso8601.read_datetime(text))

    def to_datetime(self) -> datetime:
        """The aware datetime in UTC of the microsecond in which the instant lies.

        The nanoseconds within that microsecond are :attr:`nanosecond`.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _EPOCH + timedelta(microseconds=self // 1000)

    def isoformat(self) -> str:
        """As ISO 8601 in UTC, with nine decimal places: ``2024-05-17T12:30:15.123456789+00:00``.

        Raises:
            OverflowError: as :meth:`to_datetime`.
        """
        return iso8601.datetime_with_nanos(self.to_datetime(), self.nanosecond)


class LocalTimestampNanos(_Nanos):
    """A date and time in no particular time zone: nanoseconds since 1970-01-01T00:00:00 there.

    ``str`` is ISO 8601, and ``int`` the number that is on the wire.
    """

    __slots__ = ()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """What a clock shows at present: one in a time zone, or None: in the system's."""
        instant = time.time_ns()
        shown = datetime.fromtimestamp(instant // 10**9, tz).replace(tzinfo=None)
        return cls(_count(shown - _LOCAL_EPOCH, 0) + instant % 10**9)

    @classmethod
    def from_datetime(cls, value: datetime, nanosecond: int = 0) -> Self:
        """The time that a naive datetime shows, plus ``nanosecond`` (0 to 999) nanoseconds.

        Raises:
            ValueError: the datetime is aware, or ``nanosecond`` is out of range.
        """
        if value.tzinfo is not None:
            raise ValueError("an aware datetime is no local time; drop its time zone")
        return cls(_count(value - _LOCAL_EPOCH, nanosecond))

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        """Read ISO 8601 with up to nine decimal places: ``2024-05-17T12:30:15.123456789``.

        Raises:
            ValueError: the text is none, or there is a ``Z`` or offset from UTC in it.
        """
        return cls.from_datetime(*iso8601.read_datetime(text))

    def to_datetime(self) -> datetime:
        """The naive datetime of the microsecond in which it lies.

        The nanoseconds within that microsecond are :attr:`nanosecond`.

        Raises:
            OverflowError: the year is not between 1 and 9999. Schemas cannot cause that: 64 bits
                reach from 1677 to 2262.
        """
        return _LOCAL_EPOCH + timedelta(microseconds=self // 1000)

    def isoformat(self) -> str:
        """As ISO 8601 with nine decimal places: ``2024-05-17T12:30:15.123456789``.

        Raises:
            OverflowError: as :meth:`to_datetime`.
        """
        return iso8601.datetime_with_nanos(self.to_datetime(), self.nanosecond)


def _count(since_epoch: timedelta, nanosecond: int) -> int:
    if not 0 <= nanosecond < 1000:
        raise ValueError("nanosecond must be between 0 and 999")
    return _nanos(since_epoch) + nanosecond


def _nanos(delta: timedelta) -> int:
    return delta // _MICROSECOND * 1000
