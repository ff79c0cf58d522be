"""Source that makes objects of trees of ordinary plain JSON; the slow path has all others.

``seen`` is told the number of keys of each object, so that keys that are there twice are found by
their number in the text. ``left`` is the number of further levels of recursive records.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, unhexlify
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, SafeUUID

from avrogen.avro.model import TimeUnit
from avrogen.codec import plan
from avrogen.codec.conversions import decimal_contexts
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.json_encoding.json_plan import JsonDefaults, bare
from avrogen.codec.json_encoding.plain_form import (
    TYPE_TAG,
    JsonType,
    PlainForm,
    UnionBranches,
)
from avrogen.codec.logical import DateKind, DecimalKind, TimeKind, TimestampKind, UuidKind
from avrogen.codec.python_backend.decoder_runtime import UNSET_UUID, stand_in_for, twin_of
from avrogen.codec.python_backend.encoder_runtime import FallBack
from avrogen.codec.python_backend.source_builder import MAX_NESTING, InliningPolicy, SourceBuilder
from avrogen.codec.values import is_immutable
from avrogen.errors import DecodeError

__all__ = ["PieceReader", "TreeEmitter"]

PieceReader = Callable[[plan.Operation], Callable[[Any], Any]]
"""Returns a function that makes the value of any tree of an operation."""

_DECIMAL: Final = re.compile(r"-?[0-9]{1,200}(?:\.[0-9]{1,200})?", re.ASCII)
_MOST_FILLED: Final = 20
"""Fields of a record that its defaults may fill without being counted."""

_ABSENT: Final = object()


class TreeEmitter:
    """Emits the function ``from_tree(value, seen, left)`` for one plan, which has classes.

    Args:
        made: the plan.
        form: the plain form of its records.
        defaults: defaults of fields that are absent.
        piece: reads what the source does not.
    """

    def __init__(
        self, made: plan.Plan, form: PlainForm, defaults: JsonDefaults, piece: PieceReader
    ) -> None:
        self._plan = made
        self._form = form
        self._defaults = defaults
        self._piece = piece
        self._decoder = InterpretedDecoder(made)
        self._source = SourceBuilder()
        self._policy = InliningPolicy(made)
        self._inlined = 0
        self._routines: dict[str, str] = {}
        self._waiting: deque[tuple[str, plan.Operation]] = deque()

    def compiled(self) -> Callable[[Any, Callable[[int], None], int], Any]:
        """Return the function. It raises any exception for trees that it does not handle."""
        self._function("from_tree", self._plan.root)
        while self._waiting:
            self._function(*self._waiting.popleft())
        function: Callable[[Any, Callable[[int], None], int], Any]
        function = self._source.compile("from_tree")
        return function

    def _function(self, name: str, operation: plan.Operation) -> None:
        source = self._source
        with source.block(f"def {name}(value, seen, left):"):
            self._inlined = 0
            if isinstance(operation, plan.Call):
                record = self._plan.records[operation.key]
                if record.recursive:
                    source.line("left -= 1")
                    self._refuse_if("left < 0")
                self._record(record, "value", "result")
            else:
                self._read(operation, "value", "result")
            source.line("return result")

    def _refuse_if(self, condition: str) -> None:
        self._source.line(f"if {condition}: {self._refusal()}")

    def _refusal(self) -> str:
        return f"raise {self._source.bind(FallBack, 'fall_back')}"

    def _refuse_others(self, value: str, type_: type[object]) -> None:
        self._refuse_if(f"{value}.__class__ is not {self._source.bind(type_, 'type')}")

    def _routine(self, operation: plan.Operation) -> str:
        key = operation.key if isinstance(operation, plan.Call) else None
        name = self._routines.get(key) if key is not None else None
        if name is None:
            name = f"read_{self._source.variable()}"
            self._waiting.append((name, operation))
            if key is not None:
                self._routines[key] = name
        return name

    def _call(self, operation: plan.Operation, value: str, target: str) -> None:
        self._source.line(f"{target} = {self._routine(operation)}({value}, seen, left)")

    def _read_piece(self, operation: plan.Operation, value: str, target: str) -> None:
        self._source.line(
            f"{target} = {self._source.bind(self._piece(operation), 'piece')}({value})"
        )

    # --- operations ------------------------------------------------------------------------------

    def _read(self, operation: plan.Operation, value: str, target: str) -> None:
        """Emit the conversion of a tree to a value."""
        source = self._source
        match operation:
            case plan.NullOperation():
                self._refuse_if(f"{value} is not None")
                source.line(f"{target} = None")
            case plan.BooleanOperation():
                self._refuse_others(value, bool)
                source.line(f"{target} = {value}")
            case plan.IntegerOperation(bits):
                bound = 1 << bits - 1
                type_ = source.bind(int, "type")
                fits = f"{-bound} <= {value} < {bound}"
                self._refuse_if(f"{value}.__class__ is not {type_} or not {fits}")
                source.line(f"{target} = {value}")
            case plan.FloatOperation(64):
                float_ = source.bind(float, "float")
                with source.block(f"if {value}.__class__ is not {float_}:"):
                    self._refuse_others(value, int)
                    source.line(f"{value} = {float_}({value})")
                self._refuse_if(f"{value} - {value} != 0")
                source.line(f"{target} = {value}")
            case plan.StringOperation():
                self._refuse_others(value, str)
                source.line(f"{target} = {value}")
            case plan.BytesOperation():
                decode = source.bind(a2b_base64, "base64")
                source.line(f"{target} = {decode}({value}, strict_mode=True)")
            case plan.FixedOperation(_, size, class_):
                decode, content = source.bind(a2b_base64, "base64"), source.variable()
                source.line(f"{content} = {decode}({value}, strict_mode=True)")
                self._refuse_if(f"{source.bind(len, 'len')}({content}) != {size}")
                make, type_ = source.bind(bytes.__new__, "make"), source.bind(class_, "type")
                source.line(f"{target} = {make}({type_}, {content})")
            case plan.EnumOperation(_, symbols, values):
                table = dict(zip(symbols, values, strict=True))
                source.line(f"{target} = {source.bind(table, 'symbols')}[{value}]")
            case plan.LogicalOperation():
                self._logical(operation, value, target)
            case plan.Call(key):
                if self._policy.is_inline(key, self._inlined):
                    self._inlined += 1
                    self._record(self._plan.records[key], value, target)
                    self._inlined -= 1
                else:
                    self._call(operation, value, target)
            case plan.ArrayOperation() | plan.MapOperation() | plan.UnionOperation() if (
                source.nesting > MAX_NESTING
            ):
                self._call(operation, value, target)
            case plan.ArrayOperation(item):
                self._array(item, value, target)
            case plan.MapOperation(inner):
                self._map(inner, value, target)
            case plan.UnionOperation():
                self._union(operation, value, target)
            case _:
                self._read_piece(operation, value, target)

    def _logical(self, operation: plan.LogicalOperation, value: str, target: str) -> None:
        source = self._source
        match operation.kind:
            case UuidKind():
                self._uuid(value, target)
            case DateKind():
                self._refuse_others(value, str)
                source.line(f"{target} = {source.bind(date.fromisoformat, 'date')}({value})")
            case DecimalKind(precision, scale) if scale <= 200:
                quantize = source.bind(decimal_contexts(precision)[0].quantize, "quantize")
                places = source.bind(Decimal((0, (1,), -scale)), "places")
                zero = source.bind(Decimal((0, (0,), -scale)), "zero")
                match_ = source.bind(_DECIMAL.fullmatch, "match")
                self._refuse_if(f"{match_}({value}) is None")
                decimal = source.bind(Decimal, "decimal")
                source.line(f"{target} = {quantize}({decimal}({value}), {places}) or {zero}")
            case TimeKind(unit):
                self._moment(value, target, time.fromisoformat, len("12:30:15.123456"))
                self._refuse_if(f"{target}.tzinfo is not None{_too_fine(target, unit)}")
            case TimestampKind(unit, local):
                zone = "" if local else "+00:00"
                most = len(f"2024-05-17T12:30:15.123456{zone}")
                self._moment(value, target, datetime.fromisoformat, most, len("2024-05-17T12"))
                if local:
                    self._refuse_if(f"{target}.tzinfo is not None{_too_fine(target, unit)}")
                else:
                    utc = source.bind(UTC, "utc")
                    self._refuse_if(f"{target}.tzinfo is not {utc}{_too_fine(target, unit)}")
            case _:
                self._read_piece(operation, value, target)

    def _moment(
        self, value: str, target: str, parse: Callable[[str], Any], most: int, least: int = 0
    ) -> None:
        source = self._source
        length = f"{source.bind(len, 'len')}({value})"
        self._refuse_others(value, str)
        self._refuse_if(f"not {least} <= {length} <= {most}")
        source.line(f"{target} = {source.bind(parse, 'parse')}({value})")

    def _uuid(self, value: str, target: str) -> None:
        source = self._source
        digits, made = source.variable(), source.variable()
        self._refuse_others(value, str)
        length = f"{source.bind(len, 'len')}({value})"
        self._refuse_if(f"{length} != 36 or {value}[8:24:5] != '----'")
        unhexlify_ = source.bind(unhexlify, "unhexlify")
        source.line(f"{digits} = {unhexlify_}({value}.replace('-', ''))")
        self._refuse_if(f"{source.bind(len, 'len')}({digits}) != 16")
        source.line(f"{made} = {source.bind(UNSET_UUID, 'unset')}()")
        source.line(f"{made}.int = {source.bind(int.from_bytes, 'int')}({digits}, 'big')")
        source.line(f"{made}.is_safe = {source.bind(SafeUUID.unknown, 'unknown')}")
        source.line(f"{made}.__class__ = {source.bind(UUID, 'uuid')}")
        source.line(f"{target} = {made}")

    def _array(self, item: plan.Operation, value: str, target: str) -> None:
        source = self._source
        items, each, made = source.variable(), source.variable(), source.variable()
        self._refuse_others(value, list)
        source.line(f"{items} = []")
        with source.block(f"for {each} in {value}:"):
            self._read(item, each, made)
            source.line(f"{items}.append({made})")
        source.line(f"{target} = {items}")

    def _map(self, inner: plan.Operation, value: str, target: str) -> None:
        source = self._source
        entries, key, each = source.variable(), source.variable(), source.variable()
        self._refuse_others(value, dict)
        source.line(f"seen({source.bind(len, 'len')}({value}))")
        source.line(f"{entries} = {{}}")
        with source.block(f"for {key}, {each} in {value}.items():"):
            self._read(inner, each, f"{entries}[{key}]")
        source.line(f"{target} = {entries}")

    # --- records ---------------------------------------------------------------------------------

    def _record(
        self, record: plan.RecordOperation, value: str, target: str, *, tagged: bool = False
    ) -> None:
        if record.type is None:
            raise FallBack
        source = self._source
        self._refuse_others(value, dict)
        count, instance = source.variable(), source.variable()
        source.line(f"{count} = {source.bind(len, 'len')}({value})")
        source.line(f"seen({count})")
        finish = self._make(record, instance)
        defaults = {f.name: self._defaults.of(record.name, f.name) for f in record.fields}
        are_few = sum(each is not None for each in defaults.values()) <= _MOST_FILLED
        for field in record.fields:
            part, key = source.variable(), source.bind(field.name, "key")
            place, data = f"{instance}.{field.attribute}", defaults[field.name]
            default = None if data is None else self._default(field, data)
            if default is None or not are_few:
                source.line(f"{part} = {value}[{key}]")
                self._read(field.operation, part, place)
                continue
            absent = source.bind(_ABSENT, "absent")
            source.line(f"{part} = {value}.get({key}, {absent})")
            source.line(f"if {part} is {absent}: {count} += 1; {place} = {default}")
            with source.block("else:"):
                self._read(field.operation, part, place)
        self._refuse_if(f"{count} != {len(record.fields) + tagged}")
        if finish:
            source.line(finish)
        source.line(f"{target} = {instance}")

    def _default(self, field: plan.FieldOperation, data: bytes) -> str | None:
        """Return an expression for a default; None: each record needs one that is made anew."""
        try:
            value = self._decoder.read_default(
                plan.DefaultField(field.name, field.attribute, field.operation, 0, data)
            )
        except DecodeError:
            return None
        if is_immutable(value):
            return self._source.bind(value, "default")
        return repr(value) if type(value) in (list, dict) and not value else None

    def _make(self, record: plan.RecordOperation, instance: str) -> str:
        """Emit the creation of an object to fill. Return the statement that completes it."""
        source = self._source
        assert record.type is not None, "plans have classes"
        twin = twin_of(record.type)
        if twin is not None:
            finish = f"{instance}.__class__ = {source.bind(record.type, 'type')}"
        else:
            attributes = tuple(field.attribute or "" for field in record.fields)
            twin, make = stand_in_for(record.type, attributes)
            finish = f"{instance} = {source.bind(make, 'make')}({instance})"
        source.line(f"{instance} = {source.bind(twin, 'twin')}()")
        return finish

    # --- unions ----------------------------------------------------------------------------------

    def _union(self, union: plan.UnionOperation, value: str, target: str) -> None:
        source = self._source
        bares = tuple(plan.BranchOperation(b.name, bare(b.operation)) for b in union.branches)
        shown = UnionBranches(plan.UnionOperation(bares))
        word = "if"
        for type_, indexes in shown.by_type.items():
            if not shown.is_told_by(type_, indexes[0]):
                continue
            operation = union.branches[indexes[0]].operation
            if len(indexes) > 1:
                operation = plan.IntegerOperation(64)
            with source.block(f"{word} {self._test(type_, value)}:"):
                self._read(operation, value, target)
            word = "elif"
        tagged = [
            branch
            for index, branch in enumerate(union.branches)
            if isinstance(branch.operation, plan.Call)
            and not shown.is_told_by("object", index)
            and self._form.has_inner_tag(branch.operation)
            and not self._plan.records[branch.operation.key].recursive
        ]
        if tagged:
            name = source.variable()
            with source.block(f"{word} {value}.__class__ is {source.bind(dict, 'type')}:"):
                source.line(f"{name} = {value}[{source.bind(TYPE_TAG, 'tag')}]")
                inner = "if"
                for branch in tagged:
                    assert isinstance(branch.operation, plan.Call), "as above"
                    with source.block(f"{inner} {name} == {source.bind(branch.name, 'name')}:"):
                        record = self._plan.records[branch.operation.key]
                        self._record(record, value, target, tagged=True)
                    inner = "elif"
                source.line(f"else: {self._refusal()}")
            word = "elif"
        source.line(f"else: {self._refusal()}" if word == "elif" else self._refusal())

    def _test(self, type_: JsonType, value: str) -> str:
        bind = self._source.bind
        match type_:
            case "null":
                return f"{value} is None"
            case "number":
                float_ = bind(float, "type")
                return f"{value}.__class__ is {bind(int, 'type')} or {value}.__class__ is {float_}"
            case "object":
                tag = bind(TYPE_TAG, "tag")
                return f"{value}.__class__ is {bind(dict, 'type')} and {tag} not in {value}"
            case "boolean":
                return f"{value}.__class__ is {bind(bool, 'type')}"
            case "string":
                return f"{value}.__class__ is {bind(str, 'type')}"
            case "array":
                return f"{value}.__class__ is {bind(list, 'type')}"


def _too_fine(target: str, unit: TimeUnit) -> str:
    return f" or {target}.microsecond % 1000" if unit is TimeUnit.MILLIS else ""
