"""What processes do: ``python -m tests.faults.programs JOB LEDGER``."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import assert_never

from avrogen import Message
from tests.faults import asyncio_programs
from tests.faults.handling import Handling, note_delivery
from tests.faults.jobs import READY, Consume, Produce, Transform, from_json
from tests.faults.ledger import Entry, Ledger, Step
from tests.faults.topics import Number, number_of, numbered, topic_of
from tests.support.clients import consumer_of, producer_of


def main() -> None:
    """Do the job."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    job = from_json(sys.argv[1])
    with Ledger(Path(sys.argv[2])) as ledger:
        match job:
            case Produce(style="asyncio"):
                asyncio.run(asyncio_programs.produce(job, ledger))
            case Consume(style="asyncio"):
                asyncio.run(asyncio_programs.consume(job, ledger))
            case Transform(style="asyncio"):
                asyncio.run(asyncio_programs.transform(job, ledger))
            case Produce():
                _produce(job, ledger)
            case Consume():
                _consume(job, ledger)
            case Transform():
                _transform(job, ledger)
            case _:
                assert_never(job)


def _produce(job: Produce, ledger: Ledger) -> None:
    with producer_of(topic_of(job.topic))(job.config, register=True) as events:
        print(READY, flush=True)
        for number in range(job.first, job.first + job.count):
            ledger.write(Entry(Step.SENT, number))
            future = events.send(numbered(number, job.padding, job.keys))
            future.add_done_callback(note_delivery(ledger, number))
            if job.per_second:
                time.sleep(1 / job.per_second)


def _consume(job: Consume, ledger: Ledger) -> None:
    handling = Handling(job, ledger)

    def handle(message: Message[str, Number]) -> None:
        handling.begin(message)
        time.sleep(handling.seconds(message))
        handling.end(message)

    consumer = consumer_of(topic_of(job.topic, job.dead_letter))
    with consumer(job.config, group_id=job.group) as events:
        print(READY, flush=True)
        events.run(handle, concurrency=job.concurrency)


def _transform(job: Transform, ledger: Ledger) -> None:
    settings = {**job.config, "transactional.id": job.identity}
    with (
        producer_of(topic_of(job.target))(settings, register=True) as output,
        consumer_of(topic_of(job.topic))(job.config, group_id=job.group) as events,
    ):

        def handle(message: Message[str, Number]) -> None:
            time.sleep(job.seconds)
            output.send(message.value)
            number = number_of(message.value)
            ledger.write(Entry(Step.HANDLED, number, message.partition, message.offset))

        print(READY, flush=True)
        events.run_transactional(handle, output, max_records=job.together)


if __name__ == "__main__":
    main()
