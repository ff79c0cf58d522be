"""What processes do: ``python -m tests.faults.programs JOB LEDGER``."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import assert_never

from confluent_kafka import Consumer, Producer, TopicPartition

from avrogen import Message
from tests.faults import asyncio_programs
from tests.faults.handling import Handling, note_delivery
from tests.faults.jobs import READY, Consume, Produce, Transform, from_json
from tests.faults.ledger import Entry, Ledger, Step
from tests.faults.topics import Number, consumer_of, numbered, producer_of


def main() -> None:
    """Do the job."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    job = from_json(sys.argv[1])
    with Ledger(Path(sys.argv[2])) as ledger:
        match job:
            case Produce(style="asyncio"):
                asyncio.run(asyncio_programs.produce(job, ledger))
            case Produce():
                _produce(job, ledger)
            case Consume():
                _consume(job, ledger)
            case Transform():
                _transform(job, ledger)
            case _:
                assert_never(job)


def _produce(job: Produce, ledger: Ledger) -> None:
    with producer_of(job.topic)(job.config, register=True) as events:
        print(READY, flush=True)
        for number in range(job.first, job.first + job.count):
            ledger.write(Entry(Step.SENT, number))
            future = events.send(numbered(number, job.padding))
            future.add_done_callback(note_delivery(ledger, number))
            if job.per_second:
                time.sleep(1 / job.per_second)


def _consume(job: Consume, ledger: Ledger) -> None:
    handling = Handling(job, ledger)

    def handle(message: Message[str, Number]) -> None:
        handling.begin(message)
        time.sleep(job.seconds)
        handling.end(message)

    consumer = consumer_of(job.topic, job.dead_letter)
    with consumer(job.config, group=job.group) as events:
        print(READY, flush=True)
        events.run(handle)


def _transform(job: Transform, ledger: Ledger) -> None:
    """With plain clients: events are sent on as they are."""
    ending = threading.Event()

    def end(*_: object) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    settings = {k: v for k, v in job.config.items() if not k.startswith("schema.registry.")}
    producer = Producer({**settings, "transactional.id": job.identity})
    producer.init_transactions(60)
    consumer = Consumer(
        {
            **settings,
            "group.id": job.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([job.topic])
    print(READY, flush=True)
    while not ending.is_set():
        messages = [m for m in consumer.consume(20, 0.1) if not m.error()]
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            time.sleep(job.seconds)
            producer.produce(job.target, message.value(), message.key())
            number = int(message.key() or b"")
            ledger.write(Entry(Step.HANDLED, number, message.partition() or 0))
        ends = {message.partition() or 0: (message.offset() or 0) + 1 for message in messages}
        offsets = [TopicPartition(job.topic, *end) for end in ends.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
    consumer.close()


if __name__ == "__main__":
    main()
