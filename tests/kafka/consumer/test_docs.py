"""The tables of ``docs/kafka/consuming.md`` are true."""

from __future__ import annotations

import re

from avrogen.kafka.client_config import CONSUMER_DEFAULTS
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, headers_for
from avrogen.kafka.consumer.error_policy import RetryPolicy
from tests.conftest import ROOT

CONSUMING = (ROOT / "docs/kafka/consuming.md").read_text("utf-8")
SOURCES = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "avrogen/kafka/consumer").glob("*.py"))
)


def test_the_defaults() -> None:
    section = CONSUMING.partition("| property | default here |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", section, re.MULTILINE)
    assert dict(rows) == {name: str(value) for name, value in CONSUMER_DEFAULTS.items()}
    shown = "RetryPolicy(attempts=10, initial=0.25, multiplier=2, maximum=5.0, jitter=0.2)"
    assert shown in CONSUMING
    assert eval(shown, {"RetryPolicy": RetryPolicy}) == RetryPolicy()


def test_the_headers_of_dead_letters() -> None:
    section = CONSUMING.partition("| header | content |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\|(.*?)\|", section, re.MULTILINE)
    shown = {
        name if name.startswith("__") else f"__connect.errors{name}"
        for cell in first_cells
        for name in re.findall(r"`(_?_?[a-z_.]+)`", cell)
    }
    every = DeadLetterOrigin("t", 0, 0, 0, "s", "g", "h", "e", "m", "t", "d")
    assert shown == {name for name, _ in headers_for([], every)}


def test_the_log_events() -> None:
    section = CONSUMING.partition("* Log records of the logger")[2].partition("\n* ")[0]
    shown = set(re.findall(r"`(consumer\.[a-z_]+)`", section))
    logged = set(re.findall(r'"(consumer\.[a-z_]+)"', SOURCES))
    assert shown == logged - {"consumer.no_schema", "consumer.schema_unreadable"} - {
        "consumer.close_failed"
    }
