"""Nanoseconds and durations: texts, datetimes, arithmetic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from avrogen import Duration, LocalTimestampNanos, TimestampNanos

INSTANTS = [
    (0, "1970-01-01T00:00:00.000000000+00:00"),
    (1, "1970-01-01T00:00:00.000000001+00:00"),
    (-1, "1969-12-31T23:59:59.999999999+00:00"),
    (1_742_040_000_123_456_789, "2025-03-15T12:00:00.123456789+00:00"),
    (2**63 - 1, "2262-04-11T23:47:16.854775807+00:00"),
    (-(2**63), "1677-09-21T00:12:43.145224192+00:00"),
]


@pytest.mark.parametrize(("nanos", "text"), INSTANTS)
def test_nanos_and_texts(nanos: int, text: str) -> None:
    instant, local = TimestampNanos(nanos), LocalTimestampNanos(nanos)
    bare = text.removesuffix("+00:00")
    assert instant.isoformat() == str(instant) == f"{instant}" == text
    assert local.isoformat() == str(local) == bare
    for own in (text, f"{bare}Z", text.replace(".", ","), text.replace("T", " ")):
        assert TimestampNanos.fromisoformat(own) == instant
    assert LocalTimestampNanos.fromisoformat(bare) == local
    assert TimestampNanos.from_datetime(instant.to_datetime(), instant.nanosecond) == instant
    assert LocalTimestampNanos.from_datetime(local.to_datetime(), local.nanosecond) == local
    assert instant.to_datetime() == datetime.fromisoformat(text)
    assert eval(repr(instant)) == instant
    assert json.loads(json.dumps(instant)) == nanos


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00+01:00", 0),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.000000001-00:00", 1),
        ("1969-12-31T23:00:00.25-01:00", 250_000_000),
        ("19700101T000001Z", 10**9),
    ],
)
def test_other_texts_of_instants(text: str, nanos: int) -> None:
    assert TimestampNanos.fromisoformat(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.5",
        "1970-01-01T25:00:00Z",
        "1970-13-01T00:00Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.5 Z",
        "1970-01-01T00:00:00.1.2Z",
        "1970-01-01T00:00:00.\uff15Z",  # a digit, but no ASCII one
    ],
)
def test_texts_that_are_no_instants(text: str) -> None:
    with pytest.raises(ValueError):
        TimestampNanos.fromisoformat(text)


def test_local_texts_have_no_offset() -> None:
    for text in ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.5+01:00"):
        with pytest.raises(ValueError, match="aware"):
            LocalTimestampNanos.fromisoformat(text)
    assert LocalTimestampNanos.fromisoformat("1970-01-01 00:00:00.5") == 500_000_000


def test_arithmetic_of_nanos() -> None:
    one = TimestampNanos(1_000)
    later = one + timedelta(seconds=1)
    assert (type(later), later) == (TimestampNanos, 1_000_001_000)
    assert (type(later - timedelta(seconds=1)), later - timedelta(seconds=1)) == (
        TimestampNanos,
        one,
    )
    assert (type(later - one), later - one) == (int, 10**9)
    assert (type(one + 1), one + 1, 1 + one) == (int, 1_001, 1_001)
    assert one < later < 2**62
    assert max(one, later) is later
    assert TimestampNanos(5).nanosecond == 5
    assert TimestampNanos(-5).nanosecond == 995


def test_now() -> None:
    before = datetime.now(UTC)
    now = TimestampNanos.now()
    assert before <= now.to_datetime() + timedelta(seconds=1)
    assert abs(now - TimestampNanos.now()) < 60 * 10**9
    east = timezone(timedelta(hours=5))
    shown = LocalTimestampNanos.now(east).to_datetime()
    assert abs(shown - datetime.now(east).replace(tzinfo=None)) < timedelta(minutes=1)
    assert abs(LocalTimestampNanos.now().to_datetime() - datetime.now()) < timedelta(minutes=1)


def test_nanos_beyond_all_years() -> None:
    far = TimestampNanos(10**30)
    assert str(far) == "1" + "0" * 30
    with pytest.raises(OverflowError):
        far.isoformat()
    for value in (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)):
        type_ = LocalTimestampNanos if value.tzinfo else TimestampNanos
        with pytest.raises(ValueError, match=r"naive|aware"):
            type_.from_datetime(value)


# --- durations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(), "PT0S"),
        (Duration(1, 2, 3_004), "P1M2DT3.004S"),
        (Duration(months=14), "P14M"),
        (Duration(days=7), "P7D"),
        (Duration(milliseconds=1), "PT0.001S"),
        (Duration(2**32 - 1, 2**32 - 1, 2**32 - 1), "P4294967295M4294967295DT4294967.295S"),
    ],
)
def test_durations_and_texts(value: Duration, text: str) -> None:
    assert value.isoformat() == str(value) == text
    assert Duration.fromisoformat(text) == value
    assert eval(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P1Y2M", Duration(14)),
        ("P2W", Duration(0, 14)),
        ("PT1H1M1.5S", Duration(0, 0, 3_661_500)),
        ("P1DT0,5S", Duration(0, 1, 500)),
    ],
)
def test_other_texts_of_durations(text: str, value: Duration) -> None:
    assert Duration.fromisoformat(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "P1DT",
        "P-1D",
        "PT0.0001S",
        "P1.5D",
        "P4294967296D",
        "PT1M1H",
        "P1H",
    ],
)
def test_texts_that_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        Duration.fromisoformat(text)


def test_durations_and_timedeltas() -> None:
    delta = timedelta(days=3, seconds=5, milliseconds=7)
    assert Duration.from_timedelta(delta).to_timedelta() == delta
    with pytest.raises(ValueError, match="months"):
        Duration(1).to_timedelta()
    with pytest.raises(ValueError, match="between"):
        Duration.from_timedelta(timedelta(days=-1))
    with pytest.raises(TypeError):
        Duration(True)
    with pytest.raises(TypeError):
        Duration(1.5)  # type: ignore[arg-type]
