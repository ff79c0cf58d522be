"""What ``docs/kafka.md``, ``consuming.md`` and ``migrating.md`` beneath it say: it is true."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from time import sleep
from typing import Any
from uuid import UUID

import pytest

from avrogen.kafka.consuming.dead_letters import Origin, headers_for
from avrogen.kafka.consuming.retry import RetryPolicy
from avrogen.kafka.consuming.session import Session
from avrogen.kafka.known_settings import CONSUMER_DEFAULTS
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.acme.shop import CancellationReason, OrderCancelled
from generated_example.topics import ORDERS, OrdersProducer, PaymentSettledV1Producer
from tests.conftest import ROOT, run_avrogen

KAFKA = (ROOT / "docs/kafka.md").read_text("utf-8")
CONSUMING = (ROOT / "docs/kafka/consuming.md").read_text("utf-8")
MIGRATING = (ROOT / "docs/kafka/migrating.md").read_text("utf-8")
SOURCES = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "avrogen/kafka/consuming").glob("*.py"))
)
ORDERS_SENT = 3


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedBroker]:
    """A broker and a registry where the pages say they are, with orders. Consumers end."""
    with EmbeddedBroker(pretend_transactions=True) as broker, EmbeddedRegistry() as registry:
        monkeypatch.setenv("KAFKA_BROKERS", broker.bootstrap_servers)
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", registry.url)
        monkeypatch.setenv("HOSTNAME", "billing-0")
        broker.create_topic(ORDERS.name, 1)
        broker.create_topic(str(ORDERS.dead_letter), 1)
        config = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        with OrdersProducer(config, register=True) as orders:
            for number in range(ORDERS_SENT):
                orders.send(
                    OrderCancelled(
                        order_id=UUID(int=number),
                        cancelled_at=datetime(2025, 3, 14, tzinfo=UTC),
                        reason=CancellationReason.OUT_OF_STOCK,
                    )
                )
        with PaymentSettledV1Producer(config, register=True):
            pass
        opened = Session[Any, Any].open

        def open_and_end(session: Session[Any, Any]) -> None:
            opened(session)

            def end() -> None:
                while session.counters().consumed < ORDERS_SENT:
                    sleep(0.02)
                session.stop()

            threading.Thread(target=end, daemon=True).start()

        monkeypatch.setattr(Session, "open", open_and_end)
        yield broker


def blocks(page: str) -> list[str]:
    found = re.findall(r"^( *)```python\n(.*?)^ *```$", page, re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def test_the_guide_runs(environment: EmbeddedBroker, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    examples = blocks(KAFKA)
    assert len(examples) == 5
    for example in examples:
        exec(example, names)
    assert capsys.readouterr().out.count("forget ") >= 2 * ORDERS_SENT
    (command,) = re.findall(r"^ *\$ avrogen (.*)$", KAFKA, re.MULTILINE)
    listed = run_avrogen(*os.path.expandvars(command).split())
    assert (listed.exit_code, listed.stderr) == (0, "")


def test_the_examples_run(environment: EmbeddedBroker, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    examples = blocks(CONSUMING)
    assert len(examples) == 9
    for example in examples:
        # The embedded broker says of any time that it is at the end.
        exec(example.replace("orders.seek(datetime(2025, 3, 14, tzinfo=UTC))", "pass"), names)
    output = capsys.readouterr().out
    assert output.count("cancelled ") == ORDERS_SENT
    assert output.count("insert 3 rows") == 1
    assert output.count("charge ") == ORDERS_SENT
    # Those that run_transactional has moved are on the topic behind the others.
    assert len(environment.records(ORDERS.name)) >= 2 * ORDERS_SENT


def test_the_example_of_the_migration_runs(environment: EmbeddedBroker) -> None:
    (example,) = blocks(MIGRATING)
    exec(example, {})


def test_the_defaults() -> None:
    section = CONSUMING.partition("| setting | default here |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", section, re.MULTILINE)
    assert dict(rows) == {name: str(value) for name, value in CONSUMER_DEFAULTS.items()}
    shown = "RetryPolicy(attempts=10, initial=0.25, multiplier=2, maximum=5.0, jitter=0.2)"
    assert shown in CONSUMING
    assert eval(shown, {"RetryPolicy": RetryPolicy}) == RetryPolicy()


def test_the_headers_of_dead_letters() -> None:
    section = CONSUMING.partition("| header | what it says |")[2].partition("\n\n")[0]
    shown = {
        name if name.startswith("__") else f"__connect.errors{name}"
        for name in re.findall(r"`(_?_?[a-z_.]+)`", section)
    }
    every = Origin("t", 0, 0, 0, "s", "g", "h", "e", "m", "t")
    assert shown == {name for name, _ in headers_for([], every)}


def test_the_log_events() -> None:
    section = CONSUMING.partition("* Log records of the logger")[2].partition("\n* ")[0]
    shown = set(re.findall(r"`(consumer\.[a-z_]+)`", section))
    logged = set(re.findall(r'"(consumer\.[a-z_]+)"', SOURCES))
    assert shown == logged - {"consumer.no_schema", "consumer.schema_unreadable"} - {
        "consumer.close_failed"
    }
