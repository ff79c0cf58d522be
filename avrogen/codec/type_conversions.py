"""Types of one's own in generated classes, and conversions for types of Debezium and Kafka Connect.

A generated class or codec has its mapping as ``__avro_types__``. It belongs to that class: other
packages of a process may map the same logical type otherwise, and plain values of a ``Schema`` are
not mapped at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from avrogen.avro.type_overrides import TypeOverride, TypeOverrides
from avrogen.codec.logical import MappedKind
from avrogen.message_text import shortened_name

__all__ = [
    "MappedType",
    "RuntimeOverrides",
    "TypeMapping",
    "zoned_datetime_from_text",
    "zoned_datetime_to_text",
]

T = TypeVar("T")
B = TypeVar("B")


@dataclass(frozen=True)  # without slots: they do not go with Generic before Python 3.12
class MappedType(Generic[T, B]):
    """A Python type of one's own, ``T``, for values that otherwise are of type ``B``.

    Attributes:
        type: the type: a class, or an object that stands for types, such as a ``NewType``.
        from_base: converts a value that was read.
        to_base: converts a value to write; None: it is of type ``B`` already.
        base: logical type of ``B`` by name, or ``raw``; None: the schema's.
    """

    type: object
    from_base: Callable[[B], T]
    to_base: Callable[[T], B] | None
    base: str | None = None

    @property
    def kind(self) -> MappedKind:
        """The type as operations of plans have it."""
        name = shortened_name(getattr(self.type, "__qualname__", None) or repr(self.type))
        return MappedKind(_class_of(self.type), name, self.from_base, self.to_base)


def _class_of(type_: object) -> type[Any]:
    """Return the class of the values of a type; ``object`` if it has none."""
    while (supertype := getattr(type_, "__supertype__", None)) is not None:
        type_ = supertype
    origin = getattr(type_, "__origin__", type_)
    if not isinstance(origin, type) or getattr(origin, "_is_protocol", False):
        return object
    return cast("type[Any]", origin)


RuntimeOverrides: TypeAlias = TypeOverrides[MappedType[Any, Any]]
"""Overrides of one class or codec."""


class TypeMapping:
    """Overrides of a generated class or codec.

    Attributes:
        overrides: the overrides by selector.
    """

    def __init__(self, entries: Mapping[str, str | MappedType[Any, Any]]) -> None:
        """Prepare.

        Args:
            entries: by selector (``field:amount``, ``connect:...`` or ``logical:...``): a type of
                one's own, the name of a logical type, or ``raw``.
        """
        self.overrides: RuntimeOverrides = TypeOverrides(
            {
                selector: (
                    TypeOverride(entry, None)
                    if isinstance(entry, str)
                    else TypeOverride(entry.base, entry)
                )
                for selector, entry in entries.items()
            }
        )


# --- types of Debezium and Kafka Connect ----------------------------------------------------------

_FRACTION: Final = re.compile(r"[.,](\d{6})\d+")


def zoned_datetime_from_text(text: str) -> datetime:
    """Parse ``io.debezium.time.ZonedTimestamp``: ISO 8601 with an offset, "2024-05-01T10:00:00Z".

    The result has that offset, and is rounded down to microseconds.
    """
    moment = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
    if moment.utcoffset() is None:
        raise ValueError("expected a timestamp with an offset from UTC")
    return moment


def zoned_datetime_to_text(value: datetime) -> str:
    """Return ISO 8601 with the offset, which is ``Z`` for UTC."""
    if value.utcoffset() is None:
        raise ValueError("expected a datetime with a time zone")
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
