"""What processes do with the clients for asyncio."""

from __future__ import annotations

import asyncio

from avrogen import Message
from tests.faults.handling import Handling, note_delivery
from tests.faults.jobs import READY, Consume, Produce, Transform
from tests.faults.ledger import Entry, Ledger, Step
from tests.faults.topics import Number, number_of, numbered, topic_of
from tests.support.clients import async_consumer_of, async_producer_of

__all__ = ["consume", "produce", "transform"]


async def produce(job: Produce, ledger: Ledger) -> None:
    """Send numbered events, one after the other."""
    async with async_producer_of(topic_of(job.topic))(job.config, register=True) as events:
        print(READY, flush=True)
        for number in range(job.first, job.first + job.count):
            ledger.write(Entry(Step.SENT, number))
            future = await events.send(numbered(number, job.padding, job.keys))
            future.add_done_callback(note_delivery(ledger, number))
            if job.per_second:
                await asyncio.sleep(1 / job.per_second)


async def consume(job: Consume, ledger: Ledger) -> None:
    """Handle events until the process is told to end."""
    handling = Handling(job, ledger)

    async def handle(message: Message[str, Number]) -> None:
        handling.begin(message)
        await asyncio.sleep(handling.seconds(message))
        handling.end(message)

    consumer = async_consumer_of(topic_of(job.topic, job.dead_letter))
    async with consumer(job.config, group_id=job.group) as events:
        print(READY, flush=True)
        await events.run(handle, concurrency=job.concurrency)


async def transform(job: Transform, ledger: Ledger) -> None:
    """Send an event for each that comes, exactly once, until the process is told to end."""
    settings = {**job.config, "transactional.id": job.identity}
    async with (
        async_producer_of(topic_of(job.target))(settings, register=True) as output,
        async_consumer_of(topic_of(job.topic))(job.config, group_id=job.group) as events,
    ):

        async def handle(message: Message[str, Number]) -> None:
            await asyncio.sleep(job.seconds)
            await output.send(message.value)
            number = number_of(message.value)
            ledger.write(Entry(Step.HANDLED, number, message.partition, message.offset))

        print(READY, flush=True)
        await events.run_transactional(handle, output, max_records=job.together)
