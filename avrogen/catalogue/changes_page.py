"""Page of changes: what :mod:`avrogen.evolution` finds between a baseline and the schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Severity
from avrogen.catalogue.catalogue_model import CatalogueModel
from avrogen.catalogue.urls import CatalogueUrls
from avrogen.catalogue.views import Link
from avrogen.evolution.check import Check, check
from avrogen.evolution.check_report import verdict_of
from avrogen.evolution.units import UnitKind

__all__ = ["ChangesSection", "changes_section", "checks_since"]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding of the checker, in its words."""

    code: str
    severity: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A type, file or subject that has changed.

    Attributes:
        unit: link to its page, or its name.
        verdict: ``new``, ``compatible``, ``incompatible`` or ``removed``.
        note: topics, and the former name; of a subject, its compatibility level and the versions
            that it was compared with.
    """

    unit: Link
    verdict: str
    note: str


@dataclass(frozen=True, slots=True)
class ChangesSection:
    """Everything that has changed since a baseline.

    Attributes:
        since: the baseline.
        anchor: place on the page.
        level: compatibility level of the comparison; "": each subject has its own.
        rows: what has changed.
        findings: findings of the checker.
    """

    since: str
    anchor: str
    level: str
    rows: tuple[ChangeRow, ...]
    findings: tuple[FindingRow, ...]


def checks_since(baselines: Sequence[str], schemas: Sequence[Path]) -> list[Check]:
    """Compare schemas with baselines, each as :func:`avrogen.evolution.check.check` does.

    Args:
        baselines: folders, packages, ``git:REF``, or URLs of registries.
        schemas: existing files and folders.

    Raises:
        BaselineError: there is no such baseline.
        ImportError: the registry's client is not installed.
    """
    return [check(schemas, baseline, None, strict=False) for baseline in baselines]


def changes_section(
    found: Check, number: int, catalogue: CatalogueModel, urls: CatalogueUrls
) -> ChangesSection:
    """Contents of a section.

    Args:
        found: the result of the checker.
        number: its place on the page.
        catalogue: everything.
        urls: where pages are.
    """
    return ChangesSection(
        since=found.against,
        anchor=f"since-{number}",
        level=found.level or "",
        rows=tuple(_rows(found, catalogue, urls)),
        findings=tuple(
            FindingRow(
                finding.diagnostic.code.id,
                "breaking" if finding.diagnostic.severity is Severity.ERROR else "note",
                finding.diagnostic.message,
                finding.diagnostic.hint or "",
            )
            for finding in found.findings
        ),
    )


def _rows(found: Check, catalogue: CatalogueModel, urls: CatalogueUrls) -> Iterator[ChangeRow]:
    for result in found.results:
        verdict, unit = verdict_of(result), result.unit
        if verdict == "unchanged":
            continue
        notes = [f"formerly {unit.formerly}"] if unit.formerly else []
        notes += unit.topics
        if unit.kind is UnitKind.SUBJECT:
            notes += [unit.level, *(previous.name for previous in unit.previous)]
        href = urls.types.get(unit.name) or urls.topics.get(unit.name, "")
        yield ChangeRow(Link(unit.title, href), verdict, ", ".join(notes))
    for removal in found.removed:
        yield ChangeRow(Link(removal.name), "removed", ", ".join(removal.topics))
