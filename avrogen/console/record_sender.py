"""Delivery of checked records to a topic."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.errors import DeliveryError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.cluster_metadata import ANY_PARTITION
from avrogen.kafka.producer.delivery_errors import SizeLimits, delivery_error
from avrogen.kafka.producer.producer_client import ProducerClient

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.console.record_input import CheckedRecords, OutgoingRecord

__all__ = ["send_records"]

_NOW: Final = 0
_PAUSE: Final = 0.02
_GRACE: Final = 1.0
"""Seconds for records in flight after Ctrl-C."""


def send_records(
    config: Settings, topic: str, records: CheckedRecords, timeout: float
) -> tuple[int, DeliveryError | None]:
    """Send all records, and wait until they are delivered.

    Args:
        config: client properties.
        topic: name of the topic, which exists.
        records: the records.
        timeout: seconds within which a record must be delivered, unless the properties say so.

    Returns:
        Number of delivered records, and the first error; after it, no more records are sent.

    Raises:
        ConfigurationError: invalid client properties.
    """
    settings = {name: value for name, value in config.items() if name != "transactional.id"}
    if not {"delivery.timeout.ms", "message.timeout.ms"} & settings.keys():
        settings["delivery.timeout.ms"] = int(timeout * 1000)
    with ProducerClient(settings) as client:
        sending = _Sending(client, topic)
        try:
            for _, record in records:
                if sending.error is None:
                    sending.send(record)
            client.wait_until_empty(client.delivery_timeout)
        except KeyboardInterrupt:
            client.close(_GRACE)
            return sending.delivered, DeliveryError("interrupted", topic=topic)
        return sending.delivered, sending.error


class _Sending:
    """Records on their way.

    Attributes:
        delivered: number of delivered records.
        error: the first error.
    """

    def __init__(self, client: ProducerClient, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._limits = SizeLimits(client.message_size, client.fit_batches(topic))
        self.delivered = 0
        self.error: DeliveryError | None = None

    def send(self, record: OutgoingRecord) -> None:
        from confluent_kafka import KafkaException

        def report(error: KafkaError | None, _: object) -> None:
            if error is None:
                self.delivered += 1
            else:
                self._fail(error, record)

        deadline = monotonic() + (self._client.delivery_timeout or 0)
        while self.error is None:
            try:
                self._client.produce(
                    self._topic,
                    record.value,
                    record.key,
                    ANY_PARTITION if record.partition is None else record.partition,
                    timestamp=_NOW if record.timestamp is None else record.timestamp,
                    headers=cast("Any", list(record.headers)),
                    on_delivery=report,
                )
                return
            except BufferError as error:
                # The queue is full: its messages are delivered, or fail in time.
                if self._client.delivery_timeout and monotonic() > deadline + 1:
                    self.error = DeliveryError(f"not delivered: {error}", topic=self._topic)
                sleep(_PAUSE)
            except KafkaException as exception:
                self._fail(exception.args[0], record)

    def _fail(self, error: KafkaError, record: OutgoingRecord) -> None:
        if self.error is None:
            self.error = delivery_error(
                error,
                self._topic,
                record.key,
                connection=self._client.connection,
                size=len(record.key or b"") + len(record.value or b""),
                limits=self._limits,
            )
