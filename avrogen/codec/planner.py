"""From a schema, and the classes for its named types, to a plan."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import assert_never

from avrogen.avro import model
from avrogen.codec import plan

__all__ = ["calls", "plan_for"]


def plan_for(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    classes: Mapping[str, type[object]] | None,
) -> plan.Plan:
    """The plan to write and read values of one schema.

    Args:
        type_: the schema.
        types: the named types that it leads to.
        classes: what stands for them in Python; None: plain values.

    Raises:
        TypeError: a class does not match its schema. Generated classes always do.
    """
    planner = _Planner(types, classes or {})
    root = planner.operation(type_)
    return plan.Plan(root, planner.records(root), plain=classes is None)


class _Planner:
    """Translates one schema; named types are translated once."""

    def __init__(
        self, types: Mapping[str, model.NamedType], classes: Mapping[str, type[object]]
    ) -> None:
        self._types = types
        self._classes = classes
        self._named: dict[str, plan.Operation] = {}

    def operation(self, type_: model.AvroType) -> plan.Operation:
        match type_:
            case model.Primitive(name, logical):
                return _logical(logical, name, None) if logical else _primitive(name)
            case model.Reference(name):
                if name not in self._named:
                    self._named[name] = self._named_operation(self._types[name])
                return self._named[name]
            case model.Array(items):
                return plan.ArrayOperation(self.operation(items))
            case model.Map(values):
                return plan.MapOperation(self.operation(values))
            case model.Union(branches):
                return plan.UnionOperation(
                    tuple(plan.BranchOperation(_name(b), self.operation(b)) for b in branches)
                )
            case _:
                assert_never(type_)

    def records(self, root: plan.Operation) -> Mapping[str, plan.RecordOperation]:
        """Every record that ``root`` leads to."""
        bodies: dict[str, tuple[plan.FieldOperation, ...]] = {}
        waiting = list(calls(root))
        while waiting:
            key = waiting.pop()
            if key not in bodies:
                bodies[key] = self._fields(key)
                waiting.extend(c for field in bodies[key] for c in calls(field.operation))
        recursive = _recursive(
            {key: {c for f in body for c in calls(f.operation)} for key, body in bodies.items()}
        )
        return {
            key: plan.RecordOperation(key, body, self._classes.get(key), key in recursive)
            for key, body in bodies.items()
        }

    def _named_operation(self, named: model.NamedType) -> plan.Operation:
        match named:
            case model.Record(name):
                return plan.Call(name)
            case model.EnumType(name, symbols):
                return self._enum(name, symbols)
            case model.Fixed(name, size, None):
                class_ = self._classes.get(name, bytes)
                if not issubclass(class_, bytes):
                    raise TypeError(f"{class_.__qualname__} is no bytes, as fixed {name} must be")
                return plan.FixedOperation(name, size, class_)
            case model.Fixed(_, size, logical):
                assert logical is not None, "the case above has those without"
                return _logical(logical, None, size)
            case _:
                assert_never(named)

    def _enum(self, name: str, symbols: tuple[str, ...]) -> plan.Operation:
        class_ = self._classes.get(name, str)
        if not issubclass(class_, str):
            raise TypeError(f"{class_.__qualname__} is no str, as enum {name} must be")
        values = symbols if class_ is str else tuple(map(class_, symbols))
        return plan.EnumOperation(name, symbols, values, class_)

    def _fields(self, key: str) -> tuple[plan.FieldOperation, ...]:
        record = self._types[key]
        assert isinstance(record, model.Record), "only records are called"
        attributes = _attributes(self._classes.get(key), record)
        return tuple(
            plan.FieldOperation(field.name, attribute, self.operation(field.type))
            for field, attribute in zip(record.fields, attributes, strict=True)
        )


def calls(operation: plan.Operation) -> Iterator[str]:
    """Keys of the records that an operation calls itself, not through others; with repeats."""
    match operation:
        case plan.Call(key):
            yield key
        case plan.ArrayOperation(inner) | plan.MapOperation(inner):
            yield from calls(inner)
        case plan.UnionOperation(branches):
            for branch in branches:
                yield from calls(branch.operation)
        case _:
            return


def _attributes(class_: type[object] | None, record: model.Record) -> list[str] | list[None]:
    """Names of the dataclass fields, which correspond to Avro fields by position."""
    if class_ is None:
        return [None] * len(record.fields)
    names = [field.name for field in fields(class_)] if is_dataclass(class_) else []
    if len(names) != len(record.fields):
        raise TypeError(f"{class_.__qualname__} is no dataclass with the fields of {record.name}")
    for name in names:
        if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
            raise TypeError(f"{class_.__qualname__} has a field that is no identifier: {name!r}")
    return names


def _primitive(name: model.PrimitiveName) -> plan.Operation:
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
            return plan.RealOperation(32)
        case "double":
            return plan.RealOperation(64)
        case "bytes":
            return plan.BytesOperation()
        case "string":
            return plan.StringOperation()
        case _:
            assert_never(name)


def _logical(
    logical: model.LogicalType, primitive: model.PrimitiveName | None, size: int | None
) -> plan.Operation:
    """The operation of a logical type on a primitive, or on a fixed of some size."""
    match logical:
        case model.Decimal(precision, scale):
            return plan.DecimalOperation(precision, scale, size)
        case model.Uuid():
            return plan.UuidOperation(binary=primitive is None)
        case model.Date():
            return plan.DateOperation()
        case model.TimeOfDay(unit):
            return plan.TimeOperation(unit)
        case model.Timestamp(model.TimeUnit.NANOS):
            return plan.NanosOperation(local=False)
        case model.LocalTimestamp(model.TimeUnit.NANOS):
            return plan.NanosOperation(local=True)
        case model.Timestamp(unit):
            return plan.TimestampOperation(unit, local=False)
        case model.LocalTimestamp(unit):
            return plan.TimestampOperation(unit, local=True)
        case model.Duration():
            return plan.DurationOperation()
        case _:
            assert_never(logical)


def _name(branch: model.AvroType) -> str:
    """What a branch of a union is called (specification, "Unions": no two have one name)."""
    match branch:
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array():
            return "array"
        case model.Map():
            return "map"
        case model.Union():
            raise AssertionError("unions hold no unions")
        case _:
            assert_never(branch)


def _recursive(graph: Mapping[str, set[str]]) -> set[str]:
    """The keys that lead back to themselves."""
    # Whoever is left after taking away, again and again, what leads nowhere and what nothing
    # leads to, lies on a cycle or between two; the latter only cost a needless check of depth.
    keys = set(graph)
    while True:
        led_to = {target for key in keys for target in graph[key]}
        left = {key for key in keys if key in led_to and not graph[key].isdisjoint(keys)}
        if left == keys:
            return keys
        keys = left
