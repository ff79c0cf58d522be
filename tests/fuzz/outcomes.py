"""What comes of bytes: a value or an error, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from avrogen import DecodeError, Incompatibility, ResolutionError

__all__ = ["Failure", "Find", "Outcome", "Value", "outcome_of"]

LONGEST = 4000
"""Characters of a message with its path. Names of the schemas here are short."""


class Find(Exception):
    """Something that must not be."""


@dataclass(frozen=True)
class Value:
    """Bytes have been read."""

    value: Any


@dataclass(frozen=True)
class Failure:
    """Bytes have been refused."""

    message: str
    path: str
    offset: int
    incompatibilities: tuple[Incompatibility, ...] = ()


Outcome: TypeAlias = Value | Failure


def outcome_of(read: Callable[[], Any], size: int) -> Outcome:
    """What comes of reading so many bytes.

    Raises:
        Find: another exception than DecodeError, or one that is not as it should be.
    """
    try:
        return Value(read())
    except DecodeError as error:
        text = str(error)
        if not error.path.startswith("$") or not 0 <= error.offset <= size:
            raise Find(f"no place in {size} bytes: {text}") from error
        if not text.isprintable() or len(text) > LONGEST:
            raise Find(f"no line for a log: {text[:200]!r}") from error
        found = error.incompatibilities if isinstance(error, ResolutionError) else ()
        return Failure(error.message, error.path, error.offset, found)
    except Exception as error:
        raise Find(f"{type(error).__name__}: {error}"[:500]) from error
