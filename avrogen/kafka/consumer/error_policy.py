"""Failures of messages, and the action that follows each.

    failure      cause                             action
    Transient    nothing that lasts                retry by the policy; then as Poison
    Outage       a service that the consumer       retry if it may recover; then stop, as other
                 needs, not the message            messages would fail, too
    Unreadable   the bytes, or their schema        dead letter
    Poison       the message, for this handler     dead letter, or stop if so configured

Where a dead letter should follow and the topic has no dead-letter topic, the consumer stops: no
message is skipped silently.

:class:`RetryPolicy` has the delays between retries; a handler raises :class:`Retry` to ask for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from avrogen.errors import (
    AvrogenError,
    ClosedError,
    DeliveryError,
    RegistryError,
    TransactionError,
    UnknownTypeError,
)

__all__ = [
    "Action",
    "Failure",
    "HandlerCancelled",
    "HandlerTypeError",
    "OnAuthFailure",
    "OnPoison",
    "OnUnknown",
    "Outage",
    "Poison",
    "Retry",
    "RetryIn",
    "RetryPolicy",
    "SendDeadLetter",
    "Stage",
    "Stop",
    "Transient",
    "Unreadable",
    "handling_failure",
    "next_step",
    "reading_failure",
]

OnPoison: TypeAlias = Literal["dead-letter", "stop"]
"""Action for a message that its handler fails with permanently."""

OnAuthFailure: TypeAlias = Literal["stop", "retry"]
"""Action when brokers refuse the credentials, or access to the topic or the group."""

OnUnknown: TypeAlias = Literal["dead-letter", "skip", "stop"]
"""Action for a message of an event type that the consumer does not know."""


class Stage(StrEnum):
    """The stage that failed, in the words of Kafka Connect
    (``org.apache.kafka.connect.runtime.errors.Stage``)."""

    KEY = "KEY_CONVERTER"
    VALUE = "VALUE_CONVERTER"
    HANDLER = "TASK_PUT"


# --- failures -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transient:
    """A failure of the handler that may pass."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Outage:
    """A failure of a service that the consumer needs; the message is not the cause.

    Attributes:
        error: the error of the service.
        may_pass: true if the service may recover.
    """

    error: Exception
    may_pass: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are not in the topic's format, or were written with an unreadable schema.

    Attributes:
        error: the error of the decoder.
        stage: the stage of the key or of the value.
    """

    error: Exception
    stage: Stage


@dataclass(frozen=True, slots=True)
class Poison:
    """A failure of the handler with this message that would repeat."""

    error: Exception


Failure: TypeAlias = Transient | Outage | Unreadable | Poison


def reading_failure(error: AvrogenError, stage: Stage) -> Failure:
    """Classify an error of decoding a key or a value.

    Args:
        error: the error.
        stage: the stage of the key or of the value.
    """
    match error:
        case RegistryError(status=404, transient=False):
            # The id comes from the message: other messages are not affected. A lag of the registry
            # was waited for.
            return Unreadable(error, stage)
        case RegistryError():
            return Outage(error, error.transient)
        case _:
            return Unreadable(error, stage)


class HandlerTypeError(TypeError):
    """A handler that nothing runs, or whose result nothing awaits. No message is at fault."""


class HandlerCancelled(Exception):
    """A handler has raised ``asyncio.CancelledError``, and nobody has cancelled it.

    It is an Exception, as the handler has failed; the CancelledError is the ``__cause__``.
    """

    def __init__(self) -> None:
        super().__init__("the handler raised asyncio.CancelledError, and was not cancelled")


def handling_failure(error: Exception, policy: RetryPolicy) -> Failure:
    """Classify an exception of a handler."""
    match error:
        case HandlerTypeError():
            return Outage(error, may_pass=False)
        case Retry():
            return Transient(error)
        case (
            RegistryError(transient=True)
            | DeliveryError(retriable=True)
            | TransactionError(retriable=True)
        ):
            return Outage(error, may_pass=True)
        case RegistryError(status=401):
            # The credentials are those of all messages.
            return Outage(error, may_pass=False)
        case DeliveryError(fatal=True) | TransactionError(fatal=True) | ClosedError():
            # The handler's producer is closed. The next message would fail for the same reason.
            return Outage(error, may_pass=False)
        case _ if isinstance(error, policy.retry_on):
            return Transient(error)
        case _:
            return Poison(error)


# --- actions --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Retry the message after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SendDeadLetter:
    """Send the message to the dead-letter topic; once delivered, it counts as handled."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the consumer; the message counts as not handled.

    Attributes:
        reason: the reason, as a predicate of "a message".
    """

    reason: str


Action: TypeAlias = RetryIn | SendDeadLetter | Stop


def next_step(
    failure: Failure,
    policy: RetryPolicy,
    *,
    attempt: int,
    elapsed: float,
    random: float,
    on_poison: OnPoison,
    dead_letter: bool,
    on_unknown: OnUnknown = "dead-letter",
) -> Action:
    """Decide on the action that follows a failure.

    Args:
        failure: the failure.
        policy: when and how often to retry.
        attempt: attempts so far, from 1.
        elapsed: seconds since the first failure of this message.
        random: a number from 0 to 1, for the jitter.
        on_poison: the action for messages that the handler fails with permanently.
        dead_letter: true if the topic has a dead-letter topic.
        on_unknown: the action for messages of types that the consumer does not know.
    """
    match failure:
        case Transient():
            seconds = policy.pause(attempt, elapsed, random)
            if seconds is not None:
                return RetryIn(seconds)
            return _last_resort(Stage.HANDLER, on_poison, dead_letter, f" {attempt} times")
        case Outage(_, may_pass):
            seconds = policy.pause(attempt, elapsed, random) if may_pass else None
            if seconds is not None:
                return RetryIn(seconds)
            return Stop("could not be handled, and other messages would fail, too")
        case Unreadable(UnknownTypeError(), Stage.VALUE) if on_unknown == "stop":
            return Stop("is of a type that this consumer does not know")
        case Unreadable(UnknownTypeError(), Stage.VALUE) if not dead_letter:
            return Stop(
                "is of a type that this consumer does not know, and the topic has no dead-letter "
                'topic (unknown="skip" skips such messages)'
            )
        case Unreadable(_, stage):
            if dead_letter:
                return SendDeadLetter(stage)
            return Stop("cannot be read, and the topic has no dead-letter topic")
        case Poison():
            return _last_resort(Stage.HANDLER, on_poison, dead_letter, "")


def _last_resort(stage: Stage, on_poison: OnPoison, dead_letter: bool, count: str) -> Action:
    if on_poison == "stop":
        return Stop(f"failed{count} in its handler")
    if not dead_letter:
        return Stop(f"failed{count} in its handler, and the topic has no dead-letter topic")
    return SendDeadLetter(stage)


# --- retries --------------------------------------------------------------------------------------


class Retry(Exception):
    """Raised by a handler for a failure that may pass, to be called again with the same message.

    The consumer's :class:`RetryPolicy` says when and how often. Raise it from its cause:
    ``raise Retry("the warehouse does not answer") from error``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Schedule of the retries of a message after failures that may pass.

    After the n-th failure of a message, its partition backs off for ``initial`` seconds times
    ``multiplier`` to the power n-1, up to ``maximum``. ``jitter`` spreads that in both directions,
    so that consumers that failed together do not retry together. Messages of other partitions are
    handled meanwhile; those behind it in its own partition wait, so their order is kept.

    Attributes:
        attempts: calls of the handler with a message, the first included; None: no limit but
            ``within``.
        initial: seconds before the first retry.
        multiplier: factor from one delay to the next.
        maximum: seconds at most, before jitter.
        jitter: relative spread; 0.2 makes ten seconds 8 to 12.
        within: seconds since the first failure after which no other attempt begins; None: no limit
            but ``attempts``.
        retry_on: exceptions of a handler that may pass, besides :class:`Retry`.

    Raises:
        ValueError: a number is out of range, or nothing limits the attempts.
    """

    attempts: int | None = 10
    initial: float = 0.25
    multiplier: float = 2.0
    maximum: float = 5.0
    jitter: float = 0.2
    within: float | None = None
    retry_on: tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        if self.attempts is None and self.within is None:
            raise ValueError("attempts and within are both None: set one of them to limit retries")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, got {self.attempts}")
        for name in ("initial", "maximum", "within"):
            value: float | None = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a finite number of seconds >= 0, got {value}")
        if not 1 <= self.multiplier < float("inf"):
            raise ValueError(f"multiplier must be finite and at least 1, got {self.multiplier}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be between 0 and 1, got {self.jitter}")

    def pause(self, attempt: int, elapsed: float, random: float) -> float | None:
        """Return the seconds before the next attempt; None: there is no other.

        Args:
            attempt: attempts so far, from 1.
            elapsed: seconds since the first failure.
            random: a number from 0 to 1, for the jitter.
        """
        if self.attempts is not None and attempt >= self.attempts:
            return None
        try:
            longest = min(self.maximum, self.initial * self.multiplier ** (attempt - 1))
        except OverflowError:
            longest = self.maximum
        seconds = longest * (1 + self.jitter * (2 * random - 1))
        if self.within is not None and elapsed + seconds > self.within:
            return None
        return seconds
