"""Partitions chosen by a function of the user: :class:`CustomPartitioner`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from avrogen.errors import DeliveryError, EncodeError
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.message_text import shortened

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from avrogen.kafka.callbacks import ConnectionState

__all__ = ["CustomPartitioner", "Partitioner", "require_partition"]

Partitioner: TypeAlias = Callable[[Any, Any, int], int]
"""Function from a key, a value and the number of partitions to a partition, from 0."""

_LIFETIME: Final = 300.0
"""Seconds for which the number of partitions is cached, as in librdkafka."""

_TIMEOUT_AT_START: Final = 10.0
_TIMEOUT: Final = 2.0  # delivery reports wait meanwhile


_MOST_PARTITION: Final = 2**31 - 1


def require_partition(partition: object) -> None:
    """Check the number of a partition before it goes to librdkafka.

    Raises:
        EncodeError: it is no int, or no number of a partition.
    """
    if not isinstance(partition, int) or isinstance(partition, bool):
        kind = type(partition).__qualname__
        raise EncodeError(f"partition: expected an int, got {shortened(partition)} ({kind})")
    if not 0 <= partition <= _MOST_PARTITION:
        raise EncodeError(f"partition must be >= 0 and < 2**31, got {partition}")


class CustomPartitioner:
    """Chooses partitions with a function, among the current number of partitions.

    Args:
        producer: client for metadata.
        topic: name of the topic.
        choose: the function.
        clock: monotonic clock, in seconds.
        connection: errors of connections to brokers, which may explain a timeout.

    Attributes:
        producer: client for metadata, which is set when it is replaced.

    Raises:
        DeliveryError: the topic does not exist, or no response of the brokers.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        choose: Partitioner,
        clock: Callable[[], float] = time.monotonic,
        connection: ConnectionState | None = None,
    ) -> None:
        self.producer = producer
        self._topic = topic
        self._choose = choose
        self._clock = clock
        self._connection = connection
        self._fetched_at = clock()
        self._partitions = self._fetch(_TIMEOUT_AT_START)

    def choose(self, key: object, value: object) -> int:
        """Return the partition for a message.

        Raises:
            EncodeError: the function returned no int, or a partition that does not exist.
        """
        partition = cast("object", self._choose(key, value, self._partitions))
        if not isinstance(partition, int) or isinstance(partition, bool):
            kind = type(partition).__qualname__
            raise EncodeError(f"partitioner: expected an int, got {shortened(partition)} ({kind})")
        if not 0 <= partition < self._partitions:
            raise EncodeError(
                f"partitioner returned {partition!r}, but {self._topic} has the partitions "
                f"0 to {self._partitions - 1}"
            )
        return partition

    def refresh(self) -> None:
        """Fetch the number of partitions if it is old. If that fails, the old number stays."""
        if self._clock() - self._fetched_at >= _LIFETIME:
            self._fetched_at = self._clock()
            with suppress(DeliveryError):
                self._partitions = self._fetch(_TIMEOUT)

    def _fetch(self, timeout: float) -> int:
        from confluent_kafka import KafkaException

        try:
            return len(list_partitions(self.producer, self._topic, timeout))
        except KafkaException as exception:
            raise delivery_error(
                exception.args[0], self._topic, None, connection=self._connection
            ) from exception
