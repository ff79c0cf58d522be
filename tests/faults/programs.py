"""What processes do: ``python -m tests.faults.programs JOB LEDGER``.

The events are numbers in text, and the clients are plain ones of confluent_kafka, with the settings
and the order of steps that the typed clients have.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any, assert_never

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from tests.faults.jobs import READY, Consume, Produce, Transform, from_json
from tests.faults.ledger import Entry, Ledger, Step

_POLL_SECONDS = 0.1


class _Ending:
    """Whether the process has been told to end."""

    def __init__(self) -> None:
        self.told = False
        signal.signal(signal.SIGTERM, self._tell)

    def _tell(self, *_: object) -> None:
        self.told = True


def main() -> None:
    """Do the job."""
    job = from_json(sys.argv[1])
    ending = _Ending()
    with Ledger(Path(sys.argv[2])) as ledger:
        match job:
            case Produce():
                _produce(job, ledger)
            case Consume():
                _consume(job, ledger, ending)
            case Transform():
                _transform(job, ledger, ending)
            case _:
                assert_never(job)


def _produce(job: Produce, ledger: Ledger) -> None:
    producer = Producer({"enable.idempotence": True, **job.config})
    print(READY, flush=True)
    for number in range(job.first, job.first + job.count):

        def delivered(error: KafkaError | None, message: Message, number: int = number) -> None:
            step = Step.DELIVERED if error is None else Step.FAILED
            ledger.write(_entry(step, number, message))

        ledger.write(Entry(Step.SENT, number))
        while True:
            try:
                value = f"{number}{' ' * job.padding}"
                producer.produce(job.topic, value, str(number), on_delivery=delivered)
                break
            except BufferError:
                producer.poll(_POLL_SECONDS)
        producer.poll(0)
        if job.per_second:
            time.sleep(1 / job.per_second)
    producer.flush()


def _consumer(config: dict[str, Any], group: str, **more: Any) -> Consumer:
    return Consumer(
        {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "isolation.level": "read_committed",
            **config,
            **more,
        }
    )


def _consume(job: Consume, ledger: Ledger, ending: _Ending) -> None:
    consumer = _consumer(job.config, job.group, **{"enable.auto.offset.store": False})
    consumer.subscribe([job.topic])
    print(READY, flush=True)
    while not ending.told:
        message = consumer.poll(_POLL_SECONDS)
        if message is None or message.error():
            continue
        time.sleep(job.seconds)
        ledger.write(_entry(Step.HANDLED, _number(message), message))
        consumer.store_offsets(message)
    consumer.close()


def _transform(job: Transform, ledger: Ledger, ending: _Ending) -> None:
    producer = Producer({**job.config, "transactional.id": job.identity})
    producer.init_transactions(60)
    consumer = _consumer(job.config, job.group, **{"enable.auto.commit": False})
    consumer.subscribe([job.topic])
    print(READY, flush=True)
    while not ending.told:
        messages = [m for m in consumer.consume(20, _POLL_SECONDS) if not m.error()]
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            time.sleep(job.seconds)
            producer.produce(job.target, message.value(), message.key())
            ledger.write(_entry(Step.HANDLED, _number(message), message))
        ends = {(m.topic(), m.partition()): (m.offset() or 0) + 1 for m in messages}
        offsets = [TopicPartition(str(t), p or 0, offset) for (t, p), offset in ends.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
    consumer.close()


def _number(message: Message) -> int:
    return int(message.value() or b"")


def _entry(step: Step, number: int, message: Message) -> Entry:
    partition, offset = message.partition(), message.offset()
    return Entry(step, number, -1 if partition is None else partition, offset or 0)


if __name__ == "__main__":
    main()
