"""Options for dates and times that Python or a schema cannot represent exactly.

Python's dates end at the years 1 and 9999, and PostgreSQL's ``infinity`` is far beyond; a datetime
has microseconds, and ``timestamp-millis`` has not. Both are rare, so the defaults are strict where
data would be wrong, and lenient where Java and others are.

They belong to the schema of a package: generated code passes them to its embedded schemas, and
``Schema.parse`` takes them for plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

__all__ = ["DEFAULT", "OUT_OF_RANGE", "ROUNDING", "OutOfRange", "Rounding", "TimeOptions"]

OutOfRange: TypeAlias = Literal["error", "nearest", "number"]
Rounding: TypeAlias = Literal["down", "error"]

OUT_OF_RANGE: Final[tuple[OutOfRange, ...]] = get_args(OutOfRange)
ROUNDING: Final[tuple[Rounding, ...]] = get_args(Rounding)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOptions:
    """Options for the values of date, time, timestamp and local-timestamp types.

    Attributes:
        out_of_range: a number in data that Python has no value for: a date or a timestamp outside
            the years 1 to 9999, a time of day outside of one day. ``"error"``: it is a
            ``DecodeError``. ``"nearest"``: it is read as the first or the last value that there
            is. ``"number"``: it is read as it is, an ``int``, and such an ``int`` is written.
        rounding: a value that is finer than the unit of its schema, such as microseconds for
            ``timestamp-millis``. ``"down"``: it is rounded towards the past. ``"error"``: it is an
            ``EncodeError``; nanoseconds that a reader cannot hold are a ``DecodeError``.

    Raises:
        ValueError: an option has another value.
    """

    out_of_range: OutOfRange = "error"
    rounding: Rounding = "down"

    def __post_init__(self) -> None:
        for name, known in (("out_of_range", OUT_OF_RANGE), ("rounding", ROUNDING)):
            value: object = getattr(self, name)
            if value not in known:
                names = " or ".join(f'"{each}"' for each in known)
                raise ValueError(f"{name} must be {names}, not {value!r}")

    @property
    def keeps_numbers(self) -> bool:
        """Tell if values may be numbers."""
        return self.out_of_range == "number"


DEFAULT: Final = TimeOptions()
"""Options of schemas without any."""
