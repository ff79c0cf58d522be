"""Schema files to the model (Avro 1.12, "Schema Declaration").

All files of a run are read together: what they define is collected first, then every file is taken
apart, and last come the checks that need all types at hand. Nothing is thrown; every problem is
reported, and what could be understood is kept, so that one mistake is not reported as many.

The shape of schemas: JSON to types, with everything that is wrong with it reported.

Checks that need all types at hand: do defaults fit?
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.attributes import (
    NAMED_KINDS,
    ParseScope,
    brief,
    custom_attributes,
    declared_names,
    logical_type_of,
)
from avrogen.avro.defaults import matching_branch, mismatch
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics
from avrogen.avro.json_reader import INVALID_JSON, read_json
from avrogen.avro.model import AvroType, Json, NamedType
from avrogen.avro.named_types import Definitions
from avrogen.avro.names import PRIMITIVES, full_name, is_primitive, similar
from avrogen.avro.source import Origin, Source

__all__ = [
    "BROKEN",
    "MOST_NESTED_TYPES",
    "Parsed",
    "Root",
    "Structure",
    "check_types",
    "is_definition",
    "parse_schema",
    "parse_sources",
]


@dataclass(frozen=True, slots=True)
class Root:
    """What a file has at its top."""

    source: Source
    type: AvroType


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read in a run.

    Attributes:
        types: every named type by full name, in the order of names.
        roots: what each file has at its top, in the order of files.
        diagnostics: every problem found, in the order of places. If errors are among them, types
            and roots are what is left.
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
    """Read schema files that may refer to each other; the order of files does not matter."""
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
    structure = Structure(declared, diagnostics)
    roots: list[Root] = []
    for source, document in documents:
        type_ = structure.root(document, Origin(source))
        if type_ is not BROKEN:
            roots.append(Root(source, type_))
    types = dict(sorted(structure.types.items()))
    check_types(types, diagnostics)
    return Parsed(types, tuple(roots), tuple(diagnostics))


def parse_schema(text: str, path: str = "<schema>") -> Parsed:
    """Read a single schema that refers to nothing outside itself.

    Args:
        text: JSON.
        path: what diagnostics call it.
    """
    return parse_sources([Source(path, text, path)])


MOST_NESTED_TYPES = 64
"""Types inside one another: a limit of ours, far above what people write."""

BROKEN = model.Reference("")
"""Stands where a type was refused. It is no name, so that checks can tell."""


class Structure:
    """Takes schemas apart, and collects the named types that they define in ``types``."""

    def __init__(self, declared: Mapping[str, Source], diagnostics: Diagnostics) -> None:
        """Prepare for the files of a run.

        Args:
            declared: full names of all types that the files define, with the first file of each.
            diagnostics: takes what is wrong.
        """
        self.types: dict[str, model.NamedType] = {}
        self._declared = declared
        self._diagnostics = diagnostics
        self._definitions = Definitions(self.schema, self.types, diagnostics)

    def root(self, schema: Json, origin: Origin) -> model.AvroType:
        """The type that a file has at its top, or ``BROKEN``."""
        return self.schema(schema, ParseScope(origin))

    def schema(self, schema: Json, where: ParseScope) -> model.AvroType:
        """The type of a schema that stands somewhere in a file, or ``BROKEN``."""
        if where.depth > MOST_NESTED_TYPES:
            message = f"types nested more than {MOST_NESTED_TYPES} levels deep"
            return self._refuse(Code.NESTING, where, message)
        match schema:
            case str():
                return self._reference(schema, where)
            case list():
                return self._union(schema, where)
            case dict():
                return self._object(schema, where)
            case _:
                message = f"a schema is a string, an object or an array, not {brief(schema)}"
                return self._refuse(Code.NOT_A_SCHEMA, where, message)

    # --- strings and arrays -----------------------------------------------------------------------

    def _reference(self, name: str, where: ParseScope) -> model.AvroType:
        if is_primitive(name):
            return model.Primitive(name)
        if name.startswith(".") and name[1:] in self._declared:
            # As Avro Java has it: a dot in front leads out of all namespaces.
            return model.Reference(name[1:])
        full = full_name(name, where.namespace)
        if full in self._declared:
            return model.Reference(full)
        if name in self._declared:
            # As Avro Java has it: what the namespace lacks may be outside of all namespaces.
            return model.Reference(name)
        return self._unknown(name, where)

    def _union(self, branches: list[Json], where: ParseScope) -> model.AvroType:
        """ "Unions may not immediately contain other unions", nor two branches of one type unless
        named (Avro 1.12, "Unions")."""
        if not branches:
            self._refuse(Code.EMPTY_TYPE, where, "a union without branches has no values")
        kinds: set[str] = set()
        types: list[model.AvroType] = []
        for index, branch in enumerate(branches):
            inner = where.inside(index)
            if isinstance(branch, list):
                self._refuse(Code.NESTED_UNION, inner, "a union stands directly in a union")
                continue
            type_ = self.schema(branch, inner)
            if type_ is not BROKEN:
                kind = _kind(type_)
                if kind in kinds:
                    self._refuse(Code.DUPLICATE_BRANCH, inner, f"the union has {kind} already")
                kinds.add(kind)
                types.append(type_)
        return model.Union(tuple(types)) if types or not branches else BROKEN

    # --- objects ----------------------------------------------------------------------------------

    def _object(self, schema: dict[str, Json], where: ParseScope) -> model.AvroType:
        if "type" not in schema:
            return self._refuse(Code.MISSING_ATTRIBUTE, where, 'the schema lacks "type"')
        kind = schema["type"]
        match kind:
            case str() if is_primitive(kind):
                attributes = custom_attributes(schema, "primitive")
                logical = logical_type_of(attributes, kind, 0, where, self._diagnostics)
                return model.Primitive(kind, logical, attributes)
            case "array":
                items = self._part(schema, "items", where)
                return model.Array(items, self._container_attributes(schema, "array", where))
            case "map":
                values = self._part(schema, "values", where)
                return model.Map(values, self._container_attributes(schema, "map", where))
            case str() if kind in NAMED_KINDS:
                name = self._definitions.define(kind, schema, where)
                return BROKEN if name is None else model.Reference(name)
            case str():
                if not {full_name(kind, where.namespace), kind} & self._declared.keys():
                    return self._unknown(kind, where.at("type"))
                message = f"{brief(kind)} is used in an object, as only primitive types can be"
                hint = f'write just "{kind}"'
                return self._refuse(Code.WRONG_ATTRIBUTE, where, message, hint)
            case _:
                message = f'"type" of a schema is a name, not {brief(kind)}'
                hint = "write the inner schema in place of the object around it"
                return self._refuse(Code.WRONG_ATTRIBUTE, where.at("type"), message, hint)

    def _part(self, schema: dict[str, Json], key: str, where: ParseScope) -> model.AvroType:
        """What an array or a map holds."""
        if key not in schema:
            message = f'the {schema["type"]} lacks "{key}"'
            return self._refuse(Code.MISSING_ATTRIBUTE, where, message)
        return self.schema(schema[key], where.inside(key))

    def _container_attributes(
        self, schema: dict[str, Json], kind: str, where: ParseScope
    ) -> model.Attributes:
        attributes = custom_attributes(schema, kind)
        logical_type_of(attributes, kind, 0, where, self._diagnostics)
        return attributes

    # --- what is refused --------------------------------------------------------------------------

    def _unknown(self, name: str, where: ParseScope) -> model.AvroType:
        hint: str | None
        if name in NAMED_KINDS or name in ("array", "map"):
            hint = f'such a type is an object of its own: "type": {{"type": "{name}", ...}}'
        else:
            near = similar(name, self._declared) or similar(name, PRIMITIVES)
            hint = f"did you mean {self._with_file(near)}?" if near else None
        return self._refuse(Code.UNKNOWN_TYPE, where, f"unknown type {brief(name)}", hint)

    def _with_file(self, name: str) -> str:
        """A name with the file that defines it."""
        return f"{name} ({self._declared[name].path})" if name in self._declared else name

    def _refuse(
        self, code: Code, where: ParseScope, message: str, hint: str | None = None
    ) -> model.Reference:
        self._diagnostics.report(code, where.origin, f"{message}{where.place}", hint)
        return BROKEN


def _kind(type_: model.AvroType) -> str:
    """What may stand in a union once."""
    match type_:
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array():
            return "an array"
        case model.Map():
            return "a map"
        case model.Union():
            raise AssertionError("unions are refused before")


def check_types(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report what is wrong with types that are well formed each by itself."""
    for named in types.values():
        if isinstance(named, model.RecordType):
            for field in named.fields:
                if field.default is not model.NO_DEFAULT:
                    _check_default(named, field, field.default, types, diagnostics)


def _check_default(
    record: model.RecordType,
    field: model.Field,
    default: model.Json,
    types: Mapping[str, model.NamedType],
    diagnostics: Diagnostics,
) -> None:
    assert field.origin is not None, "what was parsed has an origin"
    at = field.origin / "default"
    place = f"in field {record.name.rpartition('.')[2]}.{field.name}"
    found = mismatch(field.type, default, types)
    if found:
        for step in found.pointer:
            at = at / step
        if found.is_symbol and not _is_defined_later(field, types):
            message = f"{found.message}, {place}: readers cannot use this default"
            diagnostics.report(Code.DEFAULT_NOT_A_SYMBOL, at, message)
        else:
            message = f"the default does not fit its type, {place}: {found.message}"
            diagnostics.report(Code.DEFAULT_MISMATCH, at, message, _hint(field.type, default))
    elif isinstance(field.type, model.Union) and matching_branch(field.type, default, types):
        diagnostics.report(
            Code.DEFAULT_NOT_FIRST_BRANCH,
            at,
            f"the default fits a later branch of the union, {place}",
            "older readers know defaults for the first branch only: move that branch to the front",
        )


def _is_defined_later(field: model.Field, types: Mapping[str, model.NamedType]) -> bool:
    """Whether a field uses a type that only comes after it in the file.

    Avro Java, which lets a symbol pass that the enum lacks, does not do so there.
    """
    if not isinstance(field.type, model.Reference):
        return False
    used, defined = field.origin, types[field.type.name].origin
    assert used is not None and defined is not None, "what was parsed has an origin"
    return used.source == defined.source and used.pointer < defined.pointer[: len(used.pointer)]


def _hint(type_: model.AvroType, default: model.Json) -> str | None:
    match type_, default:
        case model.Primitive(), None:
            return 'for a field that may be null, write a union: ["null", ...]'
        case model.Union(), "null":
            return "null is written without quotation marks"
        case _:
            return None
