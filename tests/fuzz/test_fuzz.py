"""The fuzzer for about a minute: the same messages every time. ``make fuzz`` goes on."""

from __future__ import annotations

import json
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, run_python
from tests.fuzz.evolving import evolved
from tests.fuzz.fuzzing import pair_of
from tests.fuzz.mutators import mutated
from tests.fuzz.own_schema import examine
from tests.fuzz.pairs import Pair
from tests.fuzz.subjects import Subject
from tests.support.strategies import Case, cases

PARTS = 4


@pytest.mark.skipif(sys.platform == "win32", reason="limits and alarms are for others")
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_messages_of_real_schemas(part: int) -> None:
    """In a process of its own, with little memory: what kills it or fills it shows."""
    arguments = ("-m", "tests.fuzz", "--seed", "1", "--rounds", "1", "--part", f"{part}/{PARTS}")
    run = run_python(*arguments, cwd=ROOT)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    assert ", 0 finds" in run.stdout


@settings(max_examples=200)
@given(cases(), st.randoms(use_true_random=False))
def test_messages_of_random_schemas(case: Case, source: random.Random) -> None:
    subject = Subject("random", json.dumps(case.schema))
    valid = subject.schema.to_avro(case.value.written)
    for data in (valid, *(mutated(valid, source) for _ in range(10))):
        examine(subject, data)


@settings(max_examples=200)
@given(cases(), st.randoms(use_true_random=False))
def test_messages_of_versions_of_random_schemas(case: Case, source: random.Random) -> None:
    writer = Subject("random", json.dumps(case.schema))
    reader = Subject("random", evolved(writer.text, source))
    valid = writer.schema.to_avro(case.value.written)
    for data in (valid, *(mutated(valid, source) for _ in range(5))):
        Pair(reader, writer).examine(data)


def test_versions_are_other_versions() -> None:
    """A fuzzer that changes nothing finds nothing."""
    text = json.dumps(
        {
            "type": "record",
            "name": "R",
            "fields": [
                {"name": "a", "type": "int"},
                {"name": "b", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
            ],
        }
    )
    versions = {evolved(text, random.Random(number)) for number in range(50)}
    assert len(versions) > 25
    pairs = [pair_of(Subject("R", text), str(number)) for number in range(50)]
    readable = [not pair.reader.raw.can_read(pair.writer.raw) for pair in pairs]
    assert 10 < sum(readable) < 50
