"""The partitions of an open consumer: which there are, pausing, seeking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import Final

from avrogen.kafka.consuming.client_errors import consume_error
from avrogen.kafka.consuming.poller import Poller
from avrogen.kafka.consuming.seeking import Position, move

__all__ = ["Partitions"]

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


def _within(future: Future[None], deadline: float) -> None:
    """Wait for a call, or see to it that it is not made any more."""
    try:
        future.result(max(deadline - monotonic(), _TICK))
    except TimeoutError:
        future.cancel()
        raise
