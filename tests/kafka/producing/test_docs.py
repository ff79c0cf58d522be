"""What ``docs/kafka/producing.md`` says: its examples run, its tables are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from avrogen.kafka.known_settings import PRODUCER_DEFAULTS
from avrogen.kafka.producing import failures
from avrogen.kafka.registry.connecting import connect
from avrogen.kafka.registry.registration import find_or_register
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.topics import ORDERS, PARCELS
from tests.conftest import ROOT

PAGE = (ROOT / "docs/kafka/producing.md").read_text("utf-8")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedBroker]:
    """A broker and a registry where the page says they are, with the schemas of its topics."""
    with EmbeddedBroker(pretend_transactions=True) as broker, EmbeddedRegistry() as registry:
        monkeypatch.setenv("KAFKA_BROKERS", broker.bootstrap_servers)
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", registry.url)
        secrets = "KAFKA_USER KAFKA_PASSWORD SCHEMA_REGISTRY_USER_INFO KAFKA_KEY_PASSWORD"
        for name in secrets.split():
            monkeypatch.setenv(name, "x:y")
        asked = connect({"url": registry.url})
        for topic in (ORDERS, PARCELS):
            broker.create_topic(topic.name, 3)
        subjects = {
            f"{ORDERS.name}-com.acme.shop.OrderPlaced": ORDERS.value[0],
            f"{ORDERS.name}-com.acme.shop.OrderCancelled": ORDERS.value[1],
            f"{PARCELS.name}-value": PARCELS.value[0],
            f"{PARCELS.name}-key": PARCELS.key,
        }
        for subject, owner in subjects.items():
            schema: Any = getattr(owner, "__avro_schema__", None)
            find_or_register(asked, subject, schema, register=True)
        asked.close()
        yield broker


def test_the_examples_run(environment: EmbeddedBroker, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 10
    for indent, block in blocks:
        exec(re.sub(f"^{indent}", "", block, flags=re.MULTILINE), names)
    keys = [record.key for record in environment.records(ORDERS.name)]
    assert len(keys) == 1 + 2 + 1001 + 2 + 1 + 1 + 1
    assert b"another" in keys
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_defaults() -> None:
    section = PAGE.partition("| setting | default here |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", section, re.MULTILINE)
    assert dict(rows) == {name: str(value) for name, value in PRODUCER_DEFAULTS.items()}


def test_the_failures() -> None:
    section = PAGE.partition("| failure | code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| .*? \| (.*?) \| (yes|no) \|", section, re.MULTILINE)
    assert len(rows) == 7
    for codes, retriable in rows:
        for code in re.findall(r"`(.+?)`", codes):
            assert failures.is_retriable(code) == (retriable == "yes"), code
