"""The GitHub action: its inputs are documented, and its script does as they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, run_avrogen
from tests.evolution.repositories import Repository

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
RUN: dict[str, Any] = ACTION["runs"]["steps"][-1]


def record(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "shop.R", "fields": [*fields]})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with schemas and their package, committed."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "r.avsc").write_text(record({"name": "a", "type": "int"}))
    out = tmp_path / "events"
    assert run_avrogen("build", tmp_path / "schemas", "-o", out).exit_code == 0
    repository = Repository(tmp_path)
    repository.commit_all()
    return repository


def run(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    given = {name: "" for name in RUN["env"]} | {"LINT": "true", "SCHEMAS": "schemas"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **given, **inputs, "PATH": path}
    command = ["bash", "-eo", "pipefail", "-c", RUN["run"]]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_inputs_are_documented() -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| ", page.split("| input |")[1], re.MULTILINE)
    assert rows[: len(ACTION["inputs"])] == list(ACTION["inputs"])
    read = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert read == set(ACTION["inputs"])


def test_no_input_is_code() -> None:
    """Values go through the environment: a branch may be named like a command."""
    assert all("${{" not in step.get("run", "") for step in ACTION["runs"]["steps"])


def test_nothing_found(repository: Repository) -> None:
    done = run(repository.folder, OUT="events", AGAINST="git:HEAD")
    assert done.returncode == 0, done.stderr
    assert "::error" not in done.stderr


def test_everything_is_annotated(repository: Repository) -> None:
    changed = record({"name": "a", "type": "int"}, {"name": "price", "type": "double"})
    (repository.folder / "schemas" / "r.avsc").write_text(changed)
    done = run(repository.folder, OUT="events", AGAINST="git:HEAD")
    assert done.returncode == 1
    annotations = done.stderr.splitlines()
    found = {match[1] for line in annotations if (match := re.search(r"title=(AVR\d+)", line))}
    assert {"AVR008", "AVR805", "AVR702"} <= found
    assert run(repository.folder, LINT="false").returncode == 0
    assert run(repository.folder, LINT="false", BEFORE="0" * 40).returncode == 0
