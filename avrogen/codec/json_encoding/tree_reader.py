"""Binary data to trees."""

from __future__ import annotations

from typing import Any

from avrogen.codec import plan
from avrogen.codec.interpreter.cursor import Cursor
from avrogen.codec.interpreter.decoder import read_leaf
from avrogen.codec.json_encoding.avro_form import AvroForm
from avrogen.codec.json_encoding.json_forms import JsonForm
from avrogen.codec.json_encoding.json_plan import json_plan
from avrogen.codec.json_encoding.plain_form import PlainForm

__all__ = ["TreeReader", "avro_tree", "plain_tree"]


def avro_tree(made: plan.Plan, data: bytes) -> Any:
    """Return valid data of a plan in the JSON encoding of the specification."""
    bare = json_plan(made)
    return TreeReader(bare, AvroForm(bare.records, short_floats=True)).read(data)


def plain_tree(made: plan.Plan, data: bytes) -> Any:
    """Return valid data of a plan in the plain style."""
    bare = json_plan(made)
    return TreeReader(bare, PlainForm(bare.records)).read(data)


class TreeReader:
    """Converts data of one plan to trees of one form.

    Args:
        made: a plan of :func:`~avrogen.codec.json_encoding.json_plan.json_plan`.
        form: the form.
    """

    def __init__(self, made: plan.Plan, form: JsonForm) -> None:
        self._plan = made
        self._form = form

    def read(self, data: bytes) -> Any:
        """Return the tree of a datum that has been encoded or decoded before, so it is valid."""
        return self._read(self._plan.root, Cursor(data))

    def _read(self, operation: plan.Operation, cursor: Cursor) -> Any:
        match operation:
            case plan.UnionOperation(branches):
                index = cursor.integer(32)
                tree = self._read(branches[index].operation, cursor)
                return self._form.in_union(operation, index, tree)
            case plan.Call(key):
                fields = self._plan.records[key].fields
                return {field.name: self._read(field.operation, cursor) for field in fields}
            case plan.ArrayOperation(item):
                items: list[Any] = []
                while count := self._count(cursor):
                    items += [self._read(item, cursor) for _ in range(count)]
                return items
            case plan.MapOperation(value):
                entries: dict[str, Any] = {}
                while count := self._count(cursor):
                    for _ in range(count):
                        key = cursor.string()
                        entries[key] = self._read(value, cursor)
                return entries
            case _:
                base = self._form.base(operation)
                return self._form.leaf(base, read_leaf(base, cursor))

    def _count(self, cursor: Cursor) -> int:
        """Read the number of items in a block."""
        count = cursor.integer(64)
        if count < 0:
            cursor.integer(64)
        return abs(count)
