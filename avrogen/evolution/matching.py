"""Which type of a new version is which of an old one: by name, by alias, or by the look of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePosixPath
from typing import NamedTuple

from avrogen.avro import model
from avrogen.avro.compat.levels import Version
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

_ALIKE = 0.5
"""The share of fields or symbols that two types have in common which may be one."""


class MatchReason(Enum):
    """What says that two types are one."""

    NAME = auto()
    """They have the same full name."""
    ALIAS = auto()
    """The new one has the old one's full name as an alias."""
    NAMESPACE = auto()
    """They have the same short name, and neither full name is in both versions."""
    LIKENESS = auto()
    """They have much in common, and neither name is in both versions."""


class Match(NamedTuple):
    """An old type, and the new one that it became."""

    old: str
    new: str
    how: MatchReason


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of what.

    Attributes:
        types: by full names of old types.
        files: names of new files by those of the old ones that they were; of files that have
            something beside a definition at their top.
    """

    types: Mapping[str, Match]
    files: Mapping[str, str]


def match(old: Parsed, new: Parsed) -> Matching:
    """What of an old version is what of a new one."""
    return Matching(matched_types(old.types, new.types), _matched_files(old, new))


def matched_types(old: Types, new: Types) -> dict[str, Match]:
    """By full names of old types; those that became nothing are left out."""
    matches: dict[str, Match] = {}
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    for name in old:
        if name in new:
            matches[name] = Match(name, name, MatchReason.NAME)
    for name in come:
        for alias in new[name].aliases:
            if alias in gone and alias not in matches:
                matches[alias] = Match(alias, name, MatchReason.ALIAS)
    taken = {match.new for match in matches.values()}
    for name in (name for name in gone if name not in matches):
        same = [other for other in come if short_name(other) == short_name(name)]
        free = [other for other in same if other not in taken and _same_kind(name, other, old, new)]
        if free:
            matches[name] = Match(name, free[0], MatchReason.NAMESPACE)
            taken.add(free[0])
    rest = [name for name in gone if name not in matches]
    for name, other in _alike(rest, [name for name in come if name not in taken], old, new):
        matches[name] = Match(name, other, MatchReason.LIKENESS)
    return matches


def _alike(
    gone: Iterable[str], come: Iterable[str], old: Types, new: Types
) -> Iterator[tuple[str, str]]:
    """Pairs of types that have most in common, each type once."""
    come = list(come)
    scored = [(-_likeness(old[one], new[other]), one, other) for one in gone for other in come]
    used: set[str] = set()
    for score, one, other in sorted(scored):
        if -score >= _ALIKE and not {f"old {one}", f"new {other}"} & used:
            used |= {f"old {one}", f"new {other}"}
            yield one, other


def _likeness(old: model.NamedType, new: model.NamedType) -> float:
    """How much two types look like one, from 0 to 1. Being at the top of one file speaks for it."""
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
    """The name of the file that a type is at the top of."""
    if named.origin is None or named.origin.pointer:
        return None
    return named.origin.source.name


def _same_kind(name: str, other: str, old: Types, new: Types) -> bool:
    return type(old[name]) is type(new[other])


# --- what files have at their top -----------------------------------------------------------------


def top_level_types(parsed: Parsed) -> set[str]:
    """Full names of types that are defined at the top of a file, or in a list at its top."""
    return {
        named.name
        for named in parsed.types.values()
        if named.origin is not None
        and len(named.origin.pointer) <= 1
        and all(isinstance(step, int) for step in named.origin.pointer)
    }


def file_roots(parsed: Parsed) -> dict[str, Root]:
    """What files have at their top beside a definition, by the names of the files."""
    return {
        root.source.name: root for root in parsed.roots if not is_definition(root, parsed.types)
    }


def _matched_files(old: Parsed, new: Parsed) -> dict[str, str]:
    """Names of new files by names of the old ones: a file that was moved keeps its name or its
    content."""
    before, after = file_roots(old), file_roots(new)
    matches = {name: name for name in before if name in after}
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    for name in gone:
        moved = [
            other
            for other in come
            if PurePosixPath(other).name == PurePosixPath(name).name
            or _version(before[name], old).is_equal_to(_version(after[other], new))
        ]
        if moved:
            matches[name] = moved[0]
            come.remove(moved[0])
    return matches


def _version(root: Root, parsed: Parsed) -> Version:
    return Version(root.type, parsed.types)
