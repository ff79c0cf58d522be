"""How fast concurrent handling is: ``python benchmarks/concurrency.py [--rounds N]``.

A handler that waits 10 ms, and one that does nothing, for events of 1,000 keys on the embedded
broker, in this process. Everybody has a turn in each round; ``README.md`` beside this file explains
the table.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from confluent_kafka import Producer  # noqa: E402 - needs the path above

from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer  # noqa: E402 - as above
from avrogen.kafka.consumer.consumer import TopicConsumer  # noqa: E402 - as above
from avrogen.kafka.registry.connection import connect  # noqa: E402 - as above
from avrogen.kafka.registry.protocol import SchemaText  # noqa: E402 - as above
from avrogen.kafka.topic import Topic  # noqa: E402 - as above
from benchmarks.clients.setting import Setting, on_embedded_broker  # noqa: E402 - as above
from benchmarks.codecs.packages import Packages  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

KEYS = 1000

Style: TypeAlias = Literal["threads", "asyncio"]
STYLES: Sequence[Style] = ("threads", "asyncio")


class Runner(NamedTuple):
    """Somebody who handles events.

    Attributes:
        style: of the consumer.
        slots: messages at the same time; 1: as without concurrency.
    """

    style: Style
    slots: int


class Figures(NamedTuple):
    """What a turn has shown.

    Attributes:
        wall: seconds for a message.
        cpu: seconds of processor time for one, of all threads, the broker's too.
    """

    wall: float
    cpu: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure handling of messages at the same time.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed (5)")
    parser.add_argument("--messages", type=int, default=10_000, help="each time (10,000)")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print("| handler | partitions | slots | threads/s | µs CPU | asyncio/s | µs CPU |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        workload = next(w for w in workloads(Packages(Path(folder))) if w.name == "W1")
        for seconds in (0.01, 0.0):
            for partitions in (1, 6):
                with on_embedded_broker(workload, partitions) as setting:
                    deliver(setting, options.messages)
                    for line in _lines(setting, seconds, options.rounds, options.messages):
                        print(line, flush=True)


def deliver(setting: Setting, number: int) -> None:
    """Put events on the topic, and the schema into the registry."""
    registry = connect({"url": setting.config["schema.registry.url"]})
    registry.register(f"{setting.topic}-value", SchemaText(setting.schema))
    registry.close()
    producer = Producer(setting.client_config)
    data = setting.encoded
    for count in range(number):
        while True:
            try:
                key = count % KEYS
                producer.produce(setting.topic, data, str(key), key % setting.partitions)
                break
            except BufferError:
                producer.poll(0.01)
    producer.flush()


def _lines(setting: Setting, seconds: float, rounds: int, messages: int) -> Iterator[str]:
    slots = (1, 64)
    everybody = [Runner(style, number) for number in slots for style in STYLES]
    found: dict[Runner, list[Figures]] = {runner: [] for runner in everybody}
    for number in range(rounds + 1):
        for runner in everybody if number % 2 else reversed(everybody):
            # One at a time, 10 ms each: as many would take minutes.
            count = messages // 25 if seconds and runner.slots == 1 else messages
            figures = _turn(setting, runner, seconds, count, f"{runner} {number}")
            if number:  # in the first, codecs are compiled
                found[runner].append(figures)
    for each in slots:
        cells = [f"{seconds * 1000:.0f} ms", str(setting.partitions), str(each)]
        for style in STYLES:
            turns = found[Runner(style, each)]
            cells.append(f"{1 / median(turn.wall for turn in turns):,.0f}")
            cells.append(f"{median(turn.cpu for turn in turns) * 1e6:.1f}")
        yield "| " + " | ".join(cells) + " |"


class _Stopwatch:
    """Counts messages, and stops the consumer after the last one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._count = 0
        self._lock = threading.Lock()
        self._began = self._ended = (0.0, 0.0)
        self.consumer: Any = None

    def handled(self) -> None:
        """Count a message."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._began = time.perf_counter(), time.process_time()
            elif self._count == self._number:
                self._ended = time.perf_counter(), time.process_time()
                self.consumer.stop()

    def figures(self) -> Figures:
        """From the first message to the last."""
        wall, cpu = (b - a for a, b in zip(self._began, self._ended, strict=True))
        return Figures(wall / (self._number - 1), cpu / (self._number - 1))


def _turn(setting: Setting, runner: Runner, seconds: float, number: int, group: str) -> Figures:
    watch = _Stopwatch(number)
    topic: Topic[Any, Any] = Topic(setting.topic, value=(setting.owner,), key="string")
    base = TopicConsumer if runner.style == "threads" else AsyncTopicConsumer
    typed: Any = type("Typed", (base,), {"__slots__": (), "topic": topic})
    config = {**setting.config, "log_level": 0}
    watch.consumer = typed(config, group_id=group, signals=False)
    gc.collect()
    if runner.style == "threads":

        def handle(_message: Any) -> None:
            if seconds:
                time.sleep(seconds)
            watch.handled()

        with watch.consumer as consumer:
            consumer.run(handle, concurrency=runner.slots)
        return watch.figures()

    async def handle_async(_message: Any) -> None:
        if seconds:
            await asyncio.sleep(seconds)
        watch.handled()

    async def run() -> None:
        async with watch.consumer as consumer:
            await consumer.run(handle_async, concurrency=runner.slots)

    asyncio.run(run())
    return watch.figures()


if __name__ == "__main__":
    main()
