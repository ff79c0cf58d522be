"""Results of the registry commands, as text and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from avrogen.avro.diagnostics import diagnostic_object
from avrogen.avro.model import Json
from avrogen.kafka.registry.data_contracts import DataContract, contract_json
from avrogen.message_text import printable
from avrogen.registry_sync.commands import PullResult, RegisterResult, StatusResult
from avrogen.registry_sync.register import RegisterOutcome, SubjectResult
from avrogen.registry_sync.status import SubjectState, SubjectStatus

__all__ = ["pull_json", "pull_text", "register_json", "register_text", "status_json", "status_text"]

_ADVICE = "hint: avrogen check SCHEMAS --against URL shows the place and how to fix it"


def status_text(result: StatusResult) -> str:
    """Return a line for each subject, with reasons below it, and a summary."""
    statuses = result.statuses
    rows = [(s.subject, s.state, _version(s), s.title) for s in statuses]
    notes = [[*s.reasons, *map(str, s.warnings), *_contract_lines(s.contract)] for s in statuses]
    lines = _table(rows, notes)
    if any(status.state is SubjectState.BROKEN for status in statuses):
        lines.append(_ADVICE)
    return "\n".join([*lines, _summary(status.state for status in statuses)])


def status_json(result: StatusResult) -> str:
    """Return the JSON document of docs/registry-commands.md."""
    subjects: list[Json] = [_status_json(status) for status in result.statuses]
    return _dump({"registry": result.url, "subjects": subjects})


def register_text(result: RegisterResult) -> str:
    """Return a line for each subject, with reasons below it, and a summary."""
    subjects = result.results
    outcomes = [_outcome(subject, result.dry_run) for subject in subjects]
    rows = [
        (s.status.subject, outcome, _version(s.status), s.status.title)
        for s, outcome in zip(subjects, outcomes, strict=True)
    ]
    notes = [
        [*subject.reasons, *_contract_lines(subject.status.contract), *_kept(subject, outcome)]
        for subject, outcome in zip(subjects, outcomes, strict=True)
    ]
    lines = _table(rows, notes)
    if any(subject.status.state is SubjectState.BROKEN for subject in subjects):
        lines.append(_ADVICE)
    return "\n".join([*lines, _summary(outcomes)])


def register_json(result: RegisterResult) -> str:
    """Return the JSON document of docs/registry-commands.md."""
    subjects: list[Json] = [
        {
            **_status_json(subject.status),
            "result": _outcome(subject, result.dry_run),
            "reasons": [*subject.reasons],
        }
        for subject in result.results
    ]
    head: dict[str, Json] = {"registry": result.url, "dry_run": result.dry_run}
    return _dump({**head, "subjects": subjects})


def pull_text(result: PullResult, folder: Path) -> str:
    """Return a line for each pulled subject, and a summary of files."""
    entries = [result.plan.lock.subjects[name] for name in result.subjects]
    rows = [(e.name, f"version {e.version}", f"id {e.id}", e.files[0]) for e in entries]
    notes = [
        [*map(str, result.warnings.get(e.name, ())), *_contract_lines(e.contract)] for e in entries
    ]
    changes = result.plan.changes
    return "\n".join(
        [
            *_table(rows, notes),
            f"{folder.as_posix()}: {len(changes.write)} written, {len(changes.remove)} removed, "
            f"{len(changes.unchanged)} unchanged",
        ]
    )


def pull_json(result: PullResult) -> str:
    """Return the JSON document of docs/registry-commands.md."""
    changes = result.plan.changes
    entries = [result.plan.lock.subjects[name] for name in result.subjects]
    subjects: list[Json] = [
        {
            "subject": e.name,
            "version": e.version,
            "id": e.id,
            "files": [*e.files],
            "warnings": [diagnostic_object(each) for each in result.warnings.get(e.name, ())],
            **contract_json(e.contract),
        }
        for e in entries
    ]
    files: Json = {
        "written": [*sorted(changes.write)],
        "removed": [*changes.remove],
        "unchanged": len(changes.unchanged),
    }
    return _dump({"registry": result.url, "subjects": subjects, "files": files})


def _status_json(status: SubjectStatus) -> dict[str, Json]:
    registered = status.registered
    return {
        "subject": status.subject,
        "type": status.title,
        "state": status.state,
        "version": None if registered is None else registered.version,
        "id": None if registered is None else registered.id,
        "latest": status.latest,
        "level": status.level,
        "locked": status.locked,
        "reasons": [*status.reasons],
        "warnings": [diagnostic_object(problem) for problem in status.warnings],
        **contract_json(status.contract),
    }


def _contract_lines(contract: DataContract | None) -> list[str]:
    """Return a line for each rule of a data contract, and one for its metadata."""
    if contract is None:
        return []
    lines = [str(rule) for rule in contract.rules]
    if contract.metadata is not None:
        lines.append(f"metadata: {json.dumps(contract.metadata, ensure_ascii=False)}")
    return lines


def _kept(subject: SubjectResult, outcome: str) -> list[str]:
    """Return a line if a new version has the rules and metadata of the version before it."""
    status = subject.status
    if status.contract is None or outcome not in (RegisterOutcome.REGISTERED, _WOULD_REGISTER):
        return []
    return [f"the new version keeps the rules and metadata of version {status.latest}"]


_WOULD_REGISTER = "would be registered"


def _outcome(subject: SubjectResult, dry_run: bool) -> str:
    new = subject.status.state in (SubjectState.NEW, SubjectState.CHANGED)
    return _WOULD_REGISTER if dry_run and new else subject.outcome


def _version(status: SubjectStatus) -> str:
    registered, latest = status.registered, status.latest
    if registered is None:
        return "" if latest is None else f"latest {latest}"
    behind = latest is not None and registered.version < latest
    return f"version {registered.version}" + (f" of {latest}" if behind else "")


def _table(rows: Sequence[tuple[str, ...]], notes: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned columns, with the notes of a row below it."""
    shown = [tuple(map(_cell, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines: list[str] = []
    for row, below in zip(shown, notes, strict=True):
        lines.append("  ".join(map(str.ljust, row, widths)).rstrip())
        lines += [f"    {_cell(note)}" for note in below]
    return lines


def _summary(states: Iterable[str]) -> str:
    counted = Counter(states)
    subjects = "1 subject" if counted.total() == 1 else f"{counted.total()} subjects"
    return f"{subjects}: " + ", ".join(f"{count} {state}" for state, count in counted.items())


def _cell(text: str) -> str:
    """Return a text on one line, without control characters that a registry may have sent."""
    return printable(" ".join(text.split()))


def _dump(tree: Json) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)
