"""Defaults of schemas as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avrogen.avro import model
from avrogen.avro.defaults import completed, matching_branch
from avrogen.codec.interpreter.decoder import CheckedReader
from avrogen.codec.planner import branch_name, default_data, plan_for
from avrogen.errors import DecodeError

__all__ = ["default_value"]


def default_value(
    type_: model.AvroType, default: model.Json, types: Mapping[str, model.NamedType]
) -> Any:
    """A default as :meth:`avrogen.Schema.to_avro` takes it, with forced branches.

    Raises:
        ValueError: there is no such value: a symbol that its enum lacks, a date beyond the
            calendar. Schemas in use have such.
    """
    try:
        return _value(type_, completed(type_, default, types), types)
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _value(type_: model.AvroType, default: model.Json, types: Mapping[str, model.NamedType]) -> Any:
    match type_, default:
        case model.Array(items), list():
            return [_value(items, item, types) for item in default]
        case model.Map(values), dict():
            return {key: _value(values, value, types) for key, value in default.items()}
        case model.Union(branches), _:
            index = matching_branch(type_, default, types)
            if index is None:
                raise ValueError("it fits no branch of the union")
            return branch_name(branches[index]), _value(branches[index], default, types)
        case model.Reference(name), dict():
            record = types[name]
            assert isinstance(record, model.Record), "defaults are checked"
            return {f.name: _value(f.type, default[f.name], types) for f in record.fields}
        case _:
            return CheckedReader(plan_for(type_, types, None)).read(
                default_data(type_, default, types)
            )
