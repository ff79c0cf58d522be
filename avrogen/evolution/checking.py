"""A whole check: from paths to what there is to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avrogen.avro.diagnostics import Code, Diagnostics, Severity
from avrogen.avro.history import Direction, Level
from avrogen.avro.parser import parse_sources
from avrogen.compiler.config import read_config
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.topics import check_topics
from avrogen.evolution.findings import (
    Finding,
    break_findings,
    new_subject_finding,
    raised,
    removal_finding,
    silent_findings,
    taken_off_finding,
)
from avrogen.evolution.problems import Comparisons, Outcome, compare_units
from avrogen.evolution.removals import Removal, new_subjects, removals, taken_off
from avrogen.evolution.snapshots import Snapshot, WhereError
from avrogen.evolution.units import units
from avrogen.evolution.where import old_snapshot

__all__ = ["Check", "check"]


@dataclass(frozen=True, slots=True)
class Check:
    """What came of a check.

    Attributes:
        against: what the schemas were compared with.
        level: how compatible they must be.
        findings: everything found, in the order of places.
        outcomes: what came of each type, file and key; none, if the schemas have errors.
        removed: what is there no more.
    """

    against: str
    level: Level
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...] = ()
    removed: tuple[Removal, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything found is more than a warning."""
        return any(f.diagnostic.severity is Severity.ERROR for f in self.findings)


def check(schemas: Sequence[Path], where: str, level: Level, *, strict: bool) -> Check:
    """Compare schemas with older ones.

    Args:
        schemas: existing files and folders.
        where: what to compare with; see :func:`avrogen.evolution.where.old_snapshot`.
        level: how compatible they must be.
        strict: whether changes of values are errors.

    Raises:
        WhereError: there is nothing to compare with, or nothing to compare.
    """
    old = old_snapshot(where, schemas)
    new, problems = _new_snapshot(schemas, old)
    if new is None:
        return Check(where, level, _sorted(problems, strict))
    comparisons = compare_units(units(old, new, level))
    removed: list[Removal] = []
    if Direction.BACKWARD in level.directions:
        removed = list(removals(old, new, _top(schemas[0])))
    findings = [*problems, *_findings(old, new, level, comparisons, removed)]
    return Check(where, level, _sorted(findings, strict), comparisons.outcomes, tuple(removed))


def _new_snapshot(schemas: Sequence[Path], old: Snapshot) -> tuple[Snapshot | None, list[Finding]]:
    """The schemas, if they have no errors; and what is wrong with them and their configuration.

    Warnings about schemas as they are belong to ``avrogen build``. That a topic carries a type
    which was removed is said when removals are looked for.
    """
    diagnostics = Diagnostics()
    sources = read_sources(schemas, diagnostics)
    if not sources and not diagnostics:
        raise WhereError(f"There are no .avsc files in {' '.join(map(str, schemas))}.")
    config = read_config(schemas, diagnostics)
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    has_errors = diagnostics.has_errors
    known = {*parsed.types, *old.parsed.types}
    if not has_errors:
        check_topics(config, parsed.types, diagnostics)
    removed = {
        topic.place.value("value", index)
        for topic in config.topics
        for index, name in enumerate(topic.value)
        if name in known and name not in parsed.types
    }
    findings = [
        Finding(d)
        for d in diagnostics
        if d.severity is Severity.ERROR
        and not (d.code is Code.TOPIC_TYPE and d.location in removed)
    ]
    if has_errors:
        return None, findings
    return Snapshot("", parsed, config.topics), findings


def _findings(
    old: Snapshot,
    new: Snapshot,
    level: Level,
    comparisons: Comparisons,
    removed: Iterable[Removal],
) -> Iterator[Finding]:
    yield from break_findings(comparisons.breaks)
    yield from silent_findings(comparisons.silent)
    for removal in removed:
        yield removal_finding(removal, old.name)
    if Direction.BACKWARD in level.directions:
        for taken in taken_off(old, new):
            yield taken_off_finding(taken, old.name)
    if level is not Level.NONE:
        for renamed in new_subjects(old, new):
            yield new_subject_finding(renamed, old.name)


def _sorted(findings: Iterable[Finding], strict: bool) -> tuple[Finding, ...]:
    """In the order of places, as diagnostics are."""
    inherited = (raised(finding) if strict else finding for finding in findings)
    return tuple(
        sorted(
            inherited,
            key=lambda f: (f.diagnostic.location, f.diagnostic.code.id, f.diagnostic.message),
        )
    )


def _top(path: Path) -> PurePosixPath:
    """The folder that schemas are in."""
    return PurePosixPath((path if path.is_dir() else path.parent).as_posix())
