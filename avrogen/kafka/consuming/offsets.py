"""The offsets of an open consumer: committing when asked, and how far it is behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from avrogen.errors import ConsumeError
from avrogen.kafka.consuming.poller import Poller, RawLane

if TYPE_CHECKING:
    from avrogen.kafka.observing.observer import AnyMessage

__all__ = ["Offsets"]


class Offsets:
    """What users ask of offsets.

    Args:
        poller: who has the partitions.
        from_end: whether the group starts at the end of partitions that it has no offsets of.
    """

    def __init__(self, poller: Poller, *, from_end: bool) -> None:
        self._poller = poller
        self._from_end = from_end

    def commit(self, message: AnyMessage | None) -> None:
        """Commit what was handled, or all up to a message, and wait until that is done.

        Raises:
            ConsumeError: the partition is no longer assigned, or the group refuses it.
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
        if known:
            self._commit(known)

    def _commit(self, positions: Mapping[int, int]) -> None:
        from confluent_kafka import KafkaException

        client, places = self._poller.client, self._poller.partitions_at(positions.items())
        try:
            call = self._poller.call(lambda: client.commit(offsets=places, asynchronous=False))
            done = call.result()
        except KafkaException as error:
            raise self._refused(error.args[0]) from error
        for each in done:
            if each.error is not None:
                raise self._refused(each.error)

    def _refused(self, error: Any) -> ConsumeError:
        return ConsumeError(
            f"cannot commit: {error.str()}", topic=self._poller.topic, code=error.name()
        )

    def lag(self, timeout: float) -> dict[int, int]:
        """How many offsets there are from the next message to the end, by partition.

        Args:
            timeout: seconds that a question to the brokers may take.

        Raises:
            KafkaException: the brokers do not answer.
        """
        return self._poller.call(lambda: self._lag(timeout)).result()

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
