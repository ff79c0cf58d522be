"""A whole check: from paths to what there is to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avrogen.avro.compat.levels import Direction, Level
from avrogen.avro.diagnostics import Severity
from avrogen.evolution.baselines import is_registry, old_snapshot
from avrogen.evolution.comparison import Comparisons, UnitResult, compare_units
from avrogen.evolution.findings import (
    Finding,
    as_error,
    break_findings,
    new_subject_finding,
    refusal_finding,
    removal_finding,
    removed_from_topic_finding,
    value_change_findings,
)
from avrogen.evolution.matching import Matching, match
from avrogen.evolution.removals import Removal, new_subjects, removals, removed_from_topics
from avrogen.evolution.snapshot import Snapshot, read_new_schemas
from avrogen.evolution.units import units

__all__ = ["Check", "check"]


@dataclass(frozen=True, slots=True)
class Check:
    """What came of a check.

    Attributes:
        against: what the schemas were compared with.
        level: how compatible they must be; None: as each subject asks for.
        findings: everything found, in the order of places.
        outcomes: what came of each type, file, key or subject; none, if the schemas have errors.
        removed: what is there no more.
    """

    against: str
    level: Level | None
    findings: tuple[Finding, ...]
    outcomes: tuple[UnitResult, ...] = ()
    removed: tuple[Removal, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything found is more than a warning."""
        return any(f.diagnostic.severity is Severity.ERROR for f in self.findings)


def check(schemas: Sequence[Path], where: str, level: Level | None, *, strict: bool) -> Check:
    """Compare schemas with older ones.

    Args:
        schemas: existing files and folders.
        where: what to compare with: the URL of a registry, or else see
            :func:`avrogen.evolution.baselines.old_snapshot`.
        level: how compatible they must be; None: BACKWARD, or as subjects of a registry ask for.
        strict: whether changes of values are errors.

    Raises:
        WhereError: there is nothing to compare with, or nothing to compare.
        ImportError: the registry's client is not installed.
    """
    if is_registry(where):
        return _check_subjects(schemas, where, level, strict=strict)
    level = level or Level.BACKWARD
    old = old_snapshot(where, schemas)
    new = read_new_schemas(schemas)
    if not new.is_valid:
        return Check(where, level, _sorted(map(Finding, new.errors), strict))
    now = Snapshot("", new.parsed, new.config.topics)
    matching = match(old.parsed, new.parsed)
    comparisons = compare_units(units(old, now, matching, level))
    removed: list[Removal] = []
    if Direction.BACKWARD in level.directions and _covers(schemas, where):
        removed = list(removals(old, now, matching, _top(schemas[0])))
    errors = map(Finding, new.without_missing({removal.name for removal in removed}))
    findings = [
        *errors,
        *_of_comparisons(comparisons),
        *_of_names(old, now, matching, level, removed),
    ]
    return Check(where, level, _sorted(findings, strict), comparisons.outcomes, tuple(removed))


def _check_subjects(
    schemas: Sequence[Path], where: str, level: Level | None, *, strict: bool
) -> Check:
    from avrogen.evolution.registry_baseline import connected, refusals, registry_at, subject_units

    new = read_new_schemas(schemas)
    there = registry_at(where, new.config)
    findings = list(map(Finding, new.errors))
    if findings:
        return Check(there.url, level, _sorted(findings, strict))
    with connected(there) as registry:
        comparisons = compare_units(subject_units(registry, there, schemas, new, level))
        findings += _of_comparisons(comparisons)
        if level is None:
            for outcome, reasons in refusals(registry, comparisons.outcomes):
                findings.append(refusal_finding(outcome.unit, reasons))
    return Check(there.url, level, _sorted(findings, strict), comparisons.outcomes)


def _of_comparisons(comparisons: Comparisons) -> Iterator[Finding]:
    yield from break_findings(comparisons.breaks)
    yield from value_change_findings(comparisons.silent)


def _of_names(
    old: Snapshot, new: Snapshot, matching: Matching, level: Level, removed: Iterable[Removal]
) -> Iterator[Finding]:
    """What is there no more, or by another name."""
    for removal in removed:
        yield removal_finding(removal, old.name)
    if Direction.BACKWARD in level.directions:
        for taken in removed_from_topics(old, new, matching):
            yield removed_from_topic_finding(taken, old.name)
    if level is not Level.NONE:
        for renamed in new_subjects(new, matching):
            yield new_subject_finding(renamed, old.name)


def _sorted(findings: Iterable[Finding], strict: bool) -> tuple[Finding, ...]:
    """In the order of places, as diagnostics are."""
    graded = map(as_error, findings) if strict else findings
    return tuple(
        sorted(
            graded,
            key=lambda f: (f.diagnostic.location, f.diagnostic.code.id, f.diagnostic.message),
        )
    )


def _covers(schemas: Sequence[Path], where: str) -> bool:
    """Whether what is missing is gone: single files are not all that there is in a folder."""
    return any(path.is_dir() for path in schemas) or not Path(where).is_dir()


def _top(path: Path) -> PurePosixPath:
    """The folder that schemas are in."""
    return PurePosixPath((path if path.is_dir() else path.parent).as_posix())
