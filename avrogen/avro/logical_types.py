"""Logical types of schemas (Avro 1.12, "Logical Types").

"Language implementations must ignore unknown logical types when reading, and should use the
underlying Avro type. If a logical type is invalid, for example a decimal with scale greater than
its precision, then implementations should ignore the logical type."
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeGuard

from avrogen.avro.model import (
    Attributes,
    BigDecimal,
    Date,
    Decimal,
    DurationType,
    Json,
    LocalTimestamp,
    LogicalType,
    TimeOfDay,
    Timestamp,
    TimeUnit,
    Uuid,
)

__all__ = [
    "FIXED_SIZES",
    "LOGICAL_TYPES",
    "InvalidLogicalType",
    "big_decimal_parts",
    "logical_type",
    "logical_type_label",
    "logical_types_of",
    "uuid_digits",
]


class InvalidLogicalType(ValueError):
    """A known logical type that does not fit its base type; the message has the reason."""


def logical_type(name: str, base: str, size: int, attributes: Attributes) -> LogicalType | None:
    """Return the logical type of a schema, or None if its name is unknown.

    Args:
        name: value of ``logicalType``.
        base: its base type, such as "long" or "fixed".
        size: bytes, if that type is fixed.
        attributes: all attributes of the schema.

    Raises:
        InvalidLogicalType: it does not fit the base type, or its attributes do not fit each other.
    """
    if name == "decimal":
        return _decimal(base, size, attributes)
    if name not in LOGICAL_TYPES:
        return None
    bases, make = LOGICAL_TYPES[name]
    if base not in bases:
        raise InvalidLogicalType(f"{name} requires {' or '.join(bases)}, not {base}")
    wanted = FIXED_SIZES.get(name)
    if base == "fixed" and size != wanted:
        raise InvalidLogicalType(f"{name} requires a fixed of {wanted} bytes, not {size}")
    return make()


def _decimal(base: str, size: int, attributes: Attributes) -> Decimal:
    if base not in ("bytes", "fixed"):
        raise InvalidLogicalType(f"decimal requires bytes or fixed, not {base}")
    precision, scale = attributes.get("precision"), attributes.get("scale", 0)
    if not _is_count(precision) or precision == 0:
        raise InvalidLogicalType("decimal requires a precision of at least 1")
    if not _is_count(scale) or scale > precision:
        raise InvalidLogicalType(
            f"the scale of a decimal must be from 0 to its precision ({precision})"
        )
    if base == "fixed" and precision > _most_digits(size):
        raise InvalidLogicalType(f"a precision of {precision} does not fit into {size} bytes")
    return Decimal(precision, scale)


def _most_digits(size: int) -> int:
    """Return the number of decimal digits that always fit into ``size`` bytes, with a sign bit."""
    return math.floor((8 * size - 1) * math.log10(2)) if size else 0


def _is_count(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


LOGICAL_TYPES: Mapping[str, tuple[tuple[str, ...], Callable[[], LogicalType]]] = {
    "big-decimal": (("bytes",), BigDecimal),
    "uuid": (("string", "fixed"), Uuid),
    "date": (("int",), Date),
    "time-millis": (("int",), lambda: TimeOfDay(TimeUnit.MILLIS)),
    "time-micros": (("long",), lambda: TimeOfDay(TimeUnit.MICROS)),
    "timestamp-millis": (("long",), lambda: Timestamp(TimeUnit.MILLIS)),
    "timestamp-micros": (("long",), lambda: Timestamp(TimeUnit.MICROS)),
    "timestamp-nanos": (("long",), lambda: Timestamp(TimeUnit.NANOS)),
    "local-timestamp-millis": (("long",), lambda: LocalTimestamp(TimeUnit.MILLIS)),
    "local-timestamp-micros": (("long",), lambda: LocalTimestamp(TimeUnit.MICROS)),
    "local-timestamp-nanos": (("long",), lambda: LocalTimestamp(TimeUnit.NANOS)),
    "duration": (("fixed",), DurationType),
}
"""Every logical type but decimal: its base types, and its class."""

FIXED_SIZES: Mapping[str, int] = {"uuid": 16, "duration": 12}
"""Sizes in bytes of the fixed types that carry these logical types."""

_NAMES: Mapping[LogicalType, str] = {make(): name for name, (_, make) in LOGICAL_TYPES.items()}


def logical_types_of(base: str, size: int) -> list[str]:
    """Return the names of the logical types that a base type can have.

    Args:
        base: the base type, such as "long" or "fixed".
        size: bytes, if that type is fixed.
    """
    fitting = [
        name
        for name, (bases, _) in LOGICAL_TYPES.items()
        if base in bases and (base != "fixed" or FIXED_SIZES.get(name) == size)
    ]
    return ["decimal", *fitting] if base in ("bytes", "fixed") else fitting


def logical_type_label(logical: LogicalType | None) -> str:
    """Describe a logical type with its parameters; "" for None."""
    match logical:
        case None:
            return ""
        case Decimal(precision, scale):
            return f"decimal({precision}, {scale})"
        case _:
            return _NAMES[logical]


# --- data of big decimals -------------------------------------------------------------------------

_MOST_VARINT: Final = 10
"""Bytes of a number of 64 bits."""


def big_decimal_parts(data: bytes) -> tuple[int, int]:
    """Return the unscaled value and the scale of a big-decimal.

    The specification names both parts; their encoding is that of Avro Java: the big-endian two's
    complement as ``bytes``, then the scale as ``int``.

    Raises:
        ValueError: the data end too soon, or do not end there.
    """
    size, start = _varint(data, 0)
    end = start + size
    if not 0 <= size <= len(data) - start:
        raise ValueError("the unscaled value of the big-decimal is longer than its bytes")
    scale, last = _varint(data, end)
    if last != len(data) or not -(1 << 31) <= scale < 1 << 31:
        raise ValueError("the big-decimal has no scale of 32 bits at the end of its bytes")
    return int.from_bytes(data[start:end], "big", signed=True), scale


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number as int and long are encoded, and the position after it."""
    number = 0
    for shift, byte in enumerate(data[position : position + _MOST_VARINT]):
        number |= (byte & 127) << 7 * shift
        if byte < 128:
            return number >> 1 ^ -(number & 1), position + shift + 1
    raise ValueError("the big-decimal ends too soon")


# --- text of UUIDs --------------------------------------------------------------------------------

_UUID: Final = re.compile(
    r"(?:urn:uuid:)?([{(]?)"
    r"([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"([)}]?)",
    re.ASCII | re.IGNORECASE,
)
_BRACKETS: Final = ("", "{}", "()")


def uuid_digits(text: str) -> str | None:
    """Return the 32 hexadecimal digits of a UUID, in any spelling in use; None: it is no UUID.

    The specification has one spelling, with hyphens (RFC 4122, section 3). Writers also leave them
    out, or put braces, parentheses or ``urn:uuid:`` around it.
    """
    match = _UUID.fullmatch(text)
    if match is None or match[1] + match[3] not in _BRACKETS:
        return None
    return match[2].replace("-", "")
