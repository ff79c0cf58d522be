"""Source that writes plain JSON of ordinary values; the codec's slow path has all others.

A value becomes a template and the expressions in it: ``'{"id":%s,"at":"%s"}'``. Text of schemas is
in templates only, which are bound as constants.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple
from uuid import UUID

from avrogen.codec import plan
from avrogen.codec.branch_types import value_types
from avrogen.codec.conversions import decimal_contexts
from avrogen.codec.json_encoding.json_plan import bare
from avrogen.codec.json_encoding.plain_form import (
    TYPE_TAG,
    VALUE_TAG,
    PlainForm,
    UnionBranches,
    iso_digits,
    json_type,
)
from avrogen.codec.logical import DateKind, DecimalKind, TimeKind, TimestampKind, UuidKind
from avrogen.codec.python_backend.encoder_runtime import FallBack
from avrogen.codec.python_backend.source_builder import MAX_NESTING, InliningPolicy, SourceBuilder

__all__ = ["PieceWriter", "TextEmitter"]

PieceWriter = Callable[[plan.Operation], Callable[[Any], str]]
"""Returns a function that writes the JSON of any value of an operation."""

_MICROSECONDS: Final = {"milliseconds": 1000, "microseconds": 1}


class _Text(NamedTuple):
    """A template for ``%``, and the expressions of its parts."""

    template: str
    parts: list[str]


class TextEmitter:
    """Emits the function ``to_json(value, left)`` for values of one plan, which has classes.

    Args:
        made: the plan.
        form: the plain form of its records.
        piece: writes what the source does not.
    """

    def __init__(self, made: plan.Plan, form: PlainForm, piece: PieceWriter) -> None:
        self._plan = made
        self._form = form
        self._piece = piece
        self._source = SourceBuilder()
        self._policy = InliningPolicy(made)
        self._inlined = 0
        self._routines: dict[str, str] = {}
        self._waiting: deque[tuple[str, plan.Operation]] = deque()

    def compiled(self) -> Callable[[Any, int], str]:
        """Return the function. It raises any exception for values that it does not handle."""
        self._function("to_json", self._plan.root)
        while self._waiting:
            self._function(*self._waiting.popleft())
        function: Callable[[Any, int], str] = self._source.compile("to_json")
        return function

    def _function(self, name: str, operation: plan.Operation) -> None:
        source = self._source
        with source.block(f"def {name}(value, left):"):
            self._inlined = 0
            if isinstance(operation, plan.Call):
                record = self._plan.records[operation.key]
                if record.recursive:
                    source.line("left -= 1")
                    self._refuse_if("left < 0")
                text = self._record(record, "value")
            else:
                text = self._text(operation, "value")
            source.line(f"return {self._expression(text)}")

    def _refuse_if(self, condition: str) -> None:
        self._source.line(f"if {condition}: raise {self._source.bind(FallBack, 'fall_back')}")

    def _refuse_others(self, value: str, type_: type[object]) -> None:
        self._refuse_if(f"{value}.__class__ is not {self._source.bind(type_, 'type')}")

    def _expression(self, text: _Text) -> str:
        if text.template == "%s":
            return text.parts[0]
        if not text.parts:
            return self._source.bind(text.template % (), "text")
        return f"{self._source.bind(text.template, 'template')} % ({', '.join(text.parts)},)"

    def _routine(self, operation: plan.Operation) -> str:
        key = operation.key if isinstance(operation, plan.Call) else None
        name = self._routines.get(key) if key is not None else None
        if name is None:
            name = f"write_{self._source.variable()}"
            self._waiting.append((name, operation))
            if key is not None:
                self._routines[key] = name
        return name

    def _called(self, operation: plan.Operation, value: str) -> _Text:
        return _Text("%s", [f"{self._routine(operation)}({value}, left)"])

    def _pieced(self, operation: plan.Operation, value: str) -> _Text:
        return _Text("%s", [f"{self._source.bind(self._piece(operation), 'piece')}({value})"])

    # --- operations ------------------------------------------------------------------------------

    def _text(self, operation: plan.Operation, value: str) -> _Text:
        """Emit the checks of a value; return its JSON."""
        source = self._source
        match operation:
            case plan.NullOperation():
                self._refuse_if(f"{value} is not None")
                return _Text("null", [])
            case plan.BooleanOperation():
                self._refuse_others(value, bool)
                return _Text("%s", [f"('true' if {value} else 'false')"])
            case plan.IntegerOperation(bits):
                bound = 1 << bits - 1
                type_ = source.bind(int, "type")
                fits = f"{-bound} <= {value} < {bound}"
                self._refuse_if(f"{value}.__class__ is not {type_} or not {fits}")
                return _Text("%d", [value])
            case plan.FloatOperation(64):
                type_ = source.bind(float, "type")
                self._refuse_if(f"{value}.__class__ is not {type_} or {value} - {value} != 0")
                return _Text("%r", [value])
            case plan.StringOperation():
                self._refuse_others(value, str)
                return _Text("%s", [f"{source.bind(encode_basestring, 'escaped')}({value})"])
            case plan.BytesOperation():
                self._refuse_others(value, bytes)
                return self._base64(value)
            case plan.FixedOperation(_, size, class_):
                self._refuse_others(value, class_)
                self._refuse_if(f"{source.bind(len, 'len')}({value}) != {size}")
                return self._base64(value)
            case plan.EnumOperation(_, symbols, values, class_):
                self._refuse_others(value, class_)
                pairs = zip(values, symbols, strict=True)
                table = {each: _quoted(symbol) for each, symbol in pairs if each is not None}
                return _Text("%s", [f"{source.bind(table, 'symbols')}[{value}]"])
            case plan.LogicalOperation():
                return self._logical(operation, value)
            case plan.Call(key):
                if not self._policy.is_inline(key, self._inlined):
                    return self._called(operation, value)
                self._inlined += 1
                text = self._record(self._plan.records[key], value)
                self._inlined -= 1
                return text
            case plan.ArrayOperation() | plan.MapOperation() | plan.UnionOperation() if (
                source.nesting > MAX_NESTING
            ):
                return self._called(operation, value)
            case plan.ArrayOperation(item):
                return self._array(item, value)
            case plan.MapOperation(inner):
                return self._map(inner, value)
            case plan.UnionOperation():
                return self._union(operation, value)
            case _:
                return self._pieced(operation, value)

    def _base64(self, value: str) -> _Text:
        encode = self._source.bind(b2a_base64, "base64")
        return _Text('"%s"', [f"{encode}({value}, newline=False).decode()"])

    def _logical(self, operation: plan.LogicalOperation, value: str) -> _Text:
        source = self._source
        match operation.kind:
            case UuidKind():
                self._refuse_others(value, UUID)
                return _Text('"%s"', [value])
            case DateKind():
                self._refuse_others(value, date)
                return _Text('"%s"', [value])
            case DecimalKind(precision, scale) if scale <= 1000:
                self._refuse_others(value, Decimal)
                quantize = source.bind(decimal_contexts(precision)[0].quantize, "quantize")
                places = source.bind(Decimal((0, (1,), -scale)), "places")
                exact, zero = source.variable(), source.bind(
                    f"{Decimal((0, (0,), -scale)):f}", "zero"
                )
                source.line(f"{exact} = {quantize}({value}, {places})")
                self._refuse_if(f"not {exact}.is_finite()")
                return _Text('"%s"', [f"(f'{{{exact}:f}}' if {exact} else {zero})"])
            case TimeKind() as kind:
                digits = iso_digits(kind)
                self._refuse_others(value, time)
                self._refuse_if(f"{value}.tzinfo is not None")
                return _Text('"%s"', [f"{value}.isoformat({digits!r})"])
            case TimestampKind() as kind if not kind.local:
                self._refuse_others(value, datetime)
                utc, moment = source.bind(UTC, "utc"), source.variable()
                source.line(f"{moment} = {value}")
                with source.block(f"if {value}.tzinfo is not {utc}:"):
                    self._refuse_if(f"{value}.utcoffset() is None")
                    source.line(f"{moment} = {value}.astimezone({utc})")
                text = f"{moment}.isoformat('T', {iso_digits(kind)!r})[:-6]"
                return _Text('"%sZ"', [text])
            case TimestampKind() as kind:
                self._refuse_others(value, datetime)
                self._refuse_if(f"{value}.tzinfo is not None")
                return _Text('"%s"', [f"{value}.isoformat('T', {iso_digits(kind)!r})"])
            case _:
                return self._pieced(operation, value)

    def _record(self, record: plan.RecordOperation, value: str, tag: str | None = None) -> _Text:
        if record.type is None:
            raise FallBack
        self._refuse_others(value, record.type)
        texts = [] if tag is None else [_Text(f'"{TYPE_TAG}":{_literal(tag)}', [])]
        for field in record.fields:
            part = self._source.variable()
            self._source.line(f"{part} = {value}.{field.attribute}")
            text = self._text(field.operation, part)
            texts.append(_Text(f"{_literal(field.name)}:{text.template}", text.parts))
        template = ",".join(text.template for text in texts)
        return _Text(f"{{{template}}}", [part for text in texts for part in text.parts])

    def _array(self, item: plan.Operation, value: str) -> _Text:
        source = self._source
        self._refuse_others(value, list)
        items, each = source.variable(), source.variable()
        source.line(f"{items} = []")
        with source.block(f"for {each} in {value}:"):
            text = self._text(item, each)
            source.line(f"{items}.append({self._expression(text)})")
        return _Text("[%s]", [f"{source.bind(','.join, 'join')}({items})"])

    def _map(self, inner: plan.Operation, value: str) -> _Text:
        source = self._source
        self._refuse_others(value, dict)
        items, key, each = source.variable(), source.variable(), source.variable()
        source.line(f"{items} = []")
        with source.block(f"for {key}, {each} in {value}.items():"):
            self._refuse_others(key, str)
            text = self._text(inner, each)
            name = f"{source.bind(encode_basestring, 'escaped')}({key})"
            entry = _Text(f"%s:{text.template}", [name, *text.parts])
            source.line(f"{items}.append({self._expression(entry)})")
        return _Text("{%s}", [f"{source.bind(','.join, 'join')}({items})"])

    def _union(self, union: plan.UnionOperation, value: str) -> _Text:
        source, target = self._source, self._source.variable()
        shown = UnionBranches(plan.UnionOperation(tuple(map(_bare_branch, union.branches))))
        word = "if"
        for type_, (index, *others) in value_types(union, self._plan).items():
            if others:
                continue
            is_type = f"{value}.__class__ is {source.bind(type_, 'type')}"
            test = f"{value} is None" if type_ is type(None) else is_type
            with source.block(f"{word} {test}:"):
                text = self._branch(union.branches[index], shown, index, value)
                source.line(f"{target} = {self._expression(text)}")
            word = "elif"
        rest = self._expression(self._pieced(union, value))
        source.line(f"else: {target} = {rest}" if word == "elif" else f"{target} = {rest}")
        return _Text("%s", [target])

    def _branch(
        self, branch: plan.BranchOperation, shown: UnionBranches, index: int, value: str
    ) -> _Text:
        operation = branch.operation
        if shown.is_told_by(json_type(bare(operation)), index):
            if isinstance(operation, plan.MapOperation):
                self._refuse_if(f"{self._source.bind(TYPE_TAG, 'tag')} in {value}")
            if isinstance(operation, plan.Call) and not self._form.has_inner_tag(operation):
                return self._pieced(plan.UnionOperation((branch,)), value)
            return self._text(operation, value)
        if isinstance(operation, plan.Call) and self._form.has_inner_tag(operation):
            record = self._plan.records[operation.key]
            if not record.recursive:
                return self._record(record, value, branch.name)
            raise FallBack
        text = self._text(operation, value)
        head = f'{{"{TYPE_TAG}":{_literal(branch.name)},"{VALUE_TAG}":'
        return _Text(f"{head}{text.template}}}", text.parts)


def _bare_branch(branch: plan.BranchOperation) -> plan.BranchOperation:
    return plan.BranchOperation(branch.name, bare(branch.operation))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    """Return a string of JSON as a template has it."""
    return _quoted(text).replace("%", "%%")
