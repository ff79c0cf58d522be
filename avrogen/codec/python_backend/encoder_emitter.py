"""Source that writes values.

A function collects what it writes in a list of bytes. As long as nothing depends on the value, the
expressions for them are only noted down, to become one list display; a branch or a loop makes the
list (``out``) and adds to it. ``left`` is how many more recursive records may lie within each
other.

Source that writes unions (the rule is in :mod:`avrogen.codec.unions`).

The branch is found by the exact type of the value. What that cannot decide is left to ``checked``,
for the value of the union only.
"""

from __future__ import annotations

from collections import deque
from itertools import zip_longest
from typing import Final, TypeAlias

from avrogen.codec import plan
from avrogen.codec.limits import current_limits
from avrogen.codec.python_backend import encoder_leaves as leaves
from avrogen.codec.python_backend.emitter import BaseEncoderEmitter
from avrogen.codec.python_backend.encoder_runtime import (
    as_dict,
    as_list,
    check_reals,
    pack_array,
)
from avrogen.codec.python_backend.source_builder import MAX_NESTING, SourceBuilder
from avrogen.codec.varints import encode_long

__all__ = ["EncoderEmitter", "encoder_source", "write_union"]

_FEW: Final = 4
"""Up to so many pieces are faster added one by one: that is an instruction without a call."""


def encoder_source(plan_: plan.Plan) -> SourceBuilder:
    """Source with a function ``to_avro(value)``."""
    encoding = EncoderEmitter(plan_)
    encoding.whole()
    return encoding.source


class EncoderEmitter(BaseEncoderEmitter):
    """The functions that write values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        super().__init__(plan_)
        self._pieces: list[str] = []
        self._has_out = False
        self._routines: dict[str, str] = {}
        self._waiting: deque[tuple[str, plan.Operation]] = deque()

    # --- functions -------------------------------------------------------------------------------

    def whole(self) -> None:
        """Emit the function for a datum, and all that it calls."""
        source = self.source
        join = source.bind(b"".join, "join")
        with source.block("def to_avro(value, *, limits=None):"):
            with source.block("try:"):
                if any(record.recursive for record in self.plan.records.values()):
                    current = source.bind(current_limits, "limits")
                    source.line(f"left = (limits or {current}()).max_depth")
                else:
                    source.line("left = 0")
                self.write(self.plan.root, "value")
                if self._has_out:
                    self.flush()
                    source.line(f"return {join}(out)")
                else:
                    source.line(f"return {join}({self._take_pieces()})")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                interpret = source.bind(self.interpreter.write, "interpret")
                source.line(f"return {interpret}(value, limits)")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def _routine(self, name: str, operation: plan.Operation) -> None:
        """Emit a function that writes a value to ``out``."""
        source = self.source
        with source.block(f"def {name}(value, out, left):"):
            self._inlined = 0
            self._has_out = True
            if isinstance(operation, plan.Call):
                record = self.plan.records[operation.key]
                if record.recursive:
                    source.line("left -= 1")
                    self.refuse_if("left < 0")
                self._record(record, "value")
            else:
                self.write(operation, "value")
            self.flush()

    def _call(self, operation: plan.Operation, value: str) -> None:
        """Emit the call of a function of its own."""
        self.flush(create=True)
        self.source.line(f"{self.routine(operation)}({value}, out, left)")

    def routine(self, operation: plan.Operation) -> str:
        """The name of a function ``(value, out, left)`` that writes a value."""
        key = operation.key if isinstance(operation, plan.Call) else None
        name = self._routines.get(key) if key is not None else None
        if name is None:
            name = f"write_{self.source.variable()}"
            self._waiting.append((name, operation))
            if key is not None:
                self._routines[key] = name
        return name

    # --- pieces ----------------------------------------------------------------------------------

    def piece(self, expression: str) -> None:
        """Note down an expression for bytes, to be written after those before."""
        self._pieces.append(expression)

    def flush(self, *, create: bool = False) -> None:
        """Emit what is noted down; ``create``: and have ``out`` afterwards in any case."""
        count = len(self._pieces)
        if not self._has_out:
            if count or create:
                self.source.line(f"out = [{self._take_pieces()[1:-1]}]")
                self._has_out = True
        elif count <= _FEW:
            while self._pieces:
                self.source.line(f"out.append({self._pieces.pop(0)})")
        else:
            self.source.line(f"out += {self._take_pieces()}")

    def _take_pieces(self) -> str:
        pieces = self._pieces
        self._pieces = []
        return f"({', '.join(pieces)}{',' if pieces else ''})"

    # --- operations ------------------------------------------------------------------------------

    def write(self, operation: plan.Operation, value: str) -> None:
        """Emit what writes ``value``, the name of a variable."""
        if self.source.nesting > MAX_NESTING and not leaves.is_leaf(operation):
            self._call(operation, value)
            return
        match operation:
            case plan.Call(key):
                if self._policy.is_inline(key, self._inlined):
                    self._inlined += 1
                    self._record(self.plan.records[key], value)
                    self._inlined -= 1
                else:
                    self._call(operation, value)
            case plan.UnionOperation():
                write_union(self, operation, value)
            case plan.ArrayOperation(item):
                self._array(item, value)
            case plan.MapOperation(inner):
                self._map(inner, value)
            case _:
                for expression in leaves.write_leaf(self, operation, value, b""):
                    self.piece(expression)

    def _record(self, record: plan.RecordOperation, value: str) -> None:
        type_ = self.source.bind(record.type or dict, "type")
        self.refuse_if(f"{value}.__class__ is not {type_}")
        reals: list[str] = []
        codes = ""
        for field in record.fields:
            part = self.source.variable()
            if field.attribute is not None:
                self.source.line(f"{part} = {value}.{field.attribute}")
            else:
                self.source.line(f"{part} = {value}[{self.source.bind(field.name, 'key')}]")
            match field.operation:
                case plan.FloatOperation(bits):
                    reals.append(part)
                    codes += "f" if bits == 32 else "d"
                case _:
                    self._reals(reals, codes)
                    reals, codes = [], ""
                    self.write(field.operation, part)
        self._reals(reals, codes)

    def _reals(self, values: list[str], codes: str) -> None:
        """Emit one call for a run of floats and doubles."""
        if not values:
            return
        classes = " is ".join(f"{value}.__class__" for value in values)
        all_values = ", ".join(values)
        check = self.source.bind(check_reals, "check_reals")
        float_ = self.source.bind(float, "float")
        self.source.line(f"if not ({classes} is {float_}): {check}(({all_values},))")
        self.piece(f"{leaves.packer(self.source, codes)}({all_values})")

    def _array(self, item: plan.Operation, value: str) -> None:
        source = self.source
        type_, as_ = source.bind(list, "list"), source.bind(as_list, "as_list")
        source.line(f"if {value}.__class__ is not {type_}: {value} = {as_}({value})")
        self.flush(create=True)
        with source.block(f"if {value}:"):
            self.piece(leaves.prefix(source, f"len({value})", b""))
            match item:
                case plan.FloatOperation(bits):
                    pack, code = source.bind(pack_array, "pack"), "f" if bits == 32 else "d"
                    self.piece(f'{pack}({value}, "{code}")')
                    self.flush()
                case _:
                    self.flush()
                    each = source.variable()
                    with source.block(f"for {each} in {value}:"):
                        self.write(item, each)
                        self.flush()
        self.piece('b"\\0"')

    def _map(self, inner: plan.Operation, value: str) -> None:
        source = self.source
        type_, as_ = source.bind(dict, "dict"), source.bind(as_dict, "as_dict")
        source.line(f"if {value}.__class__ is not {type_}: {value} = {as_}({value})")
        self.flush(create=True)
        with source.block(f"if {value}:"):
            self.piece(leaves.prefix(source, f"len({value})", b""))
            self.flush()
            key, each = source.variable(), source.variable()
            with source.block(f"for {key}, {each} in {value}.items():"):
                for expression in leaves.write_leaf(self, plan.StringOperation(), key, b""):
                    self.piece(expression)
                self.write(inner, each)
                self.flush()
        self.piece('b"\\0"')


_MANY: Final = 64
"""Up to so many branches are told apart one by one."""

_ByType: TypeAlias = dict[type[object], list[int]]
"""Positions of branches, by the type of their values."""


def write_union(encoding: EncoderEmitter, union: plan.UnionOperation, value: str) -> None:
    """Emit what writes a value of a union."""
    by_type = _by_type(encoding, union)
    if len(union.branches) > _MANY and len(by_type) == len(union.branches):
        _write_many(encoding, union, value, by_type)
        return
    tests = _tests(encoding, union, value, by_type)
    if not tests:
        encoding.piece(f"{encoding.interpreted(union)}({value}, left)")
    elif all(leaves.is_leaf(branch.operation) for branch in union.branches):
        _write_leaves(encoding, union, value, tests)
    else:
        _write_branches(encoding, union, value, tests)


def _write_leaves(
    encoding: EncoderEmitter, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
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
        assign([f"{encoding.interpreted(union)}({value}, left)"])
    for target in targets:
        encoding.piece(target)


def _write_branches(
    encoding: EncoderEmitter, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
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
        encoding.piece(f"{encoding.interpreted(union)}({value}, left)")
        encoding.flush()


def _write_many(
    encoding: EncoderEmitter, union: plan.UnionOperation, value: str, by_type: _ByType
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
    source.line(f"else: out.append({encoding.interpreted(union)}({value}, left))")


def _by_type(encoding: EncoderEmitter, union: plan.UnionOperation) -> _ByType:
    by_type: _ByType = {}
    for index, branch in enumerate(union.branches):
        by_type.setdefault(_type(branch.operation, encoding.plan), []).append(index)
    return by_type


def _tests(
    encoding: EncoderEmitter, union: plan.UnionOperation, value: str, by_type: _ByType
) -> list[tuple[str, int]] | None:
    """Conditions under which branches are written; None if types do not decide it."""
    bind = encoding.source.bind
    if not any(issubclass(type_, int) and type_ is not bool for type_ in by_type):
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
            case [plan.FloatOperation()]:
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
        case plan.PromotedOperation() | plan.SkipOperation() | plan.UnreadableOperation():
            raise AssertionError("only reads")
