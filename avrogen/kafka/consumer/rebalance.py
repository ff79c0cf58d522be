"""Partitions come and go: what the client calls back, in the poller's thread.

The client itself assigns and gives up partitions when a callback returns (confluent-kafka's
``Consumer_rebalance_cb``), by whichever protocol the group has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread, RawPartitionQueue
    from avrogen.kafka.observability.observer import Observer, Partition

__all__ = ["RebalanceListener"]

_TICK = 0.05

_REBALANCING = ("ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "STALE_MEMBER_EPOCH")
"""What a group says that would take a commit a little later."""


class RebalanceListener:
    """What a poller does when partitions come and go.

    Args:
        poller: whose partitions.
        group: the name of the consumer group.
        auto_commit: whether offsets of what was handled are committed before it is given up. It may
            be changed.
        grace: seconds that messages in hand are waited for. It may be changed.
        observer: who is told.
    """

    def __init__(
        self,
        poller: ConsumerPollThread,
        *,
        group: str,
        auto_commit: bool,
        grace: float,
        observer: Observer | None,
    ) -> None:
        self._poller = poller
        self._group = group
        self.auto_commit = auto_commit
        self.grace = grace
        self._observer = observer
        self._failure: Exception | None = None

    def subscribe(self) -> None:
        """Have the client join the group, and call back from then on."""
        self._poller.client.subscribe(
            [self._poller.topic],
            on_assign=self._kept(self._assigned),
            on_revoke=self._kept(self._revoked),
            on_lost=self._kept(self._lost),
        )

    def raise_failure(self) -> None:
        """Raise what went wrong in a callback: the client would make a SystemError of it."""
        if self._failure is not None:
            raise self._failure

    def commit_before_leaving(self) -> None:
        """Commit what was handled, as soon as the group takes it.

        While the group rebalances, it takes no commits of the generation before, and a member
        becomes one of the next by polling. Whoever leaves without that has all that it has handled
        since its last commit handled again.
        """
        poller = self._poller
        deadline = monotonic() + self.grace
        while self.auto_commit:
            with poller.changed:
                lanes = list(poller.intake.queues.values())
            refusal = self._commit(lanes)
            if refusal not in _REBALANCING or monotonic() > deadline:
                return
            poller.client.poll(_TICK)

    def _kept(self, callback: Callable[[list[int]], None]) -> Callable[[Any, list[Any]], None]:
        def call(_client: object, partitions: list[Any]) -> None:
            try:
                callback([each.partition for each in partitions])
            except Exception as error:
                self._failure = error

        return call

    def _assigned(self, numbers: list[int]) -> None:
        poller = self._poller
        with poller.changed:
            poller.intake.assign(numbers)
        self._tell(logging.INFO, "consumer.assigned", numbers)
        if self._observer is not None:
            self._observer.assigned(self._named(numbers), self._group)

    def _revoked(self, numbers: list[int]) -> None:
        lanes = self._removed(numbers)
        self._wait_for(lanes)
        for lane in lanes:
            lane.lost = True
        if self.auto_commit:
            self._commit(lanes)
        self._tell(logging.INFO, "consumer.revoked", numbers)
        if self._observer is not None:
            self._observer.revoked(self._named(numbers), self._group)

    def _lost(self, numbers: list[int]) -> None:
        # Somebody else has them by now. What is committed here would be taken for theirs.
        for lane in self._removed(numbers):
            lane.lost = True
        self._tell(logging.WARNING, "consumer.lost", numbers)
        if self._observer is not None:
            self._observer.lost(self._named(numbers), self._group)

    def _removed(self, numbers: list[int]) -> list[RawPartitionQueue]:
        with self._poller.changed:
            return self._poller.intake.remove(numbers)

    def _wait_for(self, lanes: Sequence[RawPartitionQueue]) -> None:
        """Let messages in hand be finished, so that nobody else handles them again."""
        poller = self._poller
        deadline = monotonic() + self.grace
        while True:
            with poller.changed:
                in_hand = [lane.partition for lane in lanes if lane.in_progress]
                if not in_hand:
                    return
                left = deadline - monotonic()
                if left <= 0:
                    break
                poller.changed.wait(min(left, _TICK))
            # Whoever has them in hand may be waiting for an answer to one of these.
            poller.calls.serve()
        self._tell(logging.WARNING, "consumer.revoke_overdue", in_hand, grace=self.grace)

    def _commit(self, lanes: Sequence[RawPartitionQueue]) -> str | None:
        """Commit what of these lanes was handled; the name of the error if that was refused."""
        from confluent_kafka import KafkaException

        offsets = [
            (lane.partition, lane.next_offset) for lane in lanes if lane.next_offset is not None
        ]
        if not offsets:
            return None
        client, partitions = self._poller.client, self._poller.partitions_at(offsets)
        # The client's callback for commits tells of it. What could not be committed is handled
        # again by whoever has the partition next.
        try:
            client.store_offsets(offsets=partitions)
            client.commit(offsets=partitions, asynchronous=False)
        except KafkaException as error:
            refusal: str = error.args[0].name()
            return refusal
        return None

    def _tell(self, level: int, event: str, numbers: list[int], grace: float | None = None) -> None:
        topic, group = self._poller.topic, self._group
        log_event(level, event, topic=topic, group=group, partitions=numbers, grace=grace)

    def _named(self, numbers: list[int]) -> list[Partition]:
        return [(self._poller.topic, number) for number in numbers]
