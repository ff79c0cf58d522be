"""Schema files to the model (Avro 1.12, "Schema Declaration").

All files of a run are read together: their names are collected first, then every file is parsed,
and checks that need all types come last. Nothing is raised: every problem is reported, and valid
parts are kept, so that one mistake is not reported several times.

    files        schema files to types and diagnostics
    structure    JSON to types
    checks       defaults of fields against their types
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.attributes import (
    IsAcknowledged,
    ParseScope,
    custom_attributes,
    logical_type_of,
    never_acknowledged,
    without_deep_values,
)
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity
from avrogen.avro.json_reader import INVALID_JSON, MOST_NESTED_TYPES, read_json
from avrogen.avro.model import AvroType, Json, NamedType
from avrogen.avro.named_types import NAMED_KINDS, DefinitionParser, declared_names
from avrogen.avro.names import PRIMITIVES, NameRules, full_name, is_primitive, short_name
from avrogen.avro.source import Origin, Source
from avrogen.avro.type_labels import json_label, short_label

__all__ = ["OwnNames", "Parsed", "Root", "is_definition", "parse_sources"]

OwnNames: TypeAlias = "Callable[[str, str], str | None]"
"""Function from the name of a file and a full name to the own name that a package has for the
definition there; None: the full name."""

_INVALID = model.Reference("")
"""Result for an invalid type. It is not a name, so that checks can skip it."""


@dataclass(frozen=True, slots=True)
class Root:
    """A file and the type at its top.

    Attributes:
        source: the file.
        type: the type.
        is_copy: the file defines a named type that a library defines as well.
    """

    source: Source
    type: AvroType
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """Result of reading the files of a run.

    Attributes:
        types: every named type by full name, in the order of names.
        roots: the type at the top of each file, in the order of files.
        diagnostics: every problem, in the order of places. If there are errors among them, types
            and roots are incomplete.
        imported: names of the types that were read from libraries.
    """

    types: Mapping[str, NamedType]
    roots: tuple[Root, ...]
    diagnostics: tuple[Diagnostic, ...]
    imported: Set[str] = frozenset()


def is_definition(root: Root, types: Mapping[str, NamedType]) -> bool:
    """Return True if a file contains the definition of one named type and nothing else."""
    if not isinstance(root.type, model.Reference):
        return False
    if root.is_copy:
        return True
    origin = types[root.type.name].origin
    return origin is not None and origin.source == root.source and not origin.pointer


def parse_sources(
    sources: Iterable[Source],
    *,
    own_names: OwnNames | None = None,
    libraries: Iterable[Source] = (),
    tolerant: bool = False,
    names: NameRules = NameRules.SPECIFICATION,
    is_acknowledged: IsAcknowledged = never_acknowledged,
) -> Parsed:
    """Read schema files, which may refer to each other in any order.

    Args:
        sources: the files.
        own_names: own names of types that several files define differently. None: there is no
            configuration to set some.
        libraries: schemas of types that exist elsewhere. Files may refer to them, and definitions
            in files must equal theirs; they are no roots, and only their errors are reported.
        tolerant: the schemas are only read, as those that others registered. What violates the
            specification and has an unambiguous meaning, such as a name with a hyphen, is a warning
            (AVR510) and no error; a default that does not fit its type counts as none.
        names: rules for the names in the files.
        is_acknowledged: tells of a ``logicalType`` that it needs no warning, known or not.
    """
    diagnostics = Diagnostics(tolerant=tolerant)
    elsewhere = Diagnostics()
    shared = _documents(libraries, elsewhere)
    documents = _documents(sources, diagnostics)
    declared = _DeclaredNames(own_names)
    for source, document in shared:
        for name in declared_names(document):
            declared.names.setdefault(name, source)
    for source, document in documents:
        for name in declared_names(document, tolerant=tolerant):
            declared.add(name, source)
    # First, so that they count, and definitions in files are compared with them.
    parser = _SchemaParser(declared, elsewhere, names=NameRules.LENIENT)
    for source, document in shared:
        parser.root(document, Origin(source))
    imported = frozenset(parser.types)
    parser = _SchemaParser(declared, diagnostics, parser.types, names, is_acknowledged)
    roots: list[Root] = []
    for source, document in documents:
        type_ = parser.root(document, Origin(source))
        if type_ is not _INVALID:
            is_copy = isinstance(type_, model.Reference) and type_.name in imported
            roots.append(Root(source, type_, is_copy and isinstance(document, dict)))
    types = dict(sorted(parser.types.items()))
    size = sum(len(source.text) for source, _ in documents)
    types |= _check_types(DefaultChecks(types, size), diagnostics, imported)
    diagnostics.extend(d for d in elsewhere if d.severity is Severity.ERROR)
    return Parsed(types, tuple(roots), tuple(diagnostics), imported)


def _documents(sources: Iterable[Source], diagnostics: Diagnostics) -> list[tuple[Source, Json]]:
    """Return the files that are JSON, in the order of their names."""
    documents: list[tuple[Source, Json]] = []
    for source in sorted(sources, key=lambda source: (source.name, source.path)):
        document = read_json(source, diagnostics)
        if document is not INVALID_JSON:
            documents.append((source, document))
    return documents


class _DeclaredNames:
    """Names of all types that the files define.

    Args:
        own_names: own names of types that several files define differently.

    Attributes:
        names: the first file of each type, by the name of the type in the model.
    """

    def __init__(self, own_names: OwnNames | None) -> None:
        self.names: dict[str, Source] = {}
        self._own_names = own_names
        self._own: dict[str, dict[str, str]] = {}

    @property
    def may_be_own(self) -> bool:
        """Tell if there is a configuration for own names."""
        return self._own_names is not None

    def add(self, full: str, source: Source) -> None:
        """Add the full name of a definition in a file."""
        own = self._own_names(source.name, full) if self._own_names else None
        if own is not None:
            self._own.setdefault(full, {})[source.name] = own
        self.names.setdefault(own or full, source)

    def own(self, full: str, source: Source) -> str | None:
        """Return the own name of a definition in a file, if it has one."""
        return self._own.get(full, {}).get(source.name)

    def find(self, full: str, source: Source) -> str | None:
        """Return the name in the model that a full name in a file refers to, if any.

        A file refers to its own definition; others refer to the one that has no own name, or to the
        only one.
        """
        own = self._own.get(full)
        if own is None or (source.name not in own and full in self.names):
            return full if full in self.names else None
        if source.name in own:
            return own[source.name]
        names = set(own.values())
        return names.pop() if len(names) == 1 else None

    def several(self, full: str) -> list[str]:
        """Return the own names of the definitions of a full name, sorted."""
        return sorted(set(self._own.get(full, {}).values()))


# --- structure: JSON to types ---------------------------------------------------------------------


class _SchemaParser:
    """Parser of the JSON of schemas.

    Args:
        declared: names of all types that the files define.
        diagnostics: receives the problems.
        types: types that were parsed before.
        names: rules for names.
        is_acknowledged: as for :func:`parse_sources`.

    Attributes:
        types: the named types of the schemas that were parsed, by name.
    """

    def __init__(
        self,
        declared: _DeclaredNames,
        diagnostics: Diagnostics,
        types: Mapping[str, model.NamedType] | None = None,
        names: NameRules = NameRules.SPECIFICATION,
        is_acknowledged: IsAcknowledged = never_acknowledged,
    ) -> None:
        self.types: dict[str, model.NamedType] = dict(types or {})
        self._is_acknowledged = is_acknowledged
        self._declared = declared
        self._diagnostics = diagnostics
        own_name = self._own_name if declared.may_be_own else None
        self._definitions = DefinitionParser(self.schema, self.types, diagnostics, own_name, names)

    def root(self, schema: Json, origin: Origin) -> model.AvroType:
        """Return the type at the top of a file, or ``_INVALID``."""
        scope = ParseScope(origin, is_acknowledged=self._is_acknowledged)
        type_ = self.schema(schema, scope)
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
        # As in Avro Java: a leading dot refers to a type without a namespace, and a type that the
        # namespace lacks may be one without a namespace.
        found = None
        if name.startswith("."):
            found = self._find(name, scope) or self._find(name[1:], scope)
        found = found or self._find(full_name(name, scope.namespace), scope)
        found = found or self._find(name, scope)
        return self._unknown(name, scope) if found is None else model.Reference(found)

    def _find(self, full: str, scope: ParseScope) -> str | None:
        return self._declared.find(full, scope.origin.source)

    def _own_name(self, full: str, scope: ParseScope) -> str | None:
        return self._declared.own(full, scope.origin.source)

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
                    message = f"duplicate union branch {kind}{inner.in_field}"
                    self._diagnostics.refuse(Code.DUPLICATE_BRANCH, inner.origin, message)
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
                full = full_name(kind, scope.namespace)
                if not (self._find(full, scope) or self._find(kind, scope)):
                    return self._unknown(kind, scope.at("type"))
                message = (
                    f"{json_label(kind)} is a named type, which cannot be wrapped in an object"
                )
                hint = f'write just "{kind}"'
                if self._refuses(scope, message, hint):
                    return _INVALID
                return self._reference(kind, scope)
            case _:
                message = f'"type" of a schema must be a name, not {json_label(kind)}'
                hint = "replace the object with the schema inside it"
                if not isinstance(kind, dict | list):
                    return self._refuse(Code.WRONG_ATTRIBUTE, scope.at("type"), message, hint)
                if self._refuses(scope.at("type"), message, hint):
                    return _INVALID
                return self.schema(kind, scope.inside("type"))

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
        elif own := self._declared.several(full_name(name, scope.namespace)):
            hint = f"it is defined as {', '.join(own[:3])} by [definitions]: define it here, too"
        else:
            near = self._diagnostics.similar(name, self._declared.names)
            near = near or self._diagnostics.similar(name, PRIMITIVES)
            hint = f"did you mean {self._with_file(near)}?" if near else None
        return self._refuse(Code.UNKNOWN_TYPE, scope, f"unknown type {json_label(name)}", hint)

    def _with_file(self, name: str) -> str:
        """Return a name with the file that defines it."""
        known = self._declared.names
        return f"{name} ({known[name].path})" if name in known else name

    def _refuse(
        self, code: Code, scope: ParseScope, message: str, hint: str | None = None
    ) -> model.Reference:
        self._diagnostics.report(code, scope.origin, f"{message}{scope.in_field}", hint)
        return _INVALID

    def _refuses(self, scope: ParseScope, message: str, hint: str) -> bool:
        message = f"{message}{scope.in_field}"
        return self._diagnostics.refuse(Code.WRONG_ATTRIBUTE, scope.origin, message, hint)


# --- checks ---------------------------------------------------------------------------------------


def _check_types(
    checks: DefaultChecks, diagnostics: Diagnostics, imported: Set[str]
) -> dict[str, NamedType]:
    """Report problems of types that are each well formed: defaults that do not fit.

    Returns:
        The records without such defaults, in a run that is tolerant.
    """
    changed: dict[str, NamedType] = {}
    for name, named in checks.types.items():
        if isinstance(named, model.RecordType) and name not in imported:
            dropped: set[str] = set()
            for field in named.fields:
                default = field.default
                if default is not model.NO_DEFAULT and not _is_kept(
                    named, field, default, checks, diagnostics
                ):
                    dropped.add(field.name)
            if dropped:
                fields = (
                    replace(field, default=model.NO_DEFAULT) if field.name in dropped else field
                    for field in named.fields
                )
                changed[name] = replace(named, fields=tuple(fields))
    return changed


def _is_kept(
    record: model.RecordType,
    field: model.Field,
    default: model.Json,
    checks: DefaultChecks,
    diagnostics: Diagnostics,
) -> bool:
    """Check a default; return False if it counts as none."""
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
            return diagnostics.refuse(
                Code.DEFAULT_MISMATCH,
                at,
                message,
                _hint(field.type, default),
                read_as="it counts as no default",
            )
    elif isinstance(field.type, model.Union) and checks.branch(field.type, default):
        diagnostics.report(
            Code.DEFAULT_NOT_FIRST_BRANCH,
            at,
            f"the default fits a later branch of the union {place}",
            "older readers accept defaults of the first branch only: move that branch to the front",
        )
    return True


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
