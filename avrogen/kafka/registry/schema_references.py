"""References between schemas of a registry.

:func:`resolve_references` makes a self-contained schema of one with references.
:func:`split_schema` does the reverse, for a subject per type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from avrogen.avro.model import AvroType, Reference, mentions, reachable_types, references
from avrogen.avro.schema_json import compact_text, self_contained_json
from avrogen.codec.codec import Codec
from avrogen.codec.schema import Schema
from avrogen.errors import RegistryError, SchemaError
from avrogen.kafka.registry.deadline import time_limit, time_limit_of

if TYPE_CHECKING:
    from avrogen.avro.model import NamedType
    from avrogen.kafka.registry.protocol import (
        RegisteredSchema,
        SchemaReference,
        SchemaRegistry,
        SchemaText,
    )

__all__ = [
    "MAX_DEPTH",
    "MAX_REFERENCES",
    "MAX_TEXTS",
    "SchemaDefinition",
    "resolve_references",
    "split_schema",
]

MAX_DEPTH: Final = 50
"""Maximum depth of references."""

MAX_REFERENCES: Final = 1_000
"""Maximum number of versions that a schema refers to, directly and indirectly."""

MAX_TEXTS: Final = 2 * 2**20
"""Maximum characters of a schema with all its references."""


def resolve_references(registry: SchemaRegistry, schema: SchemaText, name: str) -> Schema:
    """Return a self-contained schema; fetch the schemas that it refers to.

    All of them together are fetched within the time that the registry has for one call. They are
    only read: see :meth:`Schema.parse` for what is tolerated in them.

    Args:
        registry: the registry of the references.
        schema: the schema.
        name: name of the schema in errors, such as "schema 7".

    Raises:
        RegistryError: a reference is missing or circular, a limit is exceeded, or the schema is
            invalid.
    """
    texts = [schema.text]
    titles = [name]
    with time_limit(time_limit_of(registry)):
        for title, text in _referred(registry, schema.references, name):
            titles.append(title)
            texts.append(text)
            if sum(map(len, texts)) > MAX_TEXTS:
                raise RegistryError(
                    f"{name} with its references has more than {MAX_TEXTS:,} characters"
                )
    complete = _joined(titles, texts)
    try:
        _ = complete.type
    except SchemaError as error:
        problems = error.diagnostics
        more = f" (and {len(problems) - 1} more problems)" if problems[1:] else ""
        raise RegistryError(f"invalid Avro schema: {problems[0]}{more}") from None
    return complete


def _joined(titles: Sequence[str], texts: Sequence[str]) -> Schema:
    """Return the schema of the first text, with the types of the others by their names.

    They are not made one text, which might be nested too deeply.
    """
    owners = [
        Codec[Any](Schema(text, tuple, title=title))
        for title, text in zip(titles[1:], texts[1:], strict=True)
    ]
    return Schema(texts[0], lambda: owners, tolerant=True, title=titles[0])


def _referred(
    registry: SchemaRegistry, references: tuple[SchemaReference, ...], name: str
) -> Iterator[tuple[str, str]]:
    """Yield titles and texts of the referenced versions, direct and indirect ones."""
    found: set[tuple[str, int]] = set()

    def follow(
        references: tuple[SchemaReference, ...], way: tuple[tuple[str, int], ...]
    ) -> Iterator[tuple[str, str]]:
        for reference in references:
            place = reference.subject, reference.version
            title = f"subject {reference.subject} version {reference.version}"
            if place in way:
                raise RegistryError(f"{name} has circular references, through {title}")
            if place in found:
                continue
            found.add(place)
            if len(found) > MAX_REFERENCES or len(way) >= MAX_DEPTH:
                raise RegistryError(
                    f"{name} has too many references: the limits are {MAX_REFERENCES:,} versions "
                    f"and a depth of {MAX_DEPTH}"
                )
            version = _referred_version(registry, reference)
            if version is None:
                raise RegistryError(f"{name} refers to {title}, which does not exist")
            yield title, version.schema.text
            yield from follow(version.schema.references, (*way, place))

    return follow(references, ())


def _referred_version(
    registry: SchemaRegistry, reference: SchemaReference
) -> RegisteredSchema | None:
    try:
        return registry.version(reference.subject, reference.version)
    except RegistryError as error:
        # A 404 is not the registry's, which would be None. It says nothing about the schema.
        error.transient = error.transient or error.status == 404
        raise


@dataclass(frozen=True, slots=True)
class SchemaDefinition:
    """Part of a schema that is registered as one version.

    Attributes:
        name: full name of the type; empty for a schema that is not a named type.
        text: its JSON; types of other definitions are written as their names.
        needs: names of the definitions that it refers to, in the order of first use.
        schema: the self-contained schema.
    """

    name: str
    text: str
    needs: tuple[str, ...]
    schema: Schema


def split_schema(schema: Schema) -> tuple[SchemaDefinition, ...]:
    """Split a schema into definitions, each after those that it refers to, the schema last.

    Mutually recursive types share a definition, under the first of their names or that of the
    schema itself.
    """
    splitter = _SchemaSplitter(schema.types, schema.type)
    return tuple(splitter.definitions(schema.type))


class _SchemaSplitter:
    def __init__(self, types: Mapping[str, NamedType], root: AvroType) -> None:
        self._types = types
        first = root.name if isinstance(root, Reference) else ""
        reach = {name: frozenset(reachable_types(Reference(name), types)) for name in types}
        self._head: dict[str, str] = {}
        """Name of the definition of every type."""
        for name in sorted(types, key=lambda name: (name != first, name)):
            if name not in self._head:
                circle = {name, *(other for other in reach[name] if name in reach[other])}
                self._head.update(dict.fromkeys(circle, name))
        self._done: set[str] = set()

    def definitions(self, type_: AvroType) -> Iterator[SchemaDefinition]:
        """Yield the definition of a type, after the new ones that it needs."""
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
        yield SchemaDefinition(name, text, needs, Schema.embedded(whole))
