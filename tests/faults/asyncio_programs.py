"""What processes do with the clients for asyncio."""

from __future__ import annotations

import asyncio

from tests.faults.handling import note_delivery
from tests.faults.jobs import READY, Produce
from tests.faults.ledger import Entry, Ledger, Step
from tests.faults.topics import async_producer_of, numbered

__all__ = ["produce"]


async def produce(job: Produce, ledger: Ledger) -> None:
    """Send numbered events, one after the other."""
    async with async_producer_of(job.topic)(job.config, register=True) as events:
        print(READY, flush=True)
        for number in range(job.first, job.first + job.count):
            ledger.write(Entry(Step.SENT, number))
            future = await events.send(numbered(number, job.padding))
            future.add_done_callback(note_delivery(ledger, number))
            if job.per_second:
                await asyncio.sleep(1 / job.per_second)
