"""The shape of schemas: JSON to types, with everything that is wrong with it reported."""

from __future__ import annotations

from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.attributes import brief, custom_attributes, logical_type_of
from avrogen.avro.declarations import NAMED_KINDS
from avrogen.avro.definitions import Definitions
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, full_name, is_primitive, similar
from avrogen.avro.source import Origin, Source
from avrogen.avro.where import Where

__all__ = ["BROKEN", "MOST_NESTED_TYPES", "Structure"]

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
        return self.schema(schema, Where(origin))

    def schema(self, schema: Json, where: Where) -> model.AvroType:
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

    def _reference(self, name: str, where: Where) -> model.AvroType:
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

    def _union(self, branches: list[Json], where: Where) -> model.AvroType:
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

    def _object(self, schema: dict[str, Json], where: Where) -> model.AvroType:
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

    def _part(self, schema: dict[str, Json], key: str, where: Where) -> model.AvroType:
        """What an array or a map holds."""
        if key not in schema:
            message = f'the {schema["type"]} lacks "{key}"'
            return self._refuse(Code.MISSING_ATTRIBUTE, where, message)
        return self.schema(schema[key], where.inside(key))

    def _container_attributes(
        self, schema: dict[str, Json], kind: str, where: Where
    ) -> model.Attributes:
        attributes = custom_attributes(schema, kind)
        logical_type_of(attributes, kind, 0, where, self._diagnostics)
        return attributes

    # --- what is refused --------------------------------------------------------------------------

    def _unknown(self, name: str, where: Where) -> model.AvroType:
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
        self, code: Code, where: Where, message: str, hint: str | None = None
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
