"""What the commands found and did, as text for people and as JSON for tools."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from avrogen.avro.model import Json
from avrogen.registry_sync.commands import PullResult, RegisterResult, StatusResult
from avrogen.registry_sync.register import SubjectResult
from avrogen.registry_sync.status import SubjectState, SubjectStatus

__all__ = ["pull_json", "pull_text", "register_json", "register_text", "status_json", "status_text"]

_ADVICE = "hint: avrogen check SCHEMAS --against URL says where, and how to mend it"


def status_text(status: StatusResult) -> str:
    """A line for each subject, with reasons below it, and a summary."""
    standings = status.standings
    rows = [(s.subject, s.state, _version(s), s.title) for s in standings]
    lines = _table(rows, [standing.reasons for standing in standings])
    if any(standing.state is SubjectState.BROKEN for standing in standings):
        lines.append(_ADVICE)
    return "\n".join([*lines, _summary(standing.state for standing in standings)])


def status_json(status: StatusResult) -> str:
    """See ``docs/registry-commands.md``."""
    subjects: list[Json] = [_standing_json(standing) for standing in status.standings]
    return _dumped({"registry": status.url, "subjects": subjects})


def register_text(registration: RegisterResult) -> str:
    """A line for each subject, with reasons below it, and a summary."""
    outcomes = registration.outcomes
    results = [_result(outcome, registration.dry_run) for outcome in outcomes]
    rows = [
        (o.standing.subject, result, _version(o.standing), o.standing.title)
        for o, result in zip(outcomes, results, strict=True)
    ]
    lines = _table(rows, [outcome.reasons for outcome in outcomes])
    if any(outcome.standing.state is SubjectState.BROKEN for outcome in outcomes):
        lines.append(_ADVICE)
    return "\n".join([*lines, _summary(results)])


def register_json(registration: RegisterResult) -> str:
    """See ``docs/registry-commands.md``."""
    subjects: list[Json] = [
        {
            **_standing_json(outcome.standing),
            "result": _result(outcome, registration.dry_run),
            "reasons": [*outcome.reasons],
        }
        for outcome in registration.outcomes
    ]
    head: dict[str, Json] = {"registry": registration.url, "dry_run": registration.dry_run}
    return _dumped({**head, "subjects": subjects})


def pull_text(pulled: PullResult, folder: Path) -> str:
    """A line for each subject that was pulled, and a summary of files."""
    entries = [pulled.pull.lock.subjects[name] for name in pulled.subjects]
    rows = [(e.name, f"version {e.version}", f"id {e.id}", e.files[0]) for e in entries]
    changes = pulled.pull.changes
    return "\n".join(
        [
            *_table(rows, [()] * len(rows)),
            f"{folder.as_posix()}: {len(changes.write)} written, {len(changes.remove)} removed, "
            f"{len(changes.unchanged)} unchanged",
        ]
    )


def pull_json(pulled: PullResult) -> str:
    """See ``docs/registry-commands.md``."""
    changes = pulled.pull.changes
    entries = [pulled.pull.lock.subjects[name] for name in pulled.subjects]
    subjects: list[Json] = [
        {"subject": e.name, "version": e.version, "id": e.id, "files": [*e.files]} for e in entries
    ]
    files: Json = {
        "written": [*sorted(changes.write)],
        "removed": [*changes.remove],
        "unchanged": len(changes.unchanged),
    }
    return _dumped({"registry": pulled.url, "subjects": subjects, "files": files})


def _standing_json(standing: SubjectStatus) -> dict[str, Json]:
    registered = standing.registered
    return {
        "subject": standing.subject,
        "type": standing.title,
        "state": standing.state,
        "version": None if registered is None else registered.version,
        "id": None if registered is None else registered.id,
        "latest": standing.latest,
        "level": standing.level,
        "locked": standing.locked,
        "reasons": [*standing.reasons],
    }


def _result(outcome: SubjectResult, dry_run: bool) -> str:
    new = outcome.standing.state in (SubjectState.NEW, SubjectState.CHANGED)
    return "would be registered" if dry_run and new else outcome.result


def _version(standing: SubjectStatus) -> str:
    registered, latest = standing.registered, standing.latest
    if registered is None:
        return "" if latest is None else f"latest {latest}"
    behind = latest is not None and registered.version < latest
    return f"version {registered.version}" + (f" of {latest}" if behind else "")


def _table(rows: Sequence[tuple[str, ...]], notes: Sequence[Sequence[str]]) -> list[str]:
    """Columns, each as wide as its widest cell, and notes below the rows that they are about."""
    shown = [tuple(map(_shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines: list[str] = []
    for row, below in zip(shown, notes, strict=True):
        lines.append("  ".join(map(str.ljust, row, widths)).rstrip())
        lines += [f"    {_shown(note)}" for note in below]
    return lines


def _summary(states: Iterable[str]) -> str:
    counted = Counter(states)
    subjects = "1 subject" if counted.total() == 1 else f"{counted.total()} subjects"
    return f"{subjects}: " + ", ".join(f"{count} {state}" for state, count in counted.items())


def _shown(text: str) -> str:
    """In one line: a registry may answer anything, and terminals obey some of it."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _dumped(tree: Json) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)
