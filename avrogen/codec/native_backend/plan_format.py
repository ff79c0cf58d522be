"""Plans as tuples of numbers and objects: the plan format of ``avrogen-native``.

``native/src/plan.rs`` reads it. A change here is a change there, and of
:data:`avrogen.codec.backends.PLAN_FORMAT`.

A plan is ``(nodes, records, root, values)``. A node is the number of its kind, the operation (the
interpreter gets it for what is out of the ordinary) and what the kind needs; nodes refer to others
by their positions. No text of a schema is among them but the keys of dicts and the names of
branches.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from avrogen.avro.model import TimeUnit
from avrogen.codec import conversions, plan
from avrogen.codec.branch_types import branch_types
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.logical import (
    DateKind,
    DecimalKind,
    LogicalKind,
    MappedKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.plan_analysis import nesting_levels
from avrogen.codec.values import is_immutable

__all__ = ["LoweredPlan", "lowered_decoder", "lowered_encoder"]

Lowered: TypeAlias = tuple[Any, ...]

LoweredPlan: TypeAlias = tuple[
    tuple[Lowered, ...], tuple[Lowered, ...], int, tuple[int, int] | None
]
"""Nodes, records, the position of the root's node, and values that are made of so many bytes and of
none, if they have to be counted."""

(
    _NULL,
    _BOOLEAN,
    _INTEGER,
    _FLOAT,
    _BYTES,
    _STRING,
    _FIXED,
    _ENUM,
    _SYMBOLS,
    _DECIMAL,
    _UUID,
    _DATE,
    _TIME,
    _TIMESTAMP,
    _NANOS,
    _INTERPRETED,
    _ARRAY,
    _MAP,
    _NULLABLE,
    _UNION,
    _CALL,
    _PROMOTED,
    _SKIP,
    _UNREADABLE,
    _MAPPED,
    _NAMED,
) = range(26)

_SHARED, _NEW_LIST, _NEW_DICT, _DECODED = range(4)
"""Kinds of defaults."""

_MOST: Final = 2**31
"""Precisions and scales from here on are left to the interpreter."""


_MOST_LEVELS: Final = 500
"""Levels of values that are walked on the stack. Deeper plans are left to the Python backend."""


def lowered_encoder(made: plan.Plan) -> tuple[LoweredPlan, InterpretedEncoder] | None:
    """Return a plan to encode, and its interpreter; None: it is left to the Python backend."""
    if nesting_levels(made) > _MOST_LEVELS:
        return None
    return _EncoderLowering(made).whole(None), InterpretedEncoder(made)


def lowered_decoder(made: plan.Plan) -> tuple[LoweredPlan, InterpretedDecoder] | None:
    """Return a plan to decode, and its interpreter; None: it is left to the Python backend."""
    interpreter = InterpretedDecoder(made)
    sizes = interpreter.minimum_sizes
    if sizes.is_bomb() or nesting_levels(made) > _MOST_LEVELS:
        return None
    return _DecoderLowering(made, interpreter).whole(sizes.value_bound()), interpreter


class _Lowering:
    """Nodes and records of a plan so far; operations that are the same object share a node."""

    def __init__(self, made: plan.Plan) -> None:
        self._plan = made
        self._nodes: list[Lowered] = []
        self._known: dict[int, int] = {}
        self._records = {key: index for index, key in enumerate(made.records)}

    def whole(self, values: tuple[int, int] | None) -> LoweredPlan:
        """Return the plan."""
        root = self._of(self._plan.root)
        records = tuple([self._record(record) for record in self._plan.records.values()])
        return tuple(self._nodes), records, root, values

    def _of(self, operation: plan.Operation) -> int:
        """Return the position of an operation's node."""
        index = self._known.get(id(operation))
        if index is None:
            index = self._known[id(operation)] = len(self._nodes)
            self._nodes.append(())
            self._nodes[index] = self._node(operation)
        return index

    def _node(self, operation: plan.Operation) -> Lowered:
        match operation:
            case plan.StringOperation():
                return _STRING, operation
            case plan.IntegerOperation(bits):
                return _INTEGER, operation, bits == 64
            case plan.FloatOperation(bits):
                return _FLOAT, operation, bits == 64
            case plan.Call(key):
                return _CALL, operation, self._records[key]
            case plan.UnionOperation():
                return self._union(operation)
            case plan.ArrayOperation(item):
                return _ARRAY, operation, self._of(item), self._least(operation)
            case plan.MapOperation(value):
                return _MAP, operation, self._of(value), self._least(operation)
            case plan.LogicalOperation(base, kind):
                return self._logical(operation, base, kind)
            case plan.EnumOperation(_, symbols, values, type_):
                if type_ is str:
                    return _SYMBOLS, operation, values, symbols
                return _ENUM, operation, values, type_
            case plan.NullOperation():
                return _NULL, operation
            case plan.BooleanOperation():
                return _BOOLEAN, operation
            case plan.BytesOperation():
                return _BYTES, operation
            case plan.FixedOperation(_, size, type_):
                return _FIXED, operation, size, None if type_ is bytes else type_
            case plan.PromotedOperation(written, bits):
                return _PROMOTED, operation, written == 64, bits == 32
            case plan.SkipOperation(inner):
                return _SKIP, operation, self._of(inner)
            case plan.NamedOperation(name, inner):
                return _NAMED, operation, name, self._of(inner)
            case plan.UnreadableOperation():
                return _UNREADABLE, operation

    def _least(self, operation: plan.ArrayOperation | plan.MapOperation) -> int:
        """Return the fewest bytes of an item; where nothing is decoded, they do not matter."""
        return 1

    # --- logical types ---------------------------------------------------------------------------

    def _logical(
        self, operation: plan.LogicalOperation, base: plan.Operation, kind: LogicalKind
    ) -> Lowered:
        match base, kind.plain:
            case plan.IntegerOperation(32), DateKind():
                return _DATE, operation
            case plan.IntegerOperation(), TimeKind(unit):
                return self._clock(_TIME, operation, base, unit)
            case plan.IntegerOperation(), TimestampKind(unit, local):
                return self._clock(_TIMESTAMP, operation, base, unit, local)
            case plan.IntegerOperation(bits), NanosKind(_, TimeUnit.NANOS):
                return _NANOS, operation, kind.python_type, bits == 64
            case plan.BytesOperation(), DecimalKind(precision, scale, None, None):
                if max(precision, scale) < _MOST:
                    return _DECIMAL, operation, precision, scale, None
            case plan.FixedOperation(_, size), DecimalKind(precision, scale, _, None):
                if max(precision, scale) < _MOST:
                    return _DECIMAL, operation, precision, scale, size
            case plan.StringOperation(), UuidKind(binary=False):
                return _UUID, operation, False
            case plan.FixedOperation(_, 16), UuidKind(binary=True):
                return _UUID, operation, True
            case _, MappedKind():
                return self._mapped(operation)
            case _:
                pass
        return _INTERPRETED, operation

    def _clock(
        self,
        node: int,
        operation: plan.LogicalOperation,
        base: plan.IntegerOperation,
        unit: TimeUnit,
        *local: bool,
    ) -> Lowered:
        """Return the node of a time; where options apply to single values, the interpreter does."""
        kind, step = operation.kind, 1
        if kind.plain is not kind:
            from avrogen.codec.timed_kinds import TimedKind

            assert isinstance(kind, TimedKind), "no other kind has options"
            if unit is TimeUnit.NANOS:
                return _INTERPRETED, operation
            step = kind.step
        return node, operation, conversions.PER_SECOND[unit], base.bits == 64, step, *local

    def _mapped(self, operation: plan.LogicalOperation) -> Lowered:
        kind = operation.kind
        assert isinstance(kind, MappedKind), "the caller has compared it"
        class_ = None if kind.class_ is object else kind.class_
        return _MAPPED, operation, self._of(operation.base), class_, kind.backward, kind.forward

    # --- unions and records ----------------------------------------------------------------------

    def _union(self, union: plan.UnionOperation) -> Lowered:
        branches = [branch.operation for branch in union.branches]
        types, int_and_long = self._types(union)
        match branches:
            case [plan.NullOperation(), other] | [other, plan.NullOperation()] if not isinstance(
                other, plan.NullOperation | plan.UnreadableOperation
            ):
                null = 0 if other is branches[1] else 1
                of_other = [type_ for type_, index in types or () if index != null]
                class_ = next((type_ for type_ in of_other if type_ is not int), None)
                if class_ is None and of_other:
                    class_ = of_other[0]
                also_int = len(of_other) > 1
                return _NULLABLE, union, null, self._of(other), class_, also_int
            case _:
                nodes = tuple([self._of(branch) for branch in branches])
                return _UNION, union, nodes, types, int_and_long

    def _types(self, union: plan.UnionOperation) -> tuple[Lowered | None, tuple[int, int] | None]:
        """Return types with their branches, None if types do not decide; and those of ints."""
        return None, None

    def _record(self, record: plan.RecordOperation) -> Lowered:
        classed = record.type is not None
        fields = tuple([self._field(field, classed) for field in record.fields])
        defaults = tuple([self._default(default, classed) for default in record.defaults])
        template = None
        if not classed and [*record.fields] != record.parts:
            template = dict.fromkeys(part.name for part in record.parts)
        only = self._plan.known_keys_only and not classed
        return record.type, record.recursive, fields, defaults, template, only

    def _field(self, field: plan.FieldOperation, classed: bool) -> Lowered:
        name = (field.attribute if classed else field.name) or field.name
        return self._of(field.operation), name, field.position is not None, field.default

    def _default(self, default: plan.DefaultField, classed: bool) -> Lowered:
        raise AssertionError("only of a writer's schema and another")


class _EncoderLowering(_Lowering):
    """A plan to encode."""

    def _types(self, union: plan.UnionOperation) -> tuple[Lowered | None, tuple[int, int] | None]:
        found = branch_types(union, self._plan)
        if found is None:
            return None, None
        entries = found.entries
        if found.float_for_ints is not None:
            entries = [*entries, (int, found.float_for_ints)]
        return tuple(entries), found.int_and_long


class _DecoderLowering(_Lowering):
    """A plan to decode."""

    def __init__(self, made: plan.Plan, interpreter: InterpretedDecoder) -> None:
        super().__init__(made)
        self._interpreter = interpreter

    def _least(self, operation: plan.ArrayOperation | plan.MapOperation) -> int:
        return self._interpreter.minimum_sizes.of_item(operation)

    def _default(self, default: plan.DefaultField, classed: bool) -> Lowered:
        value = self._interpreter.read_default(default)
        name = (default.attribute if classed else default.name) or default.name
        node = self._of(default.operation)
        if is_immutable(value):
            return _SHARED, name, value, node
        if type(value) in (list, dict) and not value:
            return _NEW_LIST if type(value) is list else _NEW_DICT, name, None, node
        return _DECODED, name, default.data, node
