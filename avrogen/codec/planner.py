"""Plans to encode and decode values of one schema, and defaults as data.

Plans to read data of a writer's schema are in :mod:`avrogen.codec.resolving_planner`, which is
imported only where there is another writer.

A reader's default is JSON in its schema. As data, it is decoded like all others, with the same
logical types and classes, and backends need no JSON.
"""

from __future__ import annotations

import keyword
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.type_labels import short_label
from avrogen.codec import plan
from avrogen.codec.logical import logical_kind
from avrogen.codec.plan_analysis import called_records, reachable_records, recursive_records
from avrogen.codec.varints import encode_long
from avrogen.errors import DecodeError

if TYPE_CHECKING:
    from avrogen.avro.time_options import TimeOptions
    from avrogen.codec.interpreter.decoder import InterpretedDecoder
    from avrogen.codec.type_conversions import MappedType, RuntimeOverrides, TypeMapping

__all__ = [
    "Classes",
    "DictRules",
    "FieldOverrides",
    "PlanBuilder",
    "default_data",
    "enum",
    "field_attributes",
    "field_overrides",
    "fixed",
    "is_null",
    "mapped",
    "needs_names",
    "own_overrides",
    "plan_for",
    "primitive",
    "under_options",
]


def plan_for(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    classes: Classes | None,
    dicts: DictRules | None = None,
    overrides: RuntimeOverrides | None = None,
    of_fields: FieldOverrides | None = None,
    *,
    named_branches: bool = False,
) -> plan.Plan:
    """Return the plan to encode and decode values of one schema.

    Args:
        type_: the schema.
        types: the named types in it.
        classes: classes for them; None: plain values.
        dicts: dicts that are encoded as records; None: all that lose nothing but unknown keys.
        overrides: overrides of Python types outside of records.
        of_fields: overrides in fields of records; None: those of the classes.
        named_branches: decode values of unions as pairs that force their branch.

    Raises:
        TypeError: a class does not match its schema. Generated classes always do.
    """
    plain, dicts = classes is None, dicts or DictRules()
    defaults = _WriteDefaults(types) if plain and dicts.fill_defaults else None
    operations = PlanBuilder(
        types, classes or {}, of_fields, named_branches=named_branches, defaults=defaults
    )
    root = operations.of(type_, overrides)
    records = operations.records(called_records(root))
    only = plain and not dicts.allow_unknown_keys
    made = plan.Plan(root, records, plain=plain, known_keys_only=only)
    if defaults is not None:
        defaults.use(made)
    return made


class DictRules(NamedTuple):
    """The dicts that are encoded as records.

    Attributes:
        fill_defaults: a dict may lack a field that has a default.
        allow_unknown_keys: a dict may have keys that are no fields.
    """

    fill_defaults: bool = True
    allow_unknown_keys: bool = True


class _WriteDefaults:
    """Defaults for dicts that lack fields, which few dicts do: each is encoded on first use."""

    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._checks = DefaultChecks(types)
        self._plan: plan.Plan | None = None
        self._decoder: InterpretedDecoder | None = None

    def use(self, made: plan.Plan) -> None:
        """Use the records of the finished plan."""
        self._plan = made

    def of(self, field: model.Field, operation: plan.Operation) -> plan.WriteDefault | None:
        """Return the default of a field."""
        if field.default is model.NO_DEFAULT:
            return None
        return cache(partial(self._data, field.type, field.default, operation))

    def _data(
        self, type_: model.AvroType, default: model.Json, operation: plan.Operation
    ) -> bytes | None:
        """Return a default as data; None: it has none, or no value in Python."""
        if self._decoder is None:
            from avrogen.codec.interpreter.decoder import InterpretedDecoder

            assert self._plan is not None, "plans are finished before values are encoded"
            self._decoder = InterpretedDecoder(self._plan)
        try:
            data = default_data(type_, default, self._checks)
            self._decoder.read_default(plan.DefaultField("", None, operation, 0, data))
        except (ValueError, DecodeError):
            return None
        return data


def needs_names(union: model.Union) -> bool:
    """Return whether plain values of a union may fit several of its branches."""
    return sum(not is_null(branch) for branch in union.branches) > 1


def is_null(type_: model.AvroType) -> bool:
    """Return whether a type is null, with or without attributes."""
    return isinstance(type_, model.Primitive) and type_.name == "null"


def under_options(made: plan.Plan, times: TimeOptions | None) -> plan.Plan:
    """Return a plan under the options for dates and times of its records' classes.

    Args:
        made: the plan.
        times: options of values outside of records with a class; None: the defaults.
    """
    schemas = (getattr(each.type, "__avro_schema__", None) for each in made.records.values())
    if times is None and all(getattr(schema, "times", None) is None for schema in schemas):
        return made
    from avrogen.codec.timed_kinds import timed

    return timed(made, times)


class PlanBuilder:
    """Builds the operations of the types of one schema. A record's key is its full name."""

    def __init__(
        self,
        types: Mapping[str, model.NamedType],
        classes: Classes,
        of_fields: FieldOverrides | None = None,
        *,
        named_branches: bool = False,
        defaults: _WriteDefaults | None = None,
    ) -> None:
        self._types = types
        self._classes = classes
        self._of_fields = of_fields or partial(field_overrides, classes)
        self._named_branches = named_branches
        self._defaults = defaults
        self._named: dict[str, plan.Operation] = {}

    def of(
        self, type_: model.AvroType, overrides: RuntimeOverrides | None = None
    ) -> plan.Operation:
        """Return the operation of a type, with the overrides that apply to it where it is."""
        match type_:
            case model.Primitive(name, logical):
                if overrides is None:
                    return primitive(name, logical)
                found = overrides.of(type_)
                return mapped(primitive(name, found.logical), found.conversion)
            case model.Reference(name):
                return self._reference(name, overrides)
            case model.Array(items):
                return plan.ArrayOperation(self.of(items, overrides))
            case model.Map(values):
                return plan.MapOperation(self.of(values, overrides))
            case model.Union(branches):
                named = self._named_branches and needs_names(type_)
                return plan.UnionOperation(
                    tuple(self._branch(b, named, overrides) for b in branches)
                )
            case _:
                assert_never(type_)

    def _branch(
        self, branch: model.AvroType, named: bool, overrides: RuntimeOverrides | None
    ) -> plan.BranchOperation:
        name, operation = short_label(branch), self.of(branch, overrides)
        if named and not is_null(branch):
            operation = plan.NamedOperation(name, operation)
        return plan.BranchOperation(name, operation)

    def _reference(self, name: str, overrides: RuntimeOverrides | None) -> plan.Operation:
        named = self._types[name]
        found = None if overrides is None else overrides.of(named)
        if found is not None and found.selector is not None:
            if isinstance(named, model.FixedType) and found.logical != named.logical:
                own = fixed(replace(named, logical=found.logical), self._classes)
                return mapped(own, found.conversion)
            return mapped(self._reference(name, None), found.conversion)
        # Made once: backends share what belongs to the same object.
        if name not in self._named:
            self._named[name] = self._of_named(named)
        return self._named[name]

    def records(self, keys: Iterable[str]) -> dict[str, plan.RecordOperation]:
        """Return records by key, with all that they call."""
        found = reachable_records(keys, self.record)
        loops = recursive_records(found)
        return {key: replace(record, recursive=key in loops) for key, record in found.items()}

    def record(self, key: str) -> plan.RecordOperation:
        """Return the record of a key, not yet marked as recursive."""
        record = self._types[key]
        assert isinstance(record, model.RecordType), "only records are called"
        attributes = field_attributes(record, self._classes)
        fields: list[plan.FieldOperation] = []
        for position, (field, attribute) in enumerate(zip(record.fields, attributes, strict=True)):
            operation = self.of(field.type, self._of_fields(key, field.name))
            default = None if self._defaults is None else self._defaults.of(field, operation)
            fields.append(plan.FieldOperation(field.name, attribute, operation, position, default))
        return plan.RecordOperation(key, tuple(fields), self._classes.get(key), recursive=False)

    def _of_named(self, named: model.NamedType) -> plan.Operation:
        match named:
            case model.RecordType(name):
                return plan.Call(name)
            case model.EnumType():
                return enum(named, self._classes)
            case model.FixedType():
                return fixed(named, self._classes)
            case _:
                assert_never(named)


Classes: TypeAlias = Mapping[str, type[object]]
"""Classes for named types, by full name; types without one have plain values."""


FieldOverrides: TypeAlias = "Callable[[str, str], RuntimeOverrides | None]"
"""Function from the full name of a record, and a field of it, to the overrides that apply there."""


def own_overrides(owner: object) -> RuntimeOverrides | None:
    """Return the overrides of a generated class or codec."""
    mapping: TypeMapping | None = getattr(owner, "__avro_types__", None)
    return None if mapping is None else mapping.overrides


def field_overrides(classes: Classes, record: str, field: str) -> RuntimeOverrides | None:
    """Return the overrides that apply to a field of a record: those of its class."""
    overrides = own_overrides(classes.get(record))
    return None if overrides is None else overrides.at_field(field)


def mapped(
    operation: plan.Operation, conversion: MappedType[object, object] | None
) -> plan.Operation:
    """Return the operation of a type of one's own, whose base values are those of an operation."""
    return operation if conversion is None else plan.LogicalOperation(operation, conversion.kind)


def primitive(name: model.PrimitiveName, logical: model.LogicalType | None) -> plan.Operation:
    """Return the operation of a primitive type."""
    if logical:
        return plan.LogicalOperation(primitive(name, None), logical_kind(logical, None))
    match name:
        case "null":
            return plan.NullOperation()
        case "boolean":
            return plan.BooleanOperation()
        case "int":
            return plan.IntegerOperation(32)
        case "long":
            return plan.IntegerOperation(64)
        case "float":
            return plan.FloatOperation(32)
        case "double":
            return plan.FloatOperation(64)
        case "bytes":
            return plan.BytesOperation()
        case "string":
            return plan.StringOperation()
        case _:
            assert_never(name)


def enum(type_: model.EnumType, classes: Classes) -> plan.EnumOperation:
    """Return the operation of an enum.

    Raises:
        TypeError: its class is not for enums. Generated classes always match.
    """
    class_ = classes.get(type_.name, str)
    if not issubclass(class_, str):
        raise TypeError(
            f"{class_.__qualname__} is not a subclass of str: enum {type_.name} needs one"
        )
    values = type_.symbols if class_ is str else tuple(map(class_, type_.symbols))
    return plan.EnumOperation(type_.name, type_.symbols, values, class_)


def fixed(type_: model.FixedType, classes: Classes) -> plan.Operation:
    """Return the operation of a fixed type."""
    if type_.logical:
        base = plan.FixedOperation(type_.name, type_.size, bytes)
        return plan.LogicalOperation(base, logical_kind(type_.logical, type_.size))
    class_ = classes.get(type_.name, bytes)
    if not issubclass(class_, bytes):
        raise TypeError(
            f"{class_.__qualname__} is not a subclass of bytes: fixed {type_.name} needs one"
        )
    return plan.FixedOperation(type_.name, type_.size, class_)


def field_attributes(record: model.RecordType, classes: Classes) -> list[str] | list[None]:
    """Return the names of the dataclass fields, which match the Avro fields by position."""
    class_ = classes.get(record.name)
    if class_ is None:
        return [None] * len(record.fields)
    names = [field.name for field in fields(class_)] if is_dataclass(class_) else []
    if len(names) != len(record.fields):
        raise TypeError(
            f"{class_.__qualname__} is not a dataclass with the fields of {record.name}"
        )
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name) or not _is_as_compared(name):
            raise TypeError(
                f"{class_.__qualname__} has a field that is not an identifier: {name!r}"
            )
    return names


def _is_as_compared(name: str) -> bool:
    """Tell if an identifier is in the form to which Python normalizes those of source text."""
    if name.isascii():
        return True
    from unicodedata import normalize

    return normalize("NFKC", name) == name


def default_data(type_: model.AvroType, default: model.Json, checks: DefaultChecks) -> bytes:
    """Encode a default in Avro's binary encoding (specification, "Records", "default").

    Raises:
        ValueError: it has a symbol that its enum lacks. Schemas in use have such defaults, so
            parsing accepts them. Or defaults that fill each other make too many values.
    """
    return _written(type_, checks.completed(type_, default), checks)


def _written(type_: model.AvroType, value: model.Json, checks: DefaultChecks) -> bytes:
    match type_, value:
        case model.Primitive(name), _:
            return _primitive(name, value)
        case model.Reference(name), _:
            return _named(checks.types[name], value, checks)
        case model.Array(items), list():
            return _block([_written(items, item, checks) for item in value])
        case model.Map(values), dict():
            entries = value.items()
            return _block([_text(key) + _written(values, each, checks) for key, each in entries])
        case model.Union(branches), _:
            index = checks.branch(type_, value)
            if index is None:
                raise ValueError("the union has no branch for it")
            return encode_long(index) + _written(branches[index], value, checks)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _primitive(name: model.PrimitiveName, value: model.Json) -> bytes:
    match name, value:
        case "null", None:
            return b""
        case "boolean", bool():
            return b"\1" if value else b"\0"
        case ("int" | "long"), int():
            return encode_long(value)
        case "float", int() | float():
            return struct.pack("<f", value)
        case "double", int() | float():
            return struct.pack("<d", value)
        case "bytes", str():
            return encode_long(len(value)) + value.encode("iso-8859-1")
        case "string", str():
            return _text(value)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _named(named: model.NamedType, value: model.Json, checks: DefaultChecks) -> bytes:
    match named, value:
        case model.EnumType(name, symbols), str():
            if value not in symbols:
                raise ValueError(f'"{value}" is not a symbol of {name}')
            return encode_long(symbols.index(value))
        case model.FixedType(), str():
            return value.encode("iso-8859-1")
        case model.RecordType(fields=fields), dict():
            return b"".join(_written(field.type, value[field.name], checks) for field in fields)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _block(items: list[bytes]) -> bytes:
    return encode_long(len(items)) + b"".join(items) + b"\0" if items else b"\0"


def _text(text: str) -> bytes:
    content = text.encode()
    return encode_long(len(content)) + content
