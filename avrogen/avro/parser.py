"""Schema files to the model (Avro 1.12, "Schema Declaration").

All files of a run are read together: their names are collected first, then every file is parsed,
and checks that need all types come last. Nothing is raised: every problem is reported, and valid
parts are kept, so that one mistake is not reported several times.

    files        schema files to types and diagnostics
    structure    JSON to types
    checks       defaults of fields against their types
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.attributes import (
    ParseScope,
    custom_attributes,
    logical_type_of,
    without_deep_values,
)
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics
from avrogen.avro.json_reader import INVALID_JSON, MOST_NESTED_TYPES, read_json
from avrogen.avro.model import AvroType, Json, NamedType
from avrogen.avro.named_types import NAMED_KINDS, DefinitionParser, declared_names
from avrogen.avro.names import PRIMITIVES, full_name, is_primitive, short_name
from avrogen.avro.source import Origin, Source
from avrogen.avro.type_labels import json_label, short_label

__all__ = ["Parsed", "Root", "is_definition", "parse_sources"]

_INVALID = model.Reference("")
"""Result for an invalid type. It is not a name, so that checks can skip it."""


@dataclass(frozen=True, slots=True)
class Root:
    """A file and the type at its top."""

    source: Source
    type: AvroType


@dataclass(frozen=True, slots=True)
class Parsed:
    """Result of reading the files of a run.

    Attributes:
        types: every named type by full name, in the order of names.
        roots: the type at the top of each file, in the order of files.
        diagnostics: every problem, in the order of places. If there are errors among them, types
            and roots are incomplete.
    """

    types: Mapping[str, NamedType]
    roots: tuple[Root, ...]
    diagnostics: tuple[Diagnostic, ...]


def is_definition(root: Root, types: Mapping[str, NamedType]) -> bool:
    """Return True if a file contains the definition of one named type and nothing else."""
    if not isinstance(root.type, model.Reference):
        return False
    origin = types[root.type.name].origin
    return origin is not None and origin.source == root.source and not origin.pointer


def parse_sources(sources: Iterable[Source]) -> Parsed:
    """Read schema files, which may refer to each other in any order."""
    diagnostics = Diagnostics()
    documents: list[tuple[Source, Json]] = []
    for source in sorted(sources, key=lambda source: (source.name, source.path)):
        document = read_json(source, diagnostics)
        if document is not INVALID_JSON:
            documents.append((source, document))
    declared: dict[str, Source] = {}
    for source, document in documents:
        for name in declared_names(document):
            declared.setdefault(name, source)
    parser = _SchemaParser(declared, diagnostics)
    roots: list[Root] = []
    for source, document in documents:
        type_ = parser.root(document, Origin(source))
        if type_ is not _INVALID:
            roots.append(Root(source, type_))
    types = dict(sorted(parser.types.items()))
    size = sum(len(source.text) for source, _ in documents)
    _check_types(DefaultChecks(types, size), diagnostics)
    return Parsed(types, tuple(roots), tuple(diagnostics))


# --- structure: JSON to types ---------------------------------------------------------------------


class _SchemaParser:
    """Parser of the JSON of schemas.

    Args:
        declared: full names of all types that the files define, with the first file of each.
        diagnostics: receives the problems.

    Attributes:
        types: the named types of the schemas that were parsed, by full name.
    """

    def __init__(self, declared: Mapping[str, Source], diagnostics: Diagnostics) -> None:
        self.types: dict[str, model.NamedType] = {}
        self._declared = declared
        self._diagnostics = diagnostics
        self._definitions = DefinitionParser(self.schema, self.types, diagnostics)

    def root(self, schema: Json, origin: Origin) -> model.AvroType:
        """Return the type at the top of a file, or ``_INVALID``."""
        type_ = self.schema(schema, ParseScope(origin))
        self._definitions.read_definitions()
        return type_

    def schema(self, schema: Json, scope: ParseScope) -> model.AvroType:
        """Return the type of a schema anywhere in a file, or ``_INVALID``."""
        if scope.depth > MOST_NESTED_TYPES:
            message = f"types nested more than {MOST_NESTED_TYPES} levels deep"
            return self._refuse(Code.NESTING, scope, message)
        match schema:
            case str():
                return self._reference(schema, scope)
            case list():
                return self._union(schema, scope)
            case dict():
                return self._object(schema, scope)
            case _:
                message = (
                    f"a schema must be a string, an object or an array, not {json_label(schema)}"
                )
                return self._refuse(Code.NOT_A_SCHEMA, scope, message)

    # --- strings and arrays -----------------------------------------------------------------------

    def _reference(self, name: str, scope: ParseScope) -> model.AvroType:
        if is_primitive(name):
            return model.Primitive(name)
        if name.startswith(".") and name[1:] in self._declared:
            # As in Avro Java: a leading dot refers to a type without a namespace.
            return model.Reference(name[1:])
        full = full_name(name, scope.namespace)
        if full in self._declared:
            return model.Reference(full)
        if name in self._declared:
            # As in Avro Java: a type that the namespace lacks may be one without a namespace.
            return model.Reference(name)
        return self._unknown(name, scope)

    def _union(self, branches: list[Json], scope: ParseScope) -> model.AvroType:
        """Return a union (Avro 1.12, "Unions").

        "Unions may not immediately contain other unions", nor two branches of one unnamed type.
        """
        if not branches:
            self._refuse(Code.EMPTY_TYPE, scope, "a union without branches has no values")
        kinds: set[str] = set()
        types: list[model.AvroType] = []
        for index, branch in enumerate(branches):
            inner = scope.inside(index)
            if isinstance(branch, list):
                self._refuse(
                    Code.NESTED_UNION, inner, "a union must not directly contain another union"
                )
                continue
            type_ = self.schema(branch, inner)
            if type_ is not _INVALID:
                kind = short_label(type_)
                if kind in kinds:
                    self._refuse(Code.DUPLICATE_BRANCH, inner, f"duplicate union branch {kind}")
                kinds.add(kind)
                types.append(type_)
        return model.Union(tuple(types)) if types or not branches else _INVALID

    # --- objects ----------------------------------------------------------------------------------

    def _object(self, schema: dict[str, Json], scope: ParseScope) -> model.AvroType:
        schema = without_deep_values(schema, scope, self._diagnostics)
        if "type" not in schema:
            return self._refuse(Code.MISSING_ATTRIBUTE, scope, 'the schema lacks "type"')
        kind = schema["type"]
        match kind:
            case str() if is_primitive(kind):
                attributes = custom_attributes(schema, "primitive")
                logical = logical_type_of(attributes, kind, 0, scope, self._diagnostics)
                return model.Primitive(kind, logical, attributes)
            case "array":
                items = self._part(schema, "items", scope)
                return model.Array(items, self._container_attributes(schema, "array", scope))
            case "map":
                values = self._part(schema, "values", scope)
                return model.Map(values, self._container_attributes(schema, "map", scope))
            case str() if kind in NAMED_KINDS:
                name = self._definitions.define(kind, schema, scope)
                return _INVALID if name is None else model.Reference(name)
            case str():
                if not {full_name(kind, scope.namespace), kind} & self._declared.keys():
                    return self._unknown(kind, scope.at("type"))
                message = (
                    f"{json_label(kind)} is a named type, which cannot be wrapped in an object"
                )
                hint = f'write just "{kind}"'
                return self._refuse(Code.WRONG_ATTRIBUTE, scope, message, hint)
            case _:
                message = f'"type" of a schema must be a name, not {json_label(kind)}'
                hint = "replace the object with the schema inside it"
                return self._refuse(Code.WRONG_ATTRIBUTE, scope.at("type"), message, hint)

    def _part(self, schema: dict[str, Json], key: str, scope: ParseScope) -> model.AvroType:
        """Return the type of items or values."""
        if key not in schema:
            message = f'the {schema["type"]} lacks "{key}"'
            return self._refuse(Code.MISSING_ATTRIBUTE, scope, message)
        return self.schema(schema[key], scope.inside(key))

    def _container_attributes(
        self, schema: dict[str, Json], kind: str, scope: ParseScope
    ) -> model.Attributes:
        attributes = custom_attributes(schema, kind)
        logical_type_of(attributes, kind, 0, scope, self._diagnostics)
        return attributes

    # --- problems ---------------------------------------------------------------------------------

    def _unknown(self, name: str, scope: ParseScope) -> model.AvroType:
        hint: str | None
        if name in NAMED_KINDS or name in ("array", "map"):
            hint = f'write the type as an object: "type": {{"type": "{name}", ...}}'
        else:
            near = self._diagnostics.similar(name, self._declared)
            near = near or self._diagnostics.similar(name, PRIMITIVES)
            hint = f"did you mean {self._with_file(near)}?" if near else None
        return self._refuse(Code.UNKNOWN_TYPE, scope, f"unknown type {json_label(name)}", hint)

    def _with_file(self, name: str) -> str:
        """Return a name with the file that defines it."""
        return f"{name} ({self._declared[name].path})" if name in self._declared else name

    def _refuse(
        self, code: Code, scope: ParseScope, message: str, hint: str | None = None
    ) -> model.Reference:
        self._diagnostics.report(code, scope.origin, f"{message}{scope.in_field}", hint)
        return _INVALID


# --- checks ---------------------------------------------------------------------------------------


def _check_types(checks: DefaultChecks, diagnostics: Diagnostics) -> None:
    """Report problems of types that are each well formed: defaults that do not fit."""
    for named in checks.types.values():
        if isinstance(named, model.RecordType):
            for field in named.fields:
                if field.default is not model.NO_DEFAULT:
                    _check_default(named, field, field.default, checks, diagnostics)


def _check_default(
    record: model.RecordType,
    field: model.Field,
    default: model.Json,
    checks: DefaultChecks,
    diagnostics: Diagnostics,
) -> None:
    assert field.origin is not None, "what was parsed has an origin"
    at = field.origin / "default"
    place = f"in field {short_name(record.name)}.{field.name}"
    found = checks.mismatch(field.type, default)
    if found:
        for step in found.pointer:
            at = at / step
        if found.is_symbol and not _is_defined_later(field, checks.types):
            message = f"{found.message} {place}: readers cannot use this default"
            diagnostics.report(Code.DEFAULT_NOT_A_SYMBOL, at, message)
        else:
            message = f"the default does not fit its type {place}: {found.message}"
            diagnostics.report(Code.DEFAULT_MISMATCH, at, message, _hint(field.type, default))
    elif isinstance(field.type, model.Union) and checks.branch(field.type, default):
        diagnostics.report(
            Code.DEFAULT_NOT_FIRST_BRANCH,
            at,
            f"the default fits a later branch of the union {place}",
            "older readers accept defaults of the first branch only: move that branch to the front",
        )


def _is_defined_later(field: model.Field, types: Mapping[str, model.NamedType]) -> bool:
    """Tell if a field uses a type that its file defines after it.

    There Avro Java rejects a symbol that the enum lacks; elsewhere it accepts it.
    """
    if not isinstance(field.type, model.Reference):
        return False
    used, defined = field.origin, types[field.type.name].origin
    assert used is not None and defined is not None, "what was parsed has an origin"
    return used.source == defined.source and used.pointer < defined.pointer[: len(used.pointer)]


def _hint(type_: model.AvroType, default: model.Json) -> str | None:
    match type_, default:
        case model.Primitive(), None:
            return 'for a nullable field, use a union: ["null", ...]'
        case model.Union(), "null":
            return "write null without quotation marks"
        case _:
            return None
