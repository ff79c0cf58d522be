"""The tables of ``docs/kafka/producing.md`` are true."""

from __future__ import annotations

import re

from avrogen.kafka.client_config import PRODUCER_DEFAULTS
from avrogen.kafka.producer import delivery_errors
from tests.conftest import ROOT

PAGE = (ROOT / "docs/kafka/producing.md").read_text("utf-8")


def test_the_defaults() -> None:
    section = PAGE.partition("| property | default here |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", section, re.MULTILINE)
    assert dict(rows) == {name: str(value) for name, value in PRODUCER_DEFAULTS.items()}


def test_the_failures() -> None:
    section = PAGE.partition("| failure | code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| .*? \| (.*?) \| (yes|no) \|", section, re.MULTILINE)
    assert len(rows) == 8
    for codes, retriable in rows:
        if codes == f"`{delivery_errors.TOO_LARGE}`":
            continue  # it depends on the sizes: test_batch_sizes.py
        for code in re.findall(r"`(.+?)`", codes):
            assert delivery_errors.is_retriable(code) == (retriable == "yes"), code
