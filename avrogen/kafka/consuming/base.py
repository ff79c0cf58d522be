"""What typed consumers for threads and for asyncio have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from avrogen.errors import TransactionError
from avrogen.kafka.consuming.retry import RetryPolicy

if TYPE_CHECKING:
    from avrogen.kafka.consuming.session import Session
    from avrogen.kafka.observing.counters import ConsumerCounters
    from avrogen.kafka.producing.client import ProducerClient
    from avrogen.kafka.topic import Topic

__all__ = ["DEFAULT_RETRIES", "ConsumerBase", "check_batches", "transactional_client"]

K = TypeVar("K")
V = TypeVar("V")

DEFAULT_RETRIES = RetryPolicy()
"""Where nothing is said of retries."""


class ConsumerBase(Generic[K, V]):
    """A consumer without its loop: what waits for nothing."""

    __slots__ = ("__weakref__", "_session")

    topic: ClassVar[Topic[Any, Any]]
    """The topic."""

    _session: Session[K, V]

    def stop(self) -> None:
        """Have ``run`` or the iteration end when what is in hand is done.

        It may be called from any thread, from handlers and from signal handlers. What is in hand
        longer than ``grace`` counts as not handled: the group is left without waiting for it.
        """
        self._session.stop()

    def assignment(self) -> tuple[int, ...]:
        """The numbers of the partitions that this member has, ascending."""
        return self._session.opened.partitions.assigned()

    def pause(self, *partitions: int) -> None:
        """Handle no messages of these partitions; of none at all, if no numbers are given.

        The member keeps its partitions. One that is given up and comes back is not paused.

        Raises:
            ValueError: one is not assigned.
        """
        self._session.opened.partitions.hold(partitions)

    def resume(self, *partitions: int) -> None:
        """The reverse of :meth:`pause`.

        Raises:
            ValueError: one is not assigned.
        """
        self._session.opened.partitions.unhold(partitions)

    def counters(self) -> ConsumerCounters:
        """What this consumer has done so far."""
        return self._session.counters()

    def statistics(self) -> dict[str, Any] | None:
        """What librdkafka counts, if ``statistics.interval.ms`` is set; None: nothing yet."""
        return self._session.statistics()


def check_batches(max_records: int, max_wait: float) -> None:
    """Refuse batches without messages, and without end.

    Raises:
        ValueError: those.
    """
    if max_records < 1 or not 0 <= max_wait < float("inf"):
        raise ValueError("a batch has at least one message, and does not wait for ever")


def transactional_client(producer: Any) -> ProducerClient:
    """The client of a producer that has transactions.

    Raises:
        TransactionError: it has none.
    """
    client: ProducerClient = producer if hasattr(producer, "producer") else producer.client
    if client.transactions is None:
        raise TransactionError(
            'the producer has no "transactional.id" in its settings, which transactions need'
        )
    return client
