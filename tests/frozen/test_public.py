"""The public surface is as it was written down; see :mod:`tests.frozen.public.records`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python
from tests.frozen.public import records
from tests.frozen.public.records import RECORDS, changes, frozen, text

AGAIN = "python -m tests.frozen.public accepts it"

MODULES_OF_ONE_TOPIC = 110
"""Modules of avrogen that the import of one module with a topic may execute."""


@pytest.mark.parametrize("name", RECORDS)
def test_public_surface_is_as_written_down(name: str) -> None:
    """After an intended change, ``python -m tests.frozen.public`` writes the records anew."""
    found = changes(frozen(name), json.loads(text(RECORDS[name]())))
    if found:
        lines = "\n  ".join(found)
        pytest.fail(f"{len(found)} changes of {name}; {AGAIN}\n  {lines}", pytrace=False)


def test_each_record_has_a_file() -> None:
    folder = Path(records.__file__).parent
    assert {path.stem for path in folder.glob("*.json")} == set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_not_empty_and_written_as_we_write_them(name: str) -> None:
    folder = Path(records.__file__).parent
    assert frozen(name)
    assert folder.joinpath(f"{name}.json").read_text("utf-8") == text(frozen(name))


@pytest.mark.parametrize(
    ("new", "change"),
    [
        ({"a": {"b": 1}, "c": ["x", "y"]}, []),
        ({"a": {"b": 2}, "c": ["x", "y"]}, ["changed: [a][b] = 1 -> 2"]),
        ({"a": {}, "c": ["x", "y"]}, ["gone: [a][b] = 1", "new: [a] = {}"]),
        ({"a": {"b": 1}, "c": ["x"]}, ["gone: [c] y"]),
        ({"a": {"b": 1}, "c": ["x", "y", "z"]}, ["new: [c] z"]),
        ({"a": {"b": 1}}, ["gone: [c] x", "gone: [c] y"]),
    ],
)
def test_changes_are_lines(new: object, change: list[str]) -> None:
    assert changes({"a": {"b": 1}, "c": ["x", "y"]}, new) == change


def test_importing_one_topic_loads_few_modules() -> None:
    """A service pays for them at its start, before it imports anything of its own."""
    code = (
        "import sys\n"
        "import tests.golden.topic.expected.topic.topics._shop_orders\n"
        "print(sum(name.split('.')[0] == 'avrogen' for name in sys.modules))"
    )
    run = run_python("-c", code, cwd=ROOT, AVROGEN_BACKEND="python")
    assert run.returncode == 0, run.stderr
    assert 0 < int(run.stdout) <= MODULES_OF_ONE_TOPIC
