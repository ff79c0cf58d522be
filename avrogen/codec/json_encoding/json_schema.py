"""JSON Schema of the plain style (draft 2020-12), as OpenAPI has it.

A named type becomes a reference, which the caller of :class:`JsonSchemas` gives. Fields with
defaults are not required.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from avrogen.avro import model
from avrogen.codec import plan
from avrogen.codec.json_encoding.json_plan import JsonDefaults
from avrogen.codec.json_encoding.plain_form import (
    TYPE_TAG,
    VALUE_TAG,
    PlainForm,
    UnionBranches,
    json_type,
)
from avrogen.codec.logical import (
    BigDecimalKind,
    DateKind,
    DecimalKind,
    DurationKind,
    LogicalKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.timed_kinds import TimedKind

__all__ = ["JsonSchemas", "ReferTo"]

ReferTo: TypeAlias = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
"""Returns a reference to a named type, of its full name and a function that makes its schema."""


class JsonSchemas:
    """JSON Schemas of the types of one plan.

    Args:
        types: the named types, by full name.
        made: its plan for JSON.
        refer_to: makes references to records, enums and fixed types.
    """

    def __init__(
        self, types: Mapping[str, model.NamedType], made: plan.Plan, refer_to: ReferTo
    ) -> None:
        self._types = types
        self._plan = made
        self._refer_to = refer_to
        self._defaults = JsonDefaults(types)
        self._form = PlainForm(made.records)

    def whole(self) -> dict[str, Any]:
        """Return the schema of a value of the plan."""
        return self._of(self._plan.root)

    def _of(self, operation: plan.Operation) -> dict[str, Any]:
        match operation:
            case plan.NullOperation():
                return {"type": "null"}
            case plan.BooleanOperation():
                return {"type": "boolean"}
            case plan.IntegerOperation(32):
                return {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
            case plan.IntegerOperation():
                return {"type": "integer", "format": "int64"}
            case plan.FloatOperation(bits):
                format_ = "float" if bits == 32 else "double"
                names = {"enum": ["NaN", "Infinity", "-Infinity"], "type": "string"}
                return {"anyOf": [{"type": "number", "format": format_}, names]}
            case plan.BytesOperation():
                return _base64()
            case plan.FixedOperation(name, size):
                length = (size + 2) // 3 * 4
                sized = {**_base64(), "minLength": length, "maxLength": length}
                return self._refer_to(name, lambda: {**self._head(name), **sized})
            case plan.EnumOperation(name, symbols):
                enum = {"type": "string", "enum": [*symbols]}
                return self._refer_to(name, lambda: {**self._head(name), **enum})
            case plan.LogicalOperation(_, kind):
                return _logical(kind)
            case plan.ArrayOperation(item):
                return {"type": "array", "items": self._of(item)}
            case plan.MapOperation(value):
                return {"type": "object", "additionalProperties": self._of(value)}
            case plan.UnionOperation():
                return self._union(operation)
            case plan.Call(key):
                return self._refer_to(key, lambda: self._record(self._plan.records[key]))
            case _:
                return {"type": "string"}

    def _head(self, name: str) -> dict[str, Any]:
        """Return the title and the description of a named type."""
        head: dict[str, Any] = {"title": name.rpartition(".")[2]}
        doc = self._types[name].doc
        return {**head, "description": doc} if doc else head

    def _record(self, record: plan.RecordOperation) -> dict[str, Any]:
        type_ = self._types[record.name]
        assert isinstance(type_, model.RecordType), "records are of record types"
        docs = {field.name: field.doc for field in type_.fields}
        names = [field.name for field in record.fields]
        properties: dict[str, Any] = {}
        if TYPE_TAG not in names:
            properties[TYPE_TAG] = {"type": "string", "const": record.name}
        for field in record.fields:
            own = self._of(field.operation)
            doc = docs[field.name]
            properties[field.name] = {**own, "description": doc} if doc else own
        required = [name for name in names if self._defaults.of(record.name, name) is None]
        return {
            **self._head(record.name),
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def _union(self, union: plan.UnionOperation) -> dict[str, Any]:
        branches = UnionBranches(union)
        choices = [self._branch(union, branches, index) for index in range(len(union.branches))]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}

    def _branch(
        self, union: plan.UnionOperation, branches: UnionBranches, index: int
    ) -> dict[str, Any]:
        branch = union.branches[index]
        own = self._of(branch.operation)
        if branches.is_told_by(json_type(branch.operation), index):
            return own
        tag = {"type": "string", "const": branch.name}
        if isinstance(branch.operation, plan.Call) and self._form.has_inner_tag(branch.operation):
            return {"allOf": [own], "required": [TYPE_TAG]}
        return {
            "type": "object",
            "properties": {TYPE_TAG: tag, VALUE_TAG: own},
            "required": [TYPE_TAG, VALUE_TAG],
            "additionalProperties": False,
        }


def _base64() -> dict[str, Any]:
    return {"type": "string", "format": "byte", "contentEncoding": "base64"}


def _logical(kind: LogicalKind) -> dict[str, Any]:
    own = _of_kind(kind.plain)
    if isinstance(kind, TimedKind) and kind.times.keeps_numbers:
        return {"anyOf": [own, {"type": "integer"}]}
    return own


def _of_kind(kind: LogicalKind) -> dict[str, Any]:
    match kind:
        case DecimalKind() | BigDecimalKind():
            text = {"type": "string", "format": "decimal"}
            return {"anyOf": [text, {"type": "number"}]}
        case UuidKind():
            return {"type": "string", "format": "uuid"}
        case DateKind():
            return {"type": "string", "format": "date"}
        case TimeKind():
            return {"type": "string", "format": "time"}
        case TimestampKind(_, False) | NanosKind(False):
            return {"type": "string", "format": "date-time"}
        case TimestampKind() | NanosKind():
            return {"type": "string", "format": "local-date-time"}
        case DurationKind():
            return {"type": "string", "format": "duration"}
        case _:
            return {"type": "string"}
