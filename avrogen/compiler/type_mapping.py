"""Python types for Avro types (``docs/mapping.md``, the table), and literals of logical types.

A logical type has a case in :func:`logical_type`, its annotation, and in :func:`logical_value`, its
values in generated code. CONTRIBUTING, "Adding a logical type", lists the other places.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeAlias, assert_never
from uuid import UUID

from avrogen.avro import model
from avrogen.avro.logical_types import big_decimal_parts, uuid_digits
from avrogen.avro.time_options import DEFAULT, TimeOptions
from avrogen.avro.type_overrides import OverriddenType
from avrogen.compiler.expressions import RUNTIME, Expression, Symbol, builtin, join
from avrogen.compiler.literals import string_literal
from avrogen.config.custom_types import BuildOverrides, PythonName, TypeConversion

__all__ = [
    "NONE",
    "NO_OVERRIDES",
    "PRIMITIVES",
    "SymbolOf",
    "UnrepresentableDefault",
    "branch_types",
    "converted",
    "has_class",
    "logical_type",
    "logical_value",
    "mapping_entries",
    "overridden_types",
    "python_name",
    "python_type",
    "union",
]

SymbolOf = Callable[[str], Symbol]
"""Function from the full name of a named type to its class, as one module imports it."""

NONE = Expression(("None",))

PRIMITIVES: Mapping[str, Expression] = {
    "null": NONE,
    "boolean": builtin("bool"),
    "int": builtin("int"),
    "long": builtin("int"),
    "float": builtin("float"),
    "double": builtin("float"),
    "bytes": builtin("bytes"),
    "string": builtin("str"),
}


NO_OVERRIDES: Final = BuildOverrides({})


def python_type(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    symbol_of: SymbolOf,
    times: TimeOptions = DEFAULT,
    overrides: BuildOverrides = NO_OVERRIDES,
) -> Expression:
    """Return the annotation for values of an Avro type.

    Args:
        type_: the type; its references are in ``types``.
        types: all named types by full name.
        symbol_of: classes of named types.
        times: options for dates and times.
        overrides: overrides that apply where the type is used.
    """
    match type_:
        case model.Primitive():
            return union(_value_types(type_, overrides.of(type_), symbol_of, times))
        case model.Reference(name):
            named = types[name]
            return union(_value_types(named, overrides.of(named), symbol_of, times))
        case model.Array(items):
            inner = python_type(items, types, symbol_of, times, overrides)
            return Expression.of(builtin("list"), "[", inner, "]")
        case model.Map(values):
            inner = python_type(values, types, symbol_of, times, overrides)
            return Expression.of(builtin("dict"), "[", builtin("str"), ", ", inner, "]")
        case model.Union(branches):
            each = (branch_types(b, types, symbol_of, times, overrides) for b in branches)
            return union(chain.from_iterable(each))
        case _:
            assert_never(type_)


def branch_types(
    branch: model.AvroType,
    types: Mapping[str, model.NamedType],
    symbol_of: SymbolOf,
    times: TimeOptions,
    overrides: BuildOverrides,
) -> Iterator[Expression]:
    """Yield the annotations of a branch of a union; values that may be numbers have two."""
    if isinstance(branch, model.Primitive):
        yield from _value_types(branch, overrides.of(branch), symbol_of, times)
    else:
        yield python_type(branch, types, symbol_of, times, overrides)


def _may_be_number(logical: model.LogicalType | None, times: TimeOptions) -> bool:
    """Tell if values of a logical type may be numbers that Python has no other value for."""
    match logical:
        case model.Date() | model.TimeOfDay():
            return times.keeps_numbers
        case model.Timestamp(unit) | model.LocalTimestamp(unit):
            return times.keeps_numbers and unit is not model.TimeUnit.NANOS
        case _:
            return False


def _value_types(
    type_: model.Primitive | model.NamedType,
    found: OverriddenType[TypeConversion],
    symbol_of: SymbolOf,
    times: TimeOptions,
) -> Iterator[Expression]:
    """Yield the annotations for values: a type of one's own, or those of base values.

    Under a type of one's own, its functions get the numbers that have no other value.
    """
    if found.conversion is not None:
        yield python_name(found.conversion.type)
    else:
        yield from _base_types(type_, found, symbol_of, times)


def _base_types(
    type_: model.Primitive | model.NamedType,
    found: OverriddenType[TypeConversion],
    symbol_of: SymbolOf,
    times: TimeOptions,
) -> Iterator[Expression]:
    """Yield the annotations for base values: those that a conversion takes, if there is one."""
    if found.logical is not None:
        yield logical_type(found.logical)
        if _may_be_number(found.logical, times):
            yield PRIMITIVES["int"]
    elif isinstance(type_, model.Primitive):
        yield PRIMITIVES[type_.name]
    elif has_class(type_):
        yield Expression((symbol_of(type_.name),))
    else:
        yield builtin("bytes")


# --- types of one's own ---------------------------------------------------------------------------


def python_name(name: PythonName) -> Expression:
    """Return the expression of a Python object."""
    first, dot, rest = name.path.partition(".")
    return Expression.of(Symbol(name.module, first), f"{dot}{rest}")


def converted(base: Expression, found: OverriddenType[TypeConversion]) -> Expression:
    """Return the expression that converts a base value, if there is a conversion."""
    if found.conversion is None:
        return base
    return Expression.of(python_name(found.conversion.from_base), "(", base, ")")


_Overridden: TypeAlias = tuple[model.Primitive | model.NamedType, OverriddenType[TypeConversion]]


def overridden_types(
    type_: model.AvroType, types: Mapping[str, model.NamedType], overrides: BuildOverrides
) -> Iterator[_Overridden]:
    """Yield the primitive and named types in a type that an override applies to."""
    match type_:
        case model.Primitive():
            named: model.Primitive | model.NamedType = type_
        case model.Reference(name):
            named = types[name]
        case model.Array(inner) | model.Map(inner):
            yield from overridden_types(inner, types, overrides)
            return
        case model.Union(branches):
            for branch in branches:
                yield from overridden_types(branch, types, overrides)
            return
        case _:
            assert_never(type_)
    found = overrides.of(named)
    if found.selector is not None:
        yield named, found


def mapping_entries(
    overridden: Iterable[_Overridden],
    overrides: BuildOverrides,
    symbol_of: SymbolOf,
    times: TimeOptions,
) -> Mapping[str, tuple[Expression, ...]]:
    """Return the entries of a ``TypeMapping``, by selector, for types that have another type.

    An entry is a literal, or what is called and the arguments.
    """
    bases: dict[str, dict[Expression, None]] = {}
    for type_, found in overridden:
        own = type_.logical if isinstance(type_, model.Primitive | model.FixedType) else None
        if found.selector is not None and (found.conversion or found.logical != own):
            for base in _base_types(type_, found, symbol_of, times):
                bases.setdefault(found.selector, {})[base] = None
    entries: dict[str, tuple[Expression, ...]] = {}
    for selector in sorted(bases):
        override = overrides.entries[selector]
        if override.conversion is None:
            assert override.base is not None, "an override has a base or a conversion"
            entries[selector] = (Expression((string_literal(override.base),)),)
        else:
            values = union(bases[selector])
            entries[selector] = _mapped_type(override.conversion, values, override.base)
    return entries


def _mapped_type(
    conversion: TypeConversion, values: Expression, base: str | None
) -> tuple[Expression, ...]:
    type_ = python_name(conversion.type)
    arguments = [
        type_,
        python_name(conversion.from_base),
        NONE if conversion.to_base is None else python_name(conversion.to_base),
    ]
    if base is not None:
        arguments.append(Expression((f"base={string_literal(base)}",)))
    head = Expression((Symbol(RUNTIME, "MappedType"),))
    if not any(symbol.module.startswith(".") for symbol in values.symbols()):
        # Classes of the package may be defined further down; then type checkers infer the types.
        head = Expression.of(head, "[", type_, ", ", values, "]")
    return head, *arguments


def has_class(named: model.NamedType) -> bool:
    """Return False for a fixed with a logical type, which has no class of its own."""
    return not (isinstance(named, model.FixedType) and named.logical)


def union(branches: Iterable[Expression]) -> Expression:
    """Return a union of annotations: each once, in the order of the branches, and None last."""
    distinct = dict.fromkeys(branches)
    if not distinct:
        return Expression((Symbol("typing", "Never"),))
    if NONE in distinct:
        del distinct[NONE]
        distinct[NONE] = None
    return join(" | ", distinct)


# --- logical types --------------------------------------------------------------------------------


def logical_type(logical: model.LogicalType) -> Expression:
    """Return the annotation for values of a logical type, whatever its base type."""
    match logical:
        case model.Decimal() | model.BigDecimal():
            return Expression((Symbol("decimal", "Decimal"),))
        case model.Uuid():
            return Expression((Symbol("uuid", "UUID"),))
        case model.Date():
            return Expression((Symbol("datetime", "date"),))
        case model.TimeOfDay():
            return Expression((Symbol("datetime", "time"),))
        case model.Timestamp(model.TimeUnit.NANOS):
            return Expression((Symbol(RUNTIME, "TimestampNanos"),))
        case model.LocalTimestamp(model.TimeUnit.NANOS):
            return Expression((Symbol(RUNTIME, "LocalTimestampNanos"),))
        case model.Timestamp() | model.LocalTimestamp():
            return Expression((Symbol("datetime", "datetime"),))
        case model.DurationType():
            return Expression((Symbol(RUNTIME, "Duration"),))
        case _:
            assert_never(logical)


Raw: TypeAlias = int | str | bytes
"""A value of the base type of a logical type."""

_EPOCH = datetime(1970, 1, 1)
_MICROS = {model.TimeUnit.MILLIS: 1_000, model.TimeUnit.MICROS: 1}
_DAY = 86_400_000_000
_UTC = Expression.of(", tzinfo=", Symbol("datetime", "UTC"))
_NO_ZONE = Expression(())
_MOST_DIGITS: Final = 10_000
"""Digits of a decimal, whatever precision its schema allows, as in the codec."""


class UnrepresentableDefault(ValueError):
    """A default that fits the base type and is impossible for the logical type.

    Attributes:
        hint: how to write the value that was probably meant; "": unknown.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


def logical_value(logical: model.LogicalType, raw: Raw, times: TimeOptions = DEFAULT) -> Expression:
    """Return the value of a logical type for a default of its base type.

    Raises:
        UnrepresentableDefault: Python has no such value; the message gives the reason.
    """
    match logical:
        case model.Date() | model.TimeOfDay() | model.Timestamp() | model.LocalTimestamp() if (
            times.out_of_range != "error"
        ):
            return _any_time(logical, _integer(raw), times)
        case model.Decimal(precision, scale):
            assert isinstance(raw, bytes)
            return _decimal(int.from_bytes(raw, signed=True), precision, scale)
        case model.BigDecimal():
            assert isinstance(raw, bytes)
            return _big_decimal(raw)
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
            return _datetime(_integer(raw) * _MICROS[unit], _NO_ZONE)
        case model.DurationType():
            assert isinstance(raw, bytes)
            parts = [int.from_bytes(raw[i : i + 4], "little") for i in (0, 4, 8)]
            arguments = "months={}, days={}, milliseconds={}".format(*parts)
            return Expression.of(Symbol(RUNTIME, "Duration"), f"({arguments})")
        case _:
            assert_never(logical)


def _big_decimal(raw: bytes) -> Expression:
    try:
        unscaled, scale = big_decimal_parts(raw)
    except ValueError as problem:
        raise UnrepresentableDefault(str(problem)) from None
    return _decimal(unscaled, _MOST_DIGITS, scale)


def _decimal(unscaled: int, precision: int, scale: int) -> Expression:
    digits = min(precision, _MOST_DIGITS)
    # Four bits hold any digit: a cheap check before huge numbers become text.
    if unscaled.bit_length() > 4 * digits or len(str(abs(unscaled))) > digits:
        raise UnrepresentableDefault(f"the decimal has more than {digits} digits")
    if scale > -decimal.MIN_EMIN:
        raise UnrepresentableDefault(f"Python cannot represent {scale} decimal places")
    value = decimal.Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -scale))
    return Expression.of(Symbol("decimal", "Decimal"), f'("{value}")')


def _uuid(raw: Raw) -> Expression:
    if isinstance(raw, bytes):
        value = UUID(bytes=raw)
    else:
        digits = uuid_digits(str(raw))
        if digits is None:
            raise UnrepresentableDefault(f"{raw!r:.60} is not a UUID")
        value = UUID(digits)
    return Expression.of(Symbol("uuid", "UUID"), f"({string_literal(str(value))})")


def _any_time(logical: model.LogicalType, raw: int, times: TimeOptions) -> Expression:
    """Return the value of a date or time; of a number without a value, what readers have for it."""
    try:
        return logical_value(logical, raw)
    except UnrepresentableDefault:
        if times.keeps_numbers:
            return Expression((str(raw),))
    match logical:
        case model.TimeOfDay(unit):
            end = 0 if raw < 0 else _DAY // _MICROS[unit] - 1
        case model.Timestamp(unit) | model.LocalTimestamp(unit):
            moment = datetime.min if raw < 0 else datetime.max
            end = (moment - _EPOCH) // timedelta(microseconds=_MICROS[unit])
        case _:
            end = ((datetime.min if raw < 0 else datetime.max) - _EPOCH).days
    return logical_value(logical, end)


def _time_of_day(micros: int) -> Expression:
    if not 0 <= micros < _DAY:
        raise UnrepresentableDefault("time of day is outside of one day")
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
        raise UnrepresentableDefault("datetime is limited to the years 1 to 9999") from None


def _trimmed(hour: int, minute: int, second: int, microsecond: int) -> tuple[int, ...]:
    """Return the parts of a time without trailing zeros; hour and minute stay."""
    if microsecond:
        return hour, minute, second, microsecond
    return (hour, minute, second) if second else (hour, minute)


def _integer(raw: Raw) -> int:
    assert isinstance(raw, int)
    return raw


def _call(module: str, name: str, *arguments: object) -> Expression:
    return Expression.of(Symbol(module, name), f"({', '.join(map(str, arguments))})")
