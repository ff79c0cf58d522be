"""Schemas that break generators: hostile texts, names that clash, sizes at the edge.

Valid ones become packages that can be imported and used, nothing of them is ever executed, and
nothing is written beside the output folder. Invalid ones are refused at a place.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_avrogen, write_schemas
from tests.support.exercise import Job, exercise
from tests.support.folders import snapshot
from tests.support.schema_meaning import meaning
from tests.support.shared import conformance

CHUNKS = 8
"""Tests that the cases are spread over: the cases of one share a process."""

PLACED_ERROR = re.compile(r"^.+:[1-9]\d*:[1-9]\d*: error\[AVR\d{3}\] ", re.MULTILINE)


def cases(file: str, chunk: int) -> list[dict[str, Any]]:
    return list(conformance(file))[chunk::CHUNKS]


def schema_files(case: dict[str, Any]) -> dict[str, Any]:
    return dict(case["files"]) if "files" in case else {"schema.avsc": case["schema"]}


def root_type(case: dict[str, Any]) -> str | None:
    """The full name of the type that the data of a case is of."""
    found = meaning(case["schema"])
    return found.type if isinstance(found.type, str) and found.type in found.definitions else None


def job_of(case: dict[str, Any], package: str) -> Job:
    """What to try with the package of a case; nothing but its import if there is no data."""
    if "schema" not in case or case.get("valid", True) is None:
        return Job(package, import_only=True)
    data = [case["hex"]] if "hex" in case else []
    return Job(package, root_type(case), data)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("file", ["codegen_hazards", "type_name_shadow"])
def test_hazards(tmp_path: Path, file: str, chunk: int) -> None:
    failures: list[str] = []
    jobs: list[Job] = []
    by_package: dict[str, dict[str, Any]] = {}
    for case in cases(file, chunk):
        package = case["id"].lower()
        folder = tmp_path / "schemas" / package
        folder.mkdir(parents=True)
        for path, content in schema_files(case).items():
            if path.endswith("/"):
                (folder / path).mkdir()
            else:
                write_schemas(folder, {path: content})
        out = tmp_path / "out" / package
        result = run_avrogen("build", folder, "-o", out)
        valid = case.get("valid", True)
        label = f"{case['id']} {case['name']}"
        if result.exit_code == 0:
            if valid is False:
                failures.append(f"{label}: accepted")
            jobs.append(job_of(case, package))
            by_package[package] = case
            paths = [p.relative_to(out).as_posix().lower() for p in out.rglob("*")]
            if len(paths) != len(set(paths)):
                failures.append(f"{label}: paths that differ in case only")
        elif valid is True:
            failures.append(f"{label}: refused: {result.stderr[:300]}")
        elif result.exit_code != 1 or not PLACED_ERROR.search(result.stderr):
            failures.append(f"{label}: no error with a place: {result.stderr[:300]}")
        elif out.exists():
            failures.append(f"{label}: refused, yet something was written")
    assert "AVROGEN_PWNED" not in os.environ
    assert {path.partition("/")[0] for path in snapshot(tmp_path)} <= {"schemas", "out"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(by_package)

    for outcome in exercise(jobs, tmp_path / "out"):
        case = by_package[outcome.package]
        wanted = job_of(case, outcome.package).data
        if outcome.problem or outcome.data != wanted:
            failures.append(f"{case['id']} {case['name']}: {outcome.problem or outcome.data}")
    assert not failures, "\n".join(failures)


def test_every_case_is_taken() -> None:
    for file in ("codegen_hazards", "type_name_shadow"):
        taken = [case["id"] for chunk in range(CHUNKS) for case in cases(file, chunk)]
        assert len(set(taken)) == len(taken) == len(list(conformance(file))) > 0


def test_docs_arrive_as_they_are(tmp_path: Path) -> None:
    """Text of a schema may end a string or a comment of Python's; it stays text."""
    hostile = 'a"""\n\'\'\'\\ \\N{DIGIT ONE} {x} {{y}} %s # \u2028 \x00 \r é \\" '
    schema = {
        "type": "record",
        "name": "R",
        "doc": hostile,
        "fields": [{"name": "a", "type": "string", "default": hostile, "doc": hostile}],
    }
    write_schemas(tmp_path / "schemas", {"r.avsc": json.dumps(schema)})
    result = run_avrogen("build", tmp_path / "schemas", "-o", tmp_path / "built")
    assert result.exit_code == 0, result.stderr
    (outcome,) = exercise([Job("built", "R")], tmp_path)
    assert outcome.problem is None
    assert outcome.schema is not None
    assert json.loads(outcome.schema)["doc"] == hostile
    assert json.loads(outcome.schema)["fields"][0]["default"] == hostile
