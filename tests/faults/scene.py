"""What fault tests have in common: a topic, processes around it, and the count in the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.faults.counting import Count, count, numbers
from tests.faults.jobs import Consume, Job, Produce, Transform
from tests.faults.ledger import Step
from tests.faults.moments import until
from tests.faults.workers import Worker
from tests.support.clusters import create_topic, fresh_name

__all__ = ["Scene"]

_SECONDS: Final = 90
"""How long things may take that take a tenth of it."""

_QUICK_GROUPS: Final = {"session.timeout.ms": 1500, "heartbeat.interval.ms": 200}
"""Who is gone is noticed soon; who is only slow for lack of processors is not thought gone."""


class Scene:
    """A topic on real brokers, with whoever sends to it and handles what is there."""

    def __init__(
        self, bootstrap_servers: str, registry_url: str, folder: Path, partitions: int = 4
    ) -> None:
        """Make the topic.

        Args:
            bootstrap_servers: where.
            registry_url: where the schemas are.
            folder: for what processes write.
            partitions: of the topic.
        """
        self.bootstrap_servers = bootstrap_servers
        self._registry_url = registry_url
        self.topic = fresh_name("events")
        self.group = fresh_name("group")
        self.workers: list[Worker] = []
        self._folder = folder
        create_topic(bootstrap_servers, self.topic, partitions)

    def produce(self, count: int, *, config: dict[str, Any] | None = None, **job: Any) -> Worker:
        """Start a process that sends so many events."""
        settings = self.settings(config)
        return self._start(
            "producer", Produce(topic=self.topic, count=count, config=settings, **job)
        )

    def consume(self, *, config: dict[str, Any] | None = None, **job: Any) -> Worker:
        """Start a member of the group."""
        settings = self.settings({**_QUICK_GROUPS, **(config or {})})
        what = Consume(topic=self.topic, group=self.group, config=settings, **job)
        return self._start("consumer", what)

    def transform(
        self,
        target: str,
        identity: str,
        *,
        config: dict[str, Any] | None = None,
        group: str | None = None,
        **job: Any,
    ) -> Worker:
        """Start a member of the group, or of another, that sends on what it gets, exactly once."""
        settings = self.settings({**_QUICK_GROUPS, **(config or {})})
        where: dict[str, Any] = {"topic": self.topic, "group": group or self.group}
        where["target"] = target
        return self._start(
            "transformer", Transform(**where, identity=identity, config=settings, **job)
        )

    def all_handled(self, producer: Worker, consumers: Sequence[Worker]) -> Count:
        """Wait until everything is sent and handled, stop everybody, and count."""
        assert producer.wait(_SECONDS) == 0, producer.printed()
        sent = frozenset(numbers(producer.entries(), Step.DELIVERED))

        def missing() -> frozenset[int]:
            return sent.difference(*(numbers(c.entries(), Step.HANDLED) for c in consumers))

        until(lambda: not missing(), _SECONDS, lambda: f"not handled: {sorted(missing())[:20]}")
        for consumer in consumers:
            if consumer.running:
                assert consumer.stop() == 0, consumer.printed()
        handled = [n for c in consumers for n in numbers(c.entries(), Step.HANDLED)]
        return count(sent, handled)

    def end(self) -> None:
        """End all processes that still run."""
        for worker in self.workers:
            if worker.running:
                worker.kill()

    def _start(self, name: str, job: Job) -> Worker:
        worker = Worker(f"{name}{len(self.workers) + 1}", job, self._folder)
        self.workers.append(worker)
        worker.start()
        return worker

    def settings(self, more: dict[str, Any] | None) -> dict[str, Any]:
        """Settings for clients of the topic, and more of them."""
        where = {
            "bootstrap.servers": self.bootstrap_servers,
            "schema.registry.url": self._registry_url,
        }
        return {**where, **(more or {})}
