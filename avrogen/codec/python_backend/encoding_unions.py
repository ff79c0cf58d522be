"""Source that writes unions (the rule is in :mod:`avrogen.codec.unions`).

The branch is found by the exact type of the value. What that cannot decide is left to ``checked``,
for the value of the union only.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from avrogen.codec import plan
from avrogen.codec.python_backend import encoding_leaves as leaves
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
from avrogen.codec.varints import encode_long

if TYPE_CHECKING:
    from avrogen.codec.python_backend.encoding import Encoding

__all__ = ["write_union"]

_MANY: Final = 64
"""Up to so many branches are told apart one by one."""

_ByType: TypeAlias = dict[type[object], list[int]]
"""Positions of branches, by the type of their values."""


def write_union(encoding: Encoding, union: plan.UnionOperation, value: str) -> None:
    """Emit what writes a value of a union."""
    by_type = _by_type(encoding, union)
    if len(union.branches) > _MANY and len(by_type) == len(union.branches):
        _write_many(encoding, union, value, by_type)
        return
    tests = _tests(encoding, union, value, by_type)
    if not tests:
        encoding.piece(f"{encoding.checked(union)}({value}, left)")
    elif all(leaves.is_leaf(branch.operation) for branch in union.branches):
        _write_leaves(encoding, union, value, tests)
    else:
        _write_branches(encoding, union, value, tests)


def _write_leaves(
    encoding: Encoding, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
) -> None:
    """Have every branch assign to the same variables, so that nothing need be written yet."""
    source = encoding.source
    count = max(leaves.piece_count(branch.operation) for branch in union.branches)
    targets = [source.variable() for _ in range(count)]

    def assign(pieces: list[str]) -> None:
        for target, piece in zip_longest(targets, pieces, fillvalue='b""'):
            source.line(f"{target} = {piece}")

    for position, (test, index) in enumerate(tests):
        with source.block(f"{'elif' if position else 'if'} {test}:"):
            operation = union.branches[index].operation
            assign(leaves.write_leaf(encoding, operation, value, encode_long(index)))
    with source.block("else:"):
        assign([f"{encoding.checked(union)}({value}, left)"])
    for target in targets:
        encoding.piece(target)


def _write_branches(
    encoding: Encoding, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
) -> None:
    source = encoding.source
    encoding.flush(create=True)
    for position, (test, index) in enumerate(tests):
        with source.block(f"{'elif' if position else 'if'} {test}:"):
            operation = union.branches[index].operation
            tag = encode_long(index)
            if leaves.is_leaf(operation):
                for piece in leaves.write_leaf(encoding, operation, value, tag):
                    encoding.piece(piece)
            else:
                encoding.piece(repr(tag))
                encoding.write(operation, value)
            encoding.flush()
    with source.block("else:"):
        encoding.piece(f"{encoding.checked(union)}({value}, left)")
        encoding.flush()


def _write_many(
    encoding: Encoding, union: plan.UnionOperation, value: str, by_type: _ByType
) -> None:
    """Write a union by a table of tags and functions."""
    source = encoding.source
    entries: list[str] = []
    for type_, (index,) in by_type.items():
        write = encoding.routine(union.branches[index].operation)
        entries.append(f"{source.bind(type_, 'type')}: ({encode_long(index)!r}, {write})")
    table, branch = source.table(f"{{{', '.join(entries)}}}"), source.variable()
    encoding.flush(create=True)
    source.line(f"{branch} = {table}.get({value}.__class__)")
    source.line(f"if {branch}: out.append({branch}[0]); {branch}[1]({value}, out, left)")
    source.line(f"else: out.append({encoding.checked(union)}({value}, left))")


def _by_type(encoding: Encoding, union: plan.UnionOperation) -> _ByType:
    by_type: _ByType = {}
    for index, branch in enumerate(union.branches):
        by_type.setdefault(_type(branch.operation, encoding.plan), []).append(index)
    return by_type


def _tests(
    encoding: Encoding, union: plan.UnionOperation, value: str, by_type: _ByType
) -> list[tuple[str, int]] | None:
    """Conditions under which branches are written; None if types do not decide it."""
    bind = encoding.source.bind
    if int not in by_type and TimestampNanos not in by_type and LocalTimestampNanos not in by_type:
        also_int = f" or {value}.__class__ is {bind(int, 'int')}"
    else:
        also_int = ""
    tests: list[tuple[str, int]] = []
    for type_, indexes in by_type.items():
        if type_ is type(None):
            test = f"{value} is None"
        else:
            test = f"{value}.__class__ is {bind(type_, 'type')}"
        match [union.branches[index].operation for index in indexes]:
            case [plan.RealOperation()]:
                tests.append((test + also_int, indexes[0]))
            case [_]:
                tests.append((test, indexes[0]))
            case [plan.IntegerOperation(32), plan.IntegerOperation(64)]:
                tests.append((f"{test} and {-(2**31)} <= {value} < {2**31}", indexes[0]))
                tests.append((test, indexes[1]))
            case [plan.IntegerOperation(64), plan.IntegerOperation(32)]:
                tests.append((test, indexes[0]))
            case _:
                return None
    return tests


def _type(operation: plan.Operation, plan_: plan.Plan) -> type[object]:
    """The type whose values an operation writes first of all."""
    match operation:
        case plan.NullOperation():
            return type(None)
        case plan.BooleanOperation():
            return bool
        case plan.IntegerOperation():
            return int
        case plan.RealOperation():
            return float
        case plan.BytesOperation():
            return bytes
        case plan.StringOperation():
            return str
        case plan.FixedOperation(_, _, type_):
            return type_
        case plan.EnumOperation(_, _, _, type_):
            return type_
        case plan.DecimalOperation():
            return Decimal
        case plan.UuidOperation():
            return UUID
        case plan.DateOperation():
            return date
        case plan.TimeOperation():
            return time
        case plan.TimestampOperation():
            return datetime
        case plan.NanosOperation(local):
            return LocalTimestampNanos if local else TimestampNanos
        case plan.DurationOperation():
            return Duration
        case plan.ArrayOperation():
            return list
        case plan.MapOperation():
            return dict
        case plan.Call(key):
            return plan_.records[key].type or dict
        case plan.UnionOperation():
            raise AssertionError("unions hold no unions")
        case plan.PromotedOperation() | plan.SkipOperation() | plan.UnreadableOperation():
            raise AssertionError("only reads")
