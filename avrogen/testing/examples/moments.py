"""Dates, times and timestamps, around noon of a day in May 2024."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from avrogen.testing.examples.about import About
from avrogen.testing.examples.lookup import by_words, table

__all__ = ["clock", "date_text", "day", "is_moment", "moment", "moment_text"]

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


def moment(about: About) -> datetime:
    """A naive datetime in whole seconds; the next number's is a minute later."""
    later = by_words(about.words, _LATER) or timedelta()
    return _NOON + later + timedelta(minutes=(about.number - 1) % _MINUTES)


def day(about: About) -> date:
    """A date; the next number's is a day later."""
    later = by_words(about.words, _LATER) or timedelta()
    return (_NOON + later).date() + timedelta(days=(about.number - 1) % _DAYS)


def clock(about: About) -> time:
    """A time of day; the next number's is a minute later."""
    start = by_words(about.words, _CLOCKS) or _NOON.time()
    shifted = datetime.combine(_NOON, start) + timedelta(minutes=(about.number - 1) % _MINUTES)
    return shifted.time()


def is_moment(about: About) -> bool:
    """Whether a number at this place seems to be a timestamp."""
    return bool(about.words) and by_words(about.words[-1:], _MOMENTS) is not None


def date_text(about: About) -> str:
    """A date in a string."""
    return day(about).isoformat()


def moment_text(about: About) -> str:
    """A timestamp in a string."""
    return moment(about).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
