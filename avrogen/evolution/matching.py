"""Matching of old types and files with new ones: by name, alias, short name or likeness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePosixPath
from typing import NamedTuple

from avrogen.avro import model
from avrogen.avro.compat.levels import Version
from avrogen.avro.model import wire_name
from avrogen.avro.names import short_name
from avrogen.avro.parser import Parsed, Root, is_definition
from avrogen.avro.resolution import Types

__all__ = [
    "Match",
    "MatchReason",
    "Matching",
    "file_roots",
    "match",
    "matched_types",
    "top_level_types",
]

_LEAST_LIKENESS = 0.5
"""Share of common fields or symbols from which two types may be one renamed type."""


class MatchReason(Enum):
    """The reason to regard two types as versions of one."""

    NAME = auto()
    """They have the same full name."""
    ALIAS = auto()
    """The new one has the old one's full name as an alias."""
    NAMESPACE = auto()
    """They have the same short name, and neither full name is in both versions."""
    LIKENESS = auto()
    """They have many fields or symbols in common, and neither name is in both versions."""


class Match(NamedTuple):
    """An old type, and the new type that is its next version."""

    old: str
    new: str
    reason: MatchReason


@dataclass(frozen=True, slots=True)
class Matching:
    """The matches between two versions.

    Attributes:
        types: matches of types, by full names of old types.
        files: names of new files by names of old files; only of files whose root is not a
            definition.
    """

    types: Mapping[str, Match]
    files: Mapping[str, str]


def match(old: Parsed, new: Parsed) -> Matching:
    """Match the types and files of an old version with those of a new one."""
    return Matching(matched_types(old.types, new.types), _matched_files(old, new))


def matched_types(old: Types, new: Types) -> dict[str, Match]:
    """Return the matches by full names of old types, without types that were removed."""
    matches: dict[str, Match] = {}
    removed = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    for name in old:
        if name in new:
            matches[name] = Match(name, name, MatchReason.NAME)
    for name in added:
        for alias in new[name].aliases:
            if alias in removed and alias not in matches:
                matches[alias] = Match(alias, name, MatchReason.ALIAS)
    # Definitions that have got a name of their own since, or lost it.
    by_wire_name: dict[str, list[str]] = {}
    for name in added:
        by_wire_name.setdefault(wire_name(new[name]), []).append(name)
    for name in removed:
        same = by_wire_name.get(wire_name(old[name]), [])
        if same and name not in matches:
            here = [other for other in same if _file(new[other]) == _file(old[name])]
            matches[name] = Match(name, (here or same)[0], MatchReason.NAME)
    taken = {match.new for match in matches.values()}
    for name in (name for name in removed if name not in matches):
        same = [other for other in added if short_name(other) == short_name(name)]
        free = [other for other in same if other not in taken and _same_kind(name, other, old, new)]
        if free:
            matches[name] = Match(name, free[0], MatchReason.NAMESPACE)
            taken.add(free[0])
    rest = [name for name in removed if name not in matches]
    for name, other in _most_alike(rest, [name for name in added if name not in taken], old, new):
        matches[name] = Match(name, other, MatchReason.LIKENESS)
    return matches


def _most_alike(
    removed: Iterable[str], added: Iterable[str], old: Types, new: Types
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of types with the most in common, each type once."""
    added = list(added)
    scored = [(-_likeness(old[one], new[other]), one, other) for one in removed for other in added]
    used: set[str] = set()
    for score, one, other in sorted(scored):
        if -score >= _LEAST_LIKENESS and not {f"old {one}", f"new {other}"} & used:
            used |= {f"old {one}", f"new {other}"}
            yield one, other


def _likeness(old: model.NamedType, new: model.NamedType) -> float:
    """Return the likeness of two types, from 0 to 1; that of types in the same file is higher."""
    in_one_place = 0.3 if _file(old) == _file(new) else 0
    match old, new:
        case model.RecordType(fields=fields), model.RecordType(fields=others):
            shared = _shared({f.name for f in fields}, {f.name for f in others})
        case model.EnumType(symbols=symbols), model.EnumType(symbols=others):
            shared = _shared(set(symbols), set(others))
        case model.FixedType(size=one), model.FixedType(size=other):
            shared = 0.3 if one == other else 0
        case _:
            return 0
    return min(1, shared + in_one_place)


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0


def _file(named: model.NamedType) -> str | None:
    """Return the name of the file whose root is the type, if any."""
    if named.origin is None or named.origin.pointer:
        return None
    return named.origin.source.name


def _same_kind(name: str, other: str, old: Types, new: Types) -> bool:
    return type(old[name]) is type(new[other])


# --- files ----------------------------------------------------------------------------------------


def top_level_types(parsed: Parsed) -> set[str]:
    """Return the full names of types defined at the root of a file, or in a list at its root."""
    return {
        named.name
        for named in parsed.types.values()
        if named.origin is not None
        and named.name not in parsed.imported
        and len(named.origin.pointer) <= 1
        and all(isinstance(step, int) for step in named.origin.pointer)
    }


def file_roots(parsed: Parsed) -> dict[str, Root]:
    """Return the roots of files that are not definitions, by the names of the files."""
    return {
        root.source.name: root for root in parsed.roots if not is_definition(root, parsed.types)
    }


def _matched_files(old: Parsed, new: Parsed) -> dict[str, str]:
    """Return names of new files by names of old ones: a moved file keeps its name or content."""
    before, after = file_roots(old), file_roots(new)
    matches = {name: name for name in before if name in after}
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in removed:
        moved = [
            other
            for other in added
            if PurePosixPath(other).name == PurePosixPath(name).name
            or _version(before[name], old).is_equal_to(_version(after[other], new))
        ]
        if moved:
            matches[name] = moved[0]
            added.remove(moved[0])
    return matches


def _version(root: Root, parsed: Parsed) -> Version:
    return Version(root.type, parsed.types)
