"""Reports of CI systems: every command, paths of the repository, and text that stays text."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest

from avrogen import Schema, SchemaError
from avrogen.avro.diagnostics import Code, Diagnostic, diagnostic
from avrogen.avro.reports import FORMATS, Format, report
from avrogen.avro.source import Location
from avrogen.cli.common import STYLES
from tests.conftest import run_avrogen

HOSTILE = 'a"]]><x>&amp;\x00\x1b[31m\ufffe\ud800\n::error::x\r##[add-mask]y%0A\u202e'
RECORD: dict[str, Any] = {
    "type": "record",
    "name": "shop.R",
    "fields": [{"name": "price", "type": "double"}],
}


def hostile() -> list[Diagnostic]:
    return [
        diagnostic(Code.UNKNOWN_TYPE, Location(HOSTILE, 3, 4), HOSTILE, HOSTILE, [HOSTILE]),
        diagnostic(Code.UNKNOWN_LOGICAL_TYPE, Location("a b/ü.avsc", 5, 6), "b"),
        diagnostic(Code.MONEY_TYPE, Location("/abs/c.avsc"), "c", "d"),
    ]


def test_formats_are_the_choices_of_commands() -> None:
    assert get_args(Format) == FORMATS == STYLES


def test_sarif() -> None:
    document = json.loads(report(hostile(), "sarif"))
    assert document["version"] == "2.1.0" and document["$schema"].endswith("2.1.0.json")
    (run,) = document["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["AVR008", "AVR203", "AVR502"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "warning"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"] and result["partialFingerprints"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0]["region"] == {"startLine": 3, "startColumn": 4}
    assert places[1]["artifactLocation"] == {
        "uri": "a%20b/%C3%BC.avsc",
        "uriBaseId": "%SRCROOT%",
    }
    assert places[2]["artifactLocation"] == {"uri": "file:///abs/c.avsc"}
    assert places[0]["artifactLocation"]["uri"].isascii()


def test_junit() -> None:
    root = ElementTree.fromstring(report(hostile(), "junit"))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "2")
    cases = root.findall("./testsuite/testcase")
    failures = [case.find("failure") for case in cases]
    assert [failure is not None for failure in failures] == [True, False, True]
    assert failures[0] is not None and "]]>" in (failures[0].text or "")
    assert cases[1].get("classname") == "a b/ü.avsc" and cases[1].find("system-out") is not None


def test_gitlab() -> None:
    found = json.loads(report(hostile(), "gitlab"))
    assert [each["severity"] for each in found] == ["major", "minor", "minor"]
    assert found[1]["location"] == {"path": "a b/ü.avsc", "lines": {"begin": 5}}
    assert len({each["fingerprint"] for each in found}) == 3


def test_fingerprints_do_not_change_when_lines_move() -> None:
    before = [diagnostic(Code.MONEY_TYPE, Location("a", n), "m") for n in (1, 2)]
    after = [diagnostic(Code.MONEY_TYPE, Location("a", n), "m") for n in (11, 12)]
    prints = [each["fingerprint"] for each in json.loads(report(before, "gitlab"))]
    assert prints == [each["fingerprint"] for each in json.loads(report(after, "gitlab"))]
    assert len(set(prints)) == 2


@pytest.mark.parametrize("style", ["sarif", "junit", "gitlab"])
def test_documents_of_nothing(style: Format) -> None:
    text = report([], style)
    if style == "junit":
        assert ElementTree.fromstring(text).get("failures") == "0"
    else:
        found = json.loads(text)
        assert (found["runs"][0]["results"] if style == "sarif" else found) == []


def paths(text: str, style: str) -> list[str]:
    """Paths of a report."""
    match style:
        case "github":
            return [line.split("file=")[1].split(",")[0] for line in text.splitlines()]
        case "junit":
            root = ElementTree.fromstring(text)
            return [case.get("file", "") for case in root.iter("testcase")]
        case "gitlab":
            return [each["location"]["path"] for each in json.loads(text)]
        case _:
            results = json.loads(text)["runs"][0]["results"]
            places = [result["locations"][0]["physicalLocation"] for result in results]
            return [place["artifactLocation"]["uri"] for place in places]


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one of a repository, with schemas, and a package that drifted."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    folder = tmp_path / "services" / "shop"
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "r.avsc").write_text(json.dumps(RECORD))
    monkeypatch.chdir(folder)
    assert run_avrogen("build", "schemas", "-o", "events").exit_code == 0
    init = folder / "events" / "__init__.py"
    lines = init.read_text().splitlines()
    lines[3] += "  # by hand"
    init.write_text("\n".join(lines) + "\n")
    (folder / "events" / "shop" / "_r.py").unlink()
    return folder


@pytest.mark.parametrize("style", ["github", "sarif", "junit", "gitlab"])
def test_drift_is_in_every_format(service: Path, style: str) -> None:
    run = run_avrogen("build", "schemas", "-o", "events", "--check", "--format", style)
    assert run.exit_code == 1
    assert paths(run.stderr, style) == [
        "services/shop/events/__init__.py",
        "services/shop/events/shop/_r.py",
    ]
    assert run.stderr.count("AVR702") >= 2
    if style == "github":
        assert "line=4," in run.stderr


@pytest.mark.parametrize("style", ["github", "sarif", "junit", "gitlab"])
def test_findings_of_lint_and_check_are_in_every_format(service: Path, style: str) -> None:
    run = run_avrogen("lint", "schemas", "--format", style)
    assert (run.exit_code, paths(run.stderr, style)) == (1, ["services/shop/schemas/r.avsc"])
    old = service / "old"
    old.mkdir()
    (old / "r.avsc").write_text(json.dumps({**RECORD, "fields": []}))
    run = run_avrogen("check", "schemas", "--against", "old", "--format", style)
    assert (run.exit_code, paths(run.stderr, style)) == (1, ["services/shop/schemas/r.avsc"])


@pytest.mark.parametrize("style", ["github", "sarif", "junit", "gitlab"])
def test_errors_for_a_registry_are_in_every_format(service: Path, style: str) -> None:
    (service / "schemas" / "r.avsc").write_text('{"type": "recrod"}')
    url = "http://127.0.0.1:9"
    run = run_avrogen("registry", "status", "schemas", "--url", url, "--format", style)
    assert (run.exit_code, paths(run.stderr, style)) == (1, ["services/shop/schemas/r.avsc"])


def test_drift_in_text_is_the_diff_alone(service: Path) -> None:
    run = run_avrogen("build", "schemas", "-o", "events", "--check")
    assert run.exit_code == 1 and "AVR702" not in run.output
    assert "-" in run.stdout and "# by hand" in run.stdout


def test_a_file_lists_a_thousand_errors() -> None:
    fields = ", ".join(f'{{"name": "f{n}", "type": "Unknown{n}"}}' for n in range(5000))
    with pytest.raises(SchemaError) as error:
        Schema.parse(f'{{"type": "record", "name": "R", "fields": [{fields}]}}')
    messages = [each.message for each in error.value.diagnostics]
    assert len(messages) == 1001
    assert messages[-1].endswith("(of one file, 1,000 errors are listed)")
    assert not messages[-2].endswith("listed)")
