"""The plan of binary data that become JSON: without types of one's own, enums and fixed types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks
from avrogen.codec import plan
from avrogen.codec.logical import MappedKind
from avrogen.codec.planner import default_data

__all__ = ["JsonDefaults", "bare", "json_plan"]


def json_plan(made: plan.Plan) -> plan.Plan:
    """Return a plan of the same data, whose leaves are values of the specification's types.

    Types of one's own (``[types]``) are in JSON as the values that they are converted from.
    """
    return replace(made, root=bare(made.root), records=_BareRecords(made.records))


class _BareRecords(Mapping[str, plan.RecordOperation]):
    """Records of such a plan, each made on first use: a datum may use few of thousands."""

    def __init__(self, records: Mapping[str, plan.RecordOperation]) -> None:
        self._records = records
        self._bare: dict[str, plan.RecordOperation] = {}

    def __getitem__(self, key: str) -> plan.RecordOperation:
        made = self._bare.get(key)
        if made is None:
            record = self._records[key]
            fields = tuple(replace(f, operation=bare(f.operation)) for f in record.fields)
            made = self._bare[key] = replace(record, fields=fields)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def bare(operation: plan.Operation) -> plan.Operation:
    """Return the operation of the same data, whose leaves are of the specification's types."""
    match operation:
        case plan.LogicalOperation(base, MappedKind()):
            return bare(base)
        case plan.EnumOperation(name, symbols):
            return plan.EnumOperation(name, symbols, symbols, str)
        case plan.FixedOperation(name, size):
            return plan.FixedOperation(name, size, bytes)
        case plan.ArrayOperation(item):
            return plan.ArrayOperation(bare(item))
        case plan.MapOperation(value):
            return plan.MapOperation(bare(value))
        case plan.UnionOperation(branches):
            return plan.UnionOperation(
                tuple(replace(each, operation=bare(each.operation)) for each in branches)
            )
        case _:
            return operation


class JsonDefaults:
    """Defaults of fields that JSON lacks, as binary data; each is encoded on first use."""

    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._types = types
        self._checks = DefaultChecks(types)
        self._data: dict[tuple[str, str], bytes | None] = {}

    def of(self, record: str, field: str) -> bytes | None:
        """Return the default of a field as data; None: it has none that can be used."""
        key = record, field
        if key not in self._data:
            self._data[key] = self._encoded(record, field)
        return self._data[key]

    def _encoded(self, record: str, name: str) -> bytes | None:
        type_ = self._types[record]
        assert isinstance(type_, model.RecordType), "only records have fields"
        field = next(field for field in type_.fields if field.name == name)
        if field.default is model.NO_DEFAULT:
            return None
        try:
            return default_data(field.type, field.default, self._checks)
        except ValueError:
            return None
