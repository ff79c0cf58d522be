"""The partitions of an open consumer: which there are, pausing, seeking.

Going on from another place: what the poller's thread does for it.

The offsets of an open consumer: committing when asked, and how far it is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from avrogen.errors import ConsumeError
from avrogen.kafka.consumer.consumer_client import consume_error
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread, RawPartitionQueue

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import AnyMessage

__all__ = ["AssignedPartitions", "Committed", "OffsetCommitter", "Position", "move"]

_TICK: Final = 0.05


class AssignedPartitions:
    """What users ask of the partitions that are assigned.

    Args:
        poller: who has them.
        wake: called when there may be something to take.
    """

    def __init__(self, poller: ConsumerPollThread, wake: Callable[[], None]) -> None:
        self._poller = poller
        self._wake = wake

    def assigned(self) -> tuple[int, ...]:
        """Their numbers, ascending."""
        with self._poller.changed:
            return tuple(sorted(self._poller.intake.queues))

    def hold(self, numbers: Sequence[int]) -> None:
        """Hand out no messages of these, or of none at all if there are no numbers.

        Raises:
            ValueError: one is not assigned.
        """
        with self._poller.changed:
            self._require(numbers)
            self._poller.intake.pause(numbers or None)

    def unhold(self, numbers: Sequence[int]) -> None:
        """The reverse of :meth:`hold`."""
        with self._poller.changed:
            self._require(numbers)
            self._poller.intake.resume(numbers or None)
            self._poller.changed.notify_all()
        self._wake()

    def seek(self, to: Position, number: int | None, timeout: float) -> None:
        """Go on from another place.

        Args:
            to: where; an offset is one of a certain partition.
            number: which partition; None: all that are assigned.
            timeout: seconds, in which some must have been assigned.

        Raises:
            ValueError: the partition is not assigned, or the place is none.
            TimeoutError: it took too long.
            ConsumeError: brokers do not say where that is.
        """
        from confluent_kafka import KafkaError, KafkaException

        if isinstance(to, int) and number is None:
            raise ValueError("an offset is one of a certain partition: seek(offset, partition)")
        if isinstance(to, datetime) and to.tzinfo is None:
            raise ValueError(f"{to} is no time without its zone")
        poller, deadline = self._poller, monotonic() + timeout
        assigned = self._assigned_by(deadline)
        numbers = assigned if number is None else (number,)

        def seek() -> None:
            with poller.changed:
                self._require(numbers)
            move(poller, numbers, to, deadline)

        while True:
            try:
                # Where messages come in, so that none of the old place come in afterwards.
                return _within(poller.call(seek), deadline)
            except KafkaException as error:
                # Right after it was assigned, the client does not fetch it yet, and refuses.
                too_early = error.args[0].code() == KafkaError._STATE
                if not (too_early and monotonic() < deadline):
                    raise consume_error(error.args[0], poller.topic) from error

    def _require(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number not in self._poller.intake.queues:
                topic = self._poller.topic
                raise ValueError(f"partition {number} of {topic} is not assigned to this consumer")

    def _assigned_by(self, deadline: float) -> tuple[int, ...]:
        """Partitions, waiting for the first of them."""
        poller = self._poller
        with poller.changed:
            while not poller.intake.queues:
                left = deadline - monotonic()
                if left <= 0 or poller.stopping:
                    raise TimeoutError(f"no partition of {poller.topic} was assigned in time")
                poller.changed.wait(min(left, _TICK))
            return tuple(poller.intake.queues)


def _within(future: Future[None], deadline: float) -> None:
    """Wait for a call, or see to it that it is not made any more."""
    try:
        future.result(max(deadline - monotonic(), _TICK))
    except TimeoutError:
        future.cancel()
        raise


Position: TypeAlias = int | datetime | Literal["beginning", "end"]
"""A place in a partition: an offset, a time, or one of its ends."""


def move(poller: ConsumerPollThread, numbers: Sequence[int], to: Position, deadline: float) -> None:
    """Have the client fetch from another place, and forget what it has fetched.

    It is done twice. The client may be asking a broker where to begin, as it does where the group
    has no offset, and when it gets the answer after it was told to go elsewhere, it asks again and
    goes there after all (librdkafka #2256). Brokers answer a connection in order: behind the answer
    to another question, that one has come, and the second time, it asks no more.

    Args:
        poller: whose thread this is.
        numbers: of partitions that are assigned.
        to: where.
        deadline: by the monotonic clock, for answers of brokers.

    Raises:
        KafkaException: brokers do not answer, or the client does not fetch a partition yet.
    """
    from confluent_kafka import OFFSET_END

    offsets = _offsets(poller, numbers, to, deadline)
    _seek(poller, offsets)
    _ask(poller, dict.fromkeys(numbers, OFFSET_END), deadline)
    _seek(poller, offsets)


def _offsets(
    poller: ConsumerPollThread, numbers: Iterable[int], to: Position, deadline: float
) -> Mapping[int, int]:
    """The offset of a place in each partition."""
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END

    match to:
        case int():
            return dict.fromkeys(numbers, to)
        case "beginning":
            return _ask(poller, dict.fromkeys(numbers, OFFSET_BEGINNING), deadline)
        case "end":
            return _ask(poller, dict.fromkeys(numbers, OFFSET_END), deadline)
        case datetime():
            milliseconds = int(to.timestamp() * 1000)
            found = _ask(poller, dict.fromkeys(numbers, milliseconds), deadline)
            # There may be nothing as late as that.
            late = {number: OFFSET_END for number, offset in found.items() if offset < 0}
            return {**found, **_ask(poller, late, deadline)}


def _ask(poller: ConsumerPollThread, times: Mapping[int, int], deadline: float) -> dict[int, int]:
    """Ask the leaders of partitions for offsets by time, for which the ends count as well."""
    from confluent_kafka import KafkaException

    if not times:
        return {}
    wanted = poller.partitions_at(times.items())
    found = poller.client.offsets_for_times(wanted, timeout=max(deadline - monotonic(), 0.0))
    for each in found:
        if each.error is not None:
            raise KafkaException(each.error)
    return {each.partition: each.offset for each in found}


def _seek(poller: ConsumerPollThread, offsets: Mapping[int, int]) -> None:
    for place in poller.partitions_at(offsets.items()):
        poller.client.seek(place)
        with poller.changed:
            poller.intake.restart(place.partition)


Committed: TypeAlias = "Sequence[KafkaError | None]"
"""What the group says to a commit, for each partition; None: it is done."""


class OffsetCommitter:
    """What users ask of offsets.

    Args:
        poller: who has the partitions.
        from_end: whether the group starts at the end of partitions that it has no offsets of.
    """

    def __init__(self, poller: ConsumerPollThread, *, from_end: bool) -> None:
        self._poller = poller
        self._from_end = from_end

    def committing(self, message: AnyMessage | None) -> Future[Committed]:
        """Commit what was handled, or all up to a message.

        Returns:
            What the group says to it, for :meth:`check`.

        Raises:
            ConsumeError: the partition is no longer assigned.
        """
        with self._poller.changed:
            lanes = self._poller.intake.queues
            if message is None:
                positions = {number: lane.next_offset for number, lane in lanes.items()}
            elif message.partition in lanes:
                positions = {message.partition: message.offset + 1}
            else:
                raise ConsumeError(
                    "cannot commit: the partition is no longer assigned to this consumer",
                    topic=message.topic,
                    partition=message.partition,
                    offset=message.offset,
                )
        known = {number: offset for number, offset in positions.items() if offset is not None}
        return self._poller.call(lambda: self._commit(known))

    def _commit(self, positions: Mapping[int, int]) -> Committed:
        from confluent_kafka import KafkaException

        if not positions:
            return []
        places = self._poller.partitions_at(positions.items())
        try:
            done = self._poller.client.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            return [error.args[0]]
        return [each.error for each in done]

    def check(self, committed: Committed) -> None:
        """Raise what kept offsets from being committed.

        Raises:
            ConsumeError: the group refuses it.
        """
        for error in filter(None, committed):
            raise ConsumeError(
                f"cannot commit: {error.str()}", topic=self._poller.topic, code=error.name()
            )

    def lag(self, timeout: float) -> Future[dict[int, int]]:
        """How many offsets there are from the next message to the end, by partition.

        Args:
            timeout: seconds that a question to the brokers may take.

        Returns:
            That. It raises ConsumeError if the brokers do not answer.
        """
        from confluent_kafka import KafkaException

        def ask() -> dict[int, int]:
            try:
                return self._lag(timeout)
            except KafkaException as error:
                raise consume_error(error.args[0], self._poller.topic) from error

        return self._poller.call(ask)

    def _lag(self, timeout: float) -> dict[int, int]:
        with self._poller.changed:
            lanes = dict(self._poller.intake.queues)
        next_offsets = {number: _next_offset(lane) for number, lane in lanes.items()}
        next_offsets |= self._committed([n for n, o in next_offsets.items() if o is None], timeout)
        return {
            number: self._behind(lane, next_offsets[number], timeout)
            for number, lane in lanes.items()
        }

    def _committed(self, numbers: list[int], timeout: float) -> dict[int, int]:
        if not numbers:
            return {}
        places = self._poller.partitions(numbers)
        found = self._poller.client.committed(places, timeout=timeout)
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def _behind(self, lane: RawPartitionQueue, offset: int | None, timeout: float) -> int:
        client = self._poller.client
        (place,) = self._poller.partitions([lane.partition])
        # Every answer to a fetch says where the end is. A question waits until a fetch is answered.
        low, high = client.get_watermark_offsets(place, cached=True)
        if lane.paused_in_client or high < 0 or offset is None:
            low, high = client.get_watermark_offsets(place, timeout=timeout)
        if offset is None:
            return 0 if self._from_end else high - low
        return max(0, high - max(low, offset))


def _next_offset(lane: RawPartitionQueue) -> int | None:
    """The offset of the next message to handle; None: nothing has come yet."""
    if lane.messages:
        return lane.messages[0].offset()
    return lane.next_offset
