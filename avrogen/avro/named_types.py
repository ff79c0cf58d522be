"""Named types: records, enums and fixed (Avro 1.12, "Complex Types" and "Names").

The names that all files define are collected first, so that references can be to any file; then the
definitions are read one by one.

Longer than 500 lines because the rules of names are read with the definitions that they are for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
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
    NameRules,
    full_name,
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
_PRODUCERS = (
    (re.compile(r"^\.|\.$|\.\."), "Spark writes"),
    (re.compile(r"\$"), "Java and Scala libraries write"),
    (re.compile(r"-"), "Debezium, Kafka Connect and NiFi write"),
    (re.compile(r"\."), "Flatten of Kafka Connect writes"),
    (re.compile(r"[^\x00-\x7f]"), "Avro Java before 1.12 accepts"),
    (re.compile(r"[^A-Za-z0-9_]|^\d"), "NiFi and converters of CSV and SQL write"),
)
"""Producers of invalid names, by what is in a name."""

_LOGICAL_ATTRIBUTES = ("logicalType", "precision", "scale")


def declared_names(schema: Json, *, tolerant: bool = False) -> Iterator[str]:
    """Yield the full names of all types that a schema defines, valid or not.

    Args:
        schema: JSON of the schema.
        tolerant: include those in schemas that are wrapped in objects.
    """
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
            elif tolerant and isinstance(kind, dict | list):
                inner = [kind]
        waiting.extend((each, namespace) for each in reversed(inner))


class _Definition(NamedTuple):
    """A definition that is yet to be read: its full name, kind and JSON, and the scope in it.

    Attributes:
        own: its own name, in the place of the full name in the model.
    """

    full: str
    own: str | None
    kind: str
    schema: dict[str, Json]
    scope: ParseScope


class DefinitionParser:
    """Parser of definitions.

    Args:
        schema: parses the schemas inside definitions.
        types: receives the definitions, by full name.
        diagnostics: receives the problems.
        own_name: own names of definitions; None: they cannot have any.
        names: rules for names.
    """

    def __init__(
        self,
        schema: _Schema,
        types: dict[str, model.NamedType],
        diagnostics: Diagnostics,
        own_name: OwnName | None = None,
        names: NameRules = NameRules.SPECIFICATION,
    ) -> None:
        self._schema = schema
        self._types = types
        self._diagnostics = diagnostics
        self._own_name = own_name
        self._names = names
        self._found: list[_Definition] = []

    def define(self, kind: str, schema: dict[str, Json], scope: ParseScope) -> str | None:
        """Return the name of a definition in the model, or None if it has no valid one.

        It is read by :meth:`read_definitions`.
        """
        full = self._name(schema, scope)
        if full is None:
            return None
        scope = scope._replace(namespace=namespace_of(full), depth=0)
        own = self._own_name(full, scope) if self._own_name else None
        self._found.append(_Definition(full, own, kind, schema, scope))
        return own or full

    def read_definitions(self) -> None:
        """Read the definitions that were found, and those inside them, in the order of the text.

        The stack is a list: definitions may be nested more deeply than Python's calls.
        """
        waiting: list[_Definition] = []
        while self._found or waiting:
            waiting.extend(reversed(self._found))
            self._found.clear()
            self._read(*waiting.pop())

    def _read(
        self, full: str, own: str | None, kind: str, schema: dict[str, Json], scope: ParseScope
    ) -> None:
        named: model.NamedType
        if kind == "enum":
            named = self._enum(full, schema, scope)
        elif kind == "fixed":
            named = self._fixed(full, schema, scope)
        else:
            named = self._record(full, schema, scope, is_error=kind == "error")
        if own is not None and own != full:
            named = replace(named, name=own, wire_name=full)
        self._keep(named, scope)

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
        full = _declared_name(name, declared, scope.namespace)
        if not self._names.allows_full_name(name):
            message = f"invalid name {json_label(name)}"
            if self._refuses_name(full, name, Code.INVALID_NAME, scope.at("name"), message):
                return None
        if "." not in name and not self._is_namespace(declared):
            message, at = f"invalid namespace {json_label(declared)}", scope.at("namespace")
            if self._refuses_name(full, declared, Code.INVALID_NAMESPACE, at, message):
                return None
        if short_name(full) in PRIMITIVES:
            message = f"{json_label(name)} is the name of a primitive type and cannot be redefined"
            if self._refuses(Code.PRIMITIVE_NAME, scope.at("name"), message):
                return None
        return full

    def _is_namespace(self, declared: Json) -> bool:
        """Tell if a ``namespace`` attribute is valid or missing."""
        if not declared:
            return True
        return isinstance(declared, str) and self._names.allows_namespace(declared)

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
        if self._diagnostics.tolerant and differences.are_encoded_alike(first, named):
            message = f"conflicting definitions of {named.name}"
            self._refuses(
                Code.REDEFINED_TYPE, scope.at("name"), message, read_as="the first one counts"
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
        return tuple(_declared_name(alias, None, scope.namespace) for alias in aliases)

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
            at = scope.at("default")
            if not self._refuses(Code.ENUM_DEFAULT, at, message, read_as="it counts as no default"):
                default = None
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
            elif not self._refuses_symbol(symbol, symbol in seen, at):
                seen.add(symbol)
                yield symbol

    def _refuses_symbol(self, symbol: str, is_known: bool, scope: ParseScope) -> bool:
        message = f"invalid symbol {json_label(symbol)}"
        if not self._names.allows_name(symbol) and self._refuses_name(
            symbol or "_", symbol, Code.INVALID_NAME, scope, message
        ):
            return True
        message = f"duplicate symbol {json_label(symbol)}"
        return is_known and self._refuses(Code.DUPLICATE_SYMBOL, scope, message)

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
        own = self._own_name(record, scope) if self._own_name else None
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
                in_field = at._replace(
                    field=f"{short_name(record)}.{name}", full_field=f"{own or record}.{name}"
                )
                yield self._field(name, field, in_field)

    def _field_name(self, field: dict[str, Json], scope: ParseScope) -> str | None:
        name = field.get("name")
        if not isinstance(name, str):
            self._missing_or_wrong("name", "a string", field, scope, what="field")
            return None
        if not self._names.allows_name(name):
            message = f"invalid field name {json_label(name)}"
            at = scope.at("name")
            if self._refuses_name(name or "_", name, Code.INVALID_NAME, at, message):
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
        self._refuses(
            Code.WRONG_ATTRIBUTE,
            scope.at("order"),
            f'invalid "order" {json_label(order)}',
            "use one of ascending, descending, ignore",
            read_as="it is ignored",
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

    def _refuses(
        self,
        code: Code,
        scope: ParseScope,
        message: str,
        hint: str | None = None,
        *,
        read_as: str = "accepted",
    ) -> bool:
        """Report a violation; see :meth:`Diagnostics.refuse`."""
        message = f"{message}{scope.in_field}"
        return self._diagnostics.refuse(code, scope.origin, message, hint, read_as=read_as)

    def _refuses_name(
        self, name: str, written: Json, code: Code, scope: ParseScope, message: str
    ) -> bool:
        """Report an invalid name; without characters, or with controls, it is never accepted.

        Args:
            name: the name as it would be read.
            written: the part of it that is invalid.
        """
        hint = _names_hint(written)
        if name and NameRules.LENIENT.allows_name(name):
            return self._refuses(code, scope, message, hint)
        self._report(code, scope, message, hint)
        return True


def _declared_name(name: str, declared: Json, around: str) -> str:
    """Return the full name of a definition.

    Args:
        name: its ``name``, which may contain dots.
        declared: its ``namespace`` attribute, if it has one.
        around: the namespace around it.
    """
    if name.rfind(".") == 0:
        # As in Avro Java: the type has no namespace.
        return name[1:]
    return full_name(name, declared if isinstance(declared, str) else around)


def _names_hint(name: Json) -> str:
    """Return a hint for an invalid name: the rule, and who writes such names nevertheless."""
    if not isinstance(name, str) or not name.isprintable():
        return _NAMES
    others = next((who for mark, who in _PRODUCERS if mark.search(name)), "some producers write")
    return f"{_NAMES}. {others} others; [names] lenient = true in avrogen.toml accepts them"
