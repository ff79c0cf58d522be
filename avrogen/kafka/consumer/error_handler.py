"""What consumers for threads and for asyncio do alike with the messages in hand.

What has to be waited for, they do themselves: the handler, the registry, dead letters, pauses. So
what follows a failure is a generator here: it gives the dead letter that is to be sent, if there is
one, is told what came of that, and ends with what is left to do.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, assert_never, cast

from avrogen.errors import ConsumeError, DeliveryError, TransactionError
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, full_name
from avrogen.kafka.consumer.error_policy import (
    Action,
    Failure,
    OnPoison,
    Outage,
    RetryIn,
    RetryPolicy,
    SendDeadLetter,
    Stop,
    Unreadable,
    handling_failure,
    next_step,
)
from avrogen.kafka.consumer.message_reader import MessageUnreadable, undecoded
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.observability.observer import AnyMessage, Observer

__all__ = ["Counts", "DeadLetterFailure", "ErrorHandler", "PendingDeadLetter", "Recovery"]

_UNOBSERVED: Final = nullcontext()


@dataclass(slots=True)
class Counts:
    """Counts since the start: :class:`~avrogen.kafka.observability.counters.ConsumerCounters`."""

    consumed: int = 0
    retried: int = 0
    dead_lettered: int = 0
    handling_time: float = 0.0


class PendingDeadLetter(NamedTuple):
    """A dead letter that is to be sent.

    Attributes:
        lane: the lane that it is the first message of.
        raw: the message.
        origin: where it is, and why it goes.
    """

    lane: RawPartitionQueue
    raw: RawMessage
    origin: DeadLetterOrigin


DeadLetterFailure: TypeAlias = DeliveryError | TransactionError
"""Why a dead letter could not be sent."""

Recovery: TypeAlias = "Generator[PendingDeadLetter, DeadLetterFailure | None, float | None]"
"""Gives dead letters to be sent, and is told why one could not be; ends with the seconds that the
lane has to rest before its first message is tried again, or None, if that is dealt with. It raises
ConsumeError if the consumer must not go on."""


class ErrorHandler:
    """Says what follows when a message fails, and lets others know.

    Args:
        topic: the name of the topic.
        group: the name of the consumer group.
        policy: when and how often messages are tried again.
        on_poison: what becomes of those that the handler fails with for good.
        dead_letter: the name of the dead-letter topic; None: there is none.
        observer: who is told.

    Attributes:
        clock: seconds, as pauses and batches go by them. Tests of handlers have another one.
        chance: a number from 0 to 1, for the jitter of pauses. So with this.
    """

    def __init__(
        self,
        *,
        topic: str,
        group: str,
        policy: RetryPolicy,
        on_poison: OnPoison,
        dead_letter: str | None,
        observer: Observer | None,
    ) -> None:
        self.observer = observer
        self.clock: Callable[[], float] = monotonic
        self.chance: Callable[[], float] = random.random
        self.counts = Counts()
        self.group = group
        self._topic = topic
        self._policy = policy
        self._on_poison: OnPoison = on_poison
        self._dead_letter = dead_letter

    def failure(self, error: Exception) -> Failure:
        """What it means that reading or handling a message raised an exception."""
        if isinstance(error, MessageUnreadable):
            return error.failure
        return handling_failure(error, self._policy)

    def resolution(
        self, lane: RawPartitionQueue, error: Exception, message: AnyMessage | None, handler: object
    ) -> Recovery:
        """What follows now that the first message of a lane has failed.

        Args:
            lane: the lane, which is taken.
            error: what reading or handling the message has raised.
            message: what the handler was called with; None: it could not be read.
            handler: what it was to be handled by, for dead letters to name it.
        """
        failure = self.failure(error)
        step = self.step(lane, failure, message)
        return self.steps(lane, step, failure, message, handler)

    def steps(
        self,
        lane: RawPartitionQueue,
        step: Action,
        failure: Failure,
        message: AnyMessage | None,
        handler: object,
    ) -> Recovery:
        """The same, if the first step has been decided on."""
        raw = lane.messages[0]
        if isinstance(step, SendDeadLetter):
            origin = self._origin(raw, step, failure.error, handler)
            undelivered = yield PendingDeadLetter(lane, raw, origin)
            if undelivered is None:
                self._dead_lettered(raw, failure.error, message)
                self.done(lane, cast("int", raw.offset()))
                return None
            failure = Outage(undelivered, undelivered.retriable)
            step = self.step(lane, failure, message)
        match step:
            case RetryIn(seconds):
                return seconds
            case Stop(reason):
                raise self._stopped(raw, reason, failure.error)
            case SendDeadLetter():
                raise AssertionError("that a dead letter cannot be sent is no reason for another")
            case _:
                assert_never(step)

    def step(self, lane: RawPartitionQueue, failure: Failure, message: AnyMessage | None) -> Action:
        """Decide, and let others know."""
        elapsed = lane.failed(self.clock())
        step = next_step(
            failure,
            self._policy,
            attempt=lane.attempts,
            elapsed=elapsed,
            random=self.chance(),
            on_poison=self._on_poison,
            dead_letter=self._dead_letter is not None,
        )
        raw = lane.messages[0]
        if isinstance(failure, Unreadable):
            self._tell_unreadable(raw, failure)
        if isinstance(step, RetryIn):
            self._tell_retry(raw, failure.error, lane.attempts, step, message)
        return step

    def received(self, lane: RawPartitionQueue, messages: Sequence[AnyMessage]) -> None:
        """Messages of a lane have been read. The observer is told of each once."""
        if self.observer is not None:
            new = [message for message in messages if message.offset > lane.observed_offset]
            if new:
                lane.observed_offset = new[-1].offset
                self.observer.received(new, self.group)

    def observation(self, messages: Sequence[AnyMessage]) -> AbstractContextManager[object]:
        """What the observer has around the handling of messages."""
        if self.observer is None:
            return _UNOBSERVED
        return self.observer.handling(messages, self.group)

    def done(self, lane: RawPartitionQueue, offset: int) -> None:
        """The first message of a lane, whose offset this is, counts as handled."""
        lane.done(offset)
        self.counts.consumed += 1

    # --- inside -----------------------------------------------------------------------------------

    def _origin(
        self, raw: RawMessage, step: SendDeadLetter, error: Exception, handler: object
    ) -> DeadLetterOrigin:
        kind, milliseconds = raw.timestamp()
        return DeadLetterOrigin(
            topic=self._topic,
            partition=cast("int", raw.partition()),
            offset=cast("int", raw.offset()),
            timestamp=milliseconds if kind else None,
            stage=step.stage,
            group=self.group,
            handler=full_name(handler),
        ).after(error)

    def _dead_lettered(
        self, raw: RawMessage, error: Exception, message: AnyMessage | None = None
    ) -> None:
        assert self._dead_letter is not None, "it was sent somewhere"
        self.counts.dead_lettered += 1
        log_event(
            logging.ERROR,
            "consumer.dead_letter",
            error=error,
            **self._place(raw),
            dead_letter_topic=self._dead_letter,
        )
        if self.observer is not None:
            self.observer.dead_lettered(message or undecoded(raw), error, self._dead_letter)

    def _stopped(self, raw: RawMessage, reason: str, error: Exception) -> ConsumeError:
        made = ConsumeError(
            f"a message {reason}: {error}",
            topic=self._topic,
            partition=raw.partition(),
            offset=raw.offset(),
        )
        made.__cause__ = error
        return made

    def _tell_unreadable(self, raw: RawMessage, failure: Unreadable) -> None:
        log_event(
            logging.WARNING,
            "consumer.unreadable",
            **self._place(raw),
            stage=failure.stage.value,
            reason=failure.error,
        )
        if self.observer is not None:
            self.observer.unreadable(undecoded(raw), failure.error)

    def _tell_retry(
        self,
        raw: RawMessage,
        error: Exception,
        attempt: int,
        step: RetryIn,
        message: AnyMessage | None,
    ) -> None:
        self.counts.retried += 1
        log_event(
            logging.WARNING,
            "consumer.retry",
            **self._place(raw),
            attempt=attempt,
            delay=round(step.seconds, 3),
            reason=repr(error),
        )
        if self.observer is not None:
            self.observer.retrying(message or undecoded(raw), error, attempt, step.seconds)

    def _place(self, raw: RawMessage) -> dict[str, Any]:
        return {
            "topic": self._topic,
            "group": self.group,
            "partition": raw.partition(),
            "offset": raw.offset(),
        }
