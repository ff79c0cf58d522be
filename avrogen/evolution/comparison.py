"""Comparison of units with their earlier versions: each change once, with all units it affects.

A change is the root cause of a breaking change, or a value-changing change, with the direction and
the units in which it was found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from avrogen.avro.compat.change_finder import ValueChangeFinder
from avrogen.avro.compat.levels import Direction, Version, compared_versions
from avrogen.avro.compat.paths import SchemaPart
from avrogen.avro.compat.root_causes import RootCause, RootCauses
from avrogen.avro.compat.value_changes import ValueChange
from avrogen.avro.resolution import Types
from avrogen.evolution.units import ComparisonUnit, PreviousVersion

__all__ = ["Change", "Comparisons", "UnitResult", "compare_units"]

Found = TypeVar("Found", RootCause, ValueChange)


@dataclass(frozen=True, slots=True)
class Change(Generic[Found]):
    """A breaking or value-changing change, with the comparisons in which it was found.

    Attributes:
        found: root cause of incompatibilities, or value change.
        direction: direction of the comparison: who reads whose data.
        old: earlier version for which it was found first.
        units: affected units.
        previous: names of all earlier versions for which it was found.
    """

    found: Found
    direction: Direction
    old: Version
    units: list[ComparisonUnit] = field(default_factory=list[ComparisonUnit])
    previous: list[str] = field(default_factory=list[str])

    def add(self, unit: ComparisonUnit, previous: PreviousVersion) -> None:
        """Record another comparison in which the change was found."""
        if all(known is not unit for known in self.units):
            self.units.append(unit)
        if previous.name not in self.previous:
            self.previous.append(previous.name)


@dataclass(frozen=True, slots=True)
class UnitResult:
    """The result for one unit.

    Attributes:
        unit: compared unit.
        is_unchanged: True if all earlier versions have the same meaning.
        is_compatible: True if there are no breaking changes.
        warnings: number of value-changing changes.
    """

    unit: ComparisonUnit
    is_unchanged: bool
    is_compatible: bool
    warnings: int


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The results of all units, and the changes found.

    Attributes:
        results: results of the units, in their order.
        breaking_changes: changes that make units incompatible.
        value_changes: changes that are compatible, but alter decoded values.
    """

    results: tuple[UnitResult, ...]
    breaking_changes: tuple[Change[RootCause], ...]
    value_changes: tuple[Change[ValueChange], ...]


def compare_units(units: Iterable[ComparisonUnit]) -> Comparisons:
    """Compare each unit with the earlier versions that its compatibility level requires."""
    breaking: dict[Hashable, Change[RootCause]] = {}
    value_changing: dict[Hashable, Change[ValueChange]] = {}
    results: list[UnitResult] = []
    cache = _ComparisonCache()
    for unit in units:
        causes, warnings = 0, set[Hashable]()
        is_unchanged = unit.is_unchanged
        for previous, direction in () if is_unchanged else _compared_pairs(unit):
            comparison = cache.get(unit, previous, direction)
            for cause in comparison.root_causes(unit, previous):
                causes += 1
                key = (direction, cause.key, _root_key(unit, _new_part(cause, direction)))
                change = breaking.setdefault(key, Change(cause, direction, previous.version))
                change.add(unit, previous)
            for found in comparison.value_changes(unit, previous):
                value_key = _value_change_key(found, unit)
                warnings.add(value_key)
                changed = value_changing.setdefault(
                    value_key, Change(found, direction, previous.version)
                )
                changed.add(unit, previous)
        results.append(UnitResult(unit, is_unchanged, causes == 0, len(warnings)))
    return Comparisons(tuple(results), tuple(breaking.values()), tuple(value_changing.values()))


def _compared_pairs(unit: ComparisonUnit) -> Iterator[tuple[PreviousVersion, Direction]]:
    """Yield the earlier versions and directions that a level requires, in the registry's order."""
    for index in compared_versions(len(unit.previous), unit.level):
        for direction in unit.level.directions:
            yield unit.previous[index], direction


class _Comparison:
    """A comparison of all types of a new and an old version, in one direction."""

    def __init__(self, new: Types, previous: PreviousVersion, direction: Direction) -> None:
        old = previous.version.types
        self._direction = direction
        self._value_changes = ValueChangeFinder(new, old, direction)
        if direction is Direction.BACKWARD:
            self._root_causes = RootCauses(new, old, previous.renames)
        else:
            renames = {now: before for before, now in previous.renames.items()}
            self._root_causes = RootCauses(old, new, renames)

    def root_causes(self, unit: ComparisonUnit, previous: PreviousVersion) -> Iterator[RootCause]:
        new, old = unit.new.type, previous.version.type
        if self._direction is Direction.BACKWARD:
            return self._root_causes.between(new, old)
        return self._root_causes.between(old, new)

    def value_changes(
        self, unit: ComparisonUnit, previous: PreviousVersion
    ) -> Iterator[ValueChange]:
        return self._value_changes.between(unit.new.type, previous.version.type)


class _ComparisonCache:
    """Comparisons by sets of types: units of one snapshot share theirs."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, Direction], tuple[_Comparison, Types, Types]] = {}

    def get(
        self, unit: ComparisonUnit, previous: PreviousVersion, direction: Direction
    ) -> _Comparison:
        new, old = unit.new.types, previous.version.types
        key = id(new), id(old), direction
        if key not in self._known:
            # The references keep the ids valid.
            self._known[key] = _Comparison(new, previous, direction), new, old
        return self._known[key][0]


def _new_part(cause: RootCause, direction: Direction) -> SchemaPart:
    return cause.reader if direction is Direction.BACKWARD else cause.writer


def _value_change_key(change: ValueChange, unit: ComparisonUnit) -> Hashable:
    """Return a key that is equal for equal changes in both directions."""
    return (
        change.kind,
        change.message,
        change.new.owner,
        change.new.pointer,
        _root_key(unit, change.new),
    )


def _root_key(unit: ComparisonUnit, part: SchemaPart) -> Hashable:
    """Return a key that identifies the unit of a part outside of definitions, else None."""
    return (unit.kind, unit.name) if not part.owner else None
