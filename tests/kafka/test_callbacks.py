"""Callbacks that users give: none of them ends a client, or drops what it has fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from avrogen import ConfigurationError
from avrogen.kafka.callbacks import Callbacks
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clusters import embedded_cluster
from tests.support.scenes import Handled, Scene

IN_A_WHILE = time.time() + 3600


class Unprintable(BaseException):
    """An exception that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def broken(*_: object) -> Any:
    raise Unprintable


class BrokenLogger:
    """A logger whose handlers fail."""

    log = broken


def returning(value: object) -> Callable[[str], object]:
    return lambda _: value


def installed(**properties: object) -> dict[str, Any]:
    made: dict[str, Any] = dict(properties)
    Callbacks(None).install(made)
    return made


@pytest.mark.parametrize("name", ["error_cb", "stats_cb", "throttle_cb"])
def test_what_a_callback_raises_is_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    argument: Any = "{}" if name == "stats_cb" else _Error()
    installed(**{name: broken})[name](argument)
    assert "callback failed: broken" in caplog.messages


class _Error:
    def fatal(self) -> bool:
        return False

    def name(self) -> str:
        return "_TRANSPORT"

    str = name


def test_ctrl_c_passes() -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installed(stats_cb=interrupted)["stats_cb"]("{}")


def test_a_logger_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    logger = installed(logger=BrokenLogger())["logger"]
    for _ in range(3):
        logger.log(30, "%s [%s] %s", "a", "b", "c")
    assert caplog.messages == ["callback failed: BrokenLogger"]


def test_everything_raises_and_each_message_is_handled(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> None:
    scene = Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url), partitions=2)
    handled = Handled()
    settings: dict[str, object] = {
        "error_cb": broken,
        "stats_cb": broken,
        "throttle_cb": broken,
        "on_commit": broken,
        "logger": BrokenLogger(),
        "debug": "broker,cgrp",
        "statistics.interval.ms": 50,
        "auto.commit.interval.ms": 10,
        # Nobody listens there, which is an error.
        "bootstrap.servers": f"127.0.0.1:1,{avrogen_broker.bootstrap_servers}",
    }
    scene.send(200)
    with scene.consumer(settings) as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 200)
    handled.assert_each_once(range(200))


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        ("token", IN_A_WHILE),
        ("token", 1, "me"),
        ("token", 1, "me", {"a": "b"}),
    ],
)
def test_tokens_pass(token: tuple[object, ...]) -> None:
    assert installed(oauth_cb=returning(token))["oauth_cb"]("config") == token


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "must return a tuple: .*; got NoneType"),
        ("token", "must return a tuple: .*; got str"),
        (("token",), "must return a tuple"),
        (("token", "soon"), "must return a tuple"),
        (("token", 1, "me", {"a": "b"}, "more"), "must return a tuple"),
        (("tok\0en", 1), "has a NUL character"),
        (("token", 1, "\udcff"), "has half of a surrogate pair"),
        (("token", 1, "me", {"\udcff": "b"}), "has half of a surrogate pair"),
        (("token", 1, "me", {"a": 7}), "is no str"),
    ],
)
def test_what_is_no_token_is_refused_and_logged(
    token: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    callback: Callable[[str], object] = installed(oauth_cb=returning(token))["oauth_cb"]
    with pytest.raises(ValueError, match=reason):
        callback("config")
    assert any(message.startswith("callback failed: ") for message in caplog.messages)


def test_a_token_that_cannot_be_fetched_is_asked_for_again(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> None:
    scene = Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url))
    asked: list[str] = []

    def no_token(config: str) -> object:
        asked.append(config)
        return ("token", IN_A_WHILE, "me", {"\udcff": "b"})

    settings: dict[str, object] = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "oauth_cb": no_token,
    }
    try:
        with scene.consumer(settings):
            deadline = time.monotonic() + 30
            while not asked:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    except ConfigurationError as error:
        assert "oauth" in str(error).lower()
    assert asked
