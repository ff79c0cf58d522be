"""The offsets of an open consumer: committing when asked, and how far it is behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeAlias

from avrogen.errors import ConsumeError
from avrogen.kafka.consuming.client_errors import consume_error
from avrogen.kafka.consuming.poller import Poller, RawLane

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observing.observer import AnyMessage

__all__ = ["Committed", "Offsets"]

Committed: TypeAlias = "Sequence[KafkaError | None]"
"""What the group says to a commit, for each partition; None: it is done."""


class Offsets:
    """What users ask of offsets.

    Args:
        poller: who has the partitions.
        from_end: whether the group starts at the end of partitions that it has no offsets of.
    """

    def __init__(self, poller: Poller, *, from_end: bool) -> None:
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
            lanes = self._poller.intake.lanes
            if message is None:
                positions = {number: lane.position for number, lane in lanes.items()}
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
            lanes = dict(self._poller.intake.lanes)
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

    def _behind(self, lane: RawLane, offset: int | None, timeout: float) -> int:
        client = self._poller.client
        (place,) = self._poller.partitions([lane.partition])
        # Every answer to a fetch says where the end is. A question waits until a fetch is answered.
        low, high = client.get_watermark_offsets(place, cached=True)
        if lane.paused or high < 0 or offset is None:
            low, high = client.get_watermark_offsets(place, timeout=timeout)
        if offset is None:
            return 0 if self._from_end else high - low
        return max(0, high - max(low, offset))


def _next_offset(lane: RawLane) -> int | None:
    """The offset of the next message to handle; None: nothing has come yet."""
    if lane.waiting:
        return lane.waiting[0].offset()
    return lane.position
