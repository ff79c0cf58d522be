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
    SymbolOf,
    UnrepresentableDefault,
    logical_value,
    python_type,
)

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
    """

    checks: DefaultChecks
    symbol_of: SymbolOf
    attributes: Mapping[str, Mapping[str, AttributeName]]
    members: Mapping[str, Mapping[str, MemberName]]
    times: TimeOptions = DEFAULT

    @property
    def types(self) -> Mapping[str, model.NamedType]:
        """All named types by full name."""
        return self.checks.types

    def field_default(self, type_: model.AvroType, default: model.Json) -> Expression:
        """Return the right-hand side of a dataclass field: a value, or a factory if it is mutable.

        Args:
            type_: type of the field.
            default: JSON that fits the type, nested records completed.

        Raises:
            UnrepresentableDefault: the logical type has no such value.
            NotADefault: the default names a symbol that its enum lacks.
        """
        value = self.value(type_, default)
        match self._branch(type_, default):
            case (model.Array() | model.Map()) as collection:
                factory = self._factory(collection, value)
            case model.Reference(name) if isinstance(self.types[name], model.RecordType):
                factory = Expression.of("lambda: ", value)
            case _:
                return value
        return Expression.of(Symbol("dataclasses", "field"), "(default_factory=", factory, ")")

    def _factory(self, type_: model.Array | model.Map, value: Expression) -> Expression:
        """Return ``list[str]`` for an empty list, which type checkers understand, or a lambda.

        Classes of the package appear in lambdas only, as they may be defined further down.
        """
        annotation = python_type(type_, self.types, self.symbol_of, self.times)
        if value.parts in _EMPTY and not any(
            s.module.startswith(".") for s in annotation.symbols()
        ):
            return annotation
        return Expression.of("lambda: ", value)

    def value(self, type_: model.AvroType, default: model.Json) -> Expression:
        """Return the expression of a value."""
        match branch := self._branch(type_, default):
            case model.Primitive(name, logical):
                if logical:
                    _refuse_base64(branch, default)
                    return logical_value(logical, _raw(name, default), self.times)
                return _primitive(name, default)
            case model.Reference(name):
                return self._named(self.types[name], default)
            case model.Array(items):
                assert isinstance(default, list)
                values = (self.value(items, item) for item in default)
                return Expression.of("[", join(", ", values), "]")
            case model.Map(values_type):
                assert isinstance(default, dict)
                entries = (
                    Expression.of(string_literal(key), ": ", self.value(values_type, value))
                    for key, value in default.items()
                )
                return Expression.of("{", join(", ", entries), "}")

    def _named(self, named: model.NamedType, default: model.Json) -> Expression:
        match named:
            case model.RecordType(name, fields):
                assert isinstance(default, dict)
                names = self.attributes[name]
                arguments = (
                    Expression.of(f"{names[f.name]}=", self.value(f.type, default[f.name]))
                    for f in fields
                )
                return Expression.of(self.symbol_of(name), "(", join(", ", arguments), ")")
            case model.EnumType(name):
                assert isinstance(default, str)
                if default not in self.members[name]:
                    raise NotADefault(default)
                return Expression.of(self.symbol_of(name), f".{self.members[name][default]}")
            case model.FixedType(name, logical=logical):
                assert isinstance(default, str)
                data = default.encode("latin-1")
                if logical:
                    return logical_value(logical, data)
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


def _refuse_base64(type_: model.Primitive, default: model.Json) -> None:
    """Refuse the default of a decimal that is base64, as Kafka Connect's converter writes it.

    Avro reads each character as a byte, which gives another number. Without the mark of Connect in
    the schema, only text with padding counts as base64.

    Raises:
        UnrepresentableDefault: it is base64.
    """
    if not isinstance(type_.logical, model.Decimal) or not isinstance(default, str):
        return
    scale = type_.logical.scale
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
