"""One record a second of each kind of failure, with how many there were."""

from __future__ import annotations

import logging

import pytest

from avrogen import DeliveryError
from avrogen.kafka.producer.delivery_errors import RateLimitedLog


def test_failures_are_summed_up(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    log = RateLimitedLog("orders", lambda: now)
    timed_out = DeliveryError("no acknowledgement", code="_MSG_TIMED_OUT", retriable=True)
    fatal = DeliveryError("fenced", code="_FENCED", fatal=True)
    for _ in range(5):
        log.failed(timed_out)
    log.failed(fatal)
    now += 0.9
    log.failed(timed_out)
    now += 0.1
    log.failed(timed_out)
    told = [(r.levelno, vars(r)["code"], vars(r)["messages"]) for r in caplog.records]
    assert told == [
        (logging.WARNING, "_MSG_TIMED_OUT", 1),
        (logging.ERROR, "_FENCED", 1),
        (logging.WARNING, "_MSG_TIMED_OUT", 6),
    ]
    assert vars(caplog.records[0])["event"] == "delivery.failed"
    assert vars(caplog.records[0])["topic"] == "orders"
