"""Offsets that are handled out of order: the contiguous prefix, and metadata of commits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.kafka.consumer.offset_tracker import (
    MOST_METADATA,
    CommitPoint,
    OffsetTracker,
    decode_handled,
    encode_handled,
)


@given(st.data(), st.lists(st.integers(1, 3), min_size=1, max_size=30), st.integers(0, 2**60))
def test_the_commit_point_is_that_of_a_set(
    data: st.DataObject, steps: list[int], first: int
) -> None:
    offsets = [first + sum(steps[:index]) for index in range(len(steps))]
    tracker = OffsetTracker()
    assert tracker.next_offset is None
    for offset in offsets:
        tracker.take(offset)
    handled: set[int] = set()
    for offset in data.draw(st.permutations(offsets))[: data.draw(st.integers(1, len(offsets)))]:
        tracker.complete(offset)
        handled.add(offset)
        unhandled = [offset for offset in offsets if offset not in handled]
        end = unhandled[0] if unhandled else offsets[-1] + 1
        assert tracker.next_offset == end
        point = tracker.commit_point(end)
        assert tracker.first_pending == (unhandled[0] if unhandled else None)
        assert tracker.beyond == sum(offset > end for offset in handled)
        before = decode_handled(point.offset, point.metadata)
        known = {offset for offset in offsets if before is not None and offset in before}
        assert known == {offset for offset in handled if offset > end}


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    offset = position = draw(st.integers(0, 2**62))
    found: list[tuple[int, int]] = []
    for gap, length in draw(
        st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=200)
    ):
        found.append((position + gap, position + gap + length))
        position += gap + length
    return offset, found


@given(ranges(), st.integers(12, MOST_METADATA))
def test_metadata_says_no_more_than_was_handled_and_as_much_as_fits(
    given: tuple[int, list[tuple[int, int]]], most: int
) -> None:
    offset, expected = given
    text = encode_handled(offset, expected, most)
    assert len(text) <= most
    before = decode_handled(offset, text)
    got = [] if before is None else [r for r in expected if r[0] in before and r[1] - 1 in before]
    assert got == expected[: len(got)]
    if most == MOST_METADATA and len(expected) < 500:
        assert got == expected
    if before is not None:
        assert before.end == got[-1][1]
        assert not any(first - 1 in before for first, _ in expected)


def test_the_worst_pattern_of_ten_thousand_offsets_fits() -> None:
    expected = [(offset, offset + 1) for offset in range(101, 10_101, 2)]
    text = encode_handled(100, expected)
    assert text.startswith("avrogen1b.")
    assert len(text) < 1700
    before = decode_handled(100, text)
    assert before is not None
    assert [offset for offset in range(90, 10_200) if offset in before] == [a for a, _ in expected]


def test_metadata_has_a_fixed_form() -> None:
    """Consumers of other versions read it."""
    assert CommitPoint(7, []).metadata == ""
    assert CommitPoint(7, [(8, 10), (210, 211)]).metadata == "avrogen1r.AQLIAQE"
    assert CommitPoint(7, [(8, 9), (10, 11), (12, 13)]).metadata == "avrogen1b.Kg"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "bitset of another client",
        "avrogen2r.AQLIAQE",
        "avrogen1r.",
        "avrogen1r.A",
        "avrogen1r.AQ",
        "avrogen1r.AQL_",
        "avrogen1r.§§§§",
        "avrogen1r._____________________w",
        "avrogen1r.AYCAgIAQ",
        "avrogen1b.",
        "avrogen1b.AAA",
    ],
)
def test_other_metadata_says_nothing(text: str | None) -> None:
    assert decode_handled(7, text) is None
