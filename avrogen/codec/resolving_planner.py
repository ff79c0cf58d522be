"""Plans to decode data of a writer's schema as values of a reader's ("Schema Resolution")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, assert_never

from avrogen.avro import model
from avrogen.avro.compat.checker import incompatibilities, too_many_pairs
from avrogen.avro.compat.paths import Incompatibility, IncompatibilityType, PairPath
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.resolution import Resolution, TooManyPairs, Types, written_fields
from avrogen.avro.type_labels import short_label
from avrogen.codec import plan, planner
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.plan_analysis import (
    MinimumSizes,
    called_records,
    reachable_records,
    recursive_records,
)
from avrogen.codec.planner import PlanBuilder, default_data
from avrogen.errors import DecodeError, ResolutionError

if TYPE_CHECKING:
    from avrogen.avro.time_options import TimeOptions
    from avrogen.codec.type_conversions import RuntimeOverrides

__all__ = ["plan_to_read"]


def plan_to_read(
    reader: model.AvroType,
    reader_types: Types,
    writer: model.AvroType,
    writer_types: Types,
    classes: planner.Classes | None,
    named_branches: bool = False,
    times: TimeOptions | None = None,
    overrides: RuntimeOverrides | None = None,
) -> plan.Plan:
    """Return the plan to decode data of one schema as values of another.

    Args:
        reader: schema of the values.
        reader_types: the named types in it.
        writer: schema of the data.
        writer_types: the named types in it.
        classes: classes for the reader's types; None: plain values.
        named_branches: decode values of the reader's unions as pairs that force their branch.
        times: options for dates and times outside of records with a class; None: the defaults.
        overrides: overrides of Python types outside of records.

    Raises:
        ResolutionError: no data can be read; it has all incompatibilities.
        TypeError: a class does not match its schema. Generated classes always do.
    """
    builder = _PairBuilder(reader_types, writer_types, classes or {}, named_branches)
    try:
        return _plan_to_read(builder, reader, writer, times, overrides, plain=classes is None)
    except TooManyPairs as error:
        raise ResolutionError([too_many_pairs(error)]) from None


def _plan_to_read(
    builder: _PairBuilder,
    reader: model.AvroType,
    writer: model.AvroType,
    times: TimeOptions | None,
    overrides: RuntimeOverrides | None,
    *,
    plain: bool,
) -> plan.Plan:
    if not builder.resolution.is_readable(reader, writer):
        raise ResolutionError(builder.incompatibilities(reader, writer, PairPath()))
    root = builder.of(reader, writer, PairPath(), overrides)
    records = reachable_records(called_records(root), builder.record)
    made = planner.under_options(_finished(root, records, plain=plain), times)
    problems = [*builder.problems, *builder.unusable_defaults(made)]
    if problems:
        raise ResolutionError(problems)
    return made


def _finished(
    root: plan.Operation, records: Mapping[str, plan.RecordOperation], *, plain: bool
) -> plan.Plan:
    """Return the plan, without skips of data without bytes: there may be very many of them."""
    loops = recursive_records(records)
    sizes = MinimumSizes(plan.Plan(root, records, plain))
    return plan.Plan(
        root,
        {
            key: replace(
                record,
                fields=tuple(
                    f for f in record.fields if f.position is not None or sizes.of(f.operation)
                ),
                recursive=key in loops,
            )
            for key, record in records.items()
        },
        plain,
    )


class _PairBuilder:
    """Builds the operations to decode the types of one schema as those of another.

    There are three kinds of records: a writer's that is read as a reader's ("W as R"), a writer's
    that is skipped ("skipped W"), and a reader's in a default, whose key is its full name.
    """

    def __init__(
        self,
        reader_types: Types,
        writer_types: Types,
        classes: planner.Classes,
        named_branches: bool,
    ) -> None:
        self.resolution = Resolution(reader_types, writer_types)
        self.problems: list[Incompatibility] = []
        """Incompatibilities that comparing the schemas does not find."""
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._classes = classes
        self._named_branches = named_branches
        self._defaults = PlanBuilder(reader_types, classes, named_branches=named_branches)
        self._checks = DefaultChecks(reader_types)
        self._default_data: dict[tuple[str, int], bytes | str] = {}
        self._pairs: dict[str, tuple[model.RecordType, model.RecordType, PairPath]] = {}
        self._skipped: dict[str, model.RecordType] = {}
        self._named: dict[tuple[str, str], plan.Operation] = {}

    def of(
        self,
        reader: model.AvroType,
        writer: model.AvroType,
        place: PairPath,
        overrides: RuntimeOverrides | None = None,
    ) -> plan.Operation:
        """Return the operation of a pair of types, of which some data can be read."""
        match reader, writer:
            case _, model.Union(branches):
                return plan.UnionOperation(
                    tuple(
                        plan.BranchOperation(
                            short_label(branch),
                            self._of_branch(reader, branch, place.writers_branch(index), overrides),
                        )
                        for index, branch in enumerate(branches)
                    )
                )
            case model.Union(branches), _:
                index = self.resolution.branch(reader, writer)
                assert index is not None, "some data can be read"
                branch = branches[index]
                operation = self.of(branch, writer, place.readers_branch(index), overrides)
                if not self._named_branches or planner.is_null(branch):
                    return operation
                if not planner.needs_names(reader):
                    return operation
                return plan.NamedOperation(short_label(branch), operation)
            case model.Primitive(), model.Primitive():
                return _overridden_primitive(reader, writer, overrides)
            case model.Array(mine), model.Array(theirs):
                return plan.ArrayOperation(self.of(mine, theirs, place.step("items"), overrides))
            case model.Map(mine), model.Map(theirs):
                return plan.MapOperation(self.of(mine, theirs, place.step("values"), overrides))
            case model.Reference(mine), model.Reference(theirs):
                return self._reference(mine, theirs, place, overrides)
            case _:
                raise AssertionError("some data can be read")

    def _reference(
        self, mine: str, theirs: str, place: PairPath, overrides: RuntimeOverrides | None
    ) -> plan.Operation:
        reader, writer = self._reader_types[mine], self._writer_types[theirs]
        found = None if overrides is None else overrides.of(reader)
        if overrides is not None and found is not None and found.selector is not None:
            if isinstance(reader, model.FixedType) and isinstance(writer, model.FixedType):
                own = planner.fixed(replace(reader, logical=found.logical), self._classes)
                rescaled = _rescaled(own, writer.logical or overrides.of(writer).logical)
                return planner.mapped(rescaled, found.conversion)
            return planner.mapped(self._reference(mine, theirs, place, None), found.conversion)
        pair = mine, theirs
        if pair not in self._named:
            self._named[pair] = self._of_named(reader, writer, place)
        return self._named[pair]

    def record(self, key: str) -> plan.RecordOperation:
        """Return the record of a key, not yet marked as recursive."""
        if key in self._pairs:
            self.resolution.steps.take_pair()
            return self._record(*self._pairs[key])
        if key in self._skipped:
            return self._skipped_record(self._skipped[key])
        return self._defaults.record(key)

    def incompatibilities(
        self, reader: model.AvroType, writer: model.AvroType, place: PairPath
    ) -> tuple[Incompatibility, ...]:
        """Return all reasons why a type cannot be read as another."""
        return incompatibilities(reader, self._reader_types, writer, self._writer_types, place)

    def unusable_defaults(self, made: plan.Plan) -> Iterator[Incompatibility]:
        """Yield the defaults without a value in Python."""
        reader = InterpretedDecoder(made)
        reasons: dict[tuple[str, int], str] = {}
        for key, (record, _, place) in self._pairs.items():
            for default in made.records[key].defaults:
                field = record.name, default.position
                if field not in reasons:
                    try:
                        reader.read_default(default)
                        reasons[field] = ""
                    except DecodeError as error:
                        reasons[field] = str(error)
                if reasons[field]:
                    yield _missing_default(record, default.position, place, reasons[field])

    def _of_branch(
        self,
        reader: model.AvroType,
        writer: model.AvroType,
        place: PairPath,
        overrides: RuntimeOverrides | None,
    ) -> plan.Operation:
        if self.resolution.is_readable(reader, writer):
            return self.of(reader, writer, place, overrides)
        return plan.UnreadableOperation(self._reasons(reader, writer, place))

    def _reasons(
        self, reader: model.AvroType, writer: model.AvroType, place: PairPath
    ) -> plan.Reasons:
        """Return a function for the reasons: for large schemas they take long to find."""
        return cache(lambda: self.incompatibilities(reader, writer, place))

    def _of_named(
        self, reader: model.NamedType, writer: model.NamedType, place: PairPath
    ) -> plan.Operation:
        match reader, writer:
            case model.RecordType(), model.RecordType():
                key = f"{writer.name} as {reader.name}"
                self._pairs[key] = reader, writer, place
                return plan.Call(key)
            case model.EnumType(), model.EnumType():
                own = planner.enum(reader, self._classes)
                values = dict(zip(reader.symbols, own.values, strict=True))
                default = values.get(reader.default or "")
                return replace(
                    own,
                    symbols=writer.symbols,
                    values=tuple(values.get(symbol, default) for symbol in writer.symbols),
                    reasons=self._reasons(
                        model.Reference(reader.name), model.Reference(writer.name), place
                    ),
                )
            case model.FixedType(), model.FixedType():
                own_fixed = planner.fixed(reader, self._classes)
                return _rescaled(own_fixed, writer.logical)
            case _:
                raise AssertionError("some data can be read")

    # --- records ---------------------------------------------------------------------------------

    def _record(
        self, reader: model.RecordType, writer: model.RecordType, place: PairPath
    ) -> plan.RecordOperation:
        attributes = planner.field_attributes(reader, self._classes)
        sources = _sources(reader, writer)
        fields: list[plan.FieldOperation] = []
        for index, written in enumerate(writer.fields):
            position = sources.get(index)
            if position is None:
                skip = plan.SkipOperation(self._skip(written.type))
                fields.append(plan.FieldOperation(written.name, None, skip, None))
            else:
                field = reader.fields[position]
                there = place.split(("fields", position, "type"), ("fields", index, "type"))
                overrides = planner.field_overrides(self._classes, reader.name, field.name)
                operation = self.of(field.type, written.type, there, overrides)
                attribute = attributes[position]
                fields.append(plan.FieldOperation(field.name, attribute, operation, position))
        read = set(sources.values())
        defaults = [
            self._default(reader, position, attributes[position], place)
            for position in range(len(reader.fields))
            if position not in read
        ]
        return plan.RecordOperation(
            reader.name,
            tuple(fields),
            self._classes.get(reader.name),
            recursive=False,
            defaults=tuple(filter(None, defaults)),
        )

    def _default(
        self, record: model.RecordType, position: int, attribute: str | None, place: PairPath
    ) -> plan.DefaultField | None:
        field = record.fields[position]
        if field.default is model.NO_DEFAULT:
            reason = "another field is read from the field that its alias names"
            self.problems.append(_missing_default(record, position, place, reason))
            return None
        data = self._default_data.get((record.name, position))
        if data is None:
            try:
                data = default_data(field.type, field.default, self._checks)
            except ValueError as error:
                data = str(error)
            self._default_data[record.name, position] = data
        if isinstance(data, str):
            self.problems.append(_missing_default(record, position, place, data))
            return None
        overrides = planner.field_overrides(self._classes, record.name, field.name)
        operation = self._defaults.of(field.type, overrides)
        return plan.DefaultField(field.name, attribute, operation, position, data)

    # --- skipping --------------------------------------------------------------------------------

    def _skip(self, type_: model.AvroType) -> plan.Operation:
        """Return the operation of a type without logical types and classes, to be skipped."""
        match type_:
            case model.Primitive(name):
                return planner.primitive(name, None)
            case model.Array(items):
                return plan.ArrayOperation(self._skip(items))
            case model.Map(values):
                return plan.MapOperation(self._skip(values))
            case model.Union(branches):
                return plan.UnionOperation(
                    tuple(plan.BranchOperation(short_label(b), self._skip(b)) for b in branches)
                )
            case model.Reference(name):
                return self._skip_named(self._writer_types[name])
            case _:
                assert_never(type_)

    def _skip_named(self, named: model.NamedType) -> plan.Operation:
        match named:
            case model.RecordType(name):
                key = f"skipped {name}"
                self._skipped[key] = named
                return plan.Call(key)
            case model.EnumType():
                return planner.enum(named, {})
            case model.FixedType():
                return planner.fixed(replace(named, logical=None), {})
            case _:
                assert_never(named)

    def _skipped_record(self, record: model.RecordType) -> plan.RecordOperation:
        fields = (
            plan.FieldOperation(field.name, None, self._skip(field.type), None)
            for field in record.fields
        )
        return plan.RecordOperation(record.name, tuple(fields), None, recursive=False)


def _missing_default(
    record: model.RecordType, position: int, place: PairPath, reason: str
) -> Incompatibility:
    """Return the incompatibility of a field without data and without a usable default."""
    kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
    message = f"{record.fields[position].name} ({reason})"
    return place.split(("fields", position), ("fields",)).found(kind, message)


def _sources(reader: model.RecordType, writer: model.RecordType) -> Mapping[int, int]:
    """Map positions of the writer's fields to those of the reader's.

    If several fields claim one by aliases, it is the one of the same name, else the first.
    """
    sources: dict[int, int] = {}
    for position, source in enumerate(written_fields(reader, writer)):
        if source is not None:
            same = reader.fields[position].name == writer.fields[source].name
            if same or source not in sources:
                sources[source] = position
    return sources


# --- values of primitive and fixed types ----------------------------------------------------------


def _overridden_primitive(
    reader: model.Primitive, writer: model.Primitive, overrides: RuntimeOverrides | None
) -> plan.Operation:
    """Return the operation for overridden types: a writer's without logical type are likewise."""
    if overrides is None:
        return _primitive(reader, writer)
    found, written = overrides.of(reader), writer.logical or overrides.of(writer).logical
    own = _primitive(replace(reader, logical=found.logical), replace(writer, logical=written))
    return planner.mapped(own, found.conversion)


def _primitive(reader: model.Primitive, writer: model.Primitive) -> plan.Operation:
    """Return the operation to decode the writer's encoding as the reader's type.

    A logical type of the reader's is applied to the promoted value. If the writer's is of the
    same kind, in another unit or scale, the value is converted. The specification has a rule for
    decimals only (they do not match); other libraries let the value change by powers of ten.
    """
    own = planner.primitive(reader.name, reader.logical)
    if isinstance(own, plan.LogicalOperation):
        base = _promoted(own.base, writer.name)
        return _rescaled(replace(own, base=base), writer.logical)
    return _promoted(own, writer.name)


def _promoted(own: plan.Operation, written: model.PrimitiveName) -> plan.Operation:
    """Return the operation to decode the encoding of another primitive type."""
    bits: plan.Bits = 32 if written in ("int", "float") else 64
    match own:
        case plan.FloatOperation(own_bits) if written in ("int", "long"):
            return plan.PromotedOperation(bits, own_bits)
        case plan.FloatOperation() | plan.IntegerOperation():
            return replace(own, bits=bits)
        case _:
            return own


def _rescaled(own: plan.Operation, written: model.LogicalType | None) -> plan.Operation:
    """Return the operation to decode data of a writer's logical type, if both are of a kind."""
    if isinstance(own, plan.LogicalOperation) and written is not None:
        return replace(own, kind=own.kind.reading(written))
    return own
