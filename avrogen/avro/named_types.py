"""Named types: records, enums and fixed (Avro 1.12, "Complex Types" and "Names").

The names that all files define are collected first, so that references can be to any file; then the
definitions are read one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.attributes import (
    ParseScope,
    aliases_of,
    custom_attributes,
    doc_of,
    logical_type_of,
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
from avrogen.avro.source import locate
from avrogen.avro.type_labels import json_label

__all__ = ["NAMED_KINDS", "DefinitionParser", "OwnName", "declared_names"]

NAMED_KINDS = ("record", "error", "enum", "fixed")
"""Values of "type" in definitions of named types."""

OwnName: TypeAlias = "Callable[[str, ParseScope], str | None]"
"""Function from a full name and the place of a definition to the own name of that definition."""

_Schema: TypeAlias = Callable[[Json, ParseScope], model.AvroType]

_LARGEST_FIXED = (1 << 31) - 1
"""Other implementations keep lengths in 32 bits."""

_NAMES = "names start with a letter or underscore, followed by letters, digits and underscores"
_LOGICAL_ATTRIBUTES = ("logicalType", "precision", "scale")


def declared_names(schema: Json, namespace: str = "") -> Iterator[str]:
    """Yield the full names of all types that a schema defines, valid or not."""
    if isinstance(schema, list):
        for branch in schema:
            yield from declared_names(branch, namespace)
    if not isinstance(schema, dict):
        return
    kind, name = schema.get("type"), schema.get("name")
    if kind in NAMED_KINDS and isinstance(name, str):
        full = _declared_name(name, schema.get("namespace"), namespace)
        yield full
        fields = schema.get("fields")
        for field in fields if isinstance(fields, list) else ():
            if isinstance(field, dict):
                yield from declared_names(field.get("type"), namespace_of(full))
    elif kind == "array":
        yield from declared_names(schema.get("items"), namespace)
    elif kind == "map":
        yield from declared_names(schema.get("values"), namespace)


class DefinitionParser:
    """Parser of definitions.

    Args:
        schema: parses the schemas inside definitions.
        types: receives the definitions, by full name.
        diagnostics: receives the problems.
        own_name: own names of definitions; None: they cannot have any.
    """

    def __init__(
        self,
        schema: _Schema,
        types: dict[str, model.NamedType],
        diagnostics: Diagnostics,
        own_name: OwnName | None = None,
    ) -> None:
        self._schema = schema
        self._types = types
        self._diagnostics = diagnostics
        self._own_name = own_name

    def define(self, kind: str, schema: dict[str, Json], scope: ParseScope) -> str | None:
        """Read one definition and return its name in the model, or None if it has no valid one."""
        full = self._name(schema, scope)
        if full is None:
            return None
        scope = scope._replace(namespace=namespace_of(full))
        named: model.NamedType
        if kind == "enum":
            named = self._enum(full, schema, scope)
        elif kind == "fixed":
            named = self._fixed(full, schema, scope)
        else:
            named = self._record(full, schema, scope, is_error=kind == "error")
        own = self._own_name(full, scope) if self._own_name else None
        if own is not None and own != full:
            named = replace(named, name=own, wire_name=full)
        self._keep(named, scope)
        return named.name

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
        if first is named:
            return
        # Loaded on first use: most schemas define each type once.
        from avrogen.avro import differences

        if differences.are_equal(first, named):
            return
        assert first.origin is not None, "what was parsed has an origin"
        hint = f"the other definition is at {locate(first.origin)}"
        if differences.differ_in_docs_only(first, named):
            self._report(
                Code.DOCS_DIFFER,
                scope.at("name"),
                f"definitions of {named.name}{scope.in_field} differ in docs: the first is used",
                hint,
                in_field=False,
            )
            return
        difference = differences.first_difference(named, first)
        self._report(
            Code.REDEFINED_TYPE,
            scope.at("name"),
            f"conflicting definitions of {named.name}{scope.in_field}: {difference}",
            hint + self._way_out(named, first),
            in_field=False,
        )

    def _way_out(self, named: model.NamedType, first: model.NamedType) -> str:
        """Return the end of a hint: the configuration that keeps both definitions."""
        assert named.origin is not None, "what was parsed has an origin"
        assert first.origin is not None, "what was parsed has an origin"
        if self._own_name is None:
            return ""
        if named.wire_name is not None:
            return "; both have this own name in [definitions]: use {path}, or name each file"
        if named.origin.source == first.origin.source:
            return "; one file can have one definition only"
        own = "own.{file}" + (short_name(named.name) if named.origin.pointer else "")
        return f'; for a class of each, set in avrogen.toml: [definitions] "{named.name}" = "{own}"'

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

    def _report(
        self,
        code: Code,
        scope: ParseScope,
        message: str,
        hint: str | None = None,
        *,
        in_field: bool = True,
    ) -> None:
        place = scope.in_field if in_field else ""
        self._diagnostics.report(code, scope.origin, f"{message}{place}", hint)


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
