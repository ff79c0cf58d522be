"""Handling of failures: retry, dead letter or stop, and who is told.

:class:`ErrorHandler` decides by the rules of :mod:`avrogen.kafka.consumer.error_policy`. It does
not wait: the recovery from a failure is a generator, which yields the record to be dead-lettered,
if there is one, is sent the error if it could not be delivered, and returns the backoff.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias, assert_never, cast

from avrogen.errors import ConsumeError, DeliveryError, RegistryError, TransactionError
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, full_name
from avrogen.kafka.consumer.error_policy import (
    Action,
    Failure,
    OnAuthFailure,
    OnPoison,
    OnUnknown,
    Outage,
    RetryIn,
    RetryPolicy,
    SendDeadLetter,
    Stop,
    Unreadable,
    handling_failure,
    next_step,
)
from avrogen.kafka.consumer.message_reader import MessageUnreadable, SkippedMessage, undecoded
from avrogen.kafka.observability.logs import LOGGER, describe, log_event

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.callbacks import OffsetReset
    from avrogen.kafka.consumer.dead_letter_topic import SentDeadLetter
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.observability.observer import AnyMessage, Observer

__all__ = [
    "Counts",
    "DeadLetterFailure",
    "ErrorHandler",
    "PassedMessage",
    "PendingDeadLetter",
    "Recovery",
]

_UNOBSERVED: Final = nullcontext()


@dataclass(slots=True)
class Counts:
    """Counts since the start: :class:`~avrogen.kafka.observability.counters.ConsumerCounters`."""

    consumed: int = 0
    retried: int = 0
    dead_lettered: int = 0
    handling_time: float = 0.0
    skipped: int = 0
    offset_resets: int = 0


class PendingDeadLetter(NamedTuple):
    """A record that is to be sent to the dead-letter topic.

    Attributes:
        queue: the partition queue that has it in front.
        raw: the record as it was consumed.
        origin: its place, and the reason.
    """

    queue: RawPartitionQueue
    raw: RawMessage
    origin: DeadLetterOrigin


DeadLetterFailure: TypeAlias = DeliveryError | TransactionError
"""Error for a dead-lettered record that was not delivered."""

Recovery: TypeAlias = "Generator[PendingDeadLetter, DeadLetterFailure | None, float | None]"
"""Recovery from a failure.

Yields records to be dead-lettered, and is sent the error if one was not delivered. Returns seconds
of backoff before the first message of the queue is retried, or None if that message is done. Raises
ConsumeError if the consumer must stop.
"""


class SuspendedRecovery(Protocol):
    """A recovery that waits for a dead letter: an execution of a :data:`Recovery`."""

    @property
    def result(self) -> float | None:
        """Seconds of backoff, when it has ended."""
        ...

    def send(self, value: DeadLetterFailure | None, /) -> bool:
        """Go on with the error of the dead letter; None: it is acknowledged."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PassedMessage:
    """A message that counts as done when those before it do.

    Attributes:
        offset: its offset.
        attempts: result of :meth:`PartitionQueue.pass_over`.
        recovery: the recovery that has sent it to the dead-letter topic; None: it was handled.
        sent: its dead letter, which is on its way; None: it was handled.
        counted: true if it was settled before.
    """

    offset: int
    attempts: tuple[int, float]
    recovery: SuspendedRecovery | None = None
    sent: SentDeadLetter | None = None
    counted: bool = False


class ErrorHandler:
    """Decides what follows when a message fails, and reports it.

    Args:
        topic: name of the topic.
        group: name of the consumer group.
        policy: policy of retries.
        on_poison: treatment of messages that the handler fails with permanently.
        dead_letter: name of the dead-letter topic; None: there is none.
        observer: told of receiving, handling and failures.
        on_unknown: treatment of messages of types that are none of the topic's.
        on_auth_failure: what follows when the registry refuses the credentials, or access.

    Attributes:
        clock: seconds, by which backoff and batches are timed. Handler tests replace it.
        chance: random number from 0 to 1 for the jitter of the backoff. Handler tests replace it.
        counts: counts since the start.
        topic: name of the topic.
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
        on_unknown: OnUnknown = "dead-letter",
        on_auth_failure: OnAuthFailure = "stop",
    ) -> None:
        self.observer = observer
        self.clock: Callable[[], float] = monotonic
        self.chance: Callable[[], float] = random.random
        self.counts = Counts()
        self.group = group
        self.topic = topic
        self._policy = policy
        self._on_poison: OnPoison = on_poison
        self._dead_letter = dead_letter
        self._on_unknown: OnUnknown = on_unknown
        self._types_skipped: set[str] = set()
        self._retries_refusals = on_auth_failure == "retry"
        self._refusal: tuple[RawPartitionQueue, Exception] | None = None

    # --- failures ---------------------------------------------------------------------------------

    def recover(
        self,
        queue: RawPartitionQueue,
        error: Exception,
        message: AnyMessage | None,
        handler: object,
    ) -> Recovery:
        """Recover after the next message of a queue has failed.

        Args:
            queue: the queue, which is acquired.
            error: the exception that reading or handling the message has raised.
            message: argument of the handler; None: the message is unreadable.
            handler: the user's handler, named in the headers of dead-lettered records.
        """
        failure = self.classify(error)
        action = self.decide(queue, failure, message)
        return self.carry_out(queue, action, failure, message, handler)

    def classify(self, error: Exception) -> Failure:
        """Return the kind of failure that an exception of reading or handling is."""
        if isinstance(error, MessageUnreadable):
            return error.failure
        return handling_failure(error, self._policy)

    def decide(
        self, queue: RawPartitionQueue, failure: Failure, message: AnyMessage | None
    ) -> Action:
        """Count the failure, decide on the action, and report both."""
        elapsed = queue.failed(self.clock())
        action = next_step(
            failure,
            self._policy,
            attempt=queue.attempts,
            elapsed=elapsed,
            random=self.chance(),
            on_poison=self._on_poison,
            dead_letter=self._dead_letter is not None,
            on_unknown=self._on_unknown,
        )
        if self._retries_refusals and isinstance(failure, Outage) and _is_refusal(failure.error):
            action = RetryIn(self._policy.maximum)
            self._refusal = queue, failure.error
        raw = queue.next_message
        if isinstance(failure, Unreadable):
            self._report_unreadable(raw, failure, action)
        if isinstance(action, RetryIn):
            self._report_retry(raw, failure.error, queue.attempts, action, message)
        return action

    def carry_out(
        self,
        queue: RawPartitionQueue,
        action: Action,
        failure: Failure,
        message: AnyMessage | None,
        handler: object,
    ) -> Recovery:
        """Recover by an action that is decided; see :meth:`recover`."""
        raw = queue.next_message
        if isinstance(action, SendDeadLetter):
            origin = self._origin(raw, action, failure.error, handler)
            undelivered = yield PendingDeadLetter(queue, raw, origin)
            if undelivered is None:
                self._report_dead_letter(raw, action, failure, message, origin.traceback)
                self.done(queue, cast("int", raw.offset()))
                return None
            failure = Outage(undelivered, undelivered.retriable)
            action = self.decide(queue, failure, message)
        match action:
            case RetryIn(seconds):
                return seconds
            case Stop(reason):
                raise self._stop_error(raw, reason, failure.error)
            case SendDeadLetter():
                raise AssertionError("an undelivered dead letter is no reason for another one")
            case _:
                assert_never(action)

    @property
    def refusal(self) -> str | None:
        """Reason why the registry refuses the credentials, until the message is handled."""
        refusal = self._refusal
        if refusal is None or not refusal[0].attempts or refusal[0].lost:
            return None
        return str(refusal[1])

    def settle(
        self,
        queue: RawPartitionQueue,
        passed: Sequence[PassedMessage],
        errors: Iterable[DeliveryError | None],
    ) -> float | None:
        """Count passed messages as done, up to the first whose dead letter was not delivered.

        Args:
            queue: the queue that they are at the front of.
            passed: the messages.
            errors: errors of the dead letters among them.

        Returns:
            Seconds of backoff before that message is retried; None: all are done.

        Raises:
            ConsumeError: the consumer must stop.
        """
        of_letters = iter(errors)
        first: PassedMessage | None = None
        failure: DeliveryError | None = None
        for message in passed:
            error = None if message.sent is None else next(of_letters)
            if error is not None:
                if first is None:
                    first, failure = message, error
                continue
            if first is not None:
                queue.settled.add(message.offset)
            if message.recovery is not None:
                message.recovery.send(None)
                queue.dead_letters_in_a_row += 1
            elif message.counted:
                if first is None:
                    queue.done(message.offset)
            else:
                self.done(queue, message.offset)
                queue.dead_letters_in_a_row = 0
        if first is None:
            return None
        assert first.recovery is not None, "it was sent to the dead-letter topic"
        queue.go_back(first.attempts)
        queue.dead_letters_in_a_row = 0
        first.recovery.send(failure)
        return first.recovery.result

    # --- progress ---------------------------------------------------------------------------------

    def received(
        self, queue: RawPartitionQueue, messages: Sequence[AnyMessage | SkippedMessage]
    ) -> None:
        """Tell the observer of decoded messages, of each once."""
        if self.observer is not None:
            new = [
                message
                for message in messages
                if message.offset > queue.observed_offset
                and not isinstance(message, SkippedMessage)
            ]
            if new:
                queue.observed_offset = new[-1].offset
                self.observer.received(new, self.group)

    def observation(self, messages: Sequence[AnyMessage]) -> AbstractContextManager[object]:
        """Return the observer's context for the handling of messages."""
        if self.observer is None:
            return _UNOBSERVED
        return self.observer.handling(messages, self.group)

    def done(self, queue: RawPartitionQueue, offset: int) -> None:
        """Count a message of a queue as handled: the first one, or one that is settled."""
        if offset not in queue.settled:
            queue.done(offset)
        self.counts.consumed += 1

    def skip(self, queue: RawPartitionQueue, message: SkippedMessage) -> None:
        """Count a message of a queue as skipped. A type is logged once."""
        self.counts.skipped += 1
        name, is_known = message.type
        if name not in self._types_skipped:
            self._types_skipped.add(name)
            log_event(
                logging.INFO if is_known else logging.WARNING,
                "consumer.type_skipped",
                topic=self.topic,
                group=self.group,
                type=name,
                partition=queue.partition,
                offset=message.offset,
                reason="not selected" if is_known else "unknown type",
            )
        if self.observer is not None:
            self.observer.skipped((self.topic, queue.partition), message.offset, name, self.group)

    def offset_reset(self, reset: OffsetReset) -> None:
        """Count and report that a partition goes on at another offset than its next one."""
        self.counts.offset_resets += 1
        log_event(
            logging.ERROR,
            "consumer.offset_reset",
            topic=reset.topic,
            group=self.group,
            partition=reset.partition,
            offset=reset.offset,
            to=reset.to,
        )
        if self.observer is not None:
            partition = reset.topic, reset.partition
            self.observer.offset_reset(partition, reset.offset, reset.to, self.group)

    # --- inside -----------------------------------------------------------------------------------

    def _origin(
        self, raw: RawMessage, action: SendDeadLetter, error: Exception, handler: object
    ) -> DeadLetterOrigin:
        kind, milliseconds = raw.timestamp()
        return DeadLetterOrigin(
            topic=self.topic,
            partition=cast("int", raw.partition()),
            offset=cast("int", raw.offset()),
            timestamp=milliseconds if kind else None,
            stage=action.stage,
            group=self.group,
            handler=full_name(handler),
        ).after(error)

    def _report_dead_letter(
        self,
        raw: RawMessage,
        action: SendDeadLetter,
        failure: Failure,
        message: AnyMessage | None,
        traceback: str,
    ) -> None:
        assert self._dead_letter is not None, "a record was dead-lettered"
        self.counts.dead_lettered += 1
        error = failure.error
        log_event(
            logging.ERROR,
            "consumer.dead_letter",
            # The traceback of a decoder tells nothing that the reason does not.
            error=None if isinstance(failure, Unreadable) else error,
            traceback=traceback,
            **self._log_fields(raw),
            dead_letter_topic=self._dead_letter,
            stage=action.stage.value,
            reason=describe(error),
        )
        if self.observer is not None:
            self.observer.dead_lettered(message or undecoded(raw), error, self._dead_letter)

    def _stop_error(self, raw: RawMessage, reason: str, error: Exception) -> ConsumeError:
        stop = ConsumeError(
            f"a message {reason}: {describe(error)}",
            topic=self.topic,
            partition=raw.partition(),
            offset=raw.offset(),
        )
        stop.__cause__ = error
        return stop

    def _report_unreadable(self, raw: RawMessage, failure: Unreadable, action: Action) -> None:
        # A dead letter is one line: that it was sent, and why.
        has_letter = isinstance(action, SendDeadLetter)
        if LOGGER.isEnabledFor(logging.DEBUG if has_letter else logging.WARNING):
            log_event(
                logging.DEBUG if has_letter else logging.WARNING,
                "consumer.unreadable",
                **self._log_fields(raw),
                stage=failure.stage.value,
                reason=describe(failure.error),
            )
        if self.observer is not None:
            self.observer.unreadable(undecoded(raw), failure.error)

    def _report_retry(
        self,
        raw: RawMessage,
        error: Exception,
        attempt: int,
        action: RetryIn,
        message: AnyMessage | None,
    ) -> None:
        self.counts.retried += 1
        log_event(
            logging.WARNING,
            "consumer.retry",
            **self._log_fields(raw),
            attempt=attempt,
            delay=round(action.seconds, 3),
            reason=describe(error),
        )
        if self.observer is not None:
            self.observer.retrying(message or undecoded(raw), error, attempt, action.seconds)

    def _log_fields(self, raw: RawMessage) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "group": self.group,
            "partition": raw.partition(),
            "offset": raw.offset(),
        }


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, RegistryError) and error.status in (401, 403)
