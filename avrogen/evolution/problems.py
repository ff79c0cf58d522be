"""What is wrong with changes, each once, however many types and topics it breaks."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from avrogen.avro.causes import Cause, causes
from avrogen.avro.compatibility import Comparison
from avrogen.avro.history import Direction, Version, compared_versions
from avrogen.avro.incompatibility import Incompatibility
from avrogen.avro.places import Pair, Part
from avrogen.avro.silent import SilentChange, silent_changes
from avrogen.evolution.units import Previous, Unit

__all__ = ["Comparisons", "Outcome", "Problem", "compare_units"]

Found = TypeVar("Found", Cause, SilentChange)


@dataclass(frozen=True, slots=True)
class Problem(Generic[Found]):
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
    units: list[Unit] = field(default_factory=list[Unit])
    previous: list[str] = field(default_factory=list[str])

    def add(self, unit: Unit, previous: Previous) -> None:
        """Note one more comparison in which it was found."""
        if all(known is not unit for known in self.units):
            self.units.append(unit)
        if previous.name not in self.previous:
            self.previous.append(previous.name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of comparing a unit.

    Attributes:
        unit: what was compared.
        incompatibilities: what the registry would report, with the version and the direction.
        warnings: how many changes of values there are.
    """

    unit: Unit
    incompatibilities: tuple[tuple[Previous, Direction, Incompatibility], ...]
    warnings: int


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What came of comparing everything.

    Attributes:
        outcomes: of each unit, in their order.
        breaks: what makes units incompatible.
        silent: what changes values.
    """

    outcomes: tuple[Outcome, ...]
    breaks: tuple[Problem[Cause], ...]
    silent: tuple[Problem[SilentChange], ...]


def compare_units(units: Iterable[Unit]) -> Comparisons:
    """Compare every unit with its earlier versions, as far as its level asks for it."""
    breaks: dict[Hashable, Problem[Cause]] = {}
    silent: dict[Hashable, Problem[SilentChange]] = {}
    outcomes: list[Outcome] = []
    for unit in units:
        incompatible: list[tuple[Previous, Direction, Incompatibility]] = []
        warnings: set[Hashable] = set()
        for previous, direction in _comparisons(unit):
            found = _Found(unit, previous, direction)
            incompatible.extend((previous, direction, one) for one in found.incompatibilities)
            for cause in found.causes():
                cause_key = (direction, cause.key, _top(unit, _new_part(cause, direction)))
                problem = breaks.setdefault(cause_key, Problem(cause, direction, previous.version))
                problem.add(unit, previous)
            for change in silent_changes(unit.new, previous.version, direction):
                key = _silent_key(change, unit)
                warnings.add(key)
                changed = silent.setdefault(key, Problem(change, direction, previous.version))
                changed.add(unit, previous)
        outcomes.append(Outcome(unit, tuple(incompatible), len(warnings)))
    return Comparisons(tuple(outcomes), tuple(breaks.values()), tuple(silent.values()))


class _Found:
    """A unit against one earlier version, in one direction."""

    def __init__(self, unit: Unit, previous: Previous, direction: Direction) -> None:
        if direction is Direction.BACKWARD:
            self._reader, self._writer = unit.new, previous.version
            self._renames = previous.renames
        else:
            self._reader, self._writer = previous.version, unit.new
            self._renames = {now: before for before, now in previous.renames.items()}
        self._comparison = Comparison(self._reader.types, self._writer.types)
        self._found = self._comparison.run(Pair(self._reader.type, self._writer.type))

    @property
    def incompatibilities(self) -> Iterator[Incompatibility]:
        return (found.incompatibility for found in self._found)

    def causes(self) -> Iterator[Cause]:
        return causes(self._comparison, self._found, self._reader.types, self._renames)


def _comparisons(unit: Unit) -> Iterator[tuple[Previous, Direction]]:
    if not unit.is_unchanged:
        for index in compared_versions(len(unit.previous), unit.level):
            for direction in unit.level.directions:
                yield unit.previous[index], direction


def _new_part(cause: Cause, direction: Direction) -> Part:
    return cause.found.reader if direction is Direction.BACKWARD else cause.found.writer


def _silent_key(change: SilentChange, unit: Unit) -> Hashable:
    """Equal for equal changes, whoever reads."""
    return change.kind, change.message, change.new.owner, change.new.pointer, _top(unit, change.new)


def _top(unit: Unit, part: Part) -> Hashable:
    """What tells parts from others that stand in no definition."""
    return (unit.kind, unit.name) if not part.owner else None
