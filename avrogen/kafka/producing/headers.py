"""Headers of a message, from all who have some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from avrogen.errors import EncodeError
from avrogen.kafka.message import HeadersLike
from avrogen.kafka.observing.trace_context import TRACEPARENT, current_trace

if TYPE_CHECKING:
    from avrogen.kafka.message import HeaderLike

__all__ = ["Composer", "HeadersOf", "pairs"]

HeadersOf: TypeAlias = "HeadersLike | Callable[[Any], HeadersLike | None] | None"
"""Headers of every message: always the same, or what a function gives for its value."""


class Composer:
    """Puts the headers of messages together.

    Args:
        every: what the producer adds to every message.

    Raises:
        EncodeError: a name or a value is none.
    """

    def __init__(self, every: HeadersOf) -> None:
        self._of_value = every if callable(every) else None
        self._always = [] if callable(every) else pairs(every)

    def composed(self, value: object, own: HeadersLike | None) -> list[HeaderLike]:
        """The headers of a message: those of every one, its own, and the trace it belongs to.

        Args:
            value: the message's value.
            own: what is given for this message. A trace context among these is not replaced.

        Raises:
            EncodeError: a name or a value is none.
        """
        headers = self._always.copy()
        if self._of_value is not None:
            headers += pairs(self._of_value(value))
        if own is not None:
            headers += pairs(own)
        trace = current_trace.get()
        if trace is not None and all(name != TRACEPARENT for name, _ in headers):
            headers += trace.headers()
        return headers


def pairs(headers: HeadersLike | None) -> list[HeaderLike]:
    """Headers as Kafka has them.

    Raises:
        EncodeError: a name or a value is none.
    """
    if headers is None:
        return []
    # A mapping is iterable too, and then its keys could be pairs: to type checkers, not here.
    items = (
        cast("Mapping[str, object]", headers).items() if isinstance(headers, Mapping) else headers
    )
    return [(_name(name), _value(name, value)) for name, value in items]


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise EncodeError(f"the name of a header is a str, not {type(name).__qualname__}")
    return name


def _value(name: str, value: object) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case str():
            return value.encode()
        case _:
            raise EncodeError(
                f'the header "{name}" is str, bytes or None, not {type(value).__qualname__}'
            )
