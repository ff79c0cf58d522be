"""Diagnostics as text for people, JSON for tools and commands for GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal, TypeAlias, assert_never

from avrogen.avro.diagnostics import Diagnostic, Severity
from avrogen.avro.model import Json

__all__ = ["Format", "diagnostic_object", "report"]

Format: TypeAlias = Literal["text", "json", "github"]


def report(diagnostics: Iterable[Diagnostic], style: Format) -> str:
    """All diagnostics of a run; "" if there are none to show.

    ``json`` is a list of objects with the members code, severity, path, line, column, message and
    hint (a string or null), also if there are none.
    """
    match style:
        case "text":
            return "\n".join(map(str, diagnostics))
        case "json":
            return json.dumps([diagnostic_object(d) for d in diagnostics], indent=2)
        case "github":
            return "\n".join(map(_workflow_command, diagnostics))
        case _:
            assert_never(style)


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """What ``json`` says of a diagnostic."""
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.severity.value,
        "path": diagnostic.location.path,
        "line": diagnostic.location.line,
        "column": diagnostic.location.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def _workflow_command(diagnostic: Diagnostic) -> str:
    """An annotation (GitHub, "Workflow commands for GitHub Actions")."""
    command = "error" if diagnostic.severity is Severity.ERROR else "warning"
    location = diagnostic.location
    notes = [f"note: {note}" for note in diagnostic.notes]
    hint = [f"hint: {diagnostic.hint}"] if diagnostic.hint else []
    text = "\n".join((diagnostic.message, *notes, *hint))
    return (
        f"::{command} file={_property(location.path)},line={location.line},"
        f"col={location.column},title={diagnostic.code.id}::{_data(text)}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
