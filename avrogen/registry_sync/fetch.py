"""Schemas of a registry, with all that they refer to, taken apart into types."""

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
    """A version of a subject, complete.

    Attributes:
        version: as the registry has it.
        schema: with all that it refers to.
    """

    version: RegisteredSchema
    schema: Schema

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.version.subject} version {self.version.version}"


def matching_subjects(registry: SchemaRegistry, patterns: Iterable[str]) -> list[str]:
    """The subjects of a registry that patterns are about.

    Args:
        registry: where to ask.
        patterns: names, in which ``*`` stands for any text, ``?`` for any character and ``[abc]``
            for one of those.

    Raises:
        RegistryError: the registry gives no answer.
        Problem: there is none for one of the patterns.
    """
    subjects = registry.subjects()
    found: dict[str, None] = {}
    for pattern in patterns:
        matching = [s for s in subjects if s == pattern or fnmatchcase(s, pattern)]
        if not matching:
            near = difflib.get_close_matches(pattern, subjects, n=1)
            hint = f"did you mean {near[0]}?" if near else _what_there_is(subjects)
            raise CommandError(f"the registry has no subject {pattern}", hint)
        found.update(dict.fromkeys(matching))
    return sorted(found)


def fetch(registry: SchemaRegistry, subjects: Iterable[str]) -> list[FetchedSchemas]:
    """The latest versions of subjects, and those that they refer to.

    Raises:
        RegistryError: one of them is no Avro schema that avrogen reads, or there is no answer.
        Problem: a subject is not there.
    """
    fetched: dict[tuple[str, int], FetchedSchemas] = {}
    for subject in subjects:
        latest = registry.version(subject, LATEST)
        if latest is None:
            raise CommandError(
                f"the registry has no subject {subject}",
                "it may have been deleted; pull what is there: avrogen registry pull SUBJECTS",
            )
        for version in (*_referred(registry, latest), latest):
            key = version.subject, version.version
            if key not in fetched:
                name = f"subject {version.subject} version {version.version}"
                schema = resolve_references(registry, version.schema, name)
                fetched[key] = FetchedSchemas(version, schema)
    return list(fetched.values())


def all_types(fetched: Sequence[FetchedSchemas]) -> Mapping[str, model.NamedType]:
    """All types that schemas define, by full name.

    Raises:
        SchemaError: two of them define one type differently, so that no folder can hold both.
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
                    f"{name} is defined otherwise in {owner.title}",
                    hint="pull the two into folders of their own",
                )
    if diagnostics.has_errors:
        raise SchemaError(diagnostics)
    return {name: named for name, (named, _) in types.items()}


def _referred(registry: SchemaRegistry, version: RegisteredSchema) -> Iterator[RegisteredSchema]:
    """The versions that one refers to, directly and further on; what is needed comes first."""
    for reference in version.schema.references:
        referred = registry.version(reference.subject, reference.version)
        if referred is not None:
            yield from _referred(registry, referred)
            yield referred


def _what_there_is(subjects: Sequence[str]) -> str:
    if not subjects:
        return "it has none at all: check the URL"
    shown = ", ".join(subjects[:5])
    return f"it has {shown}" + (f" and {len(subjects) - 5} more" if subjects[5:] else "")
