"""Bases of the emitters, for the modules that emit single operations.

An emitter generates the source of one function and of all that it calls. Modules for leaves and
containers accept one of these bases; the emitters import those modules, not the reverse.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Final

from avrogen.codec import plan
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.python_backend.encoder_runtime import FallBack
from avrogen.codec.python_backend.source_builder import InliningPolicy, SourceBuilder

__all__ = ["BaseDecoderEmitter", "BaseEncoderEmitter"]

_MOST_RECORDS: Final = 3_000
"""Compiling a record takes about a millisecond. Plans with more are interpreted."""


class _Emitter:
    """Source for one plan.

    Attributes:
        plan: the plan.
        source: the source so far.
    """

    def __init__(self, plan_: plan.Plan) -> None:
        self.plan = plan_
        self.source = SourceBuilder()
        self._policy = InliningPolicy(plan_)
        self._inlined = 0

    @property
    def is_too_large(self) -> bool:
        """True if the interpreter does everything, as compiling the plan would take too long."""
        return len(self.plan.records) > _MOST_RECORDS

    def refuse_if(self, condition: str) -> None:
        """Emit a check that leaves the datum to the interpreter."""
        self.source.line(f"if {condition}: {self.refusal()}")

    def refusal(self) -> str:
        """Return the statement that leaves the datum to the interpreter."""
        return f"raise {self.source.bind(FallBack, 'fall_back')}"


class BaseEncoderEmitter(_Emitter):
    """Source that encodes values.

    Attributes:
        interpreter: encodes the values that the source leaves to it.
    """

    def __init__(self, plan_: plan.Plan) -> None:
        super().__init__(plan_)
        self.interpreter = InterpretedEncoder(plan_)

    def interpreted(self, operation: plan.Operation) -> str:
        """Return the name of a function ``(value, left) -> bytes`` that interprets an operation."""
        write = partial(self.interpreter.write_part, operation)
        return self.source.bind(write, "interpret")


class BaseDecoderEmitter(_Emitter, ABC):
    """Source that decodes values.

    Attributes:
        interpreter: decodes the data that the source leaves to it.
        minimum_sizes: fewest bytes of the plan's operations.
        ahead: name of the next byte, if that has been read already; ``p`` is then after it.
        has_text: the source has the data as ``text`` as well, a character for each byte. A slice of
            it is a string already if it is ASCII.
    """

    def __init__(self, plan_: plan.Plan) -> None:
        super().__init__(plan_)
        self.interpreter = InterpretedDecoder(plan_)
        self.minimum_sizes = self.interpreter.minimum_sizes
        self.ahead: str | None = None
        self.has_text = False

    def interpret(self, operation: plan.Operation, target: str) -> None:
        """Emit the reading of one value without inner values by the interpreter."""
        read = self.source.bind(partial(self.interpreter.read_part, operation), "interpret")
        self.source.line(f"{target}, p = {read}(data, p)")

    def byte(self) -> str:
        """Emit the reading of the next byte, with ``p`` after it. Return its name."""
        if self.ahead is not None:
            name, self.ahead = self.ahead, None
        else:
            name = self.source.variable()
            self.source.line(f"{name} = data[p]; p += 1")
        return name

    @abstractmethod
    def read(
        self, operation: plan.Operation, target: str, *, then: plan.Operation | None = None
    ) -> None:
        """Emit the reading of a value into ``target``, anything that can be assigned to.

        Args:
            operation: reads the value.
            target: a variable, an attribute or an item.
            then: reads what follows in any case.
        """

    @abstractmethod
    def routine(self, operation: plan.Operation, *, skipping: bool = False) -> str:
        """Return the name of a function that gives a value and ``p``.

        Its parameters are ``data, p, size, left``, and ``text`` if there is one.
        """

    @abstractmethod
    def call(self, operation: plan.Operation, target: str, *, skipping: bool = False) -> None:
        """Emit the call of a function of its own."""

    @abstractmethod
    def record_or_call(
        self, operation: plan.Call, key: str, target: str, *, skipping: bool = False
    ) -> None:
        """Emit a record where it is used, or the call of a function of its own."""

    @abstractmethod
    def union(
        self,
        union: plan.UnionOperation,
        target: str,
        *,
        then: plan.Operation | None = None,
        skipping: bool = False,
    ) -> None:
        """Emit the reading or skipping of a union."""
