"""The JSON encoding of the specification (Avro 1.12, "JSON Encoding"), as Avro Java has it.

Values of logical types are those of their base types. Bytes are strings of the characters 0 to 255.
A value of a union is an object with the name of its branch as the key, unless it is null. NaN and
infinities, which the specification forgets, are the strings that Avro Java writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avrogen.codec import plan
from avrogen.codec.json_encoding.json_forms import (
    NON_FINITE,
    BranchValue,
    ExactNumber,
    JsonFault,
    JsonForm,
    is_object,
    shown,
)
from avrogen.codec.json_encoding.json_numbers import float_tree
from avrogen.codec.unions import forced_branch
from avrogen.message_text import shortened, shortened_name

__all__ = ["AvroForm"]


class AvroForm(JsonForm):
    """The specification's JSON encoding.

    Args:
        records: records of the plan.
        short_floats: write floats of 32 bits with the fewest digits, for people. False: all digits
            that they have as doubles, as partners write them.
    """

    def __init__(
        self, records: Mapping[str, plan.RecordOperation], *, short_floats: bool = False
    ) -> None:
        super().__init__(records)
        self._short_floats = short_floats

    def base(self, operation: plan.Operation) -> plan.Operation:
        while isinstance(operation, plan.LogicalOperation):
            operation = operation.base
        return operation

    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        match operation:
            case plan.FloatOperation(bits):
                return float_tree(value, bits if self._short_floats else 64)
            case plan.BytesOperation() | plan.FixedOperation():
                return value.decode("latin-1")
            case _:
                return value

    def value(self, operation: plan.Operation, tree: Any) -> Any:
        match operation, tree:
            case plan.NullOperation(), None:
                return None
            case plan.BooleanOperation(), bool():
                return tree
            case plan.IntegerOperation(), int() if not isinstance(tree, bool):
                return tree
            case plan.FloatOperation(), str() if tree in NON_FINITE:
                return NON_FINITE[tree]
            case plan.FloatOperation(), int() | float() if not isinstance(tree, bool):
                if isinstance(tree, ExactNumber) and tree - tree and tree.text not in NON_FINITE:
                    raise JsonFault(f"expected a number within range, got {shown(tree)}")
                return tree
            case (plan.StringOperation() | plan.EnumOperation()), str():
                return tree
            case (plan.BytesOperation() | plan.FixedOperation()), str():
                try:
                    return tree.encode("latin-1")
                except UnicodeEncodeError:
                    pass
            case _:
                pass
        raise JsonFault(f"expected {_label(operation)}, got {shown(tree)}")

    def in_union(self, union: plan.UnionOperation, index: int, tree: Any) -> Any:
        branch = union.branches[index]
        return None if isinstance(branch.operation, plan.NullOperation) else {branch.name: tree}

    def branch(self, union: plan.UnionOperation, tree: Any) -> BranchValue:
        if tree is None:
            index = forced_branch(union, "null")
            if index is None:
                raise JsonFault("the union has no branch null")
            return BranchValue(index, None)
        if is_object(tree) and len(tree) == 1:
            for name in tree:
                index = forced_branch(union, name)
                if index is None or name == "null":
                    raise JsonFault(f"the union has no branch named {shortened(name)}", name)
                return BranchValue(index, tree[name], (name,))
        names = [each.name for each in union.branches if each.name != "null"]
        example = f'{{"{shortened_name(names[0])}": ...}}' if names else "null"
        raise JsonFault(
            f"expected an object with the name of a branch, such as {example}, got {shown(tree)}"
        )

    def is_tag(self, record: plan.RecordOperation, key: str, tree: Any) -> bool:
        return False


def _label(operation: plan.Operation) -> str:
    match operation:
        case plan.NullOperation():
            return "null"
        case plan.BooleanOperation():
            return "true or false"
        case plan.IntegerOperation():
            return "an integer"
        case plan.FloatOperation():
            return "a number"
        case plan.EnumOperation(name):
            return f"a symbol of {shortened_name(name)}"
        case plan.BytesOperation() | plan.FixedOperation():
            return "a string of characters from U+0000 to U+00FF"
        case _:
            return "a string"
