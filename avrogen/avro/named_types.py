"""Named types: records, enums and fixed (Avro 1.12, "Complex Types" and "Names").

The names that all files define are collected first, so that references can be to any file; then the
definitions are read one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.attributes import (
    ParseScope,
    aliases_of,
    custom_attributes,
    doc_of,
    logical_type_of,
    without_deep_values,
)
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.names import (
    PRIMITIVES,
    full_name,
    is_full_name,
    is_name,
    namespace_of,
    short_name,
)
from avrogen.avro.schema_json import definition_json
from avrogen.avro.source import locate
from avrogen.avro.type_labels import json_label

__all__ = ["NAMED_KINDS", "DefinitionParser", "declared_names"]

NAMED_KINDS = ("record", "error", "enum", "fixed")
"""Values of "type" in definitions of named types."""

_Schema: TypeAlias = Callable[[Json, ParseScope], model.AvroType]

_LARGEST_FIXED = (1 << 31) - 1
"""Other implementations keep lengths in 32 bits."""

_NAMES = "names start with a letter or underscore, followed by letters, digits and underscores"
_LOGICAL_ATTRIBUTES = ("logicalType", "precision", "scale")


def declared_names(schema: Json) -> Iterator[str]:
    """Yield the full names of all types that a schema defines, valid or not."""
    waiting: list[tuple[Json, str]] = [(schema, "")]
    while waiting:
        part, namespace = waiting.pop()
        inner: list[Json] = []
        if isinstance(part, list):
            inner = part
        elif isinstance(part, dict):
            kind, name = part.get("type"), part.get("name")
            if kind in NAMED_KINDS and isinstance(name, str):
                full = _declared_name(name, part.get("namespace"), namespace)
                yield full
                namespace, fields = namespace_of(full), part.get("fields")
                if isinstance(fields, list):
                    inner = [field.get("type") for field in fields if isinstance(field, dict)]
            elif kind == "array":
                inner = [part.get("items")]
            elif kind == "map":
                inner = [part.get("values")]
        waiting.extend((each, namespace) for each in reversed(inner))


class _Definition(NamedTuple):
    """A definition that is yet to be read: its full name, kind and JSON, and the scope in it."""

    full: str
    kind: str
    schema: dict[str, Json]
    scope: ParseScope


class DefinitionParser:
    """Parser of definitions.

    Args:
        schema: parses the schemas inside definitions.
        types: receives the definitions, by full name.
        diagnostics: receives the problems.
    """

    def __init__(
        self, schema: _Schema, types: dict[str, model.NamedType], diagnostics: Diagnostics
    ) -> None:
        self._schema = schema
        self._types = types
        self._diagnostics = diagnostics
        self._found: list[_Definition] = []

    def define(self, kind: str, schema: dict[str, Json], scope: ParseScope) -> str | None:
        """Return the full name of a definition, or None if it has no valid one.

        It is read by :meth:`read_definitions`.
        """
        full = self._name(schema, scope)
        if full is not None:
            scope = scope._replace(namespace=namespace_of(full), depth=0)
            self._found.append(_Definition(full, kind, schema, scope))
        return full

    def read_definitions(self) -> None:
        """Read the definitions that were found, and those inside them, in the order of the text.

        The stack is a list: definitions may be nested more deeply than Python's calls.
        """
        waiting: list[_Definition] = []
        while self._found or waiting:
            waiting.extend(reversed(self._found))
            self._found.clear()
            self._read(*waiting.pop())

    def _read(self, full: str, kind: str, schema: dict[str, Json], scope: ParseScope) -> None:
        if kind == "enum":
            self._keep(self._enum(full, schema, scope), scope)
        elif kind == "fixed":
            self._keep(self._fixed(full, schema, scope), scope)
        else:
            self._keep(self._record(full, schema, scope, is_error=kind == "error"), scope)

    # --- names ------------------------------------------------------------------------------------

    def _name(self, schema: dict[str, Json], scope: ParseScope) -> str | None:
        """Return the full name."""
        if "name" not in schema:
            self._report(Code.MISSING_ATTRIBUTE, scope, f'the {schema["type"]} lacks "name"')
            return None
        name, declared = schema["name"], schema.get("namespace")
        if not isinstance(name, str):
            self._report(
                Code.WRONG_ATTRIBUTE,
                scope.at("name"),
                f'"name" must be a string, not {json_label(name)}',
            )
            return None
        if not is_full_name(name):
            self._report(
                Code.INVALID_NAME, scope.at("name"), f"invalid name {json_label(name)}", _NAMES
            )
            return None
        if "." not in name and not _is_namespace(declared):
            message = f"invalid namespace {json_label(declared)}"
            self._report(Code.INVALID_NAMESPACE, scope.at("namespace"), message, _NAMES)
            return None
        full = _declared_name(name, declared, scope.namespace)
        if short_name(full) in PRIMITIVES:
            message = f"{json_label(name)} is the name of a primitive type and cannot be redefined"
            self._report(Code.PRIMITIVE_NAME, scope.at("name"), message)
            return None
        return full

    def _keep(self, named: model.NamedType, scope: ParseScope) -> None:
        """Add a definition to the types.

        "A schema may not contain multiple definitions of a fullname": equal ones count once.
        """
        first = self._types.setdefault(named.name, named)
        if first is not named and not _are_equal(first, named):
            assert first.origin is not None, "what was parsed has an origin"
            self._report(
                Code.REDEFINED_TYPE,
                scope.at("name"),
                f"conflicting definitions of {named.name}",
                f"the other definition is at {locate(first.origin)}",
            )

    def _aliases(self, schema: dict[str, Json], scope: ParseScope) -> tuple[str, ...]:
        """Return the aliases of a type as full names; they are relative to its namespace."""
        aliases = aliases_of(schema, scope, self._diagnostics)
        return tuple(full_name(alias, scope.namespace) for alias in aliases)

    # --- kinds ------------------------------------------------------------------------------------

    def _record(
        self, name: str, schema: dict[str, Json], scope: ParseScope, *, is_error: bool
    ) -> model.RecordType:
        return model.RecordType(
            name=name,
            fields=tuple(self._fields(name, schema, scope)),
            aliases=self._aliases(schema, scope),
            doc=doc_of(schema, scope, self._diagnostics),
            is_error=is_error,
            attributes=custom_attributes(schema, "record"),
            origin=scope.origin,
        )

    def _enum(self, name: str, schema: dict[str, Json], scope: ParseScope) -> model.EnumType:
        symbols = tuple(self._symbols(schema, scope))
        default = schema.get("default")
        if default is not None and default not in symbols:
            message = f"the default {json_label(default)} of {name} is not one of its symbols"
            self._report(Code.ENUM_DEFAULT, scope.at("default"), message)
        return model.EnumType(
            name=name,
            symbols=symbols,
            default=default if isinstance(default, str) else None,
            aliases=self._aliases(schema, scope),
            doc=doc_of(schema, scope, self._diagnostics),
            attributes=custom_attributes(schema, "enum"),
            origin=scope.origin,
        )

    def _symbols(self, schema: dict[str, Json], scope: ParseScope) -> Iterator[str]:
        symbols = schema.get("symbols")
        if not isinstance(symbols, list):
            self._missing_or_wrong("symbols", "a list of names", schema, scope)
            return
        if not symbols:
            self._report(
                Code.EMPTY_TYPE, scope.at("symbols"), "an enum without symbols has no values"
            )
        seen: set[str] = set()
        for index, symbol in enumerate(symbols):
            at = scope.at("symbols", index)
            if not isinstance(symbol, str):
                message = f"a symbol must be a string, not {json_label(symbol)}"
                self._report(Code.WRONG_ATTRIBUTE, at, message)
            elif not is_name(symbol):
                self._report(Code.INVALID_NAME, at, f"invalid symbol {json_label(symbol)}", _NAMES)
            elif symbol in seen:
                self._report(Code.DUPLICATE_SYMBOL, at, f"duplicate symbol {json_label(symbol)}")
            else:
                seen.add(symbol)
                yield symbol

    def _fixed(self, name: str, schema: dict[str, Json], scope: ParseScope) -> model.FixedType:
        size = schema.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_FIXED:
            self._missing_or_wrong("size", "a number of bytes", schema, scope)
            size = 0
        attributes = custom_attributes(schema, "fixed")
        return model.FixedType(
            name=name,
            size=size,
            logical=logical_type_of(attributes, "fixed", size, scope, self._diagnostics),
            aliases=self._aliases(schema, scope),
            doc=doc_of(schema, scope, self._diagnostics),
            attributes=attributes,
            origin=scope.origin,
        )

    # --- fields -----------------------------------------------------------------------------------

    def _fields(
        self, record: str, schema: dict[str, Json], scope: ParseScope
    ) -> Iterator[model.Field]:
        fields = schema.get("fields")
        if not isinstance(fields, list):
            self._missing_or_wrong("fields", "a list of fields", schema, scope)
            return
        seen: set[str] = set()
        for index, field in enumerate(fields):
            at = scope.at("fields", index)
            if not isinstance(field, dict):
                message = f"a field must be an object, not {json_label(field)}"
                self._report(Code.WRONG_ATTRIBUTE, at, message)
                continue
            name = self._field_name(field, at)
            if name is not None and name in seen:
                message = f"duplicate field {json_label(name)} in {record}"
                self._report(Code.DUPLICATE_FIELD, at.at("name"), message)
            elif name is not None:
                seen.add(name)
                in_field = at._replace(field=f"{short_name(record)}.{name}")
                yield self._field(name, field, in_field)

    def _field_name(self, field: dict[str, Json], scope: ParseScope) -> str | None:
        name = field.get("name")
        if not isinstance(name, str):
            self._missing_or_wrong("name", "a string", field, scope, what="field")
            return None
        if not is_name(name):
            message = f"invalid field name {json_label(name)}"
            self._report(Code.INVALID_NAME, scope.at("name"), message, _NAMES)
            return None
        return name

    def _field(self, name: str, field: dict[str, Json], scope: ParseScope) -> model.Field:
        field = without_deep_values(field, scope, self._diagnostics)
        attributes = custom_attributes(field, "field")
        if "logicalType" in attributes:
            self._warn_of_logical_type_on_field(field, attributes, scope)
        return model.Field(
            name=name,
            type=self._field_type(field, scope),
            default=field.get("default", model.NO_DEFAULT),
            order=self._order(field, scope),
            aliases=aliases_of(field, scope, self._diagnostics),
            doc=doc_of(field, scope, self._diagnostics),
            attributes=attributes,
            origin=scope.origin,
        )

    def _field_type(self, field: dict[str, Json], scope: ParseScope) -> model.AvroType:
        if "type" in field:
            return self._schema(field["type"], scope.inside("type"))
        self._report(Code.MISSING_ATTRIBUTE, scope, 'the field lacks "type"')
        return model.Reference("")

    def _order(self, field: dict[str, Json], scope: ParseScope) -> model.Order | None:
        order = field.get("order")
        if order is None:
            return None
        for known in model.Order:
            if order == known.value:
                return known
        self._report(
            Code.WRONG_ATTRIBUTE,
            scope.at("order"),
            f'invalid "order" {json_label(order)}',
            "use one of ascending, descending, ignore",
        )
        return None

    def _warn_of_logical_type_on_field(
        self, field: dict[str, Json], attributes: model.Attributes, scope: ParseScope
    ) -> None:
        """Report a logical type on a field, which is a custom attribute there."""
        moved = {k: v for k, v in attributes.items() if k in _LOGICAL_ATTRIBUTES}
        inner = field.get("type")
        if isinstance(inner, str):
            fixed = json.dumps({"name": field["name"], "type": {"type": inner, **moved}})
            hint = f"move it into the type: {fixed}"
        else:
            hint = "move it into the type that it belongs to"
        self._diagnostics.report(
            Code.LOGICAL_TYPE_ON_FIELD,
            scope.at("logicalType").origin,
            f'field {scope.field}: logicalType must be inside "type"; here it is ignored',
            hint,
            key=True,
        )

    # --- reports ----------------------------------------------------------------------------------

    def _missing_or_wrong(
        self,
        key: str,
        expected: str,
        schema: dict[str, Json],
        scope: ParseScope,
        *,
        what: str | None = None,
    ) -> None:
        if key not in schema:
            what = what or str(schema["type"])
            self._report(Code.MISSING_ATTRIBUTE, scope, f'the {what} lacks "{key}"')
        else:
            message = f'"{key}" must be {expected}, not {json_label(schema[key])}'
            self._report(Code.WRONG_ATTRIBUTE, scope.at(key), message)

    def _report(self, code: Code, scope: ParseScope, message: str, hint: str | None = None) -> None:
        self._diagnostics.report(code, scope.origin, f"{message}{scope.in_field}", hint)


def _declared_name(name: str, declared: Json, around: str) -> str:
    """Return the full name of a definition.

    Args:
        name: its ``name``, which may contain dots.
        declared: its ``namespace`` attribute, if it has one.
        around: the namespace around it.
    """
    return full_name(name, declared if isinstance(declared, str) else around)


def _is_namespace(declared: Json) -> bool:
    """Tell if a ``namespace`` attribute is valid or missing."""
    return not declared or (isinstance(declared, str) and is_full_name(declared))


def _are_equal(one: model.NamedType, other: model.NamedType) -> bool:
    """Tell if two definitions differ at most in the order of their attributes.

    Compared as text, since 1, 1.0 and true are equal to Python and different defaults.
    """
    texts = (json.dumps(definition_json(named, {}), sort_keys=True) for named in (one, other))
    return next(texts) == next(texts)
