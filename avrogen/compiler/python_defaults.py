"""Defaults of fields as readable Python expressions.

Values of logical types are written by :func:`~avrogen.compiler.type_mapping.logical_value`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final, TypeAlias

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.time_options import DEFAULT, TimeOptions
from avrogen.compiler.expressions import Expression, Symbol, join
from avrogen.compiler.literals import bytes_literal, float_literal, string_literal
from avrogen.compiler.naming import AttributeName, MemberName
from avrogen.compiler.type_mapping import (
    NO_OVERRIDES,
    SymbolOf,
    UnrepresentableDefault,
    converted,
    has_class,
    logical_value,
    overridden_types,
    python_type,
)
from avrogen.config.custom_types import BuildOverrides

__all__ = ["DefaultWriter", "NotADefault"]

_EMPTY = (("[", "]"), ("{", "}"))

_NoUnion: TypeAlias = model.Primitive | model.Reference | model.Array | model.Map


class NotADefault(ValueError):
    """A default that does not fit although schemas in use have it: a symbol the enum lacks."""


@dataclass(frozen=True, slots=True)
class DefaultWriter:
    """Writer of the defaults of the fields of one module.

    Attributes:
        checks: checks of defaults, with all named types.
        symbol_of: classes of named types, as the module imports them.
        attributes: Python names of a record's fields, by the record's full name.
        members: Python names of an enum's symbols, by the enum's full name.
        times: options for dates and times.
        overrides: types of one's own, with fields selected by full names.
    """

    checks: DefaultChecks
    symbol_of: SymbolOf
    attributes: Mapping[str, Mapping[str, AttributeName]]
    members: Mapping[str, Mapping[str, MemberName]]
    times: TimeOptions = DEFAULT
    overrides: BuildOverrides = NO_OVERRIDES

    @property
    def types(self) -> Mapping[str, model.NamedType]:
        """All named types by full name."""
        return self.checks.types

    def field_default(
        self,
        type_: model.AvroType,
        default: model.Json,
        overrides: BuildOverrides = NO_OVERRIDES,
    ) -> Expression:
        """Return the right-hand side of a dataclass field: a value, or a factory if it is mutable.

        So are values of types of one's own, for all that is known: they are made when needed.

        Args:
            type_: type of the field.
            default: JSON that fits the type, nested records completed.
            overrides: types of one's own that apply to the field.

        Raises:
            UnrepresentableDefault: the logical type has no such value.
            NotADefault: the default names a symbol that its enum lacks.
        """
        value = self.value(type_, default, overrides)
        branch = self._branch(type_, default)
        match branch:
            case (model.Array() | model.Map()) as collection:
                factory = self._factory(collection, value, overrides)
            case model.Reference(name) if isinstance(self.types[name], model.RecordType):
                factory = Expression.of("lambda: ", value)
            case _:
                found = overridden_types(branch, self.types, overrides)
                if all(each.conversion is None for _, each in found):
                    return value
                factory = Expression.of("lambda: ", value)
        return Expression.of(Symbol("dataclasses", "field"), "(default_factory=", factory, ")")

    def _factory(
        self, type_: model.Array | model.Map, value: Expression, overrides: BuildOverrides
    ) -> Expression:
        """Return ``list[str]`` for an empty list, which type checkers understand, or a lambda.

        Classes of the package appear in lambdas only, as they may be defined further down.
        """
        annotation = python_type(type_, self.types, self.symbol_of, self.times, overrides)
        if value.parts in _EMPTY and not any(
            s.module.startswith(".") for s in annotation.symbols()
        ):
            return annotation
        return Expression.of("lambda: ", value)

    def value(
        self, type_: model.AvroType, default: model.Json, overrides: BuildOverrides
    ) -> Expression:
        """Return the expression of a value."""
        match self._branch(type_, default):
            case model.Primitive(name) as primitive:
                found = overrides.of(primitive)
                if found.logical:
                    _refuse_base64(primitive, found.logical, default)
                    base = logical_value(found.logical, _raw(name, default), self.times)
                else:
                    base = _primitive(name, default)
                return converted(base, found)
            case model.Reference(name):
                found = overrides.of(self.types[name])
                base = self._named(self.types[name], default, found.logical)
                return converted(base, found)
            case model.Array(items):
                assert isinstance(default, list)
                values = (self.value(items, item, overrides) for item in default)
                return Expression.of("[", join(", ", values), "]")
            case model.Map(values_type):
                assert isinstance(default, dict)
                entries = (
                    Expression.of(
                        string_literal(key), ": ", self.value(values_type, value, overrides)
                    )
                    for key, value in default.items()
                )
                return Expression.of("{", join(", ", entries), "}")

    def _named(
        self, named: model.NamedType, default: model.Json, logical: model.LogicalType | None
    ) -> Expression:
        match named:
            case model.RecordType(name, fields):
                assert isinstance(default, dict)
                names = self.attributes[name]
                arguments = (
                    Expression.of(
                        f"{names[f.name]}=",
                        self.value(
                            f.type, default[f.name], self.overrides.at_field(f"{name}.{f.name}")
                        ),
                    )
                    for f in fields
                )
                return Expression.of(self.symbol_of(name), "(", join(", ", arguments), ")")
            case model.EnumType(name):
                assert isinstance(default, str)
                if default not in self.members[name]:
                    raise NotADefault(default)
                return Expression.of(self.symbol_of(name), f".{self.members[name][default]}")
            case model.FixedType(name):
                assert isinstance(default, str)
                data = default.encode("latin-1")
                if logical:
                    return logical_value(logical, data)
                if not has_class(named):
                    return Expression((bytes_literal(data),))
                return Expression.of(self.symbol_of(name), f"({bytes_literal(data)})")

    def _branch(self, type_: model.AvroType, default: model.Json) -> _NoUnion:
        """Return the type of a default: in a union the first branch that it fits."""
        if not isinstance(type_, model.Union):
            return type_
        index = self.checks.branch(type_, default)
        if index is None:
            raise NotADefault(default)
        branch = type_.branches[index]
        assert not isinstance(branch, model.Union), "unions hold no unions"
        return branch


def _primitive(name: model.PrimitiveName, default: model.Json) -> Expression:
    match name, default:
        case ("float" | "double"), int() | float():
            return Expression((float_literal(float(default)),))
        case "bytes", str():
            return Expression((bytes_literal(default.encode("latin-1")),))
        case "string", str():
            return Expression((string_literal(default),))
        case _:
            return Expression((repr(default),))


def _raw(name: model.PrimitiveName, default: model.Json) -> int | str | bytes:
    """Return the value of a default as the base type of a logical type."""
    if name == "bytes":
        assert isinstance(default, str)
        return default.encode("latin-1")
    assert isinstance(default, int | str)
    return default


# --- decimals of Kafka Connect --------------------------------------------------------------------

_CONNECT_DECIMAL: Final = "org.apache.kafka.connect.data.Decimal"
_BASE64: Final = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/][A-Za-z0-9+/=])"
)
_LONGEST_BASE64: Final = 100
"""Characters of a default that is looked at, and decimal places."""


def _refuse_base64(type_: model.Primitive, logical: model.LogicalType, default: model.Json) -> None:
    """Refuse the default of a decimal that is base64, as Kafka Connect's converter writes it.

    Avro reads each character as a byte, which gives another number. Without the mark of Connect in
    the schema, only text with padding counts as base64.

    Raises:
        UnrepresentableDefault: it is base64.
    """
    if not isinstance(logical, model.Decimal) or not isinstance(default, str):
        return
    scale = logical.scale
    is_connect = (
        type_.attributes.get("connect.name") == _CONNECT_DECIMAL
        or type_.attributes.get("connect.default") == default
    )
    if max(len(default), scale) > _LONGEST_BASE64 or not (is_connect or default[-1:] == "="):
        return
    if not _BASE64.fullmatch(default):
        return
    meant = binascii.a2b_base64(default)
    numbers = (
        Decimal(int.from_bytes(data, signed=True)).scaleb(
            -scale, Context(prec=2 * _LONGEST_BASE64 + 100)
        )
        for data in (default.encode("ascii"), meant)
    )
    read, intended = map(str, numbers)
    written = "".join(
        chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\u{b:04x}" for b in meant
    )
    raise UnrepresentableDefault(
        f'"{default}" looks like base64, as Kafka Connect writes {intended}, '
        f"while Avro and its libraries read {read}",
        f'write each byte as a character: "default": "{written}"',
    )
