"""Forks of a process with threads: :func:`renew_after_fork`, :func:`load_before_fork`.

A child of ``os.fork()`` has the memory of its parent and one of its threads. A lock that another
thread held at that moment stays locked for ever, and what that thread was about to do never comes.
So owners of locks name a function that replaces them in the child. Python's own locks of modules
that another thread is importing cannot be replaced: such imports are finished before the fork.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar

__all__ = ["load_before_fork", "renew_after_fork"]

T = TypeVar("T")

_renewals: Final[dict[int, tuple[weakref.ref[Any], Callable[[Any], None]]]] = {}
"""Functions by the id of the object to call them with, while it exists."""


def renew_after_fork(owner: T, renew: Callable[[T], None]) -> None:
    """Call a function in each forked process, before anything else there uses the owner.

    Args:
        owner: its argument, of which no reference is kept.
        renew: replaces locks, and forgets what other threads were doing.
    """
    key, renewals = id(owner), _renewals

    def forget(_: weakref.ref[T]) -> None:
        renewals.pop(key, None)

    renewals[key] = weakref.ref(owner, forget), renew


_modules: Final[list[str]] = []


def load_before_fork(*modules: str) -> None:
    """Import modules before the next fork. They are those that are imported on first use."""
    _modules.extend(modules)


def _load_all() -> None:
    while _modules:
        import_module(_modules[-1])  # waits for a thread that is importing it
        _modules.pop()


def _renew_all() -> None:
    for reference, renew in list(_renewals.values()):
        owner = reference()
        if owner is not None:
            renew(owner)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_load_all, after_in_child=_renew_all)
