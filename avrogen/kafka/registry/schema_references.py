"""One schema of a schema in a registry and all that it refers to.

A schema taken apart, each type for a subject of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from avrogen.avro.model import AvroType, Reference
from avrogen.avro.parser import parse_sources
from avrogen.avro.references import mentions, reachable_types, references
from avrogen.avro.schema_json import compact_text, map_objects, self_contained_json
from avrogen.avro.source import Source
from avrogen.codec.codec import Codec
from avrogen.codec.schema import Schema
from avrogen.errors import RegistryError, SchemaError

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.model import Json, NamedType
    from avrogen.kafka.registry.protocol import SchemaReference, SchemaRegistry, SchemaText

__all__ = [
    "MAX_DEPTH",
    "MAX_REFERENCES",
    "MAX_TEXTS",
    "SchemaDefinition",
    "resolve_references",
    "split_schema",
]

MAX_DEPTH: Final = 50
"""References that lead on to each other."""

MAX_REFERENCES: Final = 1_000
"""Versions that a schema refers to, directly and further on."""

MAX_TEXTS: Final = 2 * 2**20
"""Characters of a schema and all that it refers to."""


def resolve_references(
    registry: SchemaRegistry, schema: SchemaText, name: str, *, for_reading: bool = False
) -> Schema:
    """A schema that stands for itself, with what it refers to fetched.

    Args:
        registry: where references are looked up.
        schema: the schema.
        name: how errors name it, such as "schema 7".
        for_reading: it is needed to read what was written with it. For that, defaults do not
            matter, and some registries hold schemas with bad ones; those are left out then.

    Raises:
        RegistryError: a reference leads nowhere or round in a circle, there is too much of it, or
            the schema is none that avrogen reads.
    """
    texts = [schema.text]
    titles = [name]
    for title, text in _referred(registry, schema.references, name):
        titles.append(title)
        texts.append(text)
        if sum(map(len, texts)) > MAX_TEXTS:
            raise RegistryError(f"{name} and what it refers to has over {MAX_TEXTS:,} characters")
    problems = _problems(complete := _joined(texts), titles, texts)
    if for_reading and problems and all(d.code.id.startswith("AVR4") for d in problems):
        texts = [_without_defaults(text) for text in texts]
        problems = _problems(complete := _joined(texts), titles, texts)
    if problems:
        more = f" (and {len(problems) - 1} more problems)" if problems[1:] else ""
        raise RegistryError(f"no valid Avro schema: {problems[0]}{more}")
    return complete


def _joined(texts: Sequence[str]) -> Schema:
    """The schema of the first text, in which types may go by their names in the others.

    They are not made one text: what refers to each other without end may nest without end.
    """
    owners = [Codec[Any](Schema.embedded(text)) for text in texts[1:]]
    return Schema.embedded(texts[0], lambda: owners)


def _problems(schema: Schema, titles: Sequence[str], texts: Sequence[str]) -> list[Diagnostic]:
    """What is wrong with the schema, at places that go by these titles."""
    try:
        _ = schema.type
    except SchemaError:
        sources = [Source(title, text, title) for title, text in zip(titles, texts, strict=True)]
        return [d for d in parse_sources(sources).diagnostics if d.severity == "error"]
    return []


def _without_defaults(text: str) -> str:
    def without_default(members: dict[str, Json]) -> Json:
        return {key: value for key, value in members.items() if key != "default"}

    return json.dumps(map_objects(json.loads(text), without_default))


def _referred(
    registry: SchemaRegistry, references: tuple[SchemaReference, ...], name: str
) -> Iterator[tuple[str, str]]:
    """Titles and texts of the versions that are referred to, directly and further on."""
    found: set[tuple[str, int]] = set()

    def follow(
        references: tuple[SchemaReference, ...], way: tuple[tuple[str, int], ...]
    ) -> Iterator[tuple[str, str]]:
        for reference in references:
            place = reference.subject, reference.version
            title = f"subject {reference.subject} version {reference.version}"
            if place in way:
                raise RegistryError(f"{name} refers in a circle, through {title}")
            if place in found:
                continue
            found.add(place)
            if len(found) > MAX_REFERENCES or len(way) >= MAX_DEPTH:
                raise RegistryError(
                    f"{name} refers to too much: {MAX_REFERENCES:,} versions are followed, "
                    f"{MAX_DEPTH} from one to the next"
                )
            version = registry.version(*place)
            if version is None:
                raise RegistryError(f"{name} refers to {title}, which is not there")
            yield title, version.schema.text
            yield from follow(version.schema.references, (*way, place))

    return follow(references, ())


@dataclass(frozen=True, slots=True)
class SchemaDefinition:
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


def split_schema(schema: Schema) -> tuple[SchemaDefinition, ...]:
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

    def definitions(self, type_: AvroType) -> Iterator[SchemaDefinition]:
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
        text = compact_text(self_contained_json(type_, self._types, elsewhere))
        whole = compact_text(self_contained_json(type_, self._types))
        yield SchemaDefinition(name, text, needs, Schema.parse(whole))
