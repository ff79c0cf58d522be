"""A schema taken apart, each type for a subject of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from avrogen.avro.model import AvroType, Reference
from avrogen.avro.references import mentions, reachable_types, references
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema

if TYPE_CHECKING:
    from avrogen.avro.model import NamedType

__all__ = ["Definition", "definitions"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What is registered as one version.

    Attributes:
        name: the full name of the type; "" for a schema that is no named type.
        text: its JSON, in which types of other definitions go by their names.
        needs: the names of the definitions that it refers to, in the order of first use.
        schema: the same with all that it refers to.
    """

    name: str
    text: str
    needs: tuple[str, ...]
    schema: Schema


def definitions(schema: Schema) -> tuple[Definition, ...]:
    """A schema and the types that it leads to; each after what it refers to, the schema last.

    Types that lead to each other in a circle cannot do without one another, and so share
    a definition. It is that of the first of their names, or of the schema itself.
    """
    parts = _Parts(schema.types, schema.type)
    return tuple(parts.definitions(schema.type))


class _Parts:
    def __init__(self, types: Mapping[str, NamedType], root: AvroType) -> None:
        self._types = types
        first = root.name if isinstance(root, Reference) else ""
        reach = {name: frozenset(reachable_types(Reference(name), types)) for name in types}
        self._head: dict[str, str] = {}
        """For every type, the one whose definition it is in."""
        for name in sorted(types, key=lambda name: (name != first, name)):
            if name not in self._head:
                circle = {name, *(other for other in reach[name] if name in reach[other])}
                self._head.update(dict.fromkeys(circle, name))
        self._done: set[str] = set()

    def definitions(self, type_: AvroType) -> Iterator[Definition]:
        """That of a type, after those that it needs and that were not given yet."""
        name = self._head[type_.name] if isinstance(type_, Reference) else ""
        inside = [each for each, head in self._head.items() if head == name]
        used = [
            *references(type_),
            *(used for each in inside for used in mentions(self._types[each])),
        ]
        needs = tuple(dict.fromkeys(self._head[each] for each in used if each not in inside))
        for need in needs:
            if need not in self._done:
                self._done.add(need)
                yield from self.definitions(Reference(need))
        elsewhere = [each for each in self._types if each not in inside]
        text = _dumped(self_contained_json(type_, self._types, elsewhere))
        whole = _dumped(self_contained_json(type_, self._types))
        yield Definition(name, text, needs, Schema.parse(whole))


def _dumped(tree: object) -> str:
    """As :class:`Schema` writes its JSON."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
