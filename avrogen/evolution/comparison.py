"""What is wrong with changes, each once, however many types and topics it breaks."""

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
    """One thing that a change does, and where it does it.

    Attributes:
        found: the cause of incompatibilities, or a change of values.
        direction: who cannot read what, or reads it otherwise.
        old: the version that it was found in comparison with first.
        units: all that it has an effect on.
        previous: names of all earlier versions that it has to do with.
    """

    found: Found
    direction: Direction
    old: Version
    units: list[ComparisonUnit] = field(default_factory=list[ComparisonUnit])
    previous: list[str] = field(default_factory=list[str])

    def add(self, unit: ComparisonUnit, previous: PreviousVersion) -> None:
        """Note one more comparison in which it was found."""
        if all(known is not unit for known in self.units):
            self.units.append(unit)
        if previous.name not in self.previous:
            self.previous.append(previous.name)


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What came of comparing a unit.

    Attributes:
        unit: what was compared.
        is_unchanged: whether it says what it said in all earlier versions.
        is_compatible: whether nothing is in the way.
        warnings: how many changes of values there are.
    """

    unit: ComparisonUnit
    is_unchanged: bool
    is_compatible: bool
    warnings: int


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What came of comparing everything.

    Attributes:
        outcomes: of each unit, in their order.
        breaks: what makes units incompatible.
        silent: what changes values.
    """

    outcomes: tuple[UnitResult, ...]
    breaks: tuple[Change[RootCause], ...]
    silent: tuple[Change[ValueChange], ...]


def compare_units(units: Iterable[ComparisonUnit]) -> Comparisons:
    """Compare every unit with its earlier versions, as far as its level asks for it."""
    breaks: dict[Hashable, Change[RootCause]] = {}
    silent: dict[Hashable, Change[ValueChange]] = {}
    outcomes: list[UnitResult] = []
    pairs = _Pairs()
    for unit in units:
        causes, changes = 0, set[Hashable]()
        is_unchanged = unit.is_unchanged
        for previous, direction in () if is_unchanged else _comparisons(unit):
            between = pairs.of(unit, previous, direction)
            for cause in between.causes(unit, previous):
                causes += 1
                key = (direction, cause.key, _top(unit, _new_part(cause, direction)))
                problem = breaks.setdefault(key, Change(cause, direction, previous.version))
                problem.add(unit, previous)
            for change in between.silent.between(unit.new.type, previous.version.type):
                silent_key = _silent_key(change, unit)
                changes.add(silent_key)
                changed = silent.setdefault(silent_key, Change(change, direction, previous.version))
                changed.add(unit, previous)
        outcomes.append(UnitResult(unit, is_unchanged, causes == 0, len(changes)))
    return Comparisons(tuple(outcomes), tuple(breaks.values()), tuple(silent.values()))


def _comparisons(unit: ComparisonUnit) -> Iterator[tuple[PreviousVersion, Direction]]:
    """Earlier versions, and who has to read what, in the order in which the registry asks."""
    for index in compared_versions(len(unit.previous), unit.level):
        for direction in unit.level.directions:
            yield unit.previous[index], direction


class _Between:
    """All types of a new and of an old version, in one direction."""

    def __init__(self, new: Types, previous: PreviousVersion, direction: Direction) -> None:
        old = previous.version.types
        self._direction = direction
        self.silent = ValueChangeFinder(new, old, direction)
        if direction is Direction.BACKWARD:
            self._causes = RootCauses(new, old, previous.renames)
        else:
            renames = {now: before for before, now in previous.renames.items()}
            self._causes = RootCauses(old, new, renames)

    def causes(self, unit: ComparisonUnit, previous: PreviousVersion) -> Iterator[RootCause]:
        new, old = unit.new.type, previous.version.type
        if self._direction is Direction.BACKWARD:
            return self._causes.between(new, old)
        return self._causes.between(old, new)


class _Pairs:
    """What is known of sets of types, which units share."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, Direction], tuple[_Between, Types, Types]] = {}

    def of(self, unit: ComparisonUnit, previous: PreviousVersion, direction: Direction) -> _Between:
        new, old = unit.new.types, previous.version.types
        key = id(new), id(old), direction
        if key not in self._known:
            # The types are kept, so that their ids stay theirs.
            self._known[key] = _Between(new, previous, direction), new, old
        return self._known[key][0]


def _new_part(cause: RootCause, direction: Direction) -> SchemaPart:
    return cause.reader if direction is Direction.BACKWARD else cause.writer


def _silent_key(change: ValueChange, unit: ComparisonUnit) -> Hashable:
    """Equal for equal changes, whoever reads."""
    return change.kind, change.message, change.new.owner, change.new.pointer, _top(unit, change.new)


def _top(unit: ComparisonUnit, part: SchemaPart) -> Hashable:
    """What tells parts from others that stand in no definition."""
    return (unit.kind, unit.name) if not part.owner else None
