"""Interpreted encoding: values to bytes, with every check, and the types that messages expect."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeGuard, TypeVar, assert_never, cast

from avrogen.codec import plan, unions
from avrogen.codec.interpreter.path_errors import (
    TOO_DEEP,
    TOO_DEEP_FOR_PYTHON,
    PathError,
    foreign,
    in_step,
    index_step,
    key_step,
    name_step,
)
from avrogen.codec.limits import Limits, current_limits
from avrogen.codec.varints import encode_long, fits
from avrogen.errors import EncodeError
from avrogen.message_text import shortened, shortened_name

__all__ = ["InterpretedEncoder", "expected_type"]

_FLOATS: Final = {32: struct.Struct("<f"), 64: struct.Struct("<d")}
_BYTES_LIKE: Final = (bytes, bytearray, memoryview)
_LIST: Final[type[list[Any]]] = list
_DICT: Final[type[dict[Any, Any]]] = dict

V = TypeVar("V")


class _Datum(NamedTuple):
    """State of the encoding of one datum.

    Attributes:
        out: its bytes so far.
        chooser: choice of the branches of its unions.
    """

    out: bytearray
    chooser: unions.BranchChooser


class InterpretedEncoder:
    """Encodes values of one plan.

    A record within a record costs two calls only, as Python's stack is limited. ``left`` is the
    number of further levels of recursive records.
    """

    def __init__(self, plan_: plan.Plan) -> None:
        self._plan = plan_
        self._unions: dict[int, unions.UnionIndex] = {}

    def write(self, value: Any, limits: Limits | None = None) -> bytes:
        """Encode a datum.

        Raises:
            EncodeError: with the path of the value that does not fit.
        """
        try:
            limits = limits or current_limits()
            return self.write_part(self._plan.root, value, limits.max_depth)
        except RecursionError:
            error, cause = EncodeError(TOO_DEEP_FOR_PYTHON), None
        except MemoryError:
            raise
        except Exception as raised:
            fault = raised if isinstance(raised, PathError) else foreign(raised)
            error = EncodeError(fault.message, fault.path())
            cause = fault.cause or fault.__cause__
        # Raised out here, it does not drag along what was tried before.
        raise error from cause

    def write_part(self, operation: plan.Operation, value: Any, left: int) -> bytes:
        """Encode a value of one operation."""
        out = bytearray()
        only = self._plan.known_keys_only
        chooser = unions.BranchChooser(self._plan.records, self._unions, known_keys_only=only)
        self._write(operation, value, _Datum(out, chooser), left)
        return bytes(out)

    def _write(self, operation: plan.Operation, value: Any, datum: _Datum, left: int) -> None:
        out = datum.out
        if isinstance(operation, plan.UnionOperation):
            index, value = self._branch(operation, value, datum.chooser)
            out += encode_long(index)
            operation = operation.branches[index].operation
        while isinstance(operation, plan.LogicalOperation):
            value = _base_value(operation, value)
            operation = operation.base
        match operation:
            case plan.Call(key):
                self._write_record(self._plan.records[key], value, datum, left)
            case plan.ArrayOperation(item):
                self._write_array(item, value, datum, left)
            case plan.MapOperation(inner):
                self._write_map(inner, value, datum, left)
            case _:
                out += leaf(operation, value)

    def _branch(
        self, union: plan.UnionOperation, value: Any, chooser: unions.BranchChooser
    ) -> tuple[int, Any]:
        """Return the position of the branch for a value, and the value itself."""
        if self._plan.plain and _is_pair(value):
            name, value = value
            index = unions.forced_branch(union, name)
            if index is None:
                raise PathError(f"the union has no branch named {shortened(name)}")
        else:
            index = chooser.choose(union, value)
            if index is None:
                expected = expected_type(union, self._plan.records)
                raise PathError(f"expected {expected}, got {shortened(value)}")
        return index, value

    def _write_array(self, item: plan.Operation, value: Any, datum: _Datum, left: int) -> None:
        out = datum.out
        # A copy, as another thread may change the list between its count and its items. Of
        # a subclass these are the items that it yields, whatever its length says.
        items = list(_instance(value, _LIST, "a list"))
        if items:
            out += encode_long(len(items))
            for index, each in enumerate(items):
                try:
                    self._write(item, each, datum, left)
                except Exception as error:
                    raise in_step(error, index_step(index)) from None
            _check_unchanged(value, items)
        out += b"\0"

    def _write_map(self, operation: plan.Operation, value: Any, datum: _Datum, left: int) -> None:
        out = datum.out
        entries = dict(_instance(value, _DICT, "a dict"))  # a copy, as of a list
        if entries:
            out += encode_long(len(entries))
            for key, each in entries.items():
                if not isinstance(key, str):
                    raise PathError(f"expected keys of type str, got {shortened(key)}")
                try:
                    out += _string(key)
                    self._write(operation, each, datum, left)
                except Exception as error:
                    raise in_step(error, key_step(key)) from None
            _check_unchanged(value, entries)
        out += b"\0"

    def _write_record(
        self, record: plan.RecordOperation, value: Any, datum: _Datum, left: int
    ) -> None:
        left -= record.recursive
        if left < 0:
            raise PathError(TOO_DEEP)
        if record.type is None:
            entries = _instance(value, _DICT, "a dict")
            if self._plan.known_keys_only:
                _refuse_unknown(record, entries)
        elif not isinstance(value, record.type):
            raise PathError(
                f"expected {shortened_name(record.type.__qualname__)}, got {shortened(value)}"
            )
        else:
            entries = None
        for field in record.fields:
            try:
                if entries is not None:
                    if field.name not in entries:
                        datum.out.extend(_default(record, field, entries))
                        continue
                    part = entries[field.name]
                else:
                    assert field.attribute is not None, "a record with a class has attributes"
                    part = _attribute(value, field.attribute)
                self._write(field.operation, part, datum, left)
            except Exception as error:
                raise in_step(error, name_step(field.attribute or field.name)) from None


def _default(
    record: plan.RecordOperation, field: plan.FieldOperation, entries: Mapping[Any, Any]
) -> bytes:
    """Return the data of a field that a dict lacks."""
    data = field.default() if field.default is not None else None
    if data is None:
        unknown = next(_unknown_keys(record, entries), None)
        other = "" if unknown is None else f"; the dict has {shortened(unknown)}, which is no field"
        raise PathError(f"missing value of a field{other}")
    return data


def _refuse_unknown(record: plan.RecordOperation, entries: Mapping[Any, Any]) -> None:
    for key in _unknown_keys(record, entries):
        raise PathError(f"{shortened(key)} is no field of {shortened_name(record.name)}")


def _unknown_keys(record: plan.RecordOperation, entries: Mapping[Any, Any]) -> Iterator[object]:
    """Yield the keys of a dict that are no fields of its record."""
    names = {field.name for field in record.fields}
    yield from (key for key in entries if key not in names and key != unions.TYPE_KEY)


def _check_unchanged(value: Any, encoded: list[Any] | dict[Any, Any]) -> None:
    """Report a list or dict that has not as many items as its encoding."""
    if type(value) is type(encoded) and len(value) != len(encoded):
        kind = type(encoded).__name__
        raise PathError(
            f"the {kind} was changed while it was encoded; encode a copy, or use a lock"
        )


def leaf(operation: plan.Operation, value: Any) -> bytes:
    """Encode a value without inner values."""
    match operation:
        case plan.NullOperation():
            if value is not None:
                raise PathError(f"expected None, got {shortened(value)}")
            return b""
        case plan.BooleanOperation():
            return b"\1" if _instance(value, bool, "a bool") else b"\0"
        case plan.IntegerOperation(bits):
            return _integer(value, bits)
        case plan.FloatOperation(bits):
            return _float(value, bits)
        case plan.BytesOperation():
            content = bytes(_instance(value, _BYTES_LIKE, "bytes"))
            return encode_long(len(content)) + content
        case plan.StringOperation():
            return _string(_instance(value, str, "a str"))
        case plan.FixedOperation(_, size, class_):
            content = _instance(value, class_, shortened_name(class_.__qualname__))
            if len(content) != size:
                raise PathError(f"expected {size} bytes, got {len(content)}")
            return bytes(content)
        case plan.EnumOperation():
            return _symbol(operation, value)
        case plan.LogicalOperation(base):
            return leaf(base, _base_value(operation, value))
        case plan.ArrayOperation() | plan.MapOperation() | plan.UnionOperation() | plan.Call():
            raise AssertionError("not a leaf")
        case (
            plan.PromotedOperation()
            | plan.SkipOperation()
            | plan.NamedOperation()
            | plan.UnreadableOperation()
        ):
            raise AssertionError("only reads")
        case _:
            assert_never(operation)


def _base_value(operation: plan.LogicalOperation, value: Any) -> Any:
    try:
        return operation.kind.to_base(value)
    except ValueError as error:
        fault = PathError(f"{error}, got {shortened(value)}")
        fault.cause = error.__cause__
        raise fault from None


def _is_pair(value: Any) -> TypeGuard[tuple[Any, Any]]:
    if not isinstance(value, tuple):
        return False
    return len(cast("tuple[Any, ...]", value)) == 2  # type: ignore[redundant-cast]


def _instance(value: Any, type_: type[V] | tuple[type[V], ...], expected: str) -> V:
    if not isinstance(value, type_):
        raise PathError(f"expected {expected}, got {shortened(value)}")
    return value


def _attribute(value: object, name: str) -> Any:
    try:
        return getattr(value, name)
    except AttributeError:
        raise PathError("the attribute is not set") from None


def _integer(value: Any, bits: int) -> bytes:
    if not isinstance(value, int) or isinstance(value, bool):
        raise PathError(f"expected an int, got {shortened(value)}")
    number = int.__index__(value)  # of a subclass, too: its value, not what its methods say
    if not fits(number, bits):
        raise PathError(f"expected an int of {bits} bits, got {shortened(value)}")
    return encode_long(number)


def _float(value: Any, bits: int) -> bytes:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PathError(f"expected a float, got {shortened(value)}")
    try:
        return _FLOATS[bits].pack(value)
    except (OverflowError, struct.error):
        raise PathError(f"expected a float of {bits} bits, got {shortened(value)}") from None


def _string(value: str) -> bytes:
    try:
        content = str.encode(value)
    except UnicodeEncodeError:
        raise PathError(f"expected text without surrogates, got {shortened(value)}") from None
    return encode_long(len(content)) + content


def _symbol(enum: plan.EnumOperation, value: Any) -> bytes:
    if not isinstance(value, enum.type):
        raise PathError(f"expected {_enum_name(enum)}, got {shortened(value)}")
    try:
        return encode_long(enum.values.index(value))
    except ValueError:
        raise PathError(
            f"expected a symbol of {shortened_name(enum.name)}, got {shortened(value)}"
        ) from None


def _enum_name(enum: plan.EnumOperation) -> str:
    return "a str" if enum.type is str else shortened_name(enum.type.__qualname__)


def expected_type(operation: plan.Operation, records: Mapping[str, plan.RecordOperation]) -> str:
    """Return the name of the Python type that an operation encodes, for messages."""
    match operation:
        case plan.NullOperation():
            return "None"
        case plan.BooleanOperation():
            return "bool"
        case plan.IntegerOperation(bits):
            return f"int of {bits} bits"
        case plan.FloatOperation():
            return "float"
        case plan.BytesOperation():
            return "bytes"
        case plan.StringOperation():
            return "str"
        case plan.FixedOperation(_, size, class_):
            return f"{size} bytes" if class_ is bytes else shortened_name(class_.__qualname__)
        case plan.EnumOperation(name, _, _, class_):
            return (
                f"symbol of {shortened_name(name)}"
                if class_ is str
                else shortened_name(class_.__qualname__)
            )
        case plan.LogicalOperation(_, kind):
            return kind.label
        case plan.ArrayOperation():
            return "list"
        case plan.MapOperation():
            return "dict"
        case plan.UnionOperation(()):
            return "no value, as the union has no branches"
        case plan.UnionOperation(branches):
            names = [expected_type(branch.operation, records) for branch in branches]
            shown = names if len(names) <= 8 else [*names[:7], f"{len(names) - 7} others"]
            return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
        case plan.Call(key):
            record = records[key]
            return (
                f"dict for {shortened_name(key)}"
                if record.type is None
                else shortened_name(record.type.__qualname__)
            )
        case (
            plan.PromotedOperation()
            | plan.SkipOperation()
            | plan.NamedOperation()
            | plan.UnreadableOperation()
        ):
            raise AssertionError("only reads")
        case _:
            assert_never(operation)
