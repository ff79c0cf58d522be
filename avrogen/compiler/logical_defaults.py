"""Default values of logical types as Python expressions (specification, "Logical Types")."""

from __future__ import annotations

import decimal
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from avrogen.avro import model
from avrogen.compiler.expressions import RUNTIME, Expression, Symbol
from avrogen.compiler.literals import string_literal

__all__ = ["NoSuchValue", "logical_value"]

Raw: TypeAlias = int | str | bytes
"""A value of the type that the logical type is based on."""

_EPOCH = datetime(1970, 1, 1)
_MICROS = {model.TimeUnit.MILLIS: 1_000, model.TimeUnit.MICROS: 1}
_DAY = 86_400_000_000
_UTC = Expression.of(", tzinfo=", Symbol("datetime", "UTC"))
_NOWHERE = Expression(())


class NoSuchValue(ValueError):
    """A default that fits the base type and is impossible for the logical type."""


def logical_value(logical: model.LogicalType, raw: Raw) -> Expression:
    """The value that the logical type gives to a raw default.

    Raises:
        NoSuchValue: there is none in Python; the message says why.
    """
    match logical:
        case model.Decimal(precision, scale):
            return _decimal(raw, precision, scale)
        case model.Uuid():
            return _uuid(raw)
        case model.Date():
            day = _moment(days=_integer(raw))
            return _call("datetime", "date", day.year, day.month, day.day)
        case model.TimeOfDay(unit):
            return _time_of_day(_integer(raw) * _MICROS[unit])
        case model.Timestamp(model.TimeUnit.NANOS):
            return _call(RUNTIME, "TimestampNanos", _integer(raw))
        case model.LocalTimestamp(model.TimeUnit.NANOS):
            return _call(RUNTIME, "LocalTimestampNanos", _integer(raw))
        case model.Timestamp(unit):
            return _datetime(_integer(raw) * _MICROS[unit], _UTC)
        case model.LocalTimestamp(unit):
            return _datetime(_integer(raw) * _MICROS[unit], _NOWHERE)
        case model.Duration():
            assert isinstance(raw, bytes)
            parts = [int.from_bytes(raw[i : i + 4], "little") for i in (0, 4, 8)]
            arguments = "months={}, days={}, milliseconds={}".format(*parts)
            return Expression.of(Symbol(RUNTIME, "Duration"), f"({arguments})")
        case _:
            assert_never(logical)


def _decimal(raw: Raw, precision: int, scale: int) -> Expression:
    assert isinstance(raw, bytes)
    unscaled = int.from_bytes(raw, signed=True)
    if len(str(abs(unscaled))) > precision:
        raise NoSuchValue(f"{unscaled} has more than {precision} digits")
    value = decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=precision))
    return Expression.of(Symbol("decimal", "Decimal"), f'("{value}")')


def _uuid(raw: Raw) -> Expression:
    try:
        value = UUID(bytes=raw) if isinstance(raw, bytes) else UUID(str(raw))
    except ValueError:
        raise NoSuchValue(f"{raw!r:.60} is no UUID") from None
    return Expression.of(Symbol("uuid", "UUID"), f"({string_literal(str(value))})")


def _time_of_day(micros: int) -> Expression:
    if not 0 <= micros < _DAY:
        raise NoSuchValue("a time of day lies between midnight and midnight")
    moment = _moment(microseconds=micros)
    return _call(
        "datetime", "time", *_trimmed(moment.hour, moment.minute, moment.second, moment.microsecond)
    )


def _datetime(micros: int, zone: Expression) -> Expression:
    moment = _moment(microseconds=micros)
    clock = _trimmed(moment.hour, moment.minute, moment.second, moment.microsecond)
    numbers = ", ".join(map(str, (moment.year, moment.month, moment.day, *clock)))
    return Expression.of(Symbol("datetime", "datetime"), f"({numbers}", zone, ")")


def _moment(*, days: int = 0, microseconds: int = 0) -> datetime:
    try:
        return _EPOCH + timedelta(days=days, microseconds=microseconds)
    except OverflowError:
        raise NoSuchValue("Python knows the years 1 to 9999 only") from None


def _trimmed(hour: int, minute: int, second: int, microsecond: int) -> tuple[int, ...]:
    """The parts of a time without zeros at the end; hour and minute stay."""
    if microsecond:
        return hour, minute, second, microsecond
    return (hour, minute, second) if second else (hour, minute)


def _integer(raw: Raw) -> int:
    assert isinstance(raw, int)
    return raw


def _call(module: str, name: str, *arguments: object) -> Expression:
    return Expression.of(Symbol(module, name), f"({', '.join(map(str, arguments))})")
