"""Operations of types without inner types, and the classes that stand for named types."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TypeAlias, assert_never

from avrogen.avro import model
from avrogen.codec import plan

__all__ = ["Classes", "attributes", "enum", "fixed", "primitive"]

Classes: TypeAlias = Mapping[str, type[object]]
"""Classes for named types, by full name; types that have none are read as plain values."""


def primitive(name: model.PrimitiveName, logical: model.LogicalType | None) -> plan.Operation:
    """The operation of a primitive type."""
    if logical:
        return _logical(logical, name, None)
    match name:
        case "null":
            return plan.NullOperation()
        case "boolean":
            return plan.BooleanOperation()
        case "int":
            return plan.IntegerOperation(32)
        case "long":
            return plan.IntegerOperation(64)
        case "float":
            return plan.RealOperation(32)
        case "double":
            return plan.RealOperation(64)
        case "bytes":
            return plan.BytesOperation()
        case "string":
            return plan.StringOperation()
        case _:
            assert_never(name)


def enum(type_: model.EnumType, classes: Classes) -> plan.EnumOperation:
    """The operation of an enum.

    Raises:
        TypeError: its class is none for enums. So it is below; generated classes always are right.
    """
    class_ = classes.get(type_.name, str)
    if not issubclass(class_, str):
        raise TypeError(f"{class_.__qualname__} is no str, as enum {type_.name} must be")
    values = type_.symbols if class_ is str else tuple(map(class_, type_.symbols))
    return plan.EnumOperation(type_.name, type_.symbols, values, class_)


def fixed(type_: model.Fixed, classes: Classes) -> plan.Operation:
    """The operation of a fixed type."""
    if type_.logical:
        return _logical(type_.logical, None, type_.size)
    class_ = classes.get(type_.name, bytes)
    if not issubclass(class_, bytes):
        raise TypeError(f"{class_.__qualname__} is no bytes, as fixed {type_.name} must be")
    return plan.FixedOperation(type_.name, type_.size, class_)


def attributes(record: model.Record, classes: Classes) -> list[str] | list[None]:
    """Names of the dataclass fields, which correspond to Avro fields by position."""
    class_ = classes.get(record.name)
    if class_ is None:
        return [None] * len(record.fields)
    names = [field.name for field in fields(class_)] if is_dataclass(class_) else []
    if len(names) != len(record.fields):
        raise TypeError(f"{class_.__qualname__} is no dataclass with the fields of {record.name}")
    for name in names:
        if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
            raise TypeError(f"{class_.__qualname__} has a field that is no identifier: {name!r}")
    return names


def _logical(
    logical: model.LogicalType, primitive: model.PrimitiveName | None, size: int | None
) -> plan.Operation:
    """The operation of a logical type on a primitive, or on a fixed of some size."""
    match logical:
        case model.Decimal(precision, scale):
            return plan.DecimalOperation(precision, scale, size)
        case model.Uuid():
            return plan.UuidOperation(binary=primitive is None)
        case model.Date():
            return plan.DateOperation()
        case model.TimeOfDay(unit):
            return plan.TimeOperation(unit, 32 if unit is model.TimeUnit.MILLIS else 64)
        case model.Timestamp(model.TimeUnit.NANOS):
            return plan.NanosOperation(local=False)
        case model.LocalTimestamp(model.TimeUnit.NANOS):
            return plan.NanosOperation(local=True)
        case model.Timestamp(unit):
            return plan.TimestampOperation(unit, local=False)
        case model.LocalTimestamp(unit):
            return plan.TimestampOperation(unit, local=True)
        case model.Duration():
            return plan.DurationOperation()
        case _:
            assert_never(logical)
