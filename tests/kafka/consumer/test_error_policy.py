"""What went wrong with a message, and what follows: the table of the documentation."""

from __future__ import annotations

import pytest

from avrogen import (
    AvrogenError,
    ClosedError,
    DecodeError,
    DeliveryError,
    FramingError,
    RegistryError,
    ResolutionError,
    SchemaError,
    TransactionError,
)
from avrogen.kafka.consumer.error_policy import (
    Action,
    Failure,
    OnPoison,
    Outage,
    Poison,
    Retry,
    RetryIn,
    RetryPolicy,
    SendDeadLetter,
    Stage,
    Stop,
    Transient,
    Unreadable,
    handling_failure,
    next_step,
    reading_failure,
)

POLICY = RetryPolicy(attempts=3, initial=1.0, jitter=0.0, retry_on=(TimeoutError,))


@pytest.mark.parametrize(
    ("error", "kind", "may_pass"),
    [
        (FramingError("no id in front"), Unreadable, None),
        (DecodeError("ends early"), Unreadable, None),
        (ResolutionError([]), Unreadable, None),
        (SchemaError([]), Unreadable, None),
        (RegistryError("no such id", id=7, status=404, code=40403), Unreadable, None),
        (RegistryError("no backends", id=7, status=404, transient=True), Outage, True),
        (RegistryError("does not answer", transient=True), Outage, True),
        (RegistryError("overloaded", status=503, transient=True), Outage, True),
        (RegistryError("wrong password", status=401), Outage, False),
    ],
    ids=lambda value: str(value) if isinstance(value, Exception) else "",
)
def test_reading(error: AvrogenError, kind: type[Failure], may_pass: bool | None) -> None:
    failure = reading_failure(error, Stage.KEY)
    assert type(failure) is kind
    assert failure.error is error
    if isinstance(failure, Unreadable):
        assert failure.stage is Stage.KEY
    if isinstance(failure, Outage):
        assert failure.may_pass is may_pass


@pytest.mark.parametrize(
    ("error", "kind", "may_pass"),
    [
        (Retry("later"), Transient, None),
        (TimeoutError(), Transient, None),
        (ValueError("negative price"), Poison, None),
        (RegistryError("does not answer", transient=True), Outage, True),
        (RegistryError("no such subject", status=404), Poison, None),
        (RegistryError("wrong password", status=401), Outage, False),
        (DeliveryError("timed out", retriable=True), Outage, True),
        (DeliveryError("too large"), Poison, None),
        (DeliveryError("fenced", fatal=True), Outage, False),
        (TransactionError("aborted", retriable=True), Outage, True),
        (TransactionError("fenced", fatal=True), Outage, False),
        (ClosedError("the producer is closed"), Outage, False),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
def test_handling(error: Exception, kind: type[Failure], may_pass: bool | None) -> None:
    failure = handling_failure(error, POLICY)
    assert type(failure) is kind
    assert failure.error is error
    if isinstance(failure, Outage):
        assert failure.may_pass is may_pass


ERROR = ValueError("negative price")
FAILED = "failed in its handler"
THRICE = "failed 3 times in its handler"
NOWHERE = ", and the topic has no dead-letter topic"
OTHERS = "could not be handled, and other messages would fail, too"
UNREADABLE = "cannot be read, and the topic has no dead-letter topic"


@pytest.mark.parametrize(
    ("failure", "attempt", "on_poison", "dead_letter", "step"),
    [
        (Transient(ERROR), 1, "dead-letter", True, RetryIn(1.0)),
        (Transient(ERROR), 2, "stop", False, RetryIn(2.0)),
        (Transient(ERROR), 3, "dead-letter", True, SendDeadLetter(Stage.HANDLER)),
        (Transient(ERROR), 3, "stop", True, Stop(THRICE)),
        (Transient(ERROR), 3, "dead-letter", False, Stop(THRICE + NOWHERE)),
        (Outage(ERROR, may_pass=True), 2, "dead-letter", True, RetryIn(2.0)),
        (Outage(ERROR, may_pass=True), 3, "dead-letter", True, Stop(OTHERS)),
        (Outage(ERROR, may_pass=False), 1, "dead-letter", True, Stop(OTHERS)),
        (Unreadable(ERROR, Stage.VALUE), 1, "dead-letter", True, SendDeadLetter(Stage.VALUE)),
        (Unreadable(ERROR, Stage.KEY), 1, "stop", True, SendDeadLetter(Stage.KEY)),
        (Unreadable(ERROR, Stage.VALUE), 1, "dead-letter", False, Stop(UNREADABLE)),
        (Poison(ERROR), 1, "dead-letter", True, SendDeadLetter(Stage.HANDLER)),
        (Poison(ERROR), 1, "stop", True, Stop(FAILED)),
        (Poison(ERROR), 1, "dead-letter", False, Stop(FAILED + NOWHERE)),
    ],
)
def test_steps(
    failure: Failure, attempt: int, on_poison: OnPoison, dead_letter: bool, step: Action
) -> None:
    assert step == next_step(
        failure,
        POLICY,
        attempt=attempt,
        elapsed=0.0,
        random=0.5,
        on_poison=on_poison,
        dead_letter=dead_letter,
    )
