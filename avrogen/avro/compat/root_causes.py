"""Root causes of incompatibilities: the definitions that have to change.

Avro Java reports that a union lacks a branch for a type even if it has that branch and the branch
cannot read the type. The cause is then inside the branch, which may be used in many places. Here
every pair of definitions is compared once, whatever refers to it: a change of a type that a
thousand others use is one cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.checker import (
    branch_missing,
    is_same_kind,
    is_trivial,
    may_read,
    named_differences,
    too_many_pairs,
    type_mismatch,
)
from avrogen.avro.compat.paths import (
    Incompatibility,
    IncompatibilityType,
    LocatedIncompatibility,
    PairPath,
    SchemaPart,
    TypePair,
)
from avrogen.avro.names import short_name
from avrogen.avro.resolution import (
    BranchIndex,
    ComparisonSteps,
    TooManyPairs,
    Types,
    is_promotable,
)
from avrogen.avro.source import Pointer

__all__ = ["CauseKey", "RootCause", "RootCauses", "closest_branch"]

_Names: TypeAlias = tuple[str, str]
"""Full names of a reader's and a writer's definition."""

CauseKey: TypeAlias = tuple[IncompatibilityType, str, str, Pointer, str, Pointer]
"""Kind, message, and place in the reader's and in the writer's schema."""


class RootCause(NamedTuple):
    """The root cause of an incompatibility, in the definition that has it.

    Attributes:
        found: the incompatibility; its paths begin at the definition.
        reported: the incompatibility that Avro Java and Confluent's registry report for it.
    """

    found: LocatedIncompatibility
    reported: Incompatibility

    @property
    def reader(self) -> SchemaPart:
        """The part of the reader's schema."""
        return self.found.reader

    @property
    def writer(self) -> SchemaPart:
        """The part of the writer's schema."""
        return self.found.writer

    @property
    def key(self) -> CauseKey:
        """Key that is equal for equal causes, in whatever schemas they are found."""
        reader, writer = self.reader, self.writer
        return (
            self.found.type,
            self.found.message,
            reader.owner,
            reader.pointer,
            writer.owner,
            writer.pointer,
        )


class RootCauses:
    """Finder of the root causes of incompatibilities between the types of two schemas.

    Args:
        reader_types: named types of the reader, by full name.
        writer_types: likewise.
        renames: for names of the writer's types the probable new names in the reader's, if no
            alias connects the two.
    """

    def __init__(
        self,
        reader_types: Types,
        writer_types: Types,
        renames: Mapping[str, str] | None = None,
    ) -> None:
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._renames = renames or {}
        self._needs: dict[_Names, _Needs] = {}
        self._readable: dict[_Names, bool] = {}
        self._branches = BranchIndex(reader_types)
        self._steps = ComparisonSteps(reader_types, writer_types)

    def between(self, reader: model.AvroType, writer: model.AvroType) -> Iterator[RootCause]:
        """Yield every cause once, depth first; nothing, if all data can be read.

        Schemas with too many pairs of types to compare are incompatible for that reason.
        """
        try:
            yield from self._between(reader, writer)
        except TooManyPairs as error:
            reported = too_many_pairs(error)
            pair = TypePair(reader, writer)
            found = LocatedIncompatibility(reported.type, reported.message, pair)
            yield RootCause(found, reported)

    def _between(self, reader: model.AvroType, writer: model.AvroType) -> Iterator[RootCause]:
        needs = self._of(TypePair(reader, writer))
        self._settle(needs)
        seen: set[_Names] = set()
        found: dict[CauseKey, RootCause] = {}
        waiting = [self._failing(needs, None, None)]
        while waiting:
            step = next(waiting[-1], None)
            if step is None:
                waiting.pop()
            elif isinstance(step, RootCause):
                found.setdefault(step.key, step)
            elif step.names not in seen:
                seen.add(step.names)
                waiting.append(self._failing(self._needs[step.names], step.around, step.reported))
        yield from found.values()

    # --- needs ------------------------------------------------------------------------------------

    def _of(self, pair: TypePair) -> _Needs:
        self._steps.take()
        match pair.reader, pair.writer:
            case _, model.Union(branches):
                places = map(pair.place.writers_branch, range(len(branches)))
                pairs = map(TypePair, [pair.reader] * len(branches), branches, places)
                return [need for branch in pairs for need in self._of(branch)]
            case model.Union(branches), _:
                return self._choice(pair, branches)
            case one, other if is_trivial(one, other):
                return []
            case model.Array(one), model.Array(other):
                return self._of(TypePair(one, other, pair.place.step("items")))
            case model.Map(one), model.Map(other):
                return self._of(TypePair(one, other, pair.place.step("values")))
            case model.Reference(one), model.Reference(other) if self._is_same_kind(one, other):
                return [_Use((one, other), pair.place)]
            case _:
                return [type_mismatch(pair, self._reader_types, self._writer_types)]

    def _choice(self, pair: TypePair, branches: Sequence[model.AvroType]) -> _Needs:
        def branch(index: int) -> _Needs:
            return self._of(
                TypePair(branches[index], pair.writer, pair.place.readers_branch(index))
            )

        types = self._reader_types, self._writer_types
        assert isinstance(pair.reader, model.Union), "its branches are those of a union"
        likely = self._branches.candidates(pair.reader, pair.writer)
        candidates = [index for index in likely if may_read(branches[index], pair.writer, *types)]
        if any(is_trivial(branches[index], pair.writer) for index in candidates):
            return []
        index = closest_branch(
            pair.reader, pair.writer, self._reader_types, self._renames, self._branches
        )
        options = {candidate: branch(candidate) for candidate in candidates}
        closest = None if index is None else options.get(index) or branch(index)
        missing = branch_missing(pair, self._writer_types)
        return [_Choice(tuple(options.values()), closest, missing)]

    def _is_same_kind(self, one: str, other: str) -> bool:
        return is_same_kind(one, other, self._reader_types, self._writer_types)

    def _of_definitions(self, names: _Names) -> _Needs:
        one, other = names
        pair = TypePair(model.Reference(one), model.Reference(other), PairPath().enter(one, other))
        needs: _Needs = []
        for step in named_differences(pair, self._reader_types, self._writer_types):
            needs += self._of(step) if isinstance(step, TypePair) else [step]
        return needs

    # --- readable definitions ---------------------------------------------------------------------

    def _settle(self, needs: _Needs) -> None:
        """Determine the readable ones of all pairs of definitions that are needed.

        All are readable until proven otherwise, as records that contain each other are; if one is
        not, the pairs that need it are checked again.
        """
        needed_by: dict[_Names, list[_Names]] = {}
        waiting = list(_uses(needs))
        while waiting:
            names = waiting.pop()
            if names not in self._needs:
                self._steps.take_pair()
                self._needs[names] = self._of_definitions(names)
                self._readable[names] = True
                needed_by.setdefault(names, [])
                for inner in _uses(self._needs[names]):
                    needed_by.setdefault(inner, []).append(names)
                    waiting.append(inner)
        waiting = list(needed_by)
        while waiting:
            names = waiting.pop()
            if self._readable[names] and not self._are_met(self._needs[names]):
                self._readable[names] = False
                waiting.extend(needed_by.get(names, ()))

    def _are_met(self, needs: _Needs) -> bool:
        return all(map(self._is_met, needs))

    def _is_met(self, need: LocatedIncompatibility | _Use | _Choice) -> bool:
        self._steps.take()
        match need:
            case LocatedIncompatibility():
                return False
            case _Use(names):
                return self._readable[names]
            case _Choice(options):
                return any(map(self._are_met, options))

    # --- causes -----------------------------------------------------------------------------------

    def _failing(
        self, needs: _Needs, around: _Places | None, reported: Incompatibility | None
    ) -> Iterator[RootCause | _Step]:
        """Yield causes, and steps into definitions that contain causes.

        Args:
            needs: needs, of which some are not met.
            around: places around them.
            reported: incompatibility of a union around them, if there is one.
        """
        for need in needs:
            if self._is_met(need):
                continue
            match need:
                case LocatedIncompatibility():
                    yield RootCause(need, reported or _at(around, need))
                case _Use(names, place):
                    yield _Step(names, _Places(around, place), reported)
                case _Choice(_, closest, missing):
                    shown = reported or _at(around, missing)
                    if closest is None:
                        yield RootCause(missing, shown)
                    else:
                        yield from self._failing(closest, around, shown)


# --- needs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Use:
    """A need: a pair of definitions has to be readable."""

    names: _Names
    place: PairPath


@dataclass(frozen=True, slots=True)
class _Choice:
    """A need: one branch of a union of the reader has to read a type.

    Attributes:
        options: needs of each branch that may read the type.
        closest: needs of the branch that corresponds to the type, readable or not.
        missing: incompatibility if no branch corresponds to it.
    """

    options: tuple[_Needs, ...]
    closest: _Needs | None
    missing: LocatedIncompatibility


_Needs: TypeAlias = "list[LocatedIncompatibility | _Use | _Choice]"
"""Conditions for reading a type. An incompatibility is one that cannot be met."""


def _uses(needs: _Needs) -> Iterator[_Names]:
    for need in needs:
        match need:
            case LocatedIncompatibility():
                pass
            case _Use(names):
                yield names
            case _Choice(options, closest):
                for option in options:
                    yield from _uses(option)
                yield from _uses(closest or [])


# --- paths from the top ---------------------------------------------------------------------------


class _Places(NamedTuple):
    """Places in definitions, each inside the one before: a linked list, as they may be many."""

    before: _Places | None
    place: PairPath


class _Step(NamedTuple):
    """A step into a pair of definitions."""

    names: _Names
    around: _Places | None
    reported: Incompatibility | None


def _at(around: _Places | None, found: LocatedIncompatibility) -> Incompatibility:
    """Return an incompatibility in a definition with paths from the top."""
    places: list[PairPath] = []
    while around is not None:
        places.append(around.place)
        around = around.before
    incompatibility = found.incompatibility
    paths = [place.paths() for place in reversed(places)]
    paths.append((incompatibility.path, incompatibility.reader_path, incompatibility.writer_path))
    path, reader, writer = (_joined(column) for column in zip(*paths, strict=True))
    return Incompatibility(incompatibility.type, incompatibility.message, path, reader, writer)


def _joined(paths: Sequence[str]) -> str:
    return "".join(path for path in paths if path != "/") or "/"


# --- branches of unions ---------------------------------------------------------------------------


def closest_branch(
    reader: model.Union,
    writer: model.AvroType,
    reader_types: Types,
    renames: Mapping[str, str] | None = None,
    index: BranchIndex | None = None,
) -> int | None:
    """Return the position of the branch that corresponds to a type, which is not a union.

    That is the same type, one of its name, or else the first that it is promoted to. It need not be
    able to read all data: a record with another field is still the same record.

    Args:
        reader: the union.
        writer: the type.
        reader_types: named types that the union depends on, by full name.
        renames: for names of the writer's types the probable new names in the reader's, if no
            alias connects the two.
        index: index of the branches of the reader's unions; None: made here.
    """
    index = index or BranchIndex(reader_types)
    positions = set(index.candidates(reader, writer))
    if isinstance(writer, model.Reference) and renames and writer.name in renames:
        positions.update(index.candidates(reader, model.Reference(renames[writer.name])))
    ranked = [
        (rank, position)
        for position in positions
        if (rank := _rank(reader.branches[position], writer, reader_types, renames or {}))
        is not None
    ]
    return min(ranked)[1] if ranked else None


def _rank(
    reader: model.AvroType, writer: model.AvroType, reader_types: Types, renames: Mapping[str, str]
) -> int | None:
    """Return the distance of a type from another; None: they do not correspond."""
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            if one == other:
                return 0
            return 3 if is_promotable(one, other) else None
        case (model.Array(), model.Array()) | (model.Map(), model.Map()):
            return 0
        case model.Reference(one), model.Reference(other):
            if one == other:
                return 0
            if other in reader_types[one].aliases:
                return 1
            if short_name(one) == short_name(other):
                return 2
            return 3 if renames.get(other) == one else None
        case _:
            return None
