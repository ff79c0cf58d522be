"""Partitions chosen by a function of the user's."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from avrogen.errors import DeliveryError, EncodeError
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.kafka.producer.delivery_errors import delivery_error

if TYPE_CHECKING:
    from confluent_kafka import Producer

__all__ = ["CustomPartitioner", "Partitioner"]

Partitioner: TypeAlias = Callable[[Any, Any, int], int]
"""From a key, a value and the number of partitions to a partition, counted from 0."""

_LIFETIME: Final = 300.0
"""Seconds for which a number is believed; librdkafka asks as often for itself."""

_TIMEOUT_AT_START: Final = 10.0
_TIMEOUT: Final = 2.0  # reports wait meanwhile


class CustomPartitioner:
    """Knows how many partitions a topic has, and has a function choose among them.

    Args:
        producer: who asks the brokers.
        topic: the topic.
        choose: the function.
        clock: seconds that never go back.

    Raises:
        DeliveryError: the topic does not exist, or no broker answers.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        choose: Partitioner,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._choose = choose
        self._clock = clock
        self._asked = clock()
        self._number = self._ask(_TIMEOUT_AT_START)

    def choose(self, key: object, value: object) -> int:
        """The partition for a message.

        Raises:
            EncodeError: the function gave none that there is.
        """
        partition = self._choose(key, value, self._number)
        if not 0 <= partition < self._number:
            raise EncodeError(
                f"the partitioner gave {partition!r}, and {self._topic} has the partitions "
                f"0 to {self._number - 1}"
            )
        return partition

    def refresh(self) -> None:
        """Ask again if it is time to. An old number is better than none."""
        if self._clock() - self._asked >= _LIFETIME:
            self._asked = self._clock()
            with suppress(DeliveryError):
                self._number = self._ask(_TIMEOUT)

    def _ask(self, timeout: float) -> int:
        from confluent_kafka import KafkaException

        try:
            return len(list_partitions(self._producer, self._topic, timeout))
        except KafkaException as exception:
            raise delivery_error(exception.args[0], self._topic, None) from exception
