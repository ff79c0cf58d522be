"""Type overrides: the Python type of a value where it is not the one of the mapping.

An override belongs to a *selector*: a field, a ``connect.name`` or a ``logicalType``. Where several
apply, a field goes before a ``connect.name``, and that before a ``logicalType``. What an override
converts with is a matter of its user: names of functions in the compiler, functions at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from avrogen.avro import model
from avrogen.avro.logical_types import InvalidLogicalType, logical_type

__all__ = [
    "RAW",
    "OverriddenType",
    "TypeOverride",
    "TypeOverrides",
    "connect_selector",
    "field_selector",
    "logical_selector",
]

RAW: Final = "raw"
"""Base of an override that ignores the logical type: values are those of the Avro type."""

C = TypeVar("C")


def field_selector(name: str) -> str:
    """Return the selector of a field."""
    return f"field:{name}"


def connect_selector(name: str) -> str:
    """Return the selector of a ``connect.name``."""
    return f"connect:{name}"


def logical_selector(name: str) -> str:
    """Return the selector of a ``logicalType``, known or unknown."""
    return f"logical:{name}"


@dataclass(frozen=True, slots=True)
class TypeOverride(Generic[C]):
    """An override.

    Attributes:
        base: logical type of its base values, by name, or :data:`RAW`; None: that of the schema.
        conversion: conversion of base values; None: values are base values.
    """

    base: str | None
    conversion: C | None


@dataclass(frozen=True, slots=True)
class OverriddenType(Generic[C]):
    """A primitive or named type with the override that applies to it.

    Attributes:
        logical: logical type of its base values.
        conversion: conversion of base values, if there is one.
        selector: selector of the override; None: none applies.
        problem: reason why the override does not fit the type, which is left as it is then.
    """

    logical: model.LogicalType | None
    conversion: C | None = None
    selector: str | None = None
    problem: str | None = None


class TypeOverrides(Generic[C]):
    """Overrides by selector, as they apply at one place.

    Attributes:
        entries: all overrides by selector.
    """

    def __init__(
        self,
        entries: Mapping[str, TypeOverride[C]],
        field: str | None = None,
        imported: Mapping[str, TypeOverrides[C]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            entries: overrides by selector.
            field: selector of the field that the place is in, if that has an override.
            imported: overrides of types of other packages, by full name; those of a record select
                fields by their names.
        """
        self.entries = entries
        self._field = field
        self._imported = imported or {}

    def at_field(self, name: str) -> TypeOverrides[C]:
        """Return the overrides as they apply to the values of a field."""
        record, _, field = name.rpartition(".")
        if record in self._imported:
            return self._imported[record].at_field(field)
        selector = field_selector(name)
        return TypeOverrides(self.entries, selector if selector in self.entries else None)

    def inside(self, name: str) -> TypeOverrides[C]:
        """Return the overrides that a named type has itself: those of its package."""
        return self._imported.get(name, self)

    def without_conversions(self) -> TypeOverrides[Any]:
        """Return overrides that give base values."""
        entries: dict[str, TypeOverride[Any]] = {
            selector: TypeOverride(each.base, None) for selector, each in self.entries.items()
        }
        imported = {name: each.without_conversions() for name, each in self._imported.items()}
        return TypeOverrides(entries, self._field, imported)

    def of(self, type_: model.Primitive | model.NamedType) -> OverriddenType[C]:
        """Return a type with the override that applies to it."""
        own = type_.logical if isinstance(type_, model.Primitive | model.FixedType) else None
        selector = self._selector(type_)
        if selector is None:
            return OverriddenType(own)
        override = self.entries[selector]
        if override.base is None:
            return OverriddenType(own, override.conversion, selector)
        if override.base == RAW:
            return OverriddenType(None, override.conversion, selector)
        try:
            logical = _logical_type(override.base, type_)
        except InvalidLogicalType as problem:
            return OverriddenType(own, None, selector, str(problem))
        return OverriddenType(logical, override.conversion, selector)

    def _selector(self, type_: model.Primitive | model.NamedType) -> str | None:
        if isinstance(type_, model.Primitive) and type_.name == "null":
            return None
        if self._field is not None:
            return self._field
        connect, logical = (type_.attributes.get(key) for key in ("connect.name", "logicalType"))
        if isinstance(connect, str) and connect_selector(connect) in self.entries:
            return connect_selector(connect)
        if isinstance(logical, str) and logical_selector(logical) in self.entries:
            return logical_selector(logical)
        return None


def _logical_type(name: str, type_: model.Primitive | model.NamedType) -> model.LogicalType | None:
    base, size, attributes = "fixed", 0, type_.attributes
    match type_:
        case model.Primitive():
            base = type_.name
        case model.FixedType():
            size = type_.size
        case model.RecordType():
            raise InvalidLogicalType(f"{name} does not fit a record")
        case model.EnumType():
            raise InvalidLogicalType(f"{name} does not fit an enum")
    if name == "decimal":
        attributes = {**attributes, **_decimal_attributes(attributes)}
    return logical_type(name, base, size, attributes)


_CONNECT_PRECISION: Final = 64
"""Precision that Confluent's converter writes for decimals of Kafka Connect, which have none."""


def _decimal_attributes(attributes: model.Attributes) -> Mapping[str, model.Json]:
    """Return precision and scale of a decimal, also those that Kafka Connect alone defines.

    Connect has a scale only, as the text of a parameter. Its scales may exceed the precision that
    its converter writes (Oracle's ``NUMBER``): then there are at least as many digits.
    """
    parameters = attributes.get("connect.parameters")
    known = parameters if isinstance(parameters, dict) else {}
    scale = _count(attributes.get("scale", known.get("scale", 0)))
    precision = _count(attributes.get("precision", known.get("connect.decimal.precision")))
    if scale is None:
        return {}
    return {"precision": max(precision or _CONNECT_PRECISION, scale), "scale": scale}


def _count(value: model.Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
