"""The partitions of an open consumer: which there are, pausing, seeking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import Final, Literal, TypeAlias

from avrogen.kafka.consuming.poller import Poller

__all__ = ["Partitions", "Position"]

Position: TypeAlias = int | datetime | Literal["beginning", "end"]
"""A place in a partition: an offset, a time, or one of its ends."""

_TICK: Final = 0.05


class Partitions:
    """What users ask of the partitions that are assigned.

    Args:
        poller: who has them.
        wake: called when there may be something to take.
    """

    def __init__(self, poller: Poller, wake: Callable[[], None]) -> None:
        self._poller = poller
        self._wake = wake

    def assigned(self) -> tuple[int, ...]:
        """Their numbers, ascending."""
        with self._poller.changed:
            return tuple(sorted(self._poller.intake.lanes))

    def hold(self, numbers: Sequence[int]) -> None:
        """Hand out no messages of these, or of none at all if there are no numbers.

        Raises:
            ValueError: one is not assigned.
        """
        with self._poller.changed:
            self._require(numbers)
            self._poller.intake.hold(numbers or None)

    def unhold(self, numbers: Sequence[int]) -> None:
        """The reverse of :meth:`hold`."""
        with self._poller.changed:
            self._require(numbers)
            self._poller.intake.unhold(numbers or None)
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
            KafkaException: the brokers refuse it.
        """
        if isinstance(to, int) and number is None:
            raise ValueError("an offset is one of a certain partition: seek(offset, partition)")
        if isinstance(to, datetime) and to.tzinfo is None:
            raise ValueError(f"{to} is no time without its zone")
        deadline = monotonic() + timeout
        numbers = self._assigned_by(deadline)
        if number is not None:
            with self._poller.changed:
                self._require([number])
            numbers = (number,)
        for each, offset in self._offsets(to, numbers, deadline).items():
            self._seek(each, offset, deadline)

    def _require(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number not in self._poller.intake.lanes:
                topic = self._poller.topic
                raise ValueError(f"partition {number} of {topic} is not assigned to this consumer")

    def _assigned_by(self, deadline: float) -> tuple[int, ...]:
        """Partitions, waiting for the first of them."""
        poller = self._poller
        with poller.changed:
            while not poller.intake.lanes:
                left = deadline - monotonic()
                if left <= 0 or poller.stopping:
                    raise TimeoutError(f"no partition of {poller.topic} was assigned in time")
                poller.changed.wait(min(left, _TICK))
            return tuple(poller.intake.lanes)

    def _offsets(self, to: Position, numbers: Sequence[int], deadline: float) -> Mapping[int, int]:
        """Where that is in each partition."""
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END

        match to:
            case "beginning":
                return dict.fromkeys(numbers, OFFSET_BEGINNING)
            case "end":
                return dict.fromkeys(numbers, OFFSET_END)
            case datetime():
                milliseconds = int(to.timestamp() * 1000)
                wanted = self._poller.partitions_at((each, milliseconds) for each in numbers)
                left = max(deadline - monotonic(), _TICK)
                client = self._poller.client
                asked = self._poller.call(lambda: client.offsets_for_times(wanted, timeout=left))
                return {each.partition: each.offset for each in asked.result()}
            case int():
                return dict.fromkeys(numbers, to)

    def _seek(self, number: int, offset: int, deadline: float) -> None:
        from confluent_kafka import KafkaError, KafkaException

        poller = self._poller
        (place,) = poller.partitions_at([(number, offset)])

        def seek() -> None:
            with poller.changed:
                self._require([number])
            poller.client.seek(place)
            with poller.changed:
                poller.intake.restart(number)

        while True:
            left = deadline - monotonic()
            try:
                # Where messages come in, so that none of the old place come in afterwards.
                return _within(poller.call(seek), max(left, _TICK))
            except KafkaException as error:
                # Right after it was assigned, the client does not fetch it yet, and refuses.
                if error.args[0].code() != KafkaError._STATE or left <= 0:
                    raise


def _within(future: Future[None], seconds: float) -> None:
    """Wait for a call, or see to it that it is not made any more."""
    try:
        future.result(seconds)
    except TimeoutError:
        future.cancel()
        raise
