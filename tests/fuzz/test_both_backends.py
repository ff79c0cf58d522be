"""The native codec against the Python backend for a few seconds; ``make fuzz`` goes on."""

from __future__ import annotations

import random

from tests.fuzz.both_backends import Tally, altered, random_schema, turn
from tests.support.native import native_module


def test_both_backends_do_the_same() -> None:
    native, tally = native_module(), Tally()
    for number in range(60):
        turn(native, f"test {number}", tally, messages=6)
    assert tally.differences == 0
    assert tally.schemas > 40
    assert tally.comparisons > 2_000
    assert tally.values > tally.comparisons // 5


def test_values_are_altered() -> None:
    """A fuzzer that changes nothing finds nothing."""
    value = {"a": [1, 2], "b": {"c": "text"}}
    texts = {repr(altered({**value}, random.Random(seed))) for seed in range(200)}
    assert len(texts) > 100


def test_schemas_differ() -> None:
    kinds = {str(random_schema(random.Random(seed), 4, []))[:20] for seed in range(200)}
    assert len(kinds) > 15
