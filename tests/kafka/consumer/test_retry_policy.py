"""When a message is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.kafka.consumer.error_policy import RetryPolicy

seconds = st.floats(0, 1000)

policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 50),
    initial=seconds,
    multiplier=st.floats(1, 100),
    maximum=seconds,
    jitter=st.floats(0, 1),
    within=st.none() | seconds,
)


@pytest.mark.parametrize(
    ("attempt", "pause"), [(1, 0.25), (2, 0.5), (3, 1.0), (4, 2.0), (5, 4.0), (6, 5.0), (9, 5.0)]
)
def test_pauses_double_up_to_a_limit(attempt: int, pause: float) -> None:
    assert RetryPolicy().pause(attempt, 0.0, 0.5) == pause


def test_jitter_goes_both_ways() -> None:
    policy = RetryPolicy(initial=10.0, maximum=60.0)
    assert policy.pause(1, 0.0, 0.0) == pytest.approx(8.0)
    assert policy.pause(1, 0.0, 1.0) == pytest.approx(12.0)


def test_attempts_end() -> None:
    policy = RetryPolicy(attempts=3)
    assert [policy.pause(n, 0.0, 0.5) is not None for n in (1, 2, 3)] == [True, True, False]
    assert RetryPolicy(attempts=1).pause(1, 0.0, 0.5) is None


def test_time_ends_before_it_is_over() -> None:
    policy = RetryPolicy(attempts=None, within=10.0, jitter=0.0, initial=4.0)
    assert policy.pause(1, 6.0, 0.5) == 4.0
    assert policy.pause(2, 6.0, 0.5) is None
    assert policy.pause(100_000, 1.0, 0.5) == 5.0


@given(policies, st.integers(1, 100_000), seconds, st.floats(0, 1))
def test_pauses_keep_to_their_bounds(
    policy: RetryPolicy, attempt: int, elapsed: float, random: float
) -> None:
    pause = policy.pause(attempt, elapsed, random)
    assert policy.attempts is not None
    if pause is None:
        assert attempt >= policy.attempts or policy.within is not None
        return
    assert attempt < policy.attempts
    assert 0 <= pause <= policy.maximum * (1 + policy.jitter) * (1 + 1e-9)
    if policy.within is not None:
        assert elapsed + pause <= policy.within


@given(policies)
def test_later_pauses_are_no_shorter(policy: RetryPolicy) -> None:
    pauses = [policy.pause(attempt, 0.0, 0.5) for attempt in range(1, 60)]
    made = [pause for pause in pauses if pause is not None]
    assert made == sorted(made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": None},
        {"attempts": 0},
        {"initial": -1.0},
        {"maximum": float("inf")},
        {"within": float("nan")},
        {"multiplier": 0.5},
        {"jitter": 1.5},
    ],
    ids=str,
)
def test_policies_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)
