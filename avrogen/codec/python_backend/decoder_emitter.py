"""Source that decodes values.

``data`` is bytes, ``p`` the position in it. Slices are not checked for the end of ``data``, as
``p`` moves on to their supposed end: then the next byte is missing, or ``p`` is not ``size`` at the
end. Only counts are compared with the remaining bytes, before a loop. ``left`` is the number of
further levels of recursive records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from avrogen.codec import plan
from avrogen.codec.limits import current_limits
from avrogen.codec.python_backend import decoder_leaves as leaves
from avrogen.codec.python_backend.decoder_containers import read_array, read_map, read_record, skip
from avrogen.codec.python_backend.emitter import BaseDecoderEmitter
from avrogen.codec.python_backend.source_builder import MAX_NESTING, SourceBuilder
from avrogen.codec.varints import encode_long

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "Decoder",
    "DecoderEmitter",
    "WriterDecoders",
    "block_decoder_source",
    "decoder_source",
]

Decoder: TypeAlias = "Callable[[Buffer], Any]"

WriterDecoders: TypeAlias = "tuple[Mapping[int, Decoder], Callable[[Any], Decoder]]"
"""Decoders of other writers' data: a table by the ``id`` of the writer's schema, and a function
that makes the decoder for a schema. ``Schema`` is not imported, as schemas import the backend."""

_MANY: Final = 64
"""Number of branches up to which the code tests them one after the other. Indexes of more can have
two bytes."""


def decoder_source(
    plan_: plan.Plan,
    others: WriterDecoders | None = None,
    naming: Callable[[], Decoder] | None = None,
) -> SourceBuilder:
    """Return source with a function ``from_avro(data, *, writer=None, limits=None)``.

    With ``naming``, it has a parameter ``named_branches=False`` as well, and calls what that
    returns.
    """
    emitter = DecoderEmitter(plan_)
    emitter.whole(others, naming)
    return emitter.source


def block_decoder_source(plan_: plan.Plan) -> SourceBuilder:
    """Return source with a function ``read_values(data, text, p, count, limits)``."""
    emitter = DecoderEmitter(plan_)
    emitter.values()
    return emitter.source


class DecoderEmitter(BaseDecoderEmitter):
    """Emits the functions that decode values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        super().__init__(plan_)
        self._routines: dict[tuple[str, bool], str] = {}
        self._waiting: deque[tuple[str, plan.Operation, bool]] = deque()

    # --- functions -------------------------------------------------------------------------------

    def whole(
        self, others: WriterDecoders | None, naming: Callable[[], Decoder] | None = None
    ) -> None:
        """Emit the function for a datum, and all functions that it calls."""
        source = self.source
        option = "" if naming is None else ", named_branches=False"
        with source.block(f"def from_avro(data, *, writer=None, limits=None{option}):"):
            if naming is not None:
                call = f"{source.bind(naming, 'naming')}()(data, writer=writer, limits=limits)"
                source.line(f"if named_branches: return {call}")
            if others is not None:
                known, find = source.bind(others[0], "known"), source.bind(others[1], "find")
                identity = source.bind(id, "id")
                read = f"{known}.get({identity}(writer)) or {find}(writer)"
                source.line(f"if writer is not None: return ({read})(data, limits=limits)")
            bytes_, view = source.bind(bytes, "bytes"), source.bind(memoryview, "memoryview")
            source.line(f"if data.__class__ is not {bytes_}: data = {bytes_}({view}(data))")
            interpret = source.bind(self.interpreter.read, "interpret")
            if self.is_too_large or self.minimum_sizes.is_bomb():
                # Only the interpreter counts what is made.
                source.line(f"return {interpret}(data, limits)")
                return
            self._leave_many(f"{interpret}(data, limits)")
            with source.block("try:"):
                self._levels()
                source.line("p = 0")
                source.line(f"size = {source.bind(len, 'len')}(data)")
                self.read(self.plan.root, "value")
                source.line("if p == size: return value")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                source.line("pass")
            source.line(f"return {interpret}(data, limits)")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def values(self) -> None:
        """Emit the function for adjacent data, and all functions that it calls.

        ``read_values(data, text, p, count, limits)`` returns up to ``count`` values from the
        position ``p`` on, and the position after them: fewer, or none, if the interpreter has to
        decode the next one. ``text`` is the data in ISO-8859-1.
        """
        source = self.source
        self.has_text = True
        with source.block("def read_values(data, text, p, count, limits):"):
            source.line("values = []")
            if self.is_too_large or self.minimum_sizes.is_bomb():
                source.line("return values, p")
                return
            self._leave_many("values, p")
            source.line("first = start = p")
            source.line("add = values.append")
            with source.block("try:"):
                self._levels()
                source.line(f"size = {source.bind(len, 'len')}(data)")
                with source.block(f"for _ in {source.bind(range, 'range')}(count):"):
                    self.read(self.plan.root, "value")
                    source.line("add(value)")
                    source.line("start = p")
            with source.block(f"except {source.bind(Exception, 'exception')}:"):
                source.line("pass")
            # Otherwise the data end within one of the values.
            source.line("if start <= size: return values, start")
            source.line("return [], first")
        while self._waiting:
            self._routine(*self._waiting.popleft())

    def _leave_many(self, otherwise: str) -> None:
        """Emit the return of ``otherwise`` where only the interpreter counts what is made."""
        source = self.source
        bound = self.minimum_sizes.value_bound()
        if bound is not None:
            current, len_ = source.bind(current_limits, "limits"), source.bind(len, "len")
            made = f"{len_}(data) * {bound[0]} + {bound[1]}"
            with source.block(f"if {made} > (limits or {current}()).max_values:"):
                source.line(f"return {otherwise}")

    def _levels(self) -> None:
        """Emit the number of further levels of recursive records."""
        source = self.source
        if any(record.recursive for record in self.plan.records.values()):
            current = source.bind(current_limits, "limits")
            source.line(f"left = (limits or {current}()).max_depth")
        else:
            source.line("left = 0")

    def _routine(self, name: str, operation: plan.Operation, skipping: bool) -> None:
        """Emit a function that decodes a value, or skips it."""
        source = self.source
        with source.block(f"def {name}({self._parameters}):"):
            self._inlined = 0
            if isinstance(operation, plan.Call):
                record = self.plan.records[operation.key]
                if record.recursive:
                    source.line("left -= 1")
                    self.refuse_if("left < 0")
                self._record(record, "value", skipping)
            elif skipping:
                skip(self, operation)
            else:
                self.read(operation, "value")
            source.line(f"return {'None' if skipping else 'value'}, p")

    @property
    def _parameters(self) -> str:
        return "data, p, size, left, text" if self.has_text else "data, p, size, left"

    def routine(self, operation: plan.Operation, *, skipping: bool = False) -> str:
        """Return the name of a function that gives a value and ``p``."""
        key = (operation.key, skipping) if isinstance(operation, plan.Call) else None
        name = self._routines.get(key) if key is not None else None
        if name is None:
            name = f"{'skip' if skipping else 'read'}_{self.source.variable()}"
            self._waiting.append((name, operation, skipping))
            if key is not None:
                self._routines[key] = name
        return name

    def call(self, operation: plan.Operation, target: str, *, skipping: bool = False) -> None:
        """Emit the call of a function of its own."""
        name = self.routine(operation, skipping=skipping)
        assert self.ahead is None, "fields of a record are as deep as the record itself"
        self.source.line(f"{target}, p = {name}({self._parameters})")

    # --- operations ------------------------------------------------------------------------------

    def read(
        self, operation: plan.Operation, target: str, *, then: plan.Operation | None = None
    ) -> None:
        """Emit the decoding of a value into ``target``, anything that can be assigned to.

        Args:
            operation: decodes the value.
            target: a variable, an attribute or an item.
            then: decodes the data that follow in any case.
        """
        is_small = leaves.is_leaf(operation) or isinstance(operation, plan.NamedOperation)
        if self.source.nesting > MAX_NESTING and not is_small:
            self.call(operation, target)
            return
        match operation:
            case plan.Call(key):
                self.record_or_call(operation, key, target)
            case plan.UnionOperation():
                self.union(operation, target, then=then)
            case plan.ArrayOperation():
                read_array(self, operation, target)
            case plan.MapOperation():
                read_map(self, operation, target)
            case plan.NamedOperation(name, inner):
                self.read(inner, target)
                self.source.line(f"{target} = {self.source.bind(name, 'name')}, {target}")
            case plan.UnreadableOperation():
                self.source.line(self.refusal())
            case plan.LogicalOperation(base) if not leaves.is_leaf(operation):
                raw = self.source.variable()
                self.read(base, raw)
                leaves.from_base(self, operation, raw, target)
            case _:
                leaves.read_leaf(self, operation, target)

    def record_or_call(
        self, operation: plan.Call, key: str, target: str, *, skipping: bool = False
    ) -> None:
        """Emit a record where it is used, or the call of a function of its own."""
        if self._policy.is_inline(key, self._inlined):
            self._inlined += 1
            self._record(self.plan.records[key], target, skipping)
            self._inlined -= 1
        else:
            self.call(operation, target, skipping=skipping)

    def _record(self, record: plan.RecordOperation, target: str, skipping: bool) -> None:
        if not skipping:
            read_record(self, record, target)
        else:
            for field in record.fields:
                skip(self, field.operation)

    def union(
        self,
        union: plan.UnionOperation,
        target: str,
        *,
        then: plan.Operation | None = None,
        skipping: bool = False,
    ) -> None:
        """Emit the decoding or skipping of a union."""
        if len(union.branches) > _MANY:
            self._many(union, self.source.variable(), target, skipping)
            return
        tag = self.byte()
        # Most values of a nullable are not null.
        order = sorted(
            range(len(union.branches)),
            key=lambda index: isinstance(union.branches[index].operation, plan.NullOperation),
        )
        # Floats are read with the byte after them; then other branches have to read one, too.
        has_float = any(isinstance(b.operation, plan.FloatOperation) for b in union.branches)
        along = has_float and then is not None and leaves.begins_with_byte(then)
        ahead = self.source.variable() if along else None
        for position, index in enumerate(order):
            byte = encode_long(index)[0]
            with self.source.block(f"{'elif' if position else 'if'} {tag} == {byte}:"):
                operation = union.branches[index].operation
                if skipping:
                    skip(self, operation)
                elif ahead is None:
                    self.read(operation, target)
                else:
                    self._read_with_byte(operation, target, ahead)
        self.source.line(f"else: {self.refusal()}" if order else self.refusal())
        self.ahead = ahead

    def _read_with_byte(self, operation: plan.Operation, target: str, ahead: str) -> None:
        """Emit the decoding of a value and the byte after it."""
        if isinstance(operation, plan.FloatOperation):
            run = leaves.FloatRun(self)
            run.add(target, operation.bits)
            run.end(ahead)
            # Branches after this one have yet to read theirs.
            self.ahead = None
        else:
            self.read(operation, target)
            self.source.line(f"{ahead} = data[p]; p += 1")

    def _many(self, union: plan.UnionOperation, tag: str, target: str, skipping: bool) -> None:
        """Emit the decoding of a union by a table of functions."""
        leaves.read_leaf(self, plan.IntegerOperation(32), tag)
        self.refuse_if(f"{tag} < 0")
        names = [self.routine(b.operation, skipping=skipping) for b in union.branches]
        table = self.source.table(f"({', '.join(names)},)")
        self.source.line(f"{target}, p = {table}[{tag}]({self._parameters})")
