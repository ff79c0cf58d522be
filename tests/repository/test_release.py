"""The workflow of releases: no passwords, pinned actions, and no more permissions than needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from avrogen import __version__
from tests.conftest import ROOT

FILE = ROOT / ".github/workflows/release.yml"
TEXT = FILE.read_text("utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS: list[dict[str, Any]] = [step for job in JOBS.values() for step in job["steps"]]


def used(job: str) -> list[str]:
    """Names of the actions of a job."""
    return [step["uses"].partition("@")[0] for step in JOBS[job]["steps"] if "uses" in step]


def test_it_runs_for_tags_only() -> None:
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML takes "on" for a truth value


def test_actions_are_pinned_to_commits() -> None:
    lines = [line for line in TEXT.splitlines() if "uses:" in line]
    assert len(lines) >= 8
    for line in lines:
        assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_there_is_no_password() -> None:
    assert "secrets" not in TEXT
    assert "password" not in str(WORKFLOW)


def test_only_the_job_that_publishes_may_publish_and_it_runs_no_code() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS["build"]["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "id-token" in job["permissions"]] == ["publish"]
    assert JOBS["publish"]["environment"]["name"] == "pypi"
    assert not [step for step in JOBS["publish"]["steps"] if "run" in step]


def test_files_are_attested_before_they_are_published() -> None:
    assert used("publish") == [
        "actions/download-artifact",
        "actions/attest-build-provenance",
        "actions/attest-sbom",
        "pypa/gh-action-pypi-publish",
    ]
    assert JOBS["publish"]["steps"][-1]["with"]["attestations"] is True


def test_nothing_is_put_into_a_script_by_the_workflow() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), ("v9.9.9", 1), ("v", 1)])
def test_a_tag_is_that_of_the_version(tag: str, code: int, tmp_path: Path) -> None:
    (script,) = (
        step["run"] for step in STEPS if step.get("name", "").startswith("Compare the tag")
    )
    (tmp_path / "avrogen").mkdir()
    shutil.copy(ROOT / "avrogen/version.py", tmp_path / "avrogen")
    run = subprocess.run(
        ["bash", "-e", "-c", script], cwd=tmp_path, env={"GITHUB_REF_NAME": tag}, check=False
    )
    assert run.returncode == code
