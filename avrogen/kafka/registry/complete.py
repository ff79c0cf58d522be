"""One schema of a schema in a registry and all that it refers to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_json import self_contained_json
from avrogen.avro.source import Source
from avrogen.codec.schema import Schema
from avrogen.errors import RegistryError

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.model import Json
    from avrogen.avro.parser import Parsed
    from avrogen.kafka.registry.port import SchemaReference, SchemaRegistry, SchemaText

__all__ = ["MAX_DEPTH", "MAX_REFERENCES", "MAX_TEXTS", "complete_schema"]

MAX_DEPTH: Final = 50
"""References that lead on to each other."""

MAX_REFERENCES: Final = 1_000
"""Versions that a schema refers to, directly and further on."""

MAX_TEXTS: Final = 2 * 2**20
"""Characters of a schema and all that it refers to."""


def complete_schema(
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
    sources = [Source(name, schema.text, name)]
    size = len(schema.text)
    for title, text in _referred(registry, schema.references, name):
        size += len(text)
        if size > MAX_TEXTS:
            raise RegistryError(f"{name} and what it refers to has over {MAX_TEXTS:,} characters")
        sources.append(Source(title, text, title))
    parsed = parse_sources(sources)
    problems = _errors(parsed)
    if for_reading and problems and all(d.code.id.startswith("AVR4") for d in problems):
        sources = [Source(s.path, _without_defaults(s.text), s.name) for s in sources]
        parsed = parse_sources(sources)
        problems = _errors(parsed)
    if problems:
        more = f" (and {len(problems) - 1} more problems)" if problems[1:] else ""
        raise RegistryError(f"no valid Avro schema: {problems[0]}{more}")
    root = next(root for root in parsed.roots if root.source is sources[0])
    return Schema.parse(json.dumps(self_contained_json(root.type, parsed.types)))


def _errors(parsed: Parsed) -> list[Diagnostic]:
    return [d for d in parsed.diagnostics if d.severity == "error"]


def _without_defaults(text: str) -> str:
    def strip(value: Json) -> Json:
        match value:
            case dict():
                return {key: strip(each) for key, each in value.items() if key != "default"}
            case list():
                return [strip(each) for each in value]
            case _:
                return value

    return json.dumps(strip(json.loads(text)))


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
