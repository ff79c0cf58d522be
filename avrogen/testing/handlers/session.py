"""An open consumer without Kafka: :class:`HandlerSession`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.poll_thread import Poller
from avrogen.kafka.consumer.session import Session
from avrogen.testing.handlers.clocked import Clock, ClockedPoller
from avrogen.testing.handlers.encoding import Delivery, TopicWriter
from avrogen.testing.handlers.outcome import Outcome
from avrogen.testing.handlers.recording import LetterBox, Recorder
from avrogen.testing.registry.memory import MemoryRegistry

if TYPE_CHECKING:
    from avrogen.errors import ConsumeError
    from avrogen.kafka.topic import Topic

__all__ = ["HandlerOptions", "HandlerSession"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """What a consumer is told that matters to its handler; see ``TopicConsumer``."""

    topic: Topic[Any, Any]
    group: str
    retry: RetryPolicy
    on_poison: OnPoison


class HandlerSession(Session[K, V]):
    """What consumers have while they are open, with messages that are there from the start.

    Args:
        options: how it consumes.
        deliveries: the messages.
        wake: called when there may be something to take.

    Raises:
        EncodeError: one is no message of this topic.
        ConfigurationError: an option cannot be.
    """

    def __init__(
        self,
        options: HandlerOptions,
        deliveries: Sequence[Delivery[V, K]],
        *,
        wake: Callable[[], None],
    ) -> None:
        registry = MemoryRegistry()
        topic = options.topic
        letters = None if topic.dead_letter is None else LetterBox(topic.dead_letter)
        self._recorder = Recorder(letters)
        super().__init__(
            topic,
            {"bootstrap.servers": "none"},
            group=options.group,
            retry=options.retry,
            on_poison=options.on_poison,
            commit="after-handling",
            grace=30.0,
            registry=registry,
            observer=self._recorder,
            wake=wake,
        )
        self.dead_letters = letters
        self._clock = Clock()
        self.handling.clock = self._clock
        self.handling.chance = lambda: 0.5  # in the middle: no jitter
        write = TopicWriter(topic, registry).write
        self._deliveries = [(write(given), given) for given in deliveries]

    def _make_poller(self) -> Poller:
        return ClockedPoller(
            self.topic.name,
            group=self.group,
            messages=[raw for raw, _ in self._deliveries],
            clock=self._clock,
            wake=self._wake,
        )

    def outcome(self, stopped: ConsumeError | None) -> Outcome[K, V]:
        """What came of it.

        Args:
            stopped: what the loop has raised.

        Raises:
            AssertionError: the handler did. It is a test that says so, and no service.
        """
        if self._recorder.asserted is not None:
            raise self._recorder.asserted
        lanes = self.opened.poller.intake.lanes.values()
        waiting = {id(raw) for lane in lanes for raw in lane.waiting}
        return Outcome(
            handled=self._recorder.handled,
            retries=self._recorder.retries,
            dead_letters=self._recorder.dead_letters,
            stopped=stopped,
            unhandled=[given for raw, given in self._deliveries if id(raw) in waiting],
        )
