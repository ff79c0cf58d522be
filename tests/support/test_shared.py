"""The shared cases are required where they are named, and skipped elsewhere, in CI as well.

``.ci/run`` names them if they lie beside the clone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.shared import find_folder

PROGRAM = """#!/bin/sh
echo "$AVROGEN_SHARED $AVROGEN_REQUIRE_SERVICES $*"
"""
"""Stands in for make, and for the browser that would be installed."""


@pytest.fixture(autouse=True, params=[None, "true"], ids=["at home", "in CI"])
def ci(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI makes no difference."""
    if request.param is None:
        monkeypatch.delenv("CI", raising=False)
    else:
        monkeypatch.setenv("CI", request.param)


def test_a_named_folder_is_taken(tmp_path: Path) -> None:
    assert find_folder(str(tmp_path), beside=tmp_path / "beside") == tmp_path


def test_a_named_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"AVROGEN_SHARED names .* not exist: .*/none"):
        find_folder(str(tmp_path / "none"), beside=tmp_path)


def test_the_folder_beside_the_checkout_is_taken(tmp_path: Path) -> None:
    assert find_folder("", beside=tmp_path) == tmp_path


def test_without_a_folder_tests_are_skipped(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="set AVROGEN_SHARED to their folder"):
        find_folder("", beside=tmp_path / "none")


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "absent"])
@pytest.mark.parametrize("named", ["/elsewhere", ""])
def test_ci_requires_what_lies_beside_the_clone(tmp_path: Path, beside: bool, named: str) -> None:
    (tmp_path / "clone/.ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", tmp_path / "clone/.ci")
    if beside:
        (tmp_path / "shared").mkdir()
    for name in ("make", "chromium"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(PROGRAM, "utf-8")
        program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    environment.pop("AVROGEN_REQUIRE_SERVICES", None)
    environment["AVROGEN_SHARED"] = named
    command = ["bash", str(tmp_path / "clone/.ci/run")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    expected = named or (str(tmp_path / "shared") if beside else "")
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{expected} 1 test\n", "")
