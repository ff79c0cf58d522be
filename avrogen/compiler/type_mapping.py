"""Python types for Avro types (``docs/mapping.md``, the table), and literals of logical types.

A logical type has a case in :func:`logical_type`, its annotation, and in :func:`logical_value`, its
values in generated code. CONTRIBUTING, "Adding a logical type", lists the other places.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never
from uuid import UUID

from avrogen.avro import model
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
    overrides: BuildOverrides = NO_OVERRIDES,
) -> Expression:
    """Return the annotation for values of an Avro type.

    Args:
        type_: the type; its references are in ``types``.
        types: all named types by full name.
        symbol_of: classes of named types.
        overrides: overrides that apply where the type is used.
    """
    match type_:
        case model.Primitive():
            found = overrides.of(type_)
            if found.conversion is not None:
                return python_name(found.conversion.type)
            return _base_type(type_, found, symbol_of)
        case model.Reference(name):
            found = overrides.of(types[name])
            if found.conversion is not None:
                return python_name(found.conversion.type)
            return _base_type(types[name], found, symbol_of)
        case model.Array(items):
            inner = python_type(items, types, symbol_of, overrides)
            return Expression.of(builtin("list"), "[", inner, "]")
        case model.Map(values):
            inner = python_type(values, types, symbol_of, overrides)
            return Expression.of(builtin("dict"), "[", builtin("str"), ", ", inner, "]")
        case model.Union(branches):
            return union(python_type(branch, types, symbol_of, overrides) for branch in branches)
        case _:
            assert_never(type_)


def _base_type(
    type_: model.Primitive | model.NamedType,
    found: OverriddenType[TypeConversion],
    symbol_of: SymbolOf,
) -> Expression:
    """Return the annotation for base values: those that a conversion takes, if there is one."""
    if found.logical is not None:
        return logical_type(found.logical)
    if isinstance(type_, model.Primitive):
        return PRIMITIVES[type_.name]
    if has_class(type_):
        return Expression((symbol_of(type_.name),))
    return builtin("bytes")


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
    overridden: Iterable[_Overridden], overrides: BuildOverrides, symbol_of: SymbolOf
) -> Mapping[str, Expression]:
    """Return the entries of a ``TypeMapping``, by selector, for types that have another type."""
    bases: dict[str, dict[Expression, None]] = {}
    for type_, found in overridden:
        own = type_.logical if isinstance(type_, model.Primitive | model.FixedType) else None
        if found.selector is not None and (found.conversion or found.logical != own):
            base = _base_type(type_, found, symbol_of)
            bases.setdefault(found.selector, {})[base] = None
    entries: dict[str, Expression] = {}
    for selector in sorted(bases):
        override = overrides.entries[selector]
        if override.conversion is None:
            assert override.base is not None, "an override has a base or a conversion"
            entries[selector] = Expression((string_literal(override.base),))
        else:
            base = union(bases[selector])
            entries[selector] = _mapped_type(override.conversion, base, override.base)
    return entries


def _mapped_type(conversion: TypeConversion, values: Expression, base: str | None) -> Expression:
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
    # The comma at the end keeps one argument on a line, whatever the length of names.
    return Expression.of(head, "(", join(", ", arguments), ",)")


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
        case model.Decimal():
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


class UnrepresentableDefault(ValueError):
    """A default that fits the base type and is impossible for the logical type."""


def logical_value(logical: model.LogicalType, raw: Raw) -> Expression:
    """Return the value of a logical type for a default of its base type.

    Raises:
        UnrepresentableDefault: Python has no such value; the message gives the reason.
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
            return _datetime(_integer(raw) * _MICROS[unit], _NO_ZONE)
        case model.DurationType():
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
        raise UnrepresentableDefault(f"{unscaled} has more than {precision} digits")
    value = decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=precision))
    return Expression.of(Symbol("decimal", "Decimal"), f'("{value}")')


def _uuid(raw: Raw) -> Expression:
    try:
        value = UUID(bytes=raw) if isinstance(raw, bytes) else UUID(str(raw))
    except ValueError:
        raise UnrepresentableDefault(f"{raw!r:.60} is not a UUID") from None
    return Expression.of(Symbol("uuid", "UUID"), f"({string_literal(str(value))})")


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
