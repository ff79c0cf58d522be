"""Fetching of schemas from the registry, with everything that they reference."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location
from avrogen.codec.schema import Schema
from avrogen.config.registry_connection import CommandError
from avrogen.errors import SchemaError
from avrogen.kafka.registry.protocol import LATEST, RegisteredSchema, SchemaRegistry
from avrogen.kafka.registry.schema_references import resolve_references

__all__ = ["FetchedSchemas", "all_types", "fetch", "matching_subjects"]


@dataclass(frozen=True, slots=True)
class FetchedSchemas:
    """A version of a subject with its references resolved.

    Attributes:
        version: the version as registered.
        schema: its schema, with all referenced types.
    """

    version: RegisteredSchema
    schema: Schema

    @property
    def title(self) -> str:
        """Return subject and version for messages."""
        return f"{self.version.subject} version {self.version.version}"


def matching_subjects(registry: SchemaRegistry, patterns: Iterable[str]) -> list[str]:
    """Return the subjects of a registry that match patterns.

    Args:
        registry: the registry.
        patterns: names; ``*`` matches any text, ``?`` any character and ``[abc]`` one of those.

    Raises:
        RegistryError: the registry does not respond.
        CommandError: a pattern matches no subject.
    """
    subjects = registry.subjects()
    found: dict[str, None] = {}
    for pattern in patterns:
        matching = [s for s in subjects if s == pattern or fnmatchcase(s, pattern)]
        if not matching and pattern.startswith(":"):
            # A name with its context, which a context's own list does not have.
            named = registry.version(pattern, LATEST)
            matching = [] if named is None else [named.subject]
        if not matching:
            near = difflib.get_close_matches(pattern, subjects, n=1)
            hint = f"did you mean {near[0]}?" if near else _existing_subjects(subjects)
            raise CommandError(f"the registry has no subject {pattern}", hint)
        found.update(dict.fromkeys(matching))
    return sorted(found)


def fetch(registry: SchemaRegistry, subjects: Iterable[str]) -> list[FetchedSchemas]:
    """Return the latest versions of subjects, and the versions that they reference.

    Raises:
        RegistryError: the registry does not respond, or a schema is not a valid Avro schema.
        CommandError: a subject does not exist.
    """
    fetched: dict[tuple[str, int], FetchedSchemas] = {}
    for subject in subjects:
        latest = registry.version(subject, LATEST)
        if latest is None:
            raise CommandError(
                f"the registry has no subject {subject}",
                "it may have been deleted; pull existing subjects: avrogen registry pull SUBJECTS",
            )
        for version in (*_referenced_versions(registry, latest), latest):
            key = version.subject, version.version
            if key not in fetched:
                name = f"subject {version.subject} version {version.version}"
                schema = resolve_references(registry, version.schema, name)
                fetched[key] = FetchedSchemas(version, schema)
    return list(fetched.values())


def all_types(fetched: Sequence[FetchedSchemas]) -> Mapping[str, model.NamedType]:
    """Return all types that schemas define, by full name.

    Raises:
        SchemaError: two schemas define one type differently: a folder cannot hold both.
    """
    types: dict[str, tuple[model.NamedType, FetchedSchemas]] = {}
    diagnostics = Diagnostics()
    for each in fetched:
        for name, named in each.schema.types.items():
            first, owner = types.setdefault(name, (named, each))
            if first != named:
                diagnostics.report(
                    Code.REDEFINED_TYPE,
                    Location(each.title),
                    f"{name} is defined differently in {owner.title}",
                    hint="pull the two subjects into separate folders",
                )
    if diagnostics.has_errors:
        raise SchemaError(diagnostics)
    return {name: named for name, (named, _) in types.items()}


def _referenced_versions(
    registry: SchemaRegistry, version: RegisteredSchema
) -> Iterator[RegisteredSchema]:
    """Yield the versions that one references, directly and indirectly; dependencies first."""
    for reference in version.schema.references:
        referred = registry.version(reference.subject, reference.version)
        if referred is not None:
            yield from _referenced_versions(registry, referred)
            yield referred


def _existing_subjects(subjects: Sequence[str]) -> str:
    if not subjects:
        return "the registry has no subjects: check the URL"
    shown = ", ".join(subjects[:5])
    return f"the registry has {shown}" + (f" and {len(subjects) - 5} more" if subjects[5:] else "")
