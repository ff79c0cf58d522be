"""A word that does not exist is answered with the one that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import run_avrogen
from tests.support.registry_requests import ask, path


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["bild"], "Did you mean 'build'?"),
        (["registry", "stats"], "Did you mean 'status'?"),
        (["build", ".", "-o", "x", "--strikt"], "Did you mean '--strict'?"),
        (["build", ".", "-o", "x", "--format", "jsn"], "Did you mean 'json'?"),
        (["check", ".", "--against", ".", "--level", "backwards"], "Did you mean 'BACKWARD'?"),
        (["check", ".", "--against", ".", "--level", "FULL_TRANS"], "Did you mean 'FULL_TRANSI"),
        (["registry", "status", ".", "--format", "txt"], "Did you mean 'text'?"),
        (["dead-letters", "t", "--format", "txt"], "Did you mean 'text'?"),
        (["explain", "AVR2O3"], "Did you mean AVR203"),
    ],
    ids=" ".join,
)
def test_what_click_knows(arguments: list[str], answer: str) -> None:
    result = run_avrogen(*arguments)
    assert result.exit_code == 2
    assert answer in result.stderr


def test_words_like_no_other_are_answered_with_all() -> None:
    result = run_avrogen("build", ".", "-o", "x", "--format", "~")
    assert "is not one of 'text', 'json', 'github', 'sarif', 'junit', 'gitlab'.\n" in result.stderr


def test_topics() -> None:
    with EmbeddedBroker() as broker:
        broker.create_topic("shop.orders.dlq")
        brokers = ("--brokers", broker.bootstrap_servers)
        near = run_avrogen("dead-letters", "shop.order.dlq", *brokers)
        far = run_avrogen("dead-letters", "~", *brokers)
    assert near.exit_code == far.exit_code == 2
    assert "did you mean shop.orders.dlq?" in near.stderr
    assert "UNKNOWN_TOPIC_OR_PART" in far.stderr and "did you mean" not in far.stderr


def test_subjects(tmp_path: Path) -> None:
    with EmbeddedRegistry() as registry:
        ask(
            registry.url + path("subjects", "orders-value", "versions"),
            "POST",
            {"schema": '"string"'},
        )
        result = run_avrogen(
            "registry", "pull", "order-value", "-o", tmp_path, "--url", registry.url
        )
    assert result.exit_code == 2
    assert "did you mean orders-value?" in result.stderr
