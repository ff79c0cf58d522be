"""Plans to write values of a schema, and to read them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from avrogen.avro import model
from avrogen.codec import plan
from avrogen.codec.calls import calls, collected, recursive
from avrogen.codec.planning import leaves

__all__ = ["Operations", "branch_name", "plan_for"]


def plan_for(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    classes: leaves.Classes | None,
) -> plan.Plan:
    """The plan to write and read values of one schema.

    Args:
        type_: the schema.
        types: the named types that it leads to.
        classes: what stands for them in Python; None: plain values.

    Raises:
        TypeError: a class does not match its schema. Generated classes always do.
    """
    operations = Operations(types, classes or {})
    root = operations.of(type_)
    return plan.Plan(root, operations.records(calls(root)), plain=classes is None)


class Operations:
    """What writes and reads the types of one schema. A record's key is its full name."""

    def __init__(self, types: Mapping[str, model.NamedType], classes: leaves.Classes) -> None:
        self._types = types
        self._classes = classes
        self._named: dict[str, plan.Operation] = {}

    def of(self, type_: model.AvroType) -> plan.Operation:
        """The operation of a type."""
        match type_:
            case model.Primitive(name, logical):
                return leaves.primitive(name, logical)
            case model.Reference(name):
                # Made once: backends share what belongs to the same object.
                if name not in self._named:
                    self._named[name] = self._of_named(self._types[name])
                return self._named[name]
            case model.Array(items):
                return plan.ArrayOperation(self.of(items))
            case model.Map(values):
                return plan.MapOperation(self.of(values))
            case model.Union(branches):
                return plan.UnionOperation(
                    tuple(plan.BranchOperation(branch_name(b), self.of(b)) for b in branches)
                )
            case _:
                assert_never(type_)

    def records(self, keys: Iterable[str]) -> dict[str, plan.RecordOperation]:
        """Records by key, and all that they lead to."""
        found = collected(keys, self.record)
        loops = recursive(found)
        return {key: replace(record, recursive=key in loops) for key, record in found.items()}

    def record(self, key: str) -> plan.RecordOperation:
        """The record of a key; whether it is recursive is not yet known."""
        record = self._types[key]
        assert isinstance(record, model.Record), "only records are called"
        attributes = leaves.attributes(record, self._classes)
        fields = tuple(
            plan.FieldOperation(field.name, attribute, self.of(field.type), position)
            for position, (field, attribute) in enumerate(
                zip(record.fields, attributes, strict=True)
            )
        )
        return plan.RecordOperation(key, fields, self._classes.get(key), recursive=False)

    def _of_named(self, named: model.NamedType) -> plan.Operation:
        match named:
            case model.Record(name):
                return plan.Call(name)
            case model.EnumType():
                return leaves.enum(named, self._classes)
            case model.Fixed():
                return leaves.fixed(named, self._classes)
            case _:
                assert_never(named)


def branch_name(branch: model.AvroType) -> str:
    """What a branch of a union is called."""
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
