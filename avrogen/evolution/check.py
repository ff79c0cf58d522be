"""One check: from the arguments of ``avrogen check`` to findings and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avrogen.avro.compat.levels import Direction, Level
from avrogen.avro.diagnostics import Diagnostic, Severity
from avrogen.config.config import Config
from avrogen.evolution.baselines import is_registry, read_baseline
from avrogen.evolution.comparison import Comparisons, UnitResult, compare_units
from avrogen.evolution.findings import (
    Finding,
    as_error,
    breaking_change_findings,
    name_change_finding,
    new_subject_finding,
    rejection_finding,
    removal_finding,
    removed_from_topic_finding,
    topic_change_finding,
    value_change_findings,
)
from avrogen.evolution.matching import Matching, match
from avrogen.evolution.name_changes import name_changes
from avrogen.evolution.removals import (
    Removal,
    added_type,
    new_subjects,
    removals,
    removed_from_topics,
    topic_changes,
)
from avrogen.evolution.snapshot import Snapshot, read_new_schemas
from avrogen.evolution.units import units
from avrogen.kafka.topic import subject_name

__all__ = ["Check", "check"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check.

    Attributes:
        against: baseline.
        level: required compatibility level; None: that of each subject.
        findings: all findings, in the order of places.
        results: results of all units; empty if the schemas have errors.
        removed: removed types and files.
    """

    against: str
    level: Level | None
    findings: tuple[Finding, ...]
    results: tuple[UnitResult, ...] = ()
    removed: tuple[Removal, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Return whether any finding is an error."""
        return any(f.diagnostic.severity is Severity.ERROR for f in self.findings)


def check(schemas: Sequence[Path], baseline: str, level: Level | None, *, strict: bool) -> Check:
    """Compare schemas with a baseline.

    Args:
        schemas: existing files and folders.
        baseline: URL of a registry, or see :func:`avrogen.evolution.baselines.read_baseline`.
        level: required compatibility level; None: BACKWARD, or that of each subject.
        strict: report value-changing changes as errors.

    Raises:
        BaselineError: there is no baseline, or there are no schemas to compare with it.
        ImportError: the registry's client is not installed.
    """
    if is_registry(baseline):
        return _check_subjects(schemas, baseline, level, strict=strict)
    level = level or Level.BACKWARD
    old = read_baseline(baseline, schemas)
    new = read_new_schemas(schemas)
    if not new.is_valid:
        return Check(baseline, level, _sorted(map(Finding, new.errors), strict))
    now = Snapshot("", new.parsed, new.config.topics)
    matching = match(old.parsed, new.parsed)
    comparisons = compare_units(units(old, now, matching, level))
    removed: list[Removal] = []
    if Direction.BACKWARD in level.directions and _is_whole_folder(schemas, baseline):
        removed = list(removals(old, now, matching, _schema_folder(schemas[0])))
    errors = map(Finding, new.without_missing({removal.name for removal in removed}))
    whole = _is_whole_folder(schemas, baseline)
    renamed = name_changes(old.parsed, new.parsed, new.config.names, whole=whole)
    findings = [
        *map(Finding, old.tolerated),
        *map(Finding, new.noticed),
        *errors,
        *(name_change_finding(change, old.name) for change in renamed),
        *_comparison_findings(comparisons),
        *_name_findings(old, now, matching, level, removed),
    ]
    return Check(baseline, level, _sorted(findings, strict), comparisons.results, tuple(removed))


def _check_subjects(
    schemas: Sequence[Path], baseline: str, level: Level | None, *, strict: bool
) -> Check:
    from avrogen.evolution.registry_baseline import (
        connected,
        connection_of,
        rejections,
        subject_units,
    )

    new = read_new_schemas(schemas)
    connection = connection_of(baseline, new.config)
    findings = list(map(Finding, new.errors))
    if findings:
        return Check(connection.url, level, _sorted(findings, strict))
    with connected(connection) as registry:
        comparisons = compare_units(subject_units(registry, connection.url, schemas, new, level))
        findings += map(Finding, (*new.noticed, *_tolerated(comparisons.results)))
        findings += _comparison_findings(comparisons)
        findings += _new_subjects_of_topics(new.config, comparisons.results, connection.url)
        if level is None:
            for result, reasons in rejections(registry, comparisons.results):
                findings.append(rejection_finding(result.unit, reasons))
    return Check(connection.url, level, _sorted(findings, strict), comparisons.results)


def _tolerated(results: Iterable[UnitResult]) -> dict[Diagnostic, None]:
    """Return what was tolerated in registered versions, each once."""
    versions = (version for result in results for version in result.unit.previous)
    return dict.fromkeys(problem for version in versions for problem in version.tolerated)


def _new_subjects_of_topics(
    config: Config, results: Sequence[UnitResult], registry: str
) -> Iterator[Finding]:
    """Yield the findings about types without a version, on topics whose other types have some.

    A new subject has no level of its own yet. That of the other types counts, the strictest.
    """
    units = {result.unit.name: result.unit for result in results}
    for topic in config.topics:
        subjects = {
            name: subject_name(topic.subject_strategy, topic.topic, "value", name)
            for name in topic.value
        }
        known = [unit for name in subjects.values() if (unit := units.get(name)) and unit.previous]
        for name, subject in subjects.items():
            if known and subject in units and not units[subject].previous:
                change = added_type(name, topic)
                level = max((unit.level for unit in known), key=_strictness)
                finding = topic_change_finding(change, level, registry)
                if finding is not None:
                    yield finding


def _strictness(level: Level) -> tuple[bool, int]:
    return Direction.FORWARD in level.directions, len(level.directions)


def _comparison_findings(comparisons: Comparisons) -> Iterator[Finding]:
    yield from breaking_change_findings(comparisons.breaking_changes)
    yield from value_change_findings(comparisons.value_changes)


def _name_findings(
    old: Snapshot, new: Snapshot, matching: Matching, level: Level, removed: Iterable[Removal]
) -> Iterator[Finding]:
    """Yield the findings about removed and renamed types."""
    for removal in removed:
        yield removal_finding(removal, old.name)
    if Direction.BACKWARD in level.directions:
        for off_topic in removed_from_topics(old, new, matching):
            yield removed_from_topic_finding(off_topic, old.name)
    for change in topic_changes(old, new, matching):
        finding = topic_change_finding(change, level, old.name)
        if finding is not None:
            yield finding
    if level is not Level.NONE:
        for renamed in new_subjects(new, matching):
            yield new_subject_finding(renamed, old.name)


def _sorted(findings: Iterable[Finding], strict: bool) -> tuple[Finding, ...]:
    """Return findings in the order of places, as errors if the check is strict."""
    graded = map(as_error, findings) if strict else findings
    return tuple(
        sorted(
            graded,
            key=lambda f: (f.diagnostic.location, f.diagnostic.code.id, f.diagnostic.message),
        )
    )


def _is_whole_folder(schemas: Sequence[Path], baseline: str) -> bool:
    """Return whether missing types were removed; single files never cover a baseline folder."""
    return any(path.is_dir() for path in schemas) or not Path(baseline).is_dir()


def _schema_folder(path: Path) -> PurePosixPath:
    """Return the folder of the schemas."""
    return PurePosixPath((path if path.is_dir() else path.parent).as_posix())
