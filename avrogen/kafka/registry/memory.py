"""A dictionary that forgets: what was not used for longest, and what has expired."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

__all__ = ["Memory"]

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key, for any number of threads.

    Args:
        capacity: how many there are at most.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """The value; None: there is none, or it has expired."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            value, expiry = found
            if monotonic() >= expiry:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: Hashable, value: T, lifetime: float = float("inf")) -> None:
        """Keep a value for so many seconds, as long as there is room."""
        with self._lock:
            self._kept[key] = value, monotonic() + lifetime
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Keep it no longer."""
        with self._lock:
            self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)
