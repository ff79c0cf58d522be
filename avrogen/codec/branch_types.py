"""Branches of a union by the exact types of their values, for backends.

The rule is in :mod:`avrogen.codec.unions`. Where the exact type of a value decides, a backend need
not compare the value with the branches; where it does not, the interpreter encodes the value.
"""

from __future__ import annotations

from dataclasses import dataclass

from avrogen.codec import plan

__all__ = ["BranchTypes", "ValueTypes", "branch_types", "value_types"]

ValueTypes = dict[type[object], list[int]]
"""Positions of branches by the type of their values."""


@dataclass(frozen=True, slots=True)
class BranchTypes:
    """The branches of a union, one for each type.

    Attributes:
        entries: types, and positions of their branches.
        int_and_long: the branches of int and long, if ints beyond 32 bits are for the second: then
            ``entries`` has the first.
        float_for_ints: the branch of a float that is for ints, too, as no other is.
    """

    entries: list[tuple[type[object], int]]
    int_and_long: tuple[int, int] | None = None
    float_for_ints: int | None = None


def branch_types(union: plan.UnionOperation, plan_: plan.Plan) -> BranchTypes | None:
    """Return the branches of a union by type; None if types do not decide."""
    by_type = value_types(union, plan_)
    takes_ints = any(issubclass(type_, int) and type_ is not bool for type_ in by_type)
    takes_ints = takes_ints or any(_has_options(each.operation) for each in union.branches)
    entries: list[tuple[type[object], int]] = []
    int_and_long = float_for_ints = None
    for type_, indexes in by_type.items():
        match [union.branches[index].operation for index in indexes]:
            case [plan.FloatOperation()]:
                float_for_ints = None if takes_ints else indexes[0]
            case [_]:
                pass
            case [plan.IntegerOperation(32), plan.IntegerOperation(64)]:
                int_and_long = indexes[0], indexes[1]
            case [plan.IntegerOperation(64), plan.IntegerOperation(32)]:
                pass
            case _:
                return None
        entries.append((type_, indexes[0]))
    return BranchTypes(entries, int_and_long, float_for_ints)


def value_types(union: plan.UnionOperation, plan_: plan.Plan) -> ValueTypes:
    """Return the positions of a union's branches by the types of their values."""
    by_type: ValueTypes = {}
    for index, branch in enumerate(union.branches):
        by_type.setdefault(_type(branch.operation, plan_), []).append(index)
    return by_type


def _has_options(operation: plan.Operation) -> bool:
    """Tell if values may be of more than one type: dates and numbers."""
    return (
        isinstance(operation, plan.LogicalOperation) and operation.kind.plain is not operation.kind
    )


def _type(operation: plan.Operation, plan_: plan.Plan) -> type[object]:
    """Return the Python type of an operation's values."""
    match operation:
        case plan.NullOperation():
            return type(None)
        case plan.BooleanOperation():
            return bool
        case plan.IntegerOperation():
            return int
        case plan.FloatOperation():
            return float
        case plan.BytesOperation():
            return bytes
        case plan.StringOperation():
            return str
        case plan.FixedOperation(_, _, type_):
            return type_
        case plan.EnumOperation(_, _, _, type_):
            return type_
        case plan.LogicalOperation(_, kind):
            return kind.python_type
        case plan.ArrayOperation():
            return list
        case plan.MapOperation():
            return dict
        case plan.Call(key):
            return plan_.records[key].type or dict
        case plan.UnionOperation():
            raise AssertionError("unions hold no unions")
        case (
            plan.PromotedOperation()
            | plan.SkipOperation()
            | plan.NamedOperation()
            | plan.UnreadableOperation()
        ):
            raise AssertionError("only reads")
