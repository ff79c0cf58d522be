"""Python annotations of Avro types: the table of ``docs/mapping.md``.

Defaults of these types are in :mod:`avrogen.compiler.python_defaults`. CONTRIBUTING.md has the
recipe for another logical type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from avrogen.avro import model
from avrogen.compiler.expressions import RUNTIME, Expression, Symbol, builtin, join

__all__ = ["NONE", "PRIMITIVES", "SymbolOf", "has_class", "logical_type", "python_type", "union"]

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


def python_type(
    type_: model.AvroType, types: Mapping[str, model.NamedType], symbol_of: SymbolOf
) -> Expression:
    """Return the annotation for values of an Avro type.

    Args:
        type_: the type; its references are in ``types``.
        types: all named types by full name.
        symbol_of: classes of named types.
    """
    match type_:
        case model.Primitive(name, logical):
            return logical_type(logical) if logical else PRIMITIVES[name]
        case model.Reference(name):
            named = types[name]
            if isinstance(named, model.FixedType) and named.logical:
                return logical_type(named.logical)
            return Expression((symbol_of(name),))
        case model.Array(items):
            return Expression.of(builtin("list"), "[", python_type(items, types, symbol_of), "]")
        case model.Map(values):
            inner = python_type(values, types, symbol_of)
            return Expression.of(builtin("dict"), "[", builtin("str"), ", ", inner, "]")
        case model.Union(branches):
            return union(python_type(branch, types, symbol_of) for branch in branches)
        case _:
            assert_never(type_)


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
