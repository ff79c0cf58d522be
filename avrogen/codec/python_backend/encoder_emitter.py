"""Source that encodes values.

A function collects pieces of bytes. As long as the code does not branch, their expressions are only
noted, to become one tuple or list; before a branch or a loop, they become the list ``out``, which
grows. ``left`` is the number of further levels of recursive records.

The branch of a union (the rule is in :mod:`avrogen.codec.unions`) is found by the exact type of the
value. Where that is not enough, the interpreter encodes the value of the union.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache, partial
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from avrogen.codec import plan
from avrogen.codec.branch_types import ValueTypes, branch_types, value_types
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.limits import Limits, current_limits
from avrogen.codec.python_backend import encoder_leaves as leaves
from avrogen.codec.python_backend.emitter import BaseEncoderEmitter
from avrogen.codec.python_backend.encoder_runtime import (
    FallBack,
    as_dict,
    as_list,
    check_floats,
    pack_array,
)
from avrogen.codec.python_backend.source_builder import MAX_NESTING, SourceBuilder
from avrogen.codec.varints import encode_long

__all__ = ["EncoderEmitter", "block_encoder_source", "encoder_source", "write_union"]

_FEW: Final = 4
"""Number of pieces up to which single ``append`` calls are faster than one ``+=``."""


StrictEncoders: TypeAlias = Callable[[bool, bool], Callable[..., bytes]]
"""Returns the encoder for ``fill_defaults`` and ``allow_unknown_keys``, of which one is False."""


def encoder_source(plan_: plan.Plan, strict: StrictEncoders | None = None) -> SourceBuilder:
    """Return source with a function ``to_avro(value, *, limits=None)``.

    With ``strict`` encoders, it has the parameters that choose one of them as well.
    """
    emitter = EncoderEmitter(plan_)
    emitter.whole(strict)
    return emitter.source


def block_encoder_source(plan_: plan.Plan) -> SourceBuilder:
    """Return source with a function ``write_values(values, out, limits)``."""
    emitter = EncoderEmitter(plan_)
    emitter.values()
    return emitter.source


class EncoderEmitter(BaseEncoderEmitter):
    """Emits the functions that encode values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        super().__init__(plan_)
        self._pieces: list[str] = []
        self._has_out = False
        self._routines: dict[str, str] = {}
        self._decoder = cache(partial(InterpretedDecoder, plan_))
        self._waiting: deque[tuple[str, plan.Operation]] = deque()

    # --- functions -------------------------------------------------------------------------------

    def whole(self, strict: StrictEncoders | None = None) -> None:
        """Emit the function for a datum, and all functions that it calls."""
        source = self.source
        join = source.bind(b"".join, "join")
        options = ", fill_defaults=True, allow_unknown_keys=True" if strict is not None else ""
        with source.block(f"def to_avro(value, *, limits=None{options}):"):
            if strict is not None:
                chosen = f"{source.bind(strict, 'strict')}(fill_defaults, allow_unknown_keys)"
                with source.block("if not (fill_defaults and allow_unknown_keys):"):
                    source.line(f"return {chosen}(value, limits=limits)")
            interpret = source.bind(self.interpreter.write, "interpret")
            if self.is_too_large:
                source.line(f"return {interpret}(value, limits)")
                return
            with source.block("try:"):
                self._levels()
                self.write(self.plan.root, "value")
                if self._has_out:
                    self.flush()
                    source.line(f"return {join}(out)")
                else:
                    source.line(f"return {join}({self._take_pieces()})")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                source.line(f"return {interpret}(value, limits)")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def values(self) -> None:
        """Emit the function for a list of values, and all functions that it calls.

        ``write_values(values, out, limits)`` adds their bytes to the list ``out`` and returns the
        number of encoded values: fewer, if the interpreter has to encode the next one.
        """
        source = self.source
        with source.block("def write_values(values, out, limits):"):
            self._has_out = True
            if self.is_too_large:
                source.line("return 0")
                return
            len_ = source.bind(len, "len")
            source.line("done = 0")
            source.line(f"mark = {len_}(out)")
            with source.block("try:"):
                self._levels()
                with source.block("for value in values:"):
                    source.line(f"mark = {len_}(out)")
                    self.write(self.plan.root, "value")
                    self.flush()
                    source.line("done += 1")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                source.line("del out[mark:]")
            source.line("return done")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def _levels(self) -> None:
        """Emit the number of further levels of recursive records."""
        source = self.source
        if any(record.recursive for record in self.plan.records.values()):
            current = source.bind(current_limits, "limits")
            source.line(f"left = (limits or {current}()).max_depth")
        else:
            source.line("left = 0")

    def _routine(self, name: str, operation: plan.Operation) -> None:
        """Emit a function that encodes a value to ``out``."""
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
        """Return the name of a function ``(value, out, left)`` that encodes a value."""
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
        """Note an expression for bytes, after those before."""
        self._pieces.append(expression)

    def flush(self, *, create: bool = False) -> None:
        """Emit the noted pieces; ``create``: make ``out`` in any case."""
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
        """Emit the encoding of ``value``, the name of a variable."""
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
            case plan.LogicalOperation(base, kind) if not leaves.is_leaf(operation):
                self.write(base, leaves.to_base(self, kind, value))
            case _:
                for expression in leaves.write_leaf(self, operation, value, b""):
                    self.piece(expression)

    def _record(self, record: plan.RecordOperation, value: str) -> None:
        type_ = self.source.bind(record.type or dict, "type")
        self.refuse_if(f"{value}.__class__ is not {type_}")
        if self.plan.known_keys_only and record.type is None:
            names = self.source.bind(frozenset(field.name for field in record.fields), "names")
            self.refuse_if(f"not {value}.keys() <= {names}")
        floats: list[str] = []
        codes = ""
        for field in record.fields:
            part = self.source.variable()
            if field.attribute is not None:
                self.source.line(f"{part} = {value}.{field.attribute}")
            else:
                self.source.line(f"{part} = {self._item(value, field)}")
            match field.operation:
                case plan.FloatOperation(bits):
                    floats.append(part)
                    codes += "f" if bits == 32 else "d"
                case _:
                    self._floats(floats, codes)
                    floats, codes = [], ""
                    self.write(field.operation, part)
        self._floats(floats, codes)

    def _item(self, value: str, field: plan.FieldOperation) -> str:
        """Return an expression for the item of a dict that is encoded for a field."""
        key = self.source.bind(field.name, "key")
        if field.default is None:
            return f"{value}[{key}]"
        default = self.source.bind(cache(partial(self._default, field)), "default")
        return f"{value}[{key}] if {key} in {value} else {default}()"

    def _default(self, field: plan.FieldOperation) -> Any:
        """Return the default of a field as a value that is encoded as such.

        Raises:
            FallBack: the interpreter encodes it, or reports that there is none.
        """
        data = field.default() if field.default is not None else None
        if data is None:
            raise FallBack
        value = self._decoder().read_default(
            plan.DefaultField(field.name, field.attribute, field.operation, 0, data)
        )
        if self.interpreter.write_part(field.operation, value, Limits().max_depth) != data:
            raise FallBack  # its value chooses another branch
        return value

    def _floats(self, values: list[str], codes: str) -> None:
        """Emit one call for a run of floats and doubles."""
        if not values:
            return
        classes = " is ".join(f"{value}.__class__" for value in values)
        all_values = ", ".join(values)
        check = self.source.bind(check_floats, "check_floats")
        float_ = self.source.bind(float, "float")
        self.source.line(f"if not ({classes} is {float_}): {check}(({all_values},))")
        self.piece(f"{leaves.packer(self.source, codes)}({all_values})")

    def _array(self, item: plan.Operation, value: str) -> None:
        source = self.source
        type_, as_ = source.bind(list, "list"), source.bind(as_list, "as_list")
        source.line(f"if {value}.__class__ is not {type_}: {value} = {as_}({value})")
        # A copy, as another thread may change the list between its count and its items.
        items = source.variable()
        source.line(f"{items} = {value}[:]")
        self.flush(create=True)
        with source.block(f"if {items}:"):
            self.piece(leaves.prefix(source, f"len({items})", b""))
            match item:
                case plan.FloatOperation(bits):
                    pack, code = source.bind(pack_array, "pack"), "f" if bits == 32 else "d"
                    self.piece(f'{pack}({items}, "{code}")')
                    self.flush()
                case _:
                    self.flush()
                    each = source.variable()
                    with source.block(f"for {each} in {items}:"):
                        self.write(item, each)
                        self.flush()
            self.refuse_if(f"len({value}) != len({items})")
        self.piece('b"\\0"')

    def _map(self, inner: plan.Operation, value: str) -> None:
        source = self.source
        type_, as_ = source.bind(dict, "dict"), source.bind(as_dict, "as_dict")
        source.line(f"if {value}.__class__ is not {type_}: {value} = {as_}({value})")
        entries = source.variable()  # a copy, as above
        source.line(f"{entries} = {value}.copy()")
        self.flush(create=True)
        with source.block(f"if {entries}:"):
            self.piece(leaves.prefix(source, f"len({entries})", b""))
            self.flush()
            key, each = source.variable(), source.variable()
            with source.block(f"for {key}, {each} in {entries}.items():"):
                for expression in leaves.write_leaf(self, plan.StringOperation(), key, b""):
                    self.piece(expression)
                self.write(inner, each)
                self.flush()
            self.refuse_if(f"len({value}) != len({entries})")
        self.piece('b"\\0"')


_MANY: Final = 64
"""Number of branches up to which the code tests them one after the other."""


def write_union(emitter: EncoderEmitter, union: plan.UnionOperation, value: str) -> None:
    """Emit the encoding of a value of a union."""
    by_type = value_types(union, emitter.plan)
    if len(union.branches) > _MANY and len(by_type) == len(union.branches):
        _write_many(emitter, union, value, by_type)
        return
    tests = _tests(emitter, union, value)
    if not tests:
        emitter.piece(f"{emitter.interpreted(union)}({value}, left)")
    elif all(leaves.is_leaf(branch.operation) for branch in union.branches):
        _write_leaves(emitter, union, value, tests)
    else:
        _write_branches(emitter, union, value, tests)


def _write_leaves(
    emitter: EncoderEmitter, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
) -> None:
    """Assign the pieces of each branch to the same variables, so that ``out`` is not needed yet."""
    source = emitter.source
    count = max(leaves.piece_count(branch.operation) for branch in union.branches)
    targets = [source.variable() for _ in range(count)]

    def assign(pieces: list[str]) -> None:
        for target, piece in zip_longest(targets, pieces, fillvalue='b""'):
            source.line(f"{target} = {piece}")

    for position, (test, index) in enumerate(tests):
        with source.block(f"{'elif' if position else 'if'} {test}:"):
            operation = union.branches[index].operation
            assign(leaves.write_leaf(emitter, operation, value, encode_long(index)))
    with source.block("else:"):
        assign([f"{emitter.interpreted(union)}({value}, left)"])
    for target in targets:
        emitter.piece(target)


def _write_branches(
    emitter: EncoderEmitter, union: plan.UnionOperation, value: str, tests: list[tuple[str, int]]
) -> None:
    source = emitter.source
    emitter.flush(create=True)
    for position, (test, index) in enumerate(tests):
        with source.block(f"{'elif' if position else 'if'} {test}:"):
            operation = union.branches[index].operation
            tag = encode_long(index)
            if leaves.is_leaf(operation):
                for piece in leaves.write_leaf(emitter, operation, value, tag):
                    emitter.piece(piece)
            else:
                emitter.piece(repr(tag))
                emitter.write(operation, value)
            emitter.flush()
    with source.block("else:"):
        emitter.piece(f"{emitter.interpreted(union)}({value}, left)")
        emitter.flush()


def _write_many(
    emitter: EncoderEmitter, union: plan.UnionOperation, value: str, by_type: ValueTypes
) -> None:
    """Emit the encoding by a table of tags and functions."""
    source = emitter.source
    entries: list[str] = []
    for type_, (index,) in by_type.items():
        write = emitter.routine(union.branches[index].operation)
        entries.append(f"{source.bind(type_, 'type')}: ({encode_long(index)!r}, {write})")
    table, branch = source.table(f"{{{', '.join(entries)}}}"), source.variable()
    emitter.flush(create=True)
    source.line(f"{branch} = {table}.get({value}.__class__)")
    source.line(f"if {branch}: out.append({branch}[0]); {branch}[1]({value}, out, left)")
    source.line(f"else: out.append({emitter.interpreted(union)}({value}, left))")


def _tests(
    emitter: EncoderEmitter, union: plan.UnionOperation, value: str
) -> list[tuple[str, int]] | None:
    """Return conditions with the positions of branches; None if types do not decide."""
    found = branch_types(union, emitter.plan)
    if found is None:
        return None
    bind = emitter.source.bind
    tests: list[tuple[str, int]] = []
    for type_, index in found.entries:
        if type_ is type(None):
            test = f"{value} is None"
        else:
            test = f"{value}.__class__ is {bind(type_, 'type')}"
        if index == found.float_for_ints:
            test += f" or {value}.__class__ is {bind(int, 'int')}"
        if found.int_and_long is not None and index == found.int_and_long[0]:
            tests.append((f"{test} and {-(2**31)} <= {value} < {2**31}", index))
            tests.append((test, found.int_and_long[1]))
        else:
            tests.append((test, index))
    return tests
