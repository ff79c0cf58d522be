"""What is timed: expressions, as they stand in a program that uses a library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import thread_time
from timeit import Timer
from typing import Any

__all__ = ["Job", "Jobs", "Unable"]


@dataclass(frozen=True)
class Job:
    """An expression, and what its names mean."""

    expression: str
    names: Mapping[str, object]

    def run(self) -> Any:
        """Evaluate it once."""
        return eval(self.expression, dict(self.names))

    def timer(self) -> Timer:
        """A loop around it; counts what this thread computes, and not what others do meanwhile."""
        return Timer(self.expression, timer=thread_time, globals=dict(self.names))


@dataclass(frozen=True)
class Jobs:
    """What a contender does with a workload.

    Attributes:
        encode: gives bytes.
        decode: reads those bytes.
        evolve: reads what an older writer wrote; None if it cannot.
        equal: whether what was read is the same as a plain value.
        header: how many bytes there are before Avro's; None if the format is none of Avro's.
    """

    encode: Job
    decode: Job
    evolve: Job | None
    equal: Callable[[Any, Any], bool]
    header: int | None = 0


class Unable(Exception):
    """A contender cannot do a workload, for the reason that it says."""
