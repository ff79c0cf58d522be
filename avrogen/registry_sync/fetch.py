"""Fetching of schemas from the registry, with everything that they reference."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.differences import differ_in_docs_only, first_difference
from avrogen.avro.source import Location
from avrogen.codec.schema import Schema
from avrogen.config.registry_connection import CommandError
from avrogen.config.type_tables import DefinitionNames
from avrogen.errors import SchemaError
from avrogen.kafka.registry.protocol import LATEST, RegisteredSchema, SchemaRegistry
from avrogen.kafka.registry.schema_references import resolve_references

__all__ = ["FetchedSchemas", "all_types", "fetch", "matching_subjects", "with_own_names"]


@dataclass(frozen=True, slots=True)
class FetchedSchemas:
    """A version of a subject with its references resolved.

    Attributes:
        version: the version as registered.
        schema: its schema, with all referenced types.
        own: own name of the type at its root, if the configuration gives it one.
    """

    version: RegisteredSchema
    schema: Schema
    own: str | None = None

    @property
    def root(self) -> model.AvroType:
        """The type of the schema; one with an own name is a reference by that."""
        return self.schema.type if self.own is None else model.Reference(self.own)

    @property
    def file(self) -> str:
        """File for a type that is not named after itself: the subject's."""
        return re.sub(r"[^A-Za-z0-9._-]", "_", self.version.subject).lstrip(".") or "_"

    def types(self) -> Iterator[model.NamedType]:
        """Yield all types that the schema defines, under the names that the folder has for them."""
        for name, named in self.schema.types.items():
            if self.own is not None and self.schema.type == model.Reference(name):
                yield replace(named, name=self.own, wire_name=name)
            else:
                yield named

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


def with_own_names(
    fetched: Iterable[FetchedSchemas], definitions: DefinitionNames
) -> list[FetchedSchemas]:
    """Return schemas with the own names of the types at their roots."""
    named: list[FetchedSchemas] = []
    for each in fetched:
        match each.schema.type:
            case model.Reference(name):
                named.append(replace(each, own=definitions(f"{each.file}.avsc", name)))
            case _:
                named.append(each)
    return named


def all_types(fetched: Sequence[FetchedSchemas]) -> Mapping[str, model.NamedType]:
    """Return all types that schemas define, by full name.

    Raises:
        SchemaError: two schemas define one type differently, and not in docs alone: a folder cannot
            hold both.
    """
    types: dict[str, tuple[model.NamedType, FetchedSchemas]] = {}
    diagnostics = Diagnostics()
    for each in fetched:
        for named in each.types():
            name = named.name
            first, owner = types.setdefault(name, (named, each))
            if first != named and not differ_in_docs_only(first, named):
                difference = first_difference(named, first)
                diagnostics.report(
                    Code.REDEFINED_TYPE,
                    Location(each.title),
                    f"{name} is defined differently in {owner.title}: {difference}",
                    hint="pull the two subjects into separate folders, or give types at the root "
                    "of a schema own names in avrogen.toml: [definitions]",
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
