"""Checked access to objects of confluent-kafka, whose C code does not survive every byte and text.

Brokers deliver what any client has written. The name of a header that is not UTF-8 makes
``Message.headers`` raise, and whoever touches the result of a second call ends the process
(``c_headers_to_py``). The text of an error may come from a broker, too.

In the other direction, half of a surrogate pair in a header name, the name of a property or a group
id ends the process, and a NUL character cuts a text.

Sources: ``confluent_kafka.c``, ``Consumer.c`` and ``Producer.c`` of confluent-kafka-python.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Header

__all__ = [
    "UNREADABLE_NAME",
    "error_text",
    "refusal_text",
    "repair_headers",
    "sizes_of",
    "text_problem",
]

UNREADABLE_NAME: Final = "\N{REPLACEMENT CHARACTER}"
"""Name of a header whose own name is not UTF-8. Java's client puts it for each invalid byte."""


def repair_headers(raw: RawMessage) -> None:
    """Make the headers of a message safe to read, any number of times.

    Headers whose name is not UTF-8 get the name :data:`UNREADABLE_NAME`, and keep their value and
    place. Every message that was consumed must come here before anything else reads its headers.
    """
    try:
        _headers(raw)
    except Exception:
        raw.set_headers(cast("Any", _salvaged(raw)))


def sizes_of(raws: Sequence[RawMessage]) -> list[int]:
    """Repair the headers of messages, and return the bytes of each: of key, value and headers."""
    headers: list[list[Header] | None] = []
    while len(headers) < len(raws):
        try:
            headers.extend(map(_headers, raws[len(headers) :] if headers else raws))
        except Exception:  # those before it are there
            raw = raws[len(headers)]
            repaired = _salvaged(raw)
            raw.set_headers(cast("Any", repaired))
            headers.append(repaired)
    sizes = [len(raw) + len(raw.key() or b"") for raw in raws]
    for index, pairs in enumerate(headers):
        for name, value in pairs or ():
            sizes[index] += len(name) + len(value or b"")
    return sizes


_headers: Final = methodcaller("headers")
"""Calls the method, and raises what it has left pending. A plain call that Python has specialised
returns the unfinished result, and a later line raises (Python 3.11 to 3.14)."""


def _salvaged(raw: RawMessage) -> list[Header]:
    """Return the headers of a message after the first call of ``headers`` has failed.

    confluent-kafka keeps its unfinished result: pairs whose name is a null pointer, which only the
    garbage collector's functions pass over.
    """
    try:
        found = raw.headers()
    except Exception:
        found = None
    if not isinstance(found, list):
        return [(UNREADABLE_NAME, None)]
    headers: list[Header] = []
    for pair in found:
        parts = gc.get_referents(pair)
        name = next((part for part in parts if isinstance(part, str)), UNREADABLE_NAME)
        value = next((part for part in parts if isinstance(part, bytes)), None)
        headers.append((name, value))
    return headers


def error_text(error: KafkaError) -> str:
    """Return the text of an error. What brokers say in it need not be UTF-8."""
    try:
        return error.str()
    except Exception:
        return f"{error.name()}, with a text that is not UTF-8"


def refusal_text(error: Exception) -> str:
    """Return the text of an exception of a client's constructor.

    It may hide behind those of callbacks that were called while it was pending.
    """
    from confluent_kafka import KafkaException

    first: BaseException = error
    while (before := first.__cause__ or first.__context__) is not None:
        first = before
    return error_text(first.args[0]) if isinstance(first, KafkaException) else str(first)


def text_problem(text: str) -> str | None:
    """Return the reason why C code does not take a text, as a predicate; None: it takes it."""
    if "\0" in text:
        return "has a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"has half of a surrogate pair, U+{ord(text[error.start]):04X}"
    return None
