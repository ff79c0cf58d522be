"""Realistic example values of schemas.

Defaults of schemas as plain values.

How little the values of types can be: what recursion ends with, and whether it can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.model import mentions, references
from avrogen.avro.names import short_name
from avrogen.avro.type_labels import short_label
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.planner import default_data, plan_for
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
from avrogen.errors import DecodeError
from avrogen.examples import numbers, texts
from avrogen.examples.hints import FieldHints, words_of

if TYPE_CHECKING:
    from avrogen.avro.type_overrides import TypeOverrides

__all__ = ["TOO_MANY", "ExampleMaker", "MinimumParts", "OverridesOfFields", "default_value"]

_ENOUGH: Final = 300
"""After so many parts, what may be left out is: an example is to be read."""

_DEEP: Final = 8
"""So many records within each other are deep enough, too."""

_NO_VALUE: Final = {"none", "null", "other", "undefined", "unknown", "unspecified"}
"""Symbols that stand for the lack of one."""

_NOT_YET: Final = {
    "archived",
    "canceled",
    "cancelled",
    "closed",
    "deleted",
    "deprecated",
    "error",
    "errors",
    "failed",
    "failure",
    "removed",
    "revoked",
}
"""Words of optional fields that say something has ended, or gone wrong."""


class ExampleMaker:
    """Creates example values of one schema."""

    def __init__(
        self,
        type_: model.AvroType,
        types: Mapping[str, model.NamedType],
        least: MinimumParts | None = None,
        overrides: TypeOverrides[Any] | None = None,
        of_fields: OverridesOfFields | None = None,
        *,
        sparse: bool = False,
    ) -> None:
        """Prepare.

        Args:
            type_: the schema.
            types: at least the named types that it leads to.
            least: of these types, for those who have several schemas; None: made here.
            overrides: types of one's own outside of records; values are their base values.
            of_fields: types of one's own in fields, by the record and the field.
            sparse: types of one's own are left out where they may be: of nullables and lists.

        Raises:
            ValueError: there are no values, as types contain themselves without end, or none that
                is small enough to be made.
        """
        self._type = type_
        self._types = types
        self._least = least or MinimumParts(types)
        self._overrides = overrides
        self._of_fields = of_fields or _no_overrides
        self._sparse = sparse
        if self._least.of(type_) >= TOO_MANY:
            raise ValueError(
                "no value can be made: the schema contains itself, an empty union or far too much"
            )

    def make(self, number: int) -> Any:
        """Return the n-th value, counted from 1, with forced union branches."""
        value = _Value(self._types, self._least, number, self._of_fields, sparse=self._sparse)
        return value.of(self._type, FieldHints(number), self._overrides)


class _Value:
    """State of one value under construction.

    Attributes:
        _around: the records that the present place is in.
        _parts: how many have been made.
    """

    def __init__(
        self,
        types: Mapping[str, model.NamedType],
        least: MinimumParts,
        number: int,
        of_fields: OverridesOfFields,
        *,
        sparse: bool,
    ) -> None:
        self._sparse = sparse
        self._of_fields = of_fields
        self._types = types
        self._least = least
        self._number = number
        self._checks = DefaultChecks(types)
        self._around: list[str] = []
        self._parts = 0

    def of(
        self, type_: model.AvroType, about: FieldHints, overrides: TypeOverrides[Any] | None
    ) -> Any:
        self._parts += 1
        match type_:
            case model.Primitive(name, logical):
                if overrides is not None:
                    found = overrides.of(type_)
                    if found.conversion is not None and _is_zoned(found.conversion):
                        return f"{numbers.moment(about).isoformat()}Z"
                    logical = found.logical
                return _logical(logical, about) if logical else _primitive(name, about)
            case model.Reference(name):
                return self._named(self._types[name], about, overrides)
            case model.Array(items):
                if not self._may_have(items) or self._is_left_out(items, overrides):
                    return []
                return [self.of(items, about.of_item(), overrides)]
            case model.Map(values):
                if not self._may_have(values) or self._is_left_out(values, overrides):
                    return {}
                key, place = texts.map_key(about)
                return {key: self.of(values, place, overrides)}
            case model.Union(branches):
                usual = tuple(b for b in branches if not self._is_left_out(b, overrides))
                branch = self._branch(usual or branches)
                return short_label(branch), self.of(branch, about, overrides)
            case _:
                assert_never(type_)

    def _is_left_out(self, type_: model.AvroType, overrides: TypeOverrides[Any] | None) -> bool:
        if not self._sparse or overrides is None:
            return False
        match type_:
            case model.Primitive():
                conversion = overrides.of(type_).conversion
            case model.Reference(name):
                conversion = overrides.of(self._types[name]).conversion
            case _:
                return False
        return conversion is not None and not _is_zoned(conversion)

    def _may_have(self, type_: model.AvroType) -> bool:
        """Return True if another value of the type neither recurses nor exceeds the limit."""
        if self._parts >= _ENOUGH or self._least.of(type_) >= TOO_MANY:
            return False
        too_deep = len(self._around) >= _DEEP
        return not any(too_deep or name in self._around for name in references(type_))

    def _branch(self, branches: tuple[model.AvroType, ...]) -> model.AvroType:
        """Choose a union branch: non-null ones in turn, or the shallowest to end recursion."""
        full = [b for b in branches if not _is_null(b) and self._may_have(b)]
        if not full:
            return min(branches, key=self._least.of)
        if all(isinstance(branch, model.Primitive) for branch in full):
            # Of what can be anything, text says most.
            full.sort(key=lambda branch: branch != model.Primitive("string"))
        return full[(self._number - 1) % len(full)]

    def _named(
        self, named: model.NamedType, about: FieldHints, overrides: TypeOverrides[Any] | None
    ) -> Any:
        match named:
            case model.EnumType(symbols=symbols):
                meant = [s for s in symbols if s.lower() not in _NO_VALUE] or symbols
                return meant[(self._number - 1) % len(meant)]
            case model.FixedType(name, size, logical):
                if overrides is not None:
                    logical = overrides.of(named).logical
                words = about.words or words_of(short_name(name))
                doc = about.doc or named.doc or ""
                place = FieldHints(about.number, words, about.record, doc)
                return _logical(logical, place) if logical else texts.fixed_bytes(place, size)
            case model.RecordType(name, fields):
                record = words_of(short_name(name))
                self._around.append(name)
                value = {
                    field.name: self._field(field, record, self._of_fields(name, field.name))
                    for field in fields
                }
                self._around.pop()
                return value
            case _:
                assert_never(named)

    def _field(
        self,
        field: model.Field,
        record: tuple[str, ...],
        overrides: TypeOverrides[Any] | None,
    ) -> Any:
        """Return a field's value: an informative default, else a generated value."""
        words = words_of(field.name)
        if field.default is not model.NO_DEFAULT:
            is_empty = field.default is None or field.default in ([], {})
            if not is_empty or not _NOT_YET.isdisjoint(words):
                try:
                    return default_value(
                        field.type, field.default, self._checks, overrides, self._of_fields
                    )
                except ValueError:
                    pass  # it has no value in Python
        about = FieldHints(self._number, words, record, field.doc or "")
        return self.of(field.type, about, overrides)


OverridesOfFields: TypeAlias = Callable[[str, str], "TypeOverrides[Any] | None"]
"""Function from the full name of a record, and a field of it, to the overrides that apply there."""


def _no_overrides(record: str, field: str) -> None:
    return None


def _is_zoned(conversion: Any) -> bool:
    """Tell if a conversion is the one of timestamps with a zone, which are text."""
    function = conversion.from_base
    name: object = getattr(function, "path", None) or getattr(function, "__name__", None)
    return name == "zoned_datetime_from_text"


def _is_null(type_: model.AvroType) -> bool:
    return isinstance(type_, model.Primitive) and type_.name == "null"


def _primitive(name: model.PrimitiveName, about: FieldHints) -> Any:
    match name:
        case "null":
            return None
        case "boolean":
            return about.number % 2 == 1
        case "int":
            return numbers.integer(about, 32)
        case "long":
            return numbers.integer(about, 64)
        case "float":
            return numbers.real(about, 32)
        case "double":
            return numbers.real(about, 64)
        case "bytes":
            return texts.some_bytes(about)
        case "string":
            return texts.text(about)
        case _:
            assert_never(name)


def _logical(logical: model.LogicalType, about: FieldHints) -> Any:
    match logical:
        case model.Decimal(precision, scale):
            return numbers.decimal(about, precision, scale)
        case model.BigDecimal():
            return numbers.decimal(about, 9, 2)
        case model.Uuid():
            return texts.unique_id(about)
        case model.Date():
            return numbers.day(about)
        case model.TimeOfDay():
            return numbers.clock(about)
        case model.Timestamp(model.TimeUnit.NANOS):
            return TimestampNanos.from_datetime(numbers.moment(about).replace(tzinfo=UTC))
        case model.Timestamp():
            return numbers.moment(about).replace(tzinfo=UTC)
        case model.LocalTimestamp(model.TimeUnit.NANOS):
            return LocalTimestampNanos.from_datetime(numbers.moment(about))
        case model.LocalTimestamp():
            return numbers.moment(about)
        case model.DurationType():
            return Duration(days=about.number % 2**32)
        case _:
            assert_never(logical)


def default_value(
    type_: model.AvroType,
    default: model.Json,
    checks: DefaultChecks,
    overrides: TypeOverrides[Any] | None = None,
    of_fields: OverridesOfFields = _no_overrides,
) -> Any:
    """Return a default as :meth:`avrogen.Schema.to_avro` accepts it, with forced branches.

    With types of one's own, it is as their base values are.

    Raises:
        ValueError: there is no such value: a symbol that its enum lacks, a date beyond the
            calendar. Schemas in use have such. Or defaults that fill each other make too many.
    """
    try:
        return _DefaultValue(checks, of_fields).of(
            type_, checks.completed(type_, default), overrides
        )
    except DecodeError as error:
        raise ValueError(str(error)) from error


class _DefaultValue:
    def __init__(self, checks: DefaultChecks, of_fields: OverridesOfFields) -> None:
        self._checks = checks
        self._of_fields = of_fields

    def of(
        self, type_: model.AvroType, default: model.Json, overrides: TypeOverrides[Any] | None
    ) -> Any:
        match type_, default:
            case model.Array(items), list():
                return [self.of(items, item, overrides) for item in default]
            case model.Map(values), dict():
                return {key: self.of(values, value, overrides) for key, value in default.items()}
            case model.Union(branches), _:
                index = self._checks.branch(type_, default)
                if index is None:
                    raise ValueError("it fits no branch of the union")
                branch = branches[index]
                return short_label(branch), self.of(branch, default, overrides)
            case model.Reference(name), dict():
                record = self._checks.types[name]
                assert isinstance(record, model.RecordType), "defaults are checked"
                return {
                    f.name: self.of(f.type, default[f.name], self._of_fields(name, f.name))
                    for f in record.fields
                }
            case _:
                plain = None if overrides is None else overrides.without_conversions()
                plan = plan_for(type_, self._checks.types, None, overrides=plain)
                data = default_data(type_, default, self._checks)
                return InterpretedDecoder(plan).read(data)


TOO_MANY: Final = 100_000
"""So many parts, or more: nothing to look at. Values without end have as many."""


class MinimumParts:
    """Minimum numbers of parts of values: leaves, records, lists and maps."""

    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._types = types
        records = [named for named in types.values() if isinstance(named, model.RecordType)]
        self._parts = {record.name: TOO_MANY for record in records}
        self._parts |= {
            named.name: TOO_MANY
            for named in types.values()
            if isinstance(named, model.EnumType) and not named.symbols
        }
        used_by: dict[str, list[model.RecordType]] = {}
        for record in records:
            for name in mentions(record):
                used_by.setdefault(name, []).append(record)
        # What is used comes after what uses it: from the end, few are counted twice.
        waiting = deque(reversed(records))
        queued = {record.name for record in records}
        while waiting:
            record = waiting.popleft()
            queued.discard(record.name)
            parts = min(TOO_MANY, 1 + sum(self.of(field.type) for field in record.fields))
            if parts < self._parts[record.name]:
                self._parts[record.name] = parts
                for user in used_by.get(record.name, ()):
                    if user.name not in queued:
                        queued.add(user.name)
                        waiting.append(user)

    def of(self, type_: model.AvroType) -> int:
        """Return the minimum number of parts of a type's values, at most :data:`TOO_MANY`."""
        match type_:
            case model.Primitive() | model.Array() | model.Map():
                return 1
            case model.Reference(name):
                return self._parts.get(name, 1)
            case model.Union(branches):
                return min((self.of(branch) for branch in branches), default=TOO_MANY)
            case _:
                assert_never(type_)
