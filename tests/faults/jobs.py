"""What a process is asked to do, as a value that its command line carries."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

__all__ = ["READY", "Consume", "Job", "Produce", "Style", "Transform", "from_json", "to_json"]

READY: Final = "ready to work"
"""What a process prints when it has begun."""


Style: TypeAlias = Literal["sync", "asyncio"]
"""Clients for threads, or for asyncio."""


def _no_settings() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Produce:
    """Send numbered events, one after the other, then end.

    Attributes:
        topic: where to.
        first: the number of the first.
        count: how many.
        per_second: how fast; 0 for as fast as it goes.
        padding: how many characters each event carries beside its number.
        keys: how many keys there are, in turns; 0 for one of each event.
        style: which of the two producers.
        config: settings of the client.
    """

    topic: str
    first: int = 0
    count: int
    per_second: float = 0
    padding: int = 0
    keys: int = 0
    style: Style = "sync"
    config: dict[str, Any] = field(default_factory=_no_settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consume:
    """Handle events until it is told to end.

    Attributes:
        topic: where from.
        group: the consumer group.
        seconds: how long the handler takes for each.
        dead_letter: the topic for events that cannot be handled; None for none.
        refuse_every: the handler fails for good on events whose number is a multiple; 0 for none.
        retry_every: the handler fails once, and asks to be called again, on events whose number is
            a multiple; 0 for none.
        concurrency: how many events are handled at a time; with more than one, the beginning of
            each is noted as well.
        slow_key: events of this key take half a second; None for none.
        forgetful: whether commits have no metadata.
        style: which of the two consumers.
        config: settings of the client.
    """

    topic: str
    group: str
    seconds: float = 0
    dead_letter: str | None = None
    refuse_every: int = 0
    retry_every: int = 0
    concurrency: int = 1
    slow_key: str | None = None
    forgetful: bool = False
    style: Style = "sync"
    config: dict[str, Any] = field(default_factory=_no_settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """Send an event for each that comes, exactly once, until it is told to end.

    Attributes:
        topic: where from.
        group: the consumer group.
        target: where to.
        identity: the ``transactional.id``.
        seconds: how long the handler takes for each.
        together: messages of a transaction at most.
        style: which of the two clients.
        config: settings of both clients.
    """

    topic: str
    group: str
    target: str
    identity: str
    seconds: float = 0
    together: int = 20
    style: Style = "sync"
    config: dict[str, Any] = field(default_factory=_no_settings)


Job: TypeAlias = Produce | Consume | Transform

_JOBS: Final = {job.__name__: job for job in (Produce, Consume, Transform)}


def to_json(job: Job) -> str:
    """As one argument of a command line."""
    return json.dumps([type(job).__name__, dataclasses.asdict(job)])


def from_json(text: str) -> Job:
    """The job that :func:`to_json` made this of."""
    name, attributes = json.loads(text)
    return _JOBS[name](**attributes)
