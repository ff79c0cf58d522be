"""A check as text for people, JSON for tools and commands for GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from avrogen.avro.compat.levels import confluent_message, violations
from avrogen.avro.diagnostics import Format, Severity, diagnostic_object, one_line, report
from avrogen.avro.model import Json
from avrogen.evolution.check import Check
from avrogen.evolution.comparison import UnitResult
from avrogen.evolution.findings import Finding
from avrogen.evolution.removals import Removal
from avrogen.evolution.units import UnitKind

__all__ = ["findings_text", "verdicts_text"]


def findings_text(check: Check, style: Format) -> str:
    """What was found, as ``avrogen build`` reports what it finds; "" if there is nothing to show.

    For ``json``, see docs/evolution.md.
    """
    if style == "json":
        return json.dumps([_finding(finding) for finding in check.findings], indent=2)
    return report((finding.diagnostic for finding in check.findings), style)


def verdicts_text(check: Check, style: Format) -> str:
    """What became of every type: a line for each that has changed, or JSON for all of them."""
    if style == "json":
        return json.dumps(_document(check), indent=2)
    return "\n".join([*_lines(check), _summary(check)])


# --- text -----------------------------------------------------------------------------------------


def _lines(check: Check) -> Iterator[str]:
    for outcome in check.outcomes:
        verdict = _verdict(outcome)
        if verdict != "unchanged":
            yield one_line(f"{outcome.unit.title}: {verdict}{_remarks(outcome)}")
    for removal in check.removed:
        yield one_line(f"{removal.name}: removed")


def _remarks(outcome: UnitResult) -> str:
    unit, warnings = outcome.unit, outcome.warnings
    remarks = [f"formerly {unit.formerly}"] if unit.formerly else []
    if unit.kind is UnitKind.SUBJECT and unit.previous:
        remarks.append(f"{unit.level}, {', '.join(previous.name for previous in unit.previous)}")
    if warnings:
        remarks.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    return f" ({', '.join(remarks)})" if remarks else ""


def _verdict(outcome: UnitResult) -> str:
    if not outcome.is_compatible:
        return "incompatible"
    if not outcome.unit.previous:
        return "new"
    return "unchanged" if outcome.is_unchanged else "compatible"


def _summary(check: Check) -> str:
    counts = {verdict: 0 for verdict in ("incompatible", "compatible", "new", "unchanged")}
    for outcome in check.outcomes:
        counts[_verdict(outcome)] += 1
    counts["removed"] = len(check.removed)
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    errors = sum(f.diagnostic.severity is Severity.ERROR for f in check.findings)
    warnings = len(check.findings) - errors
    parts += [f"{errors} error{'s' if errors > 1 else ''}"] if errors else []
    parts += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    level = f"{check.level} " if check.level else ""
    return f"{level}against {one_line(check.against)}: {', '.join(parts) or 'nothing'}"


# --- JSON -----------------------------------------------------------------------------------------


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        **diagnostic_object(finding.diagnostic),
        "type": finding.type,
        "directions": list(finding.directions),
        "new_path": finding.new_path,
        "old_path": finding.old_path,
        "registry": list(finding.registry),
        "affected": list(finding.affected),
        "previous": list(finding.previous),
    }


def _document(check: Check) -> dict[str, Json]:
    verdicts: list[Json] = [_outcome(outcome) for outcome in check.outcomes]
    verdicts += [_removal(removal, check) for removal in check.removed]
    return {
        "against": check.against,
        "level": check.level,
        "compatible": not check.has_errors,
        "verdicts": verdicts,
    }


def _removal(removal: Removal, check: Check) -> Json:
    return {
        "kind": UnitKind.TYPE if removal.what == "type" else UnitKind.FILE,
        "name": removal.name,
        "verdict": "removed",
        "topics": list(removal.topics),
        "formerly": None,
        "level": check.level,
        "previous": [check.against],
        "warnings": 0,
        "incompatibilities": [],
    }


def _outcome(outcome: UnitResult) -> dict[str, Json]:
    unit = outcome.unit
    return {
        "kind": unit.kind,
        "name": unit.name,
        "verdict": _verdict(outcome),
        "topics": list(unit.topics),
        "formerly": unit.formerly,
        "level": unit.level,
        "previous": [previous.name for previous in unit.previous],
        "warnings": outcome.warnings,
        "incompatibilities": list(_incompatibilities(outcome)),
    }


def _incompatibilities(outcome: UnitResult) -> Iterator[Json]:
    """What the registry would report, to the letter."""
    unit = outcome.unit
    if outcome.is_compatible:
        return
    for breach in violations(unit.new, [old.version for old in unit.previous], unit.level):
        for found in breach.incompatibilities:
            yield {
                "previous": unit.previous[breach.index].name,
                "direction": breach.direction,
                "type": found.type,
                "message": found.message,
                "path": found.path,
                "reader_path": found.reader_path,
                "writer_path": found.writer_path,
                "registry": confluent_message(found, breach.direction.reader),
            }
