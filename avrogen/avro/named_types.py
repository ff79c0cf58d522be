"""Definitions of named types: records, enums and fixed (Avro 1.12, "Complex Types")."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.attributes import (
    ParseScope,
    aliases_of,
    brief,
    custom_attributes,
    doc_of,
    logical_type_of,
    scope_of,
)
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, full_name, is_full_name, is_name
from avrogen.avro.schema_json import definition_json
from avrogen.avro.source import locate

__all__ = ["Definitions"]

_Schema: TypeAlias = Callable[[Json, ParseScope], model.AvroType]

_LARGEST_FIXED = (1 << 31) - 1
"""Lengths are Java ints elsewhere, and a datum of 2 GB is no event."""


class Definitions:
    """Reads definitions into a mapping of types by full name."""

    def __init__(
        self, schema: _Schema, types: dict[str, model.NamedType], diagnostics: Diagnostics
    ) -> None:
        """Prepare for the files of a run.

        Args:
            schema: reads the schemas inside definitions.
            types: takes what is defined.
            diagnostics: takes what is wrong.
        """
        self._schema = schema
        self._types = types
        self._diagnostics = diagnostics

    def define(self, kind: str, schema: dict[str, Json], where: ParseScope) -> str | None:
        """Read one definition; its full name, or None if it has none that can be used."""
        named = self._name(schema, where)
        if named is None:
            return None
        full, inner = named
        where = where._replace(namespace=inner)
        if kind == "enum":
            self._keep(self._enum(full, schema, where), where)
        elif kind == "fixed":
            self._keep(self._fixed(full, schema, where), where)
        else:
            self._keep(self._record(full, schema, where, is_error=kind == "error"), where)
        return full

    # --- names ------------------------------------------------------------------------------------

    def _name(self, schema: dict[str, Json], where: ParseScope) -> tuple[str, str] | None:
        """Full name and inner namespace."""
        if "name" not in schema:
            self._report(Code.MISSING_ATTRIBUTE, where, f'the {schema["type"]} lacks "name"')
            return None
        name, declared = schema["name"], schema.get("namespace")
        if not isinstance(name, str):
            self._report(
                Code.WRONG_ATTRIBUTE, where.at("name"), f'"name" is a string, not {brief(name)}'
            )
            return None
        if not is_full_name(name):
            self._report(Code.INVALID_NAME, where.at("name"), f"invalid name {brief(name)}", _NAMES)
            return None
        if "." not in name and not _is_namespace(declared):
            message = f"invalid namespace {brief(declared)}"
            self._report(Code.INVALID_NAMESPACE, where.at("namespace"), message, _NAMES)
            return None
        full, inner = scope_of(name, declared, where.namespace)
        if full.rpartition(".")[2] in PRIMITIVES:
            message = f"{brief(name)} is the name of a primitive type, which no other type can have"
            self._report(Code.PRIMITIVE_NAME, where.at("name"), message)
            return None
        return full, inner

    def _keep(self, named: model.NamedType, where: ParseScope) -> None:
        """ "A schema may not contain multiple definitions of a fullname"; equal ones are one."""
        first = self._types.setdefault(named.name, named)
        if first is not named and not _say_the_same(first, named):
            assert first.origin is not None
            self._report(
                Code.REDEFINED_TYPE,
                where.at("name"),
                f"{named.name} is defined twice, and not the same way",
                f"the other definition is at {locate(first.origin)}",
            )

    def _aliases(self, schema: dict[str, Json], where: ParseScope) -> tuple[str, ...]:
        """Aliases of a type as full names; they are relative to its namespace."""
        aliases = aliases_of(schema, where, self._diagnostics)
        return tuple(full_name(alias, where.namespace) for alias in aliases)

    # --- kinds ------------------------------------------------------------------------------------

    def _record(
        self, name: str, schema: dict[str, Json], where: ParseScope, *, is_error: bool
    ) -> model.RecordType:
        return model.RecordType(
            name=name,
            fields=tuple(self._fields(name, schema, where)),
            aliases=self._aliases(schema, where),
            doc=doc_of(schema, where, self._diagnostics),
            is_error=is_error,
            attributes=custom_attributes(schema, "record"),
            origin=where.origin,
        )

    def _enum(self, name: str, schema: dict[str, Json], where: ParseScope) -> model.EnumType:
        symbols = tuple(self._symbols(schema, where))
        default = schema.get("default")
        if default is not None and default not in symbols:
            message = f"the default {brief(default)} of {name} is none of its symbols"
            self._report(Code.ENUM_DEFAULT, where.at("default"), message)
        return model.EnumType(
            name=name,
            symbols=symbols,
            default=default if isinstance(default, str) else None,
            aliases=self._aliases(schema, where),
            doc=doc_of(schema, where, self._diagnostics),
            attributes=custom_attributes(schema, "enum"),
            origin=where.origin,
        )

    def _symbols(self, schema: dict[str, Json], where: ParseScope) -> Iterator[str]:
        symbols = schema.get("symbols")
        if not isinstance(symbols, list):
            self._missing_or_wrong("symbols", "a list of names", schema, where)
            return
        if not symbols:
            self._report(
                Code.EMPTY_TYPE, where.at("symbols"), "an enum without symbols has no values"
            )
        seen: set[str] = set()
        for index, symbol in enumerate(symbols):
            at = where.at("symbols", index)
            if not isinstance(symbol, str):
                message = f"a symbol is a string, not {brief(symbol)}"
                self._report(Code.WRONG_ATTRIBUTE, at, message)
            elif not is_name(symbol):
                self._report(Code.INVALID_NAME, at, f"invalid symbol {brief(symbol)}", _NAMES)
            elif symbol in seen:
                self._report(Code.DUPLICATE_SYMBOL, at, f"the symbol {brief(symbol)} stands twice")
            else:
                seen.add(symbol)
                yield symbol

    def _fixed(self, name: str, schema: dict[str, Json], where: ParseScope) -> model.FixedType:
        size = schema.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_FIXED:
            self._missing_or_wrong("size", "a number of bytes", schema, where)
            size = 0
        attributes = custom_attributes(schema, "fixed")
        return model.FixedType(
            name=name,
            size=size,
            logical=logical_type_of(attributes, "fixed", size, where, self._diagnostics),
            aliases=self._aliases(schema, where),
            doc=doc_of(schema, where, self._diagnostics),
            attributes=attributes,
            origin=where.origin,
        )

    # --- fields -----------------------------------------------------------------------------------

    def _fields(
        self, record: str, schema: dict[str, Json], where: ParseScope
    ) -> Iterator[model.Field]:
        fields = schema.get("fields")
        if not isinstance(fields, list):
            self._missing_or_wrong("fields", "a list of fields", schema, where)
            return
        seen: set[str] = set()
        for index, field in enumerate(fields):
            at = where.at("fields", index)
            if not isinstance(field, dict):
                message = f"a field is an object, not {brief(field)}"
                self._report(Code.WRONG_ATTRIBUTE, at, message)
                continue
            name = self._field_name(field, at)
            if name is not None and name in seen:
                message = f"{record} has a field {brief(name)} already"
                self._report(Code.DUPLICATE_FIELD, at.at("name"), message)
            elif name is not None:
                seen.add(name)
                yield self._field(name, field, at._replace(place=_place(record, name)))

    def _field_name(self, field: dict[str, Json], where: ParseScope) -> str | None:
        name = field.get("name")
        if not isinstance(name, str):
            self._missing_or_wrong("name", "a string", field, where, what="field")
            return None
        if not is_name(name):
            message = f"invalid name {brief(name)} of a field"
            self._report(Code.INVALID_NAME, where.at("name"), message, _NAMES)
            return None
        return name

    def _field(self, name: str, field: dict[str, Json], where: ParseScope) -> model.Field:
        attributes = custom_attributes(field, "field")
        if "logicalType" in attributes:
            self._warn_of_logical_type_on_field(field, attributes, where)
        return model.Field(
            name=name,
            type=self._field_type(field, where),
            default=field.get("default", model.NO_DEFAULT),
            order=self._order(field, where),
            aliases=aliases_of(field, where, self._diagnostics),
            doc=doc_of(field, where, self._diagnostics),
            attributes=attributes,
            origin=where.origin,
        )

    def _field_type(self, field: dict[str, Json], where: ParseScope) -> model.AvroType:
        if "type" in field:
            return self._schema(field["type"], where.inside("type"))
        self._report(Code.MISSING_ATTRIBUTE, where, 'the field lacks "type"')
        return model.Reference("")

    def _order(self, field: dict[str, Json], where: ParseScope) -> model.Order | None:
        order = field.get("order")
        if order is None:
            return None
        for known in model.Order:
            if order == known.value:
                return known
        self._report(
            Code.WRONG_ATTRIBUTE,
            where.at("order"),
            f'"order" is {brief(order)}',
            "it is one of ascending, descending, ignore",
        )
        return None

    def _warn_of_logical_type_on_field(
        self, field: dict[str, Json], attributes: model.Attributes, where: ParseScope
    ) -> None:
        """The specification gives a logical type to a type; on a field it is just an attribute."""
        moved = {k: v for k, v in attributes.items() if k in _LOGICAL_ATTRIBUTES}
        inner = field.get("type")
        if isinstance(inner, str):
            fixed = json.dumps({"name": field["name"], "type": {"type": inner, **moved}})
            hint = f"put it into the type: {fixed}"
        else:
            hint = "put it into the type that it is meant for"
        self._diagnostics.report(
            Code.LOGICAL_TYPE_ON_FIELD,
            where.at("logicalType").origin,
            f"logicalType stands on the field, where it has no effect{where.place}",
            hint,
            key=True,
        )

    # --- reports ----------------------------------------------------------------------------------

    def _missing_or_wrong(
        self,
        key: str,
        expected: str,
        schema: dict[str, Json],
        where: ParseScope,
        *,
        what: str | None = None,
    ) -> None:
        if key not in schema:
            what = what or str(schema["type"])
            self._report(Code.MISSING_ATTRIBUTE, where, f'the {what} lacks "{key}"')
        else:
            message = f'"{key}" is {expected}, not {brief(schema[key])}'
            self._report(Code.WRONG_ATTRIBUTE, where.at(key), message)

    def _report(self, code: Code, where: ParseScope, message: str, hint: str | None = None) -> None:
        self._diagnostics.report(code, where.origin, f"{message}{where.place}", hint)


_NAMES = "names begin with a letter or underscore, and go on with letters, digits and underscores"
_LOGICAL_ATTRIBUTES = ("logicalType", "precision", "scale")


def _say_the_same(one: model.NamedType, other: model.NamedType) -> bool:
    """Whether two definitions differ in the order of their attributes at most.

    Compared as text, since 1, 1.0 and true are equal to Python and different defaults.
    """
    texts = (json.dumps(definition_json(named, {}), sort_keys=True) for named in (one, other))
    return next(texts) == next(texts)


def _is_namespace(declared: Json) -> bool:
    """Whether a ``namespace`` attribute, if there is one, says what a namespace can be."""
    return not declared or (isinstance(declared, str) and is_full_name(declared))


def _place(record: str, field: str) -> str:
    return f" in field {record.rpartition('.')[2]}.{field}"
