"""What is delivered to a handler in a test: :class:`Incoming`, :class:`IncomingBytes`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Generic, TypeVar

from avrogen.kafka.message import HeadersLike

__all__ = ["Incoming", "IncomingBytes"]

K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Incoming(Generic[K_co, V_co]):
    """A value with what else a message has.

    Attributes:
        value: the value; None is a tombstone.
        key: the key; None: it is taken from the value, if the topic has a key field.
        headers: pairs, or a mapping.
        partition: which partition it is on. Messages of a partition are handled in order.
        timestamp: when it was sent, with a time zone; None: now.
    """

    value: V_co
    _: KW_ONLY
    key: K_co | None = None
    headers: HeadersLike = ()
    partition: int = 0
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingBytes:
    """A message as bytes that are on the topic, whatever they are.

    Attributes:
        value: the bytes; None is a tombstone.
        key: those of the key; None: it has none.
        headers: pairs, or a mapping.
        partition: which partition it is on.
        timestamp: when it was sent, with a time zone; None: now.
    """

    value: bytes | None
    _: KW_ONLY
    key: bytes | None = None
    headers: HeadersLike = ()
    partition: int = 0
    timestamp: datetime | None = None
