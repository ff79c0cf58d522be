"""Assigned partitions and their offsets, as the user controls them: pause, seek, commit, lag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from avrogen.errors import ConsumeError
from avrogen.kafka.checked_access import error_text
from avrogen.kafka.consumer.consumer_client import consume_error, partitions_at, partitions_of
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import AnyMessage

__all__ = ["AssignedPartitions", "Committed", "OffsetCommitter", "Position", "move"]

_TICK: Final = 0.05

Position: TypeAlias = int | datetime | Literal["beginning", "end"]
"""A position in a partition: an offset, a time, or one of its ends."""


# --- partitions -----------------------------------------------------------------------------------


class AssignedPartitions:
    """Pauses and seeks assigned partitions.

    Args:
        poll_thread: the thread that has them.
        wake: called when there may be something to take.
    """

    def __init__(self, poll_thread: ConsumerPollThread, wake: Callable[[], None]) -> None:
        self._poll_thread = poll_thread
        self._wake = wake

    def assigned(self) -> tuple[int, ...]:
        """Return their numbers, ascending."""
        with self._poll_thread.changed:
            return tuple(sorted(self._poll_thread.buffer.queues))

    def pause(self, numbers: Sequence[int]) -> None:
        """Hand out no messages of these partitions; without numbers, of any.

        Raises:
            ValueError: a partition is not assigned.
        """
        with self._poll_thread.changed:
            self._require(numbers)
            self._poll_thread.buffer.pause(numbers or None)

    def resume(self, numbers: Sequence[int]) -> None:
        """Reverse :meth:`pause`.

        Raises:
            ValueError: a partition is not assigned.
        """
        with self._poll_thread.changed:
            self._require(numbers)
            self._poll_thread.buffer.resume(numbers or None)
            self._poll_thread.changed.notify_all()
        self._wake()

    def seek(self, to: Position, number: int | None, timeout: float) -> None:
        """Continue from another position.

        Args:
            to: the position. An offset needs a partition.
            number: the partition; None: all that are assigned.
            timeout: seconds, in which at least one partition must be assigned.

        Raises:
            TypeError: the position or the partition is of another type.
            ValueError: the partition is not assigned, or the position is invalid.
            TimeoutError: it took too long.
            ConsumeError: the brokers do not find the position.
        """
        from confluent_kafka import KafkaError, KafkaException

        _check(to, number)
        poll_thread, deadline = self._poll_thread, monotonic() + timeout
        assigned = self._wait_for_assignment(deadline)
        numbers = assigned if number is None else (number,)

        def seek() -> None:
            with poll_thread.changed:
                self._require(numbers)
            move(poll_thread, numbers, to, deadline)

        while True:
            try:
                # In the thread that fetches, so that no message of the old position comes later.
                return _result(poll_thread.call(seek), deadline)
            except KafkaException as error:
                # Right after the assignment, the client does not fetch yet, and refuses to seek.
                too_early = error.args[0].code() == KafkaError._STATE
                if not (too_early and monotonic() < deadline):
                    raise consume_error(error.args[0], poll_thread.topic) from error

    def _require(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number not in self._poll_thread.buffer.queues:
                topic = self._poll_thread.topic
                raise ValueError(f"partition {number} of {topic} is not assigned to this consumer")

    def _wait_for_assignment(self, deadline: float) -> tuple[int, ...]:
        poll_thread = self._poll_thread
        with poll_thread.changed:
            while not poll_thread.buffer.queues:
                left = deadline - monotonic()
                if left <= 0 or poll_thread.stopping:
                    raise TimeoutError(f"no partition of {poll_thread.topic} was assigned in time")
                poll_thread.changed.wait(min(left, _TICK))
            return tuple(poll_thread.buffer.queues)


def _check(to: object, number: object) -> None:
    """Check the arguments of seek, as librdkafka has a meaning of its own for negative offsets.

    Raises:
        TypeError: the position or the partition is of another type.
        ValueError: the position is invalid.
    """
    if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
        raise TypeError(f"seek() needs an int as partition, got {type(number).__qualname__}")
    if isinstance(to, int) and not isinstance(to, bool):
        if number is None:
            raise ValueError("an offset needs its partition: seek(offset, partition)")
        if not 0 <= to < 2**63:
            raise ValueError(
                f'offsets are not negative, and of 64 bits, got {to}; use "beginning" or "end"'
            )
    elif isinstance(to, datetime):
        if to.tzinfo is None:
            raise ValueError(f"seek() needs a timezone-aware datetime, got {to}")
    elif isinstance(to, str):
        if to not in ("beginning", "end"):
            raise ValueError(f'seek() needs "beginning" or "end", got {to!r}')
    else:
        kind = type(to).__qualname__
        raise TypeError(f'seek() needs an offset, a datetime, "beginning" or "end", got {kind}')


def _result(future: Future[None], deadline: float) -> None:
    """Wait for a call, and cancel it when time is over."""
    try:
        future.result(max(deadline - monotonic(), _TICK))
    except TimeoutError:
        future.cancel()
        raise


# --- seeking --------------------------------------------------------------------------------------


def move(
    poll_thread: ConsumerPollThread, numbers: Sequence[int], to: Position, deadline: float
) -> None:
    """Have the client fetch from another position, and drop what it has fetched.

    It is done twice. The client may be asking a broker where to begin, as it does where the group
    has no offset. If the answer comes after a seek, the client asks again and goes to that offset
    after all (librdkafka #2256). Brokers answer the requests of a connection in order: after the
    answer to another request, that one has come, and the client does not ask again after the second
    seek.

    Args:
        poll_thread: the thread that calls this.
        numbers: assigned partitions.
        to: the position.
        deadline: for answers of brokers, by the monotonic clock.

    Raises:
        KafkaException: the brokers do not answer, or the client does not fetch a partition yet.
    """
    from confluent_kafka import OFFSET_END

    offsets = _offsets(poll_thread, numbers, to, deadline)
    _seek(poll_thread, offsets)
    _offsets_by_time(poll_thread, dict.fromkeys(numbers, OFFSET_END), deadline)
    _seek(poll_thread, offsets)


def _offsets(
    poll_thread: ConsumerPollThread, numbers: Iterable[int], to: Position, deadline: float
) -> Mapping[int, int]:
    """Return the offset of a position in each partition."""
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END

    match to:
        case int():
            return dict.fromkeys(numbers, to)
        case "beginning":
            times = dict.fromkeys(numbers, OFFSET_BEGINNING)
            return _offsets_by_time(poll_thread, times, deadline)
        case "end":
            return _offsets_by_time(poll_thread, dict.fromkeys(numbers, OFFSET_END), deadline)
        case datetime():
            times = dict.fromkeys(numbers, int(to.timestamp() * 1000))
            found = _offsets_by_time(poll_thread, times, deadline)
            # A partition may have no message as late as that.
            late = {number: OFFSET_END for number, offset in found.items() if offset < 0}
            return {**found, **_offsets_by_time(poll_thread, late, deadline)}


def _offsets_by_time(
    poll_thread: ConsumerPollThread, times: Mapping[int, int], deadline: float
) -> dict[int, int]:
    """Ask the leaders of partitions for offsets by time, or of the ends."""
    from confluent_kafka import KafkaException

    if not times:
        return {}
    wanted = partitions_at(poll_thread.topic, times.items())
    found = poll_thread.client.offsets_for_times(wanted, timeout=max(deadline - monotonic(), 0.0))
    for each in found:
        if each.error is not None:
            raise KafkaException(each.error)
    return {each.partition: each.offset for each in found}


def _seek(poll_thread: ConsumerPollThread, offsets: Mapping[int, int]) -> None:
    for place in partitions_at(poll_thread.topic, offsets.items()):
        poll_thread.client.seek(place)
        with poll_thread.changed:
            poll_thread.buffer.restart(place.partition)
            poll_thread.changed.notify_all()
        poll_thread.wake()


# --- offsets --------------------------------------------------------------------------------------

Committed: TypeAlias = "Sequence[KafkaError | None]"
"""The group's answer to a commit, for each partition; None: it is committed."""


class OffsetCommitter:
    """Commits offsets on request, and computes the lag.

    Args:
        poll_thread: the thread that has the partitions.
        from_end: true if the group starts at the end of partitions without a committed offset.
    """

    def __init__(self, poll_thread: ConsumerPollThread, *, from_end: bool) -> None:
        self._poll_thread = poll_thread
        self._from_end = from_end

    def commit(self, message: AnyMessage | None) -> Future[Committed]:
        """Commit everything that was handled, or everything up to a message.

        Returns:
            The group's answer, for :meth:`check`.

        Raises:
            ConsumeError: the partition is no longer assigned.
        """
        with self._poll_thread.changed:
            queues = self._poll_thread.buffer.queues
            if message is None:
                offsets = {number: queue.next_offset for number, queue in queues.items()}
            elif message.partition in queues:
                offsets = {message.partition: _end(queues[message.partition], message.offset)}
            else:
                raise ConsumeError(
                    "cannot commit: the partition is no longer assigned to this consumer",
                    topic=message.topic,
                    partition=message.partition,
                    offset=message.offset,
                )
        known = {number: offset for number, offset in offsets.items() if offset is not None}
        return self._poll_thread.call(lambda: self._commit(known))

    def _commit(self, offsets: Mapping[int, int]) -> Committed:
        from confluent_kafka import KafkaException

        if not offsets:
            return []
        try:
            done = self._poll_thread.commit(offsets)
        except KafkaException as error:
            return [error.args[0]]
        return [each.error for each in done]

    def check(self, committed: Committed) -> None:
        """Raise the error of a commit.

        Raises:
            ConsumeError: the group refuses it.
        """
        for error in filter(None, committed):
            raise ConsumeError(
                f"cannot commit: {error_text(error)}",
                topic=self._poll_thread.topic,
                code=error.name(),
            )

    def lag(self, timeout: float) -> Future[dict[int, int]]:
        """Count the offsets from the next message to the end, by partition.

        Args:
            timeout: seconds for each request to the brokers.

        Returns:
            The counts. It raises ConsumeError if the brokers do not answer.
        """
        from confluent_kafka import KafkaException

        def ask() -> dict[int, int]:
            try:
                return self.lag_now(timeout)
            except KafkaException as error:
                raise consume_error(error.args[0], self._poll_thread.topic) from error

        return self._poll_thread.call(ask)

    def lag_now(self, timeout: float) -> dict[int, int]:
        """Count as :meth:`lag` does, in the poll thread.

        Raises:
            KafkaException: the brokers do not answer.
        """
        with self._poll_thread.changed:
            queues = dict(self._poll_thread.buffer.queues)
        next_offsets = {number: _next_offset(queue) for number, queue in queues.items()}
        next_offsets |= self._committed([n for n, o in next_offsets.items() if o is None], timeout)
        return {
            number: self._behind(queue, next_offsets[number], timeout)
            for number, queue in queues.items()
        }

    def _committed(self, numbers: list[int], timeout: float) -> dict[int, int]:
        if not numbers:
            return {}
        places = partitions_of(self._poll_thread.topic, numbers)
        found = self._poll_thread.client.committed(places, timeout=timeout)
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def _behind(self, queue: RawPartitionQueue, offset: int | None, timeout: float) -> int:
        client = self._poll_thread.client
        (place,) = partitions_of(self._poll_thread.topic, [queue.partition])
        # Each answer to a fetch has the end. A request waits until a fetch is answered.
        low, high = client.get_watermark_offsets(place, cached=True)
        if queue.paused_in_client or high < 0 or offset is None:
            low, high = client.get_watermark_offsets(place, timeout=timeout)
        if offset is None:
            return 0 if self._from_end else high - low
        return max(0, high - max(low, offset))


def _end(queue: RawPartitionQueue, offset: int) -> int | None:
    """Return the offset to commit so that a message counts as handled.

    While messages are handled concurrently, it is not behind one of them that is in flight.
    """
    tracker = queue.progress
    if tracker is None or not queue.taken:
        return offset + 1
    return tracker.next_offset_with(offset)


def _next_offset(queue: RawPartitionQueue) -> int | None:
    """Return the offset of the next message to handle; None: no message has come yet."""
    tracker = queue.progress
    if tracker is not None and (pending := tracker.first_pending) is not None:
        return pending
    if queue.messages:
        return queue.messages[0].offset()
    return queue.next_offset
