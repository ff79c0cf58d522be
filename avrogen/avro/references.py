"""References between types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from avrogen.avro import model

__all__ = ["mentions", "reachable_types", "references"]


def references(type_: model.AvroType) -> Iterator[str]:
    """Yield the full names of the named types in a type, once for each use."""
    match type_:
        case model.Primitive():
            return
        case model.Reference(name):
            yield name
        case model.Array(inner) | model.Map(inner):
            yield from references(inner)
        case model.Union(branches):
            for branch in branches:
                yield from references(branch)
        case _:
            assert_never(type_)


def mentions(named: model.NamedType) -> tuple[str, ...]:
    """Return the full names of the types that a definition refers to, each once, in order."""
    if not isinstance(named, model.RecordType):
        return ()
    return tuple(dict.fromkeys(name for field in named.fields for name in references(field.type)))


def reachable_types(
    type_: model.AvroType, types: Mapping[str, model.NamedType]
) -> Mapping[str, model.NamedType]:
    """Return the named types that a type depends on, by full name.

    Depth first, in the order of first use. The stack is a list: chains of types may be longer than
    Python's.
    """
    found: dict[str, model.NamedType] = {}
    waiting = [references(type_)]
    while waiting:
        for name in waiting[-1]:
            if name not in found:
                found[name] = types[name]
                waiting.append(iter(mentions(types[name])))
                break
        else:
            waiting.pop()
    return found
