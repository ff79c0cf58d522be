"""The tables of ``docs/registry.md`` are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from avrogen.kafka import Retries
from avrogen.kafka.registry.caching import CAPACITY, MISSING_LIFETIME, NEGATIVE_LIFETIME
from avrogen.kafka.registry.client import MAX_TEXT
from avrogen.kafka.registry.registration import MAX_COMPARED
from avrogen.kafka.registry.rest import MAX_BODY, TIMEOUT
from avrogen.kafka.registry.schema_references import MAX_DEPTH, MAX_REFERENCES
from avrogen.kafka.topic import subject_name
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "registry.md").read_text("utf-8")
SOURCES = "\n".join(
    path.read_text("utf-8") for path in sorted(Path(ROOT, "avrogen", "kafka").rglob("*.py"))
)

LAG = sum(min(Retries().max_wait, Retries().wait * 2**n) for n in range(Retries().attempts - 1))
"""The seconds of all retries, without jitter."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first row begins like that."""
    table = re.search(rf"^\| {heading}.*?\n\n", f"{PAGE}\n\n", re.DOTALL | re.MULTILINE)
    assert table, heading
    lines = table[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_defaults() -> None:
    shown = {row[0].strip("`"): float(row[1]) for row in rows("property")}
    retries = Retries()
    assert shown == {
        "timeout": TIMEOUT,
        "max.retries": retries.attempts - 1,
        "retries.wait.ms": retries.wait * 1000,
        "retries.max.wait.ms": retries.max_wait * 1000,
        "cache.capacity": CAPACITY,
    }


@pytest.mark.parametrize(
    "limit",
    [
        f"After {Retries().deadline:.0f} seconds there are no more retries",
        f"is refused | {NEGATIVE_LIFETIME:.0f} seconds",
        f"does not exist | {MISSING_LIFETIME:.0f} second |",
        f"{0.75 * LAG:.1f} to {LAG:.1f} seconds",
        f"at most {Retries().deadline:.0f} seconds",
        f"the latest {MAX_COMPARED} versions",
        f"up to {MAX_DEPTH} references",
        f"{MAX_REFERENCES:,} in all",
        f"more than {MAX_TEXT:,} characters",
        f"more than {MAX_BODY:,} bytes",
        VALUE_HEADER,
        KEY_HEADER,
    ],
)
def test_limits_and_names(limit: str) -> None:
    assert limit in " ".join(PAGE.split())


def test_messages_are_those_of_errors() -> None:
    shown = [row[0].strip("`") for row in rows("message \\| what to do")]
    assert len(shown) > 10
    for message in shown:
        assert message.replace("PROTOBUF", "{kind}") in SOURCES, message


def test_subjects() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows("strategy")}
    for strategy in ("topic", "record", "topic-record"):
        subject = subject_name(strategy, "{topic}", "value", "{full name}")
        assert f"`{subject}`" in shown.pop(strategy)
    assert not shown
