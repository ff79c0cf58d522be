"""Sending dead letters: one at a time, each waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.config import Settings, producer_settings
from avrogen.kafka.consuming.dead_letters import Origin, headers_for
from avrogen.kafka.producing.failures import delivery_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer
    from confluent_kafka import Message as RawMessage

__all__ = ["DeadLetterSender"]

_TICK: Final = 0.1
_ANY_PARTITION: Final = -1
_METADATA_TIMEOUT: Final = 10.0


class DeadLetterSender:
    """Sends what could not be handled to a topic of its own. Threads may share it.

    Args:
        client: :attr:`avrogen.kafka.config.Configuration.client`.
        topic: the name of the dead-letter topic.
        producer: sends them; None: it makes one for itself when it needs it.
    """

    def __init__(self, client: Settings, topic: str, producer: Producer | None = None) -> None:
        self.topic = topic
        self._settings = _settings(client)
        self._lock = Lock()
        self._producer = producer
        self._partitions = 0

    def send(self, raw: RawMessage, origin: Origin) -> None:
        """Send a message, and wait until it is acknowledged.

        It goes to the partition of the same number, if there is one, or else to that of its key.

        Args:
            raw: the message.
            origin: where it is, and why it goes.

        Raises:
            DeliveryError: it did not get there.
        """
        from confluent_kafka import KafkaError

        with self._lock:
            error = self._sent(raw, origin)
            if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                # As large as messages can be, and there is no room for the account of its end.
                error = self._sent(raw, replace(origin, message="", traceback=""))
        if error is not None:
            raise delivery_error(error, self.topic, raw.key())

    def close(self) -> None:
        """Give back connections. Nothing is under way: each letter is waited for."""
        self._producer = None

    def _sent(self, raw: RawMessage, origin: Origin) -> KafkaError | None:
        """Send a message, and say what went wrong."""
        from confluent_kafka import KafkaException

        producer = self._connected()
        headers = cast("Sequence[tuple[str, bytes | None]]", raw.headers() or ())
        results: list[KafkaError | None] = []
        try:
            producer.produce(
                self.topic,
                value=raw.value(),
                key=raw.key(),
                headers=cast("Any", headers_for(headers, origin)),
                partition=self._partition(producer, cast("int", raw.partition())),
                on_delivery=lambda error, _: results.append(error),
            )
        except KafkaException as error:
            return cast("KafkaError", error.args[0])
        while not results:
            producer.poll(_TICK)
        return results[0]

    def _partition(self, producer: Producer, number: int) -> int:
        from confluent_kafka import KafkaException

        if number >= self._partitions:
            # It may have grown; if it is not there, librdkafka says so when it has waited for it.
            try:
                found = producer.list_topics(self.topic, timeout=_METADATA_TIMEOUT)
            except KafkaException:
                return _ANY_PARTITION
            self._partitions = len(found.topics[self.topic].partitions)
        return number if number < self._partitions else _ANY_PARTITION

    def _connected(self) -> Producer:
        if self._producer is None:
            with comes_with("kafka"):
                from confluent_kafka import Producer
            self._producer = Producer(dict(self._settings))
        return self._producer


def _settings(client: Settings) -> dict[str, object]:
    own = dict(client)
    # A producer with the same id would fence that of the handler.
    own.pop("transactional.id", None)
    # Whatever the broker has taken before should fit again; it says if not.
    own.setdefault("message.max.bytes", 100_000_000)
    settings = producer_settings(own)
    Callbacks(None).put_before_given(settings)
    return settings
