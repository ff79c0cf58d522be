"""Comparison units: everything that has versions of its own.

These are types, files whose root is not a definition, keys of topics, and subjects of a registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.levels import Level, Version
from avrogen.avro.diagnostics import Diagnostic
from avrogen.avro.names import is_primitive
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location, Origin
from avrogen.config.config import TopicConfig
from avrogen.evolution.matching import Match, Matching, MatchReason, file_roots, top_level_types
from avrogen.evolution.snapshot import Snapshot

__all__ = [
    "ComparisonUnit",
    "PreviousVersion",
    "UnitKind",
    "previous_version",
    "topics_by_type",
    "units",
]

_Previous: TypeAlias = "Callable[[model.AvroType], tuple[PreviousVersion, ...]]"


class UnitKind(StrEnum):
    """The kind of a comparison unit."""

    TYPE = "type"
    FILE = "file"
    KEY = "key"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """An earlier version of a unit.

    Attributes:
        name: name in reports: ``git:main``, ``version 3``.
        version: schema.
        renames: new names of its types that were renamed, or seem to be.
        tolerated: violations of the specification that were tolerated in it, if it was registered.
    """

    name: str
    version: Version
    renames: Mapping[str, str]
    tolerated: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparisonUnit:
    """A thing whose versions are compared.

    Attributes:
        kind: kind of the thing.
        name: full name of a type, or name of a file, topic or subject.
        new: new schema.
        top: place of the schema's root.
        previous: earlier versions, the oldest first; empty if the unit is new.
        level: required compatibility level.
        topics: names of the topics that carry it.
        formerly: previous name or path, if it was renamed or moved.
    """

    kind: UnitKind
    name: str
    new: Version
    top: Origin | Location
    previous: tuple[PreviousVersion, ...]
    level: Level
    topics: tuple[str, ...] = ()
    formerly: str | None = None

    @property
    def title(self) -> str:
        """Return the name of the unit in sentences."""
        match self.kind:
            case UnitKind.TYPE | UnitKind.FILE:
                return self.name
            case UnitKind.KEY:
                return f"the key of topic {self.name}"
            case UnitKind.SUBJECT:
                return f"subject {self.name}"

    @property
    def is_unchanged(self) -> bool:
        """Return whether all earlier versions have the same meaning as the new one."""
        return bool(self.previous) and all(
            previous.version.is_equal_to(self.new) for previous in self.previous
        )


def previous_version(name: str, version: Version, matches: Mapping[str, Match]) -> PreviousVersion:
    """Return an earlier version with the renames that matches imply.

    Args:
        name: name of the version in reports.
        version: its schema.
        matches: matches of its types with new ones.
    """
    return PreviousVersion(name, version, _renames(matches))


def _renames(matches: Mapping[str, Match]) -> dict[str, str]:
    """Return the new names of renamed types by their old names."""
    return {
        m.old: m.new
        for m in matches.values()
        if m.reason in (MatchReason.ALIAS, MatchReason.LIKENESS)
    }


def units(
    old: Snapshot, new: Snapshot, matching: Matching, level: Level
) -> Iterator[ComparisonUnit]:
    """Yield everything in a new snapshot that can be compared with an old one.

    These are types defined at the root of a file in either version, types that topics carry, unions
    and other unnamed roots of files, and keys of topics. Nested types are compared with the types
    around them.
    """

    renames = _renames(matching.types)

    def previous(type_: model.AvroType) -> tuple[PreviousVersion, ...]:
        return (PreviousVersion(old.name, Version(type_, old.parsed.types), renames),)

    yield from _types(old, new, level, matching.types, previous)
    yield from _files(old, new, level, matching.files, previous)
    yield from _keys(old, new, level, matching.types, previous)


def topics_by_type(topics: Iterable[TopicConfig]) -> dict[str, tuple[str, ...]]:
    """Return the names of the topics that carry each type as value or key, by full names."""
    found: dict[str, dict[str, None]] = {}
    for topic in topics:
        for name in (*topic.value, *([topic.key] if topic.key else ())):
            found.setdefault(name, {})[topic.topic] = None
    return {name: tuple(names) for name, names in found.items()}


def _types(
    old: Snapshot, new: Snapshot, level: Level, matches: Mapping[str, Match], previous: _Previous
) -> Iterator[ComparisonUnit]:
    topics = topics_by_type(new.topics)
    by_new: dict[str, list[Match]] = {}
    for match in matches.values():
        by_new.setdefault(match.new, []).append(match)
    before = top_level_types(old.parsed) | topics_by_type(old.topics).keys()
    now = top_level_types(new.parsed) | topics.keys()
    for name, named in new.parsed.types.items():
        former = by_new.get(name, [])
        if name not in now and not any(match.old in before for match in former):
            continue
        assert named.origin is not None, "what was parsed has an origin"
        version = Version(model.Reference(name), new.parsed.types)
        unit = ComparisonUnit(
            UnitKind.TYPE, name, version, named.origin, (), level, topics.get(name, ())
        )
        if not former:
            yield unit
        for match in former:
            formerly = match.old if match.reason is not MatchReason.NAME else None
            yield replace(unit, previous=previous(model.Reference(match.old)), formerly=formerly)


def _files(
    old: Snapshot, new: Snapshot, level: Level, files: Mapping[str, str], previous: _Previous
) -> Iterator[ComparisonUnit]:
    before = file_roots(old.parsed)
    formerly = {after: name for name, after in files.items()}
    for name, root in file_roots(new.parsed).items():
        was = formerly.get(name)
        yield ComparisonUnit(
            UnitKind.FILE,
            name,
            Version(root.type, new.parsed.types),
            Origin(root.source),
            previous(before[was].type) if was else (),
            level,
            (),
            was if was != name else None,
        )


def _keys(
    old: Snapshot, new: Snapshot, level: Level, matches: Mapping[str, Match], previous: _Previous
) -> Iterator[ComparisonUnit]:
    """Yield keys that have another type than before. Types are units of their own."""
    before = {topic.topic: topic.key for topic in old.topics}
    for topic in new.topics:
        was = before.get(topic.topic)
        if topic.key is None or was is None or topic.key == was:
            continue
        if was in matches and matches[was].new == topic.key:
            continue
        mine, theirs = _key_type(topic.key, new.parsed), _key_type(was, old.parsed)
        if mine is not None and theirs is not None:
            yield ComparisonUnit(
                UnitKind.KEY,
                topic.topic,
                Version(mine, new.parsed.types),
                topic.locations.value("key"),
                previous(theirs),
                level,
                (topic.topic,),
            )


def _key_type(name: str, parsed: Parsed) -> model.AvroType | None:
    if is_primitive(name):
        return model.Primitive(name)
    return model.Reference(name) if name in parsed.types else None
