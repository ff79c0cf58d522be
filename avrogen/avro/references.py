"""Which named types a type leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from avrogen.avro import model

__all__ = ["reachable_types"]


def reachable_types(
    type_: model.AvroType, types: Mapping[str, model.NamedType]
) -> Mapping[str, model.NamedType]:
    """The named types that a type leads to, by full name, in the order of first use."""
    found: dict[str, model.NamedType] = {}
    waiting = [_references(type_)]
    while waiting:
        for name in waiting[-1]:
            if name not in found:
                named = found[name] = types[name]
                if isinstance(named, model.Record):
                    waiting.append(_field_references(named))
                    break
        else:
            waiting.pop()
    return found


def _field_references(record: model.Record) -> Iterator[str]:
    for field in record.fields:
        yield from _references(field.type)


def _references(type_: model.AvroType) -> Iterator[str]:
    match type_:
        case model.Primitive():
            return
        case model.Reference(name):
            yield name
        case model.Array(inner) | model.Map(inner):
            yield from _references(inner)
        case model.Union(branches):
            for branch in branches:
                yield from _references(branch)
        case _:
            assert_never(type_)
