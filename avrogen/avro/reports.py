"""Reports: the diagnostics of a run as text for people, and in the formats of CI systems.

    text     lines for people
    json     a list of objects, for tools
    github   workflow commands: annotations of GitHub Actions
    sarif    SARIF 2.1.0 (OASIS), for code scanning of GitHub, Azure DevOps and IDEs
    junit    JUnit XML, for the test reports of Jenkins, GitLab and others
    gitlab   a Code Quality report of GitLab

Text from schemas is data in each: it cannot end an element, an annotation or a string.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias, assert_never
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from avrogen.avro.diagnostics import Diagnostic, Severity
from avrogen.avro.model import Json
from avrogen.message_text import printable
from avrogen.version import __version__

__all__ = ["FORMATS", "Format", "diagnostic_object", "report"]

Format: TypeAlias = Literal["text", "json", "github", "sarif", "junit", "gitlab"]

FORMATS: Final[tuple[Format, ...]] = ("text", "json", "github", "sarif", "junit", "gitlab")
"""All formats."""


def report(diagnostics: Iterable[Diagnostic], style: Format) -> str:
    """Return all diagnostics of a run in a format; in text and github "" if there are none.

    ``json`` is a list of objects with the members code, severity, path, line, column, message and
    hint (a string or null). The other formats are documents, also if there are no diagnostics.
    """
    match style:
        case "text":
            return "\n".join(map(str, diagnostics))
        case "json":
            return json.dumps([diagnostic_object(d) for d in diagnostics], indent=2)
        case "github":
            return "\n".join(map(_workflow_command, diagnostics))
        case "sarif":
            return json.dumps(_sarif(list(diagnostics)), indent=2)
        case "junit":
            return _junit(list(diagnostics))
        case "gitlab":
            return json.dumps(_code_quality(diagnostics), indent=2)
        case _:
            assert_never(style)


def diagnostic_object(diagnostic: Diagnostic) -> dict[str, Json]:
    """Return the object of a diagnostic in ``json``."""
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.severity.value,
        "path": diagnostic.location.path,
        "line": diagnostic.location.line,
        "column": diagnostic.location.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def _full_text(diagnostic: Diagnostic) -> str:
    """Return message, notes and hint, each in a line."""
    notes = [f"note: {note}" for note in diagnostic.notes]
    hint = [f"hint: {diagnostic.hint}"] if diagnostic.hint else []
    return "\n".join((diagnostic.message, *notes, *hint))


# --- GitHub ---------------------------------------------------------------------------------------


def _workflow_command(diagnostic: Diagnostic) -> str:
    """Return an annotation (GitHub, "Workflow commands for GitHub Actions")."""
    command = "error" if diagnostic.severity is Severity.ERROR else "warning"
    location = diagnostic.location
    return (
        f"::{command} file={_property(printable(location.path))},line={location.line},"
        f"col={location.column},title={diagnostic.code.id}::{_data(_full_text(diagnostic))}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- SARIF ----------------------------------------------------------------------------------------

_SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def _sarif(diagnostics: Sequence[Diagnostic]) -> Json:
    codes = sorted({d.code for d in diagnostics}, key=lambda code: code.id)
    rules: list[Json] = [
        {
            "id": code.id,
            "shortDescription": {"text": code.title},
            "help": {"text": f"{code.title}: avrogen explain {code.id}"},
            "defaultConfiguration": {"level": code.severity.value},
        }
        for code in codes
    ]
    prints = _fingerprints(diagnostics)
    results: list[Json] = [
        {
            "ruleId": found.code.id,
            "ruleIndex": codes.index(found.code),
            "level": found.severity.value,
            "message": {"text": _full_text(found)},
            "locations": [{"physicalLocation": _physical_location(found)}],
            "partialFingerprints": {"avrogen/v1": fingerprint},
        }
        for found, fingerprint in zip(diagnostics, prints, strict=True)
    ]
    driver: Json = {"name": "avrogen", "version": __version__, "rules": rules}
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _physical_location(diagnostic: Diagnostic) -> Json:
    location = diagnostic.location
    path = quote(location.path, errors="surrogatepass")
    artifact: Json = {"uri": path, "uriBaseId": "%SRCROOT%"}
    if path.startswith("/"):
        artifact = {"uri": f"file://{path}"}
    region: Json = {"startLine": location.line, "startColumn": location.column}
    return {"artifactLocation": artifact, "region": region}


# --- JUnit ----------------------------------------------------------------------------------------

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that an XML document must not have, escaped or not (XML 1.0, "Char")."""


def _junit(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a test suite with a test case for each diagnostic, or one that passed.

    Errors and findings of lint are failures; other warnings are output of test cases that passed.
    """
    cases = list(map(_test_case, diagnostics))
    failures = sum(_is_failure(found) for found in diagnostics)
    if not cases:
        cases = ['    <testcase name="avrogen" classname="avrogen"/>']
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="avrogen" {counts}>',
            f'  <testsuite name="avrogen" {counts} skipped="0">',
            *cases,
            "  </testsuite>",
            "</testsuites>",
        )
    )


def _is_failure(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR or diagnostic.code.is_lint_rule


def _test_case(diagnostic: Diagnostic) -> str:
    location = diagnostic.location
    path = printable(location.path)
    name = _attribute(f"{diagnostic.code.id} {path}:{location.line}:{location.column}")
    text = escape(_xml(str(diagnostic)))
    if _is_failure(diagnostic):
        message = _attribute(diagnostic.message)
        content = f'<failure type="{diagnostic.code.id}" message={message}>{text}</failure>'
    else:
        content = f"<system-out>{text}</system-out>"
    case = f"name={name} classname={_attribute(path)} file={_attribute(path)}"
    return f'    <testcase {case} line="{location.line}">{content}</testcase>'


def _attribute(text: str) -> str:
    return quoteattr(_xml(text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _xml(text: str) -> str:
    return _NO_XML.sub(lambda match: ascii(match[0])[1:-1], text)


# --- GitLab ---------------------------------------------------------------------------------------


def _code_quality(diagnostics: Iterable[Diagnostic]) -> Json:
    """Return a report of GitLab's Code Quality, a subset of the Code Climate specification."""
    found = list(diagnostics)
    return [
        {
            "description": diagnostic.message,
            "check_name": diagnostic.code.id,
            "fingerprint": fingerprint,
            "severity": "major" if diagnostic.severity is Severity.ERROR else "minor",
            "location": {
                "path": printable(diagnostic.location.path),
                "lines": {"begin": diagnostic.location.line},
            },
        }
        for diagnostic, fingerprint in zip(found, _fingerprints(found), strict=True)
    ]


def _fingerprints(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return a text for each diagnostic that stays the same when lines move, and is unique."""
    counts: Counter[tuple[str, str, str]] = Counter()
    found: list[str] = []
    for each in diagnostics:
        key = each.code.id, each.location.path, each.message
        counts[key] += 1
        text = "\0".join((*key, str(counts[key])))
        found.append(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return found
