"""What went wrong with a message, and what follows.

    failure      what is at fault                  what follows
    Transient    nothing that will last            again, as the policy has it; then as Poison
    Outage       a service that the consumer       again, if it may come back; then the consumer
                 needs, not the message            stops: other messages would fare no better
    Unreadable   the bytes, or their schema        dead letter
    Poison       the message, to this handler      dead letter, or stop if so configured

Where a dead letter would follow and there is no topic for it, the consumer stops: a message that
cannot be handled is never passed over in silence.

When and how often a message is tried again: :class:`RetryPolicy`, :class:`Retry`.
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
)

__all__ = [
    "Action",
    "Failure",
    "OnPoison",
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
"""What becomes of a message that its handler fails with for good."""


class Stage(StrEnum):
    """Where a message failed, in the words of Kafka Connect
    (``org.apache.kafka.connect.runtime.errors.Stage``)."""

    KEY = "KEY_CONVERTER"
    VALUE = "VALUE_CONVERTER"
    HANDLER = "TASK_PUT"


# --- what went wrong ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transient:
    """The handler says that it may work the next time."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Outage:
    """A service that the consumer needs does not do its part; the message is not to blame.

    Attributes:
        error: what it said.
        may_pass: whether it may do so later.
    """

    error: Exception
    may_pass: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are not what the topic has, or were written with a schema that cannot be read.

    Attributes:
        error: what is wrong with them.
        stage: whether it is the key or the value.
    """

    error: Exception
    stage: Stage


@dataclass(frozen=True, slots=True)
class Poison:
    """The handler fails with the message, and would again."""

    error: Exception


Failure: TypeAlias = Transient | Outage | Unreadable | Poison


def reading_failure(error: AvrogenError, stage: Stage) -> Failure:
    """What it means that a key or a value could not be read.

    Args:
        error: what came of it.
        stage: which of the two it was.
    """
    match error:
        case RegistryError(status=404):
            # The id is on the message: nobody else's messages are concerned.
            return Unreadable(error, stage)
        case RegistryError():
            return Outage(error, error.transient)
        case _:
            return Unreadable(error, stage)


def handling_failure(error: Exception, policy: RetryPolicy) -> Failure:
    """What it means that a handler raised an exception."""
    match error:
        case Retry():
            return Transient(error)
        case RegistryError(transient=True) | DeliveryError(retriable=True):
            return Outage(error, may_pass=True)
        case DeliveryError(fatal=True) | TransactionError(fatal=True) | ClosedError():
            # The handler's producer is closed. The next message would fail for the same reason.
            return Outage(error, may_pass=False)
        case TransactionError(retriable=True):
            return Transient(error)
        case _ if isinstance(error, policy.retry_on):
            return Transient(error)
        case _:
            return Poison(error)


# --- what follows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RetryIn:
    """The message is tried again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SendDeadLetter:
    """The message goes to the dead-letter topic; when it is there, it counts as handled."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Stop:
    """The consumer stops, and the message counts as not handled.

    Attributes:
        reason: why no other way is left, to follow on the message's place.
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
) -> Action:
    """What follows a failure.

    Args:
        failure: what went wrong.
        policy: when and how often to try again.
        attempt: how often it was tried, from 1 up.
        elapsed: seconds since the first failure of this message.
        random: a number from 0 to 1, for the jitter.
        on_poison: what becomes of messages that the handler fails with for good.
        dead_letter: whether there is a topic for dead letters.
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
            return Stop("could not be handled, and others would not fare better")
        case Unreadable(_, stage):
            if dead_letter:
                return SendDeadLetter(stage)
            return Stop("cannot be read, and the topic has no dead-letter topic")
        case Poison():
            return _last_resort(Stage.HANDLER, on_poison, dead_letter, "")


def _last_resort(stage: Stage, on_poison: OnPoison, dead_letter: bool, how_often: str) -> Action:
    if on_poison == "stop":
        return Stop(f"failed{how_often} in its handler")
    if not dead_letter:
        return Stop(f"failed{how_often} in its handler, and the topic has no dead-letter topic")
    return SendDeadLetter(stage)


class Retry(Exception):
    """Raised by a handler for a failure that may pass: it is called again with the same message.

    How often and when is the consumer's :class:`RetryPolicy`. Raise it from the exception that is
    the reason: ``raise Retry("the warehouse does not answer") from error``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How messages are tried again that failed for a reason that may pass.

    After the n-th failure of a message, its partition rests for ``initial`` seconds times
    ``multiplier`` to the n-1, but for ``maximum`` at most. ``jitter`` spreads that in both
    directions, so that consumers that failed together do not come back together. Messages of other
    partitions are handled meanwhile, and those behind it wait: their order stays.

    Attributes:
        attempts: how often the handler is called with a message, the first time included; None:
            ``within`` alone counts.
        initial: seconds.
        multiplier: what each pause is longer by.
        maximum: seconds, before jitter.
        jitter: 0.2 makes ten seconds 8 to 12.
        within: seconds since the first failure after which no other attempt begins; None:
            ``attempts`` alone counts.
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
            raise ValueError("say how often or how long: attempts or within")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"attempts must be at least 1, not {self.attempts}")
        for name in ("initial", "maximum", "within"):
            value: float | None = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a number of seconds, not {value}")
        if not 1 <= self.multiplier < float("inf"):
            raise ValueError(f"multiplier must be at least 1, not {self.multiplier}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter must be between 0 and 1, not {self.jitter}")

    def pause(self, attempt: int, elapsed: float, random: float) -> float | None:
        """Seconds to wait before the next attempt; None: there is none.

        Args:
            attempt: how often it was tried, from 1 up.
            elapsed: seconds since the first failure.
            random: a number from 0 to 1, which decides on the jitter.
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
