"""Reports of a check: verdicts as text, verdicts and findings as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from avrogen.avro.compat.levels import confluent_message, violations
from avrogen.avro.diagnostics import Severity
from avrogen.avro.model import Json
from avrogen.avro.reports import Format, diagnostic_object
from avrogen.evolution.check import Check
from avrogen.evolution.comparison import UnitResult
from avrogen.evolution.findings import Finding
from avrogen.evolution.removals import Removal
from avrogen.evolution.units import UnitKind
from avrogen.message_text import printable

__all__ = ["findings_json", "verdict_of", "verdicts_text"]


def findings_json(check: Check) -> str:
    """Return the findings as JSON; its members are in docs/evolution.md."""
    return json.dumps([_finding(finding) for finding in check.findings], indent=2)


def verdicts_text(check: Check, style: Format) -> str:
    """Return the verdicts: a line for each changed unit, or JSON for all units."""
    if style == "json":
        return json.dumps(_document(check), indent=2)
    return "\n".join([*_lines(check), _summary(check)])


# --- text -----------------------------------------------------------------------------------------


def _lines(check: Check) -> Iterator[str]:
    for result in check.results:
        verdict = verdict_of(result)
        if verdict != "unchanged":
            yield printable(f"{result.unit.title}: {verdict}{_remarks(result)}")
    for removal in check.removed:
        yield printable(f"{removal.name}: removed")


def _remarks(result: UnitResult) -> str:
    unit, warnings = result.unit, result.warnings
    remarks = [f"formerly {unit.formerly}"] if unit.formerly else []
    if unit.kind is UnitKind.SUBJECT and unit.previous:
        remarks.append(f"{unit.level}, {', '.join(previous.name for previous in unit.previous)}")
    if warnings:
        remarks.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    return f" ({', '.join(remarks)})" if remarks else ""


def verdict_of(result: UnitResult) -> str:
    """Return the verdict on a unit: incompatible, new, unchanged or compatible."""
    if not result.is_compatible:
        return "incompatible"
    if not result.unit.previous:
        return "new"
    return "unchanged" if result.is_unchanged else "compatible"


def _summary(check: Check) -> str:
    counts = {verdict: 0 for verdict in ("incompatible", "compatible", "new", "unchanged")}
    for result in check.results:
        counts[verdict_of(result)] += 1
    counts["removed"] = len(check.removed)
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    errors = sum(f.diagnostic.severity is Severity.ERROR for f in check.findings)
    warnings = len(check.findings) - errors
    parts += [f"{errors} error{'s' if errors > 1 else ''}"] if errors else []
    parts += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    level = f"{check.level} " if check.level else ""
    return f"{level}against {printable(check.against)}: {', '.join(parts) or 'nothing to compare'}"


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
    verdicts: list[Json] = [_result(result) for result in check.results]
    verdicts += [_removal(removal, check) for removal in check.removed]
    return {
        "against": check.against,
        "level": check.level,
        "compatible": not check.has_errors,
        "verdicts": verdicts,
    }


def _removal(removal: Removal, check: Check) -> Json:
    return {
        "kind": UnitKind.TYPE if removal.kind == "type" else UnitKind.FILE,
        "name": removal.name,
        "verdict": "removed",
        "topics": list(removal.topics),
        "formerly": None,
        "level": check.level,
        "previous": [check.against],
        "warnings": 0,
        "incompatibilities": [],
    }


def _result(result: UnitResult) -> dict[str, Json]:
    unit = result.unit
    return {
        "kind": unit.kind,
        "name": unit.name,
        "verdict": verdict_of(result),
        "topics": list(unit.topics),
        "formerly": unit.formerly,
        "level": unit.level,
        "previous": [previous.name for previous in unit.previous],
        "warnings": result.warnings,
        "incompatibilities": list(_incompatibilities(result)),
    }


def _incompatibilities(result: UnitResult) -> Iterator[Json]:
    """Yield the incompatibilities exactly as the registry would report them."""
    unit = result.unit
    if result.is_compatible:
        return
    for violation in violations(unit.new, [old.version for old in unit.previous], unit.level):
        for found in violation.incompatibilities:
            yield {
                "previous": unit.previous[violation.index].name,
                "direction": violation.direction,
                "type": found.type,
                "message": found.message,
                "path": found.path,
                "reader_path": found.reader_path,
                "writer_path": found.writer_path,
                "registry": confluent_message(found, violation.direction.reader),
            }
