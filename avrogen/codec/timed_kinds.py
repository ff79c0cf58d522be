"""Dates and times under options: numbers beyond Python's years, and values finer than a unit.

Where a schema has :class:`~avrogen.avro.time_options.TimeOptions`, :func:`timed` puts a
:class:`TimedKind` around the kinds of a finished plan. Options belong to the class of a record;
those of the schema are for values outside of such records.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from avrogen.avro.model import TimeUnit
from avrogen.avro.time_options import TimeOptions
from avrogen.codec import plan
from avrogen.codec.conversions import PER_SECOND
from avrogen.codec.logical import DateKind, LogicalKind, TimeKind, TimestampKind

__all__ = ["TimedKind", "timed"]

_Kind: TypeAlias = DateKind | TimeKind | TimestampKind


@dataclass(frozen=True, slots=True)
class TimedKind(LogicalKind):
    """A date, a time or a timestamp under options.

    Attributes:
        kind: the kind without options.
        times: the options.
    """

    kind: _Kind
    times: TimeOptions

    @property
    def python_type(self) -> type[Any]:
        return self.kind.python_type

    @property
    def label(self) -> str:
        label = self.kind.label
        if self.times.rounding == "error" and not isinstance(self.kind, DateKind):
            label += f" in whole {self.kind.unit}"
        return f"{label}, or int beyond all of them" if self.times.keeps_numbers else label

    @property
    def minimum_size(self) -> int:
        return self.kind.minimum_size

    @property
    def plain(self) -> LogicalKind:
        return self.kind

    @property
    def step(self) -> int:
        """Microseconds of a unit; 1: values need not be checked."""
        if self.times.rounding == "down" or isinstance(self.kind, DateKind):
            return 1
        return max(1, 1_000_000 // PER_SECOND[self.kind.unit])

    def to_base(self, value: Any) -> int:
        if self.times.keeps_numbers and isinstance(value, int) and not isinstance(value, bool):
            try:
                found = self.kind.from_base(value)
            except ValueError:
                return value
            raise ValueError(f"expected {found!r} instead of its number")
        units = self.kind.to_base(value)
        if not self._is_exact(value):
            raise ValueError(f"expected {self.label}")
        return units

    def from_base(self, raw: int) -> Any:
        try:
            value = self.kind.from_base(raw)
        except ValueError:
            match self.times.out_of_range:
                case "error":
                    raise
                case "nearest":
                    return self._end(first=raw < 0)
                case "number":
                    return self._own_number(raw)
        if self.times.rounding == "error" and _unit(self.kind) is TimeUnit.NANOS and raw % 1000:
            raise ValueError(f"{raw} nanoseconds are not in whole microseconds")
        return value

    def loss(self, value: Any) -> int | None:
        if self.times.keeps_numbers and isinstance(value, int) and not isinstance(value, bool):
            try:
                self.to_base(value)
            except ValueError:
                return None
            return 0
        loss = self.kind.loss(value)
        return None if loss is not None and not self._is_exact(value) else loss

    def _is_exact(self, value: Any) -> bool:
        if self.step == 1 or isinstance(self.kind, DateKind):
            return True
        # Of aware datetimes in UTC, as their offset may be finer than the unit.
        return replace(self.kind, unit=TimeUnit.MICROS).to_base(value) % self.step == 0

    def _end(self, *, first: bool) -> date | time | datetime:
        """Return the first or the last value, in whole units of its schema."""
        match self.kind:
            case DateKind():
                return date.min if first else date.max
            case TimeKind():
                end: time | datetime = time.min if first else time.max
            case TimestampKind(local=local):
                end = datetime.min if first else datetime.max
                end = end if local else end.replace(tzinfo=UTC)
        written = replace(self.kind, unit=self.kind.own or self.kind.unit)
        return written.from_base(written.to_base(end))

    def _own_number(self, raw: int) -> int:
        """Return a number of the data in units of its schema."""
        if isinstance(self.kind, DateKind) or self.kind.own is None:
            return raw
        return raw * PER_SECOND[self.kind.own] // PER_SECOND[self.kind.unit]


def _unit(kind: _Kind) -> TimeUnit | None:
    return None if isinstance(kind, DateKind) else kind.unit


def timed(made: plan.Plan, times: TimeOptions | None) -> plan.Plan:
    """Return a plan under the options of its records' classes.

    Args:
        made: the plan.
        times: options of values outside of records with a class; None: the defaults.
    """
    records = {key: _timed_record(record, times) for key, record in made.records.items()}
    root = made.root if times is None else _timed(made.root, times)
    return replace(made, root=root, records=records)


def _timed_record(record: plan.RecordOperation, times: TimeOptions | None) -> plan.RecordOperation:
    if record.type is not None:
        schema: object = getattr(record.type, "__avro_schema__", None)
        times = getattr(schema, "times", None)
    if times is None:
        return record
    return replace(
        record,
        fields=tuple(replace(f, operation=_timed(f.operation, times)) for f in record.fields),
        defaults=tuple(replace(d, operation=_timed(d.operation, times)) for d in record.defaults),
    )


def _timed(operation: plan.Operation, times: TimeOptions) -> plan.Operation:
    """Return an operation under options; itself, if they change nothing."""
    match operation:
        case plan.LogicalOperation(plan.LogicalOperation() as inner, _):
            return replace(operation, base=_timed(inner, times))
        case plan.LogicalOperation(_, (DateKind() | TimeKind() | TimestampKind()) as kind):
            return replace(operation, kind=TimedKind(kind, times))
        case plan.NamedOperation(_, inner):
            return replace(operation, operation=_timed(inner, times))
        case plan.ArrayOperation(item):
            return replace(operation, item=_timed(item, times))
        case plan.MapOperation(value):
            return replace(operation, value=_timed(value, times))
        case plan.UnionOperation(branches):
            return replace(
                operation,
                branches=tuple(
                    replace(branch, operation=_timed(branch.operation, times))
                    for branch in branches
                ),
            )
        case _:
            return operation
