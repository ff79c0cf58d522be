"""The plain style, and plain Python values in the same form.

In JSON: dates and times in ISO 8601, decimals and UUIDs as strings, bytes in base64, enums by
symbol. NaN and infinities are the strings of :data:`NON_FINITE`.

Unions. A value is written as if there were no union, where JSON shows its branch: it is the only
branch of its JSON type. Otherwise it has the name of its branch: a record as the first entry of its
object, ``{"$type": "com.acme.Card", ...}``; all others in an object of their own,
``{"$type": "bytes", "$value": "AAE="}``. Such names are accepted in every union. ``int`` and
``long`` count as one branch: a number is read as the first that holds it, as everywhere.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias

from avrogen.codec import plan
from avrogen.codec.conversions import PER_SECOND, uuid_from_text
from avrogen.codec.json_encoding.json_forms import (
    NON_FINITE,
    BranchValue,
    ExactNumber,
    JsonFault,
    JsonForm,
    is_object,
    shown,
)
from avrogen.codec.json_encoding.json_numbers import float_tree
from avrogen.codec.limits import MAX_DECIMAL_DIGITS
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
from avrogen.codec.unions import BranchChooser, forced_branch
from avrogen.codec.values import OWN_TYPES, Duration, LocalTimestampNanos, TimestampNanos
from avrogen.message_text import shortened, shortened_name

__all__ = [
    "TYPE_TAG",
    "VALUE_TAG",
    "JsonType",
    "PlainForm",
    "PythonForm",
    "StandardForm",
    "UnionBranches",
]

TYPE_TAG: Final = "$type"
"""Key of the name of a branch. It is the name of no field, as the specification has names."""

VALUE_TAG: Final = "$value"
"""Key of the value of a branch that is not a record."""

JsonType: TypeAlias = Literal["null", "boolean", "number", "string", "array", "object"]

_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,9})?", re.ASCII)
_FINE: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
_RELIABLE_DIGITS: Final = 15
"""Digits of a number that survive as a float."""


def json_type(operation: plan.Operation) -> JsonType:
    """Return the JSON type of almost all values of an operation.

    Floats that JSON lacks are strings, and dates beyond all years may be numbers.
    """
    match operation:
        case plan.NullOperation():
            return "null"
        case plan.BooleanOperation():
            return "boolean"
        case plan.IntegerOperation() | plan.FloatOperation():
            return "number"
        case plan.ArrayOperation():
            return "array"
        case plan.MapOperation() | plan.Call():
            return "object"
        case _:
            return "string"


class UnionBranches:
    """Branches of a union by the JSON types of their values."""

    def __init__(self, union: plan.UnionOperation) -> None:
        self.by_type: dict[JsonType, list[int]] = {}
        for index, branch in enumerate(union.branches):
            self.by_type.setdefault(json_type(branch.operation), []).append(index)
        numbers = (union.branches[index].operation for index in self.by_type.get("number", ()))
        self.only_integers = all(isinstance(each, plan.IntegerOperation) for each in numbers)
        self.named = [i for i, b in enumerate(union.branches) if json_type(b.operation) != "null"]

    def is_told_by(self, type_: JsonType, index: int) -> bool:
        """Tell if a value of a JSON type is read as the branch at a position without its name."""
        claims = self.by_type.get(type_, [])
        if type_ == "number" and self.only_integers and index in claims:
            return True
        return claims in ([index], []) or type_ == "null"


class PlainForm(JsonForm):
    """The plain style of JSON."""

    def __init__(self, records: Mapping[str, plan.RecordOperation]) -> None:
        super().__init__(records)
        self._unions: dict[int, tuple[plan.UnionOperation, UnionBranches]] = {}

    def base(self, operation: plan.Operation) -> plan.Operation:
        return operation

    # --- leaves ----------------------------------------------------------------------------------

    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        match operation:
            case plan.FloatOperation(bits):
                return float_tree(value, bits)
            case plan.BytesOperation() | plan.FixedOperation():
                return b2a_base64(value, newline=False).decode()
            case plan.LogicalOperation(_, kind):
                return _logical_tree(kind, value)
            case _:
                return value

    def value(self, operation: plan.Operation, tree: Any) -> Any:
        try:
            match operation, tree:
                case plan.LogicalOperation(_, kind), _:
                    return _logical_value(kind, tree)
                case plan.NullOperation(), None:
                    return None
                case plan.BooleanOperation(), bool():
                    return tree
                case plan.IntegerOperation(), int() if not isinstance(tree, bool):
                    return tree
                case plan.FloatOperation(), str() if tree in NON_FINITE:
                    return NON_FINITE[tree]
                case plan.FloatOperation(), int() | float() if not isinstance(tree, bool):
                    if not (isinstance(tree, ExactNumber) and tree - tree):
                        return tree
                case (plan.StringOperation() | plan.EnumOperation()), str():
                    return tree
                case (plan.BytesOperation() | plan.FixedOperation()), str():
                    return a2b_base64(tree, strict_mode=True)
                case (plan.BytesOperation() | plan.FixedOperation()), bytes() | bytearray():
                    return bytes(tree)
                case _:
                    pass
        except (ValueError, Error, InvalidOperation) as error:
            reason = str(error)
        else:
            reason = ""
        detail = f" ({reason})" if reason and reason.isprintable() and len(reason) < 100 else ""
        raise JsonFault(f"expected {_label(operation)}, got {shown(tree)}{detail}")

    # --- unions ----------------------------------------------------------------------------------

    def in_union(self, union: plan.UnionOperation, index: int, tree: Any) -> Any:
        branch = union.branches[index]
        if self._is_told(union, index, tree):
            return tree
        if isinstance(branch.operation, plan.Call) and self.has_inner_tag(branch.operation):
            return {TYPE_TAG: branch.name, **tree}
        return {TYPE_TAG: branch.name, VALUE_TAG: tree}

    def _is_told(self, union: plan.UnionOperation, index: int, tree: Any) -> bool:
        operation = union.branches[index].operation
        type_ = json_type(operation)
        match operation, tree:
            case plan.FloatOperation(), str():
                type_ = "string"
            case plan.FloatOperation(), float() if tree - tree != 0:
                type_ = "string"
            case plan.LogicalOperation(), int() if type(tree) is int:
                type_ = "number"
            case (plan.Call() | plan.MapOperation()), dict() if TYPE_TAG in tree:
                return False
            case _:
                pass
        return self.branches(union).is_told_by(type_, index)

    def has_inner_tag(self, call: plan.Call) -> bool:
        """Tell if the object of a record has the name of its branch itself, beside its fields."""
        fields = self._records[call.key].fields
        return not any(field.name in (TYPE_TAG, VALUE_TAG) for field in fields)

    def branches(self, union: plan.UnionOperation) -> UnionBranches:
        """Return the branches of a union by the JSON types of their values."""
        found = self._unions.get(id(union))
        if found is None:
            found = self._unions[id(union)] = union, UnionBranches(union)
        return found[1]

    def branch(self, union: plan.UnionOperation, tree: Any) -> BranchValue:
        if is_object(tree) and TYPE_TAG in tree:
            return self._tagged(union, tree)
        branches = self.branches(union)
        if tree is None or not isinstance(tree, (str, bool, int, float, list, dict, *OWN_TYPES)):
            index = BranchChooser(self._records, {}).choose(union, tree)
            if index is not None:
                return BranchValue(index, tree)
        found = self._candidates(union, branches, tree)
        if len(found) > 1 and branches.only_integers and isinstance(tree, int):
            index = BranchChooser(self._records, {}).choose(union, tree)
            return BranchValue(found[0] if index is None else index, tree)
        if len(found) == 1:
            return BranchValue(found[0], tree)
        names = [shortened_name(union.branches[index].name) for index in found or branches.named]
        choice = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        if found:
            form = (
                ""
                if all(map(self._is_call, (union.branches[i] for i in found)))
                else (f' and "{VALUE_TAG}"')
            )
            raise JsonFault(
                f"{_article(tree)} may be of several branches of the union: "
                f'add "{TYPE_TAG}"{form}, one of {choice}'
            )
        raise JsonFault(f"expected a value of the union of {choice or 'null'}, got {shown(tree)}")

    def _is_call(self, branch: plan.BranchOperation) -> bool:
        return isinstance(branch.operation, plan.Call)

    def _candidates(
        self, union: plan.UnionOperation, branches: UnionBranches, tree: Any
    ) -> list[int]:
        """Return the positions of the branches that a tree without a name may be for."""
        claims = branches.by_type.get(_type_of(tree), [])
        if claims or tree is None:
            return claims
        if len(branches.named) == 1:
            return branches.named  # its own errors are more precise
        match tree:
            case str() if tree in NON_FINITE:
                return [
                    index
                    for index in branches.named
                    if isinstance(union.branches[index].operation, plan.FloatOperation)
                ]
            case int() | float() if not isinstance(tree, bool):
                return [
                    index
                    for index in branches.named
                    if _accepts_numbers(union.branches[index].operation)
                ]
            case _:
                return []

    def _tagged(self, union: plan.UnionOperation, tree: dict[str, Any]) -> BranchValue:
        name = tree[TYPE_TAG]
        index = forced_branch(union, name)
        if index is None:
            raise JsonFault(f"the union has no branch named {shown(name)}", TYPE_TAG)
        operation = union.branches[index].operation
        if VALUE_TAG not in tree:
            if isinstance(operation, plan.Call) and self.has_inner_tag(operation):
                return BranchValue(index, tree)  # the writer of records knows the tag
            raise JsonFault(f'expected "{VALUE_TAG}" beside "{TYPE_TAG}"')
        for key in tree:
            if key not in (TYPE_TAG, VALUE_TAG):
                raise JsonFault(
                    f'expected "{TYPE_TAG}" and "{VALUE_TAG}" alone, got {shown(key)}', key
                )
        return BranchValue(index, tree[VALUE_TAG], (VALUE_TAG,))

    def is_tag(self, record: plan.RecordOperation, key: str, tree: Any) -> bool:
        return key == TYPE_TAG and tree == record.name


class PythonForm(PlainForm):
    """Plain Python values: those of the plain style, but of Python's types."""

    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        return value


class StandardForm(PythonForm):
    """Likewise, without the types that only avrogen has: those are strings as in JSON."""

    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        if isinstance(value, OWN_TYPES):
            return PlainForm.leaf(self, operation, value)
        return value


def _type_of(tree: Any) -> JsonType:
    match tree:
        case None:
            return "null"
        case bool():
            return "boolean"
        case TimestampNanos() | LocalTimestampNanos() | Duration():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "string"


def _article(tree: Any) -> str:
    type_ = _type_of(tree)
    return f"an {type_}" if type_[0] in "ao" else f"a {type_}"


# --- logical types --------------------------------------------------------------------------------


def iso_digits(kind: TimeKind | TimestampKind) -> str:
    """Return the precision of a time in ISO 8601, as ``isoformat`` has it."""
    return "milliseconds" if PER_SECOND[kind.unit] == 1000 else "microseconds"


def _logical_tree(kind: LogicalKind, value: Any) -> Any:
    """Return the JSON of a value that a kind has read."""
    match kind.plain:
        case _ if type(value) is int:
            return value  # a date or time beyond all years
        case DecimalKind():
            return f"{value:f}"
        case TimeKind() as time_kind:
            return value.isoformat(iso_digits(time_kind))
        case TimestampKind() as timestamp_kind:
            return _zoned(value.isoformat("T", iso_digits(timestamp_kind)))
        case NanosKind():
            return _zoned(value.isoformat())
        case DateKind() | DurationKind():
            return value.isoformat()
        case _:
            return str(value)


def _zoned(text: str) -> str:
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _logical_value(kind: LogicalKind, tree: Any) -> Any:
    """Return the value that a tree stands for.

    Raises:
        ValueError: it stands for none.
    """
    plain = kind.plain
    match tree:
        case str():
            return _READ_TEXT[type(plain)](tree, kind)
        case bool():
            raise ValueError
        case int() | float() if isinstance(plain, DecimalKind | BigDecimalKind):
            return _decimal_of_number(tree)
        case int() if type(tree) is int:
            if isinstance(kind, TimedKind) and kind.times.keeps_numbers:
                return tree
            raise ValueError
        case bytes() | float():
            raise ValueError
        case _:
            return tree  # a value of Python, which the kind checks


def _accepts_numbers(operation: plan.Operation) -> bool:
    match operation:
        case plan.LogicalOperation(_, DecimalKind() | BigDecimalKind()):
            return True
        case plan.LogicalOperation(_, TimedKind() as kind):
            return kind.times.keeps_numbers
        case _:
            return False


def _decimal_of_number(number: int | float) -> Decimal:
    if isinstance(number, ExactNumber):
        return _decimal(number.text)
    if isinstance(number, int):
        return Decimal(number)
    found = Decimal(repr(number))
    if len(found.as_tuple().digits) > _RELIABLE_DIGITS:
        raise ValueError("a float is not exact: use a string")
    return found


def _decimal(text: str) -> Decimal:
    if len(text) > 2 * MAX_DECIMAL_DIGITS or _DECIMAL.fullmatch(text) is None:
        raise ValueError("not a decimal")
    return Decimal(text)


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _time(text: str, kind: LogicalKind) -> time:
    _check_digits(text, kind)
    return time.fromisoformat(text)


def _datetime(text: str, kind: LogicalKind) -> datetime:
    if len(text) <= len("2024-05-17T"):
        raise ValueError("a date without a time")
    _check_digits(text, kind)
    return datetime.fromisoformat(text)


def _check_digits(text: str, kind: LogicalKind) -> None:
    """Refuse what is finer than microseconds, where nothing may be rounded."""
    if isinstance(kind, TimedKind) and kind.times.rounding == "error" and _FINE.search(text):
        raise ValueError("finer than microseconds")


def _nanos(text: str, kind: LogicalKind) -> TimestampNanos | LocalTimestampNanos:
    is_local = isinstance(kind, NanosKind) and kind.local
    return (LocalTimestampNanos if is_local else TimestampNanos).fromisoformat(text)


_READ_TEXT: Final[Mapping[type[LogicalKind], Callable[[str, LogicalKind], Any]]] = {
    DecimalKind: lambda text, _: _decimal(text),
    BigDecimalKind: lambda text, _: _decimal(text),
    UuidKind: lambda text, _: uuid_from_text(text),
    DateKind: lambda text, _: _date(text),
    TimeKind: _time,
    TimestampKind: _datetime,
    NanosKind: _nanos,
    DurationKind: lambda text, _: Duration.fromisoformat(text),
}


def _label(operation: plan.Operation) -> str:
    match operation:
        case plan.NullOperation():
            return "null"
        case plan.BooleanOperation():
            return "true or false"
        case plan.IntegerOperation(bits):
            return f"an integer of {bits} bits"
        case plan.FloatOperation():
            return "a number within range"
        case plan.EnumOperation(name):
            return f"a symbol of {shortened_name(name)}"
        case plan.BytesOperation():
            return "a string in base64"
        case plan.FixedOperation(_, size):
            return f"a string in base64 of {size} bytes"
        case plan.LogicalOperation(_, kind):
            return _logical_label(kind)
        case _:
            return "a string"


def _logical_label(kind: LogicalKind) -> str:
    match kind.plain:
        case DecimalKind(precision, scale):
            return f'a decimal of {precision} digits, {scale} of them decimal places, as "12.50"'
        case BigDecimalKind():
            return 'a decimal, as "12.50"'
        case UuidKind():
            return "a UUID"
        case DateKind():
            return 'a date, as "2024-05-17"'
        case TimeKind():
            return 'a time, as "12:30:15"'
        case TimestampKind(_, True) | NanosKind(True):
            return 'a date and time without offset, as "2024-05-17T12:30:15"'
        case TimestampKind() | NanosKind():
            return 'a date and time with offset, as "2024-05-17T12:30:15Z"'
        case DurationKind():
            return 'a duration, as "P1M2DT3.004S"'
        case _:
            return f"a value for {shortened(kind.label)}"
