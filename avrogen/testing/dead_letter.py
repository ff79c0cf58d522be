"""A message that could not be handled, for tests to look at: :class:`DeadLetter`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from avrogen.kafka.consumer.dead_letters import Origin
    from avrogen.kafka.message import Headers

__all__ = ["DeadLetter"]

K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeadLetter(Generic[K_co, V_co]):
    """A message on a topic for dead letters.

    Attributes:
        key: its key; None: it has none, or it cannot be read.
        value: its value; None: it cannot be read, or is a tombstone.
        raw_key: the bytes of its key.
        raw_value: the bytes of its value.
        headers: all of its headers: its own, and those that say what happened
            (``__connect.errors.*``).
        origin: what these say: ``stage``, ``error`` (the type of the exception), ``message`` (its
            text), ``traceback``, and where the message was.
    """

    key: K_co | None
    value: V_co | None
    raw_key: bytes | None
    raw_value: bytes | None
    headers: Headers
    origin: Origin

    def __repr__(self) -> str:
        what = self.raw_value if self.value is None else self.value
        origin = self.origin
        return f"<DeadLetter {what!r}: {origin.stage} {origin.error}: {origin.message}>"
