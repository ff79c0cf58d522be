"""Limits on input, so that no data can exhaust the process.

They concern claims that cost few bytes. Everything else is bounded by the data: a length, and the
count of a block times the fewest bytes of an item, must not exceed the remaining bytes. So a value
has no more items than its data have bytes, apart from items without bytes. What else a schema makes
of few bytes, such as fields of type null and defaults, is counted.

Plans to read a writer's schema are limited as well, as types that all match each other have the
product of both schemas as pairs: 1,000 pairs of definitions, and one for each definition. Data of
schemas with more cannot be read (:class:`~avrogen.ResolutionError`).

Ordinary messages stay below the defaults. Where they do not, pass other limits to a call
(``from_avro(data, limits=Limits(max_depth=1000))``), or set them for the whole process
(:func:`set_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_DECIMAL_DIGITS", "VALUES_PER_BYTE", "Limits", "current_limits", "set_limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on one datum.

    Attributes:
        max_depth: nesting of records of a recursive type, in encoding and decoding. Nesting without
            recursion is bounded by the schema, and is not counted. Python's own recursion limit of
            1,000 calls allows about 400: beyond that, raise it as well (``sys.setrecursionlimit``).
        max_empty_items: array items without bytes, such as ``null``, in all arrays together;
            likewise records beyond one per byte, where a schema makes very many of few bytes.
        max_values: values that decoding makes, beyond ten for each byte of the data: fields without
            bytes, and defaults of fields that the writer lacks, with all values in them.
        max_block_bytes: size of a block of a container file, compressed and decompressed, in bytes.
            A file is read block by block.

    Raises:
        ValueError: a limit is not an int of at least 0.
    """

    max_depth: int = 200
    max_empty_items: int = 100_000
    max_values: int = 1_000_000
    max_block_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        for name in ("max_depth", "max_empty_items", "max_values", "max_block_bytes"):
            value: object = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be an int of at least 0, not {value!r}")


VALUES_PER_BYTE: Final = 10
"""Values for each byte of the data that do not count for ``Limits.max_values``."""

MAX_DECIMAL_DIGITS: Final = 10_000
"""Digits of a decimal, whatever precision its schema allows: more take too long to compute."""

_current = Limits()


def current_limits() -> Limits:
    """Return the limits of calls without limits of their own."""
    return _current


def set_limits(limits: Limits) -> None:
    """Set the limits of calls without limits of their own, in the whole process."""
    global _current  # noqa: PLW0603 -- it is a setting of the process
    _current = limits
