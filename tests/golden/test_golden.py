"""Golden cases: the build makes what is expected, and that can be imported, checked and read."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.golden.cases import CASES, GOLDEN, Case, built, described, differences, rewrite

PACKAGES = [case for case in CASES if case.package.is_dir()]
FILES = [
    path.relative_to(ROOT).as_posix()
    for case in PACKAGES
    for path in sorted(case.package.rglob("*.py"))
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_output_is_as_expected(case: Case, tmp_path: Path) -> None:
    """After an intended change, ``make golden`` writes the folders anew."""
    diff = differences(case.expected(), built(case, tmp_path))
    if diff:
        pytest.fail(f"{case.name} is built differently; make golden accepts it\n{diff}", False)


def test_there_are_enough_cases() -> None:
    """A glob that finds nothing would pass every other test."""
    assert len(CASES) >= 28
    assert len(PACKAGES) < len(CASES)


@pytest.mark.parametrize("case", PACKAGES, ids=[case.name for case in PACKAGES])
def test_packages_are_imported(case: Case) -> None:
    """Each module of it, and every name that it offers."""
    package = importlib.import_module(case.module)
    names = [m.name for m in pkgutil.walk_packages(package.__path__, f"{case.module}.")]
    for name in (case.module, *names):
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            assert getattr(module, public) is not None


@pytest.mark.xdist_group("golden types")
def test_mypy_accepts_all_packages() -> None:
    run = checked("mypy", "--strict", "--no-pretty", *FILES)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"no issues found in {len(FILES)} source files" in run.stdout


@pytest.mark.xdist_group("golden types")
def test_pyright_accepts_all_packages(tmp_path: Path) -> None:
    """They are copied side by side: the settings of the checkout leave them out."""
    for case in PACKAGES:
        copied = shutil.ignore_patterns("__pycache__")
        shutil.copytree(case.package, tmp_path / case.name, ignore=copied)
    settings = {"include": ["."], "typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    python = ("--pythonpath", sys.executable)
    run = checked("pyright", "--project", str(tmp_path), "--outputjson", *python)
    found = json.loads(run.stdout)
    assert found["generalDiagnostics"] == []
    assert found["summary"]["filesAnalyzed"] == len(FILES)


def test_black_would_change_nothing() -> None:
    run = checked("black", "--line-length=88", "--check", "--diff", "--quiet", *FILES)
    assert run.returncode == 0, run.stdout + run.stderr


def checked(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool in the checkout, with its settings."""
    return subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


# --- the folders ----------------------------------------------------------------------------------


def test_the_table_has_all_cases() -> None:
    """``README.md`` has a row for each case, in the order of names."""
    assert list(described()) == [case.name for case in CASES]


def test_names_are_names_of_packages() -> None:
    assert [case.name for case in CASES if not case.name.isidentifier()] == []
    assert [case.name for case in CASES if case.name in sys.stdlib_module_names] == []


def test_nothing_else_is_in_the_folders() -> None:
    """A folder without ``schemas/`` is no case, and would be compared with nothing."""
    folders = {path.name for path in GOLDEN.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == {case.name for case in CASES}
    for case in CASES:
        assert {path.name for path in case.folder.iterdir()} == {"schemas", "expected"}


def test_a_difference_is_shown() -> None:
    """A changed line, a file too many, one that is missing, and other line ends."""
    expected = {"a.py": "x = 1\n", "gone.py": "y\n", "empty": "", "ends": "z\n", "same": "s\n"}
    found = {"a.py": "x = 2\n", "new.py": "y\n", "ends": "z\r\n", "same": "s\n"}
    assert differences(expected, expected) == ""
    assert differences(expected, found).splitlines() == [
        "--- expected/a.py",
        "+++ built/a.py",
        "@@ -1 +1 @@",
        "-x = 1",
        "+x = 2",
        "--- expected/empty",
        "+++ built/empty (no such file)",
        "--- expected/ends",
        "+++ built/ends",
        "--- expected/gone.py",
        "+++ built/gone.py (no such file)",
        "@@ -1 +0,0 @@",
        "-y",
        "--- expected/new.py (no such file)",
        "+++ built/new.py",
        "@@ -0,0 +1 @@",
        "+y",
    ]


def test_a_case_is_rewritten_when_it_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.golden.cases.GOLDEN", tmp_path / "golden")
    case = Case("pair")
    schemas = case.folder / "schemas"
    schemas.mkdir(parents=True)
    (schemas / "pair.avsc").write_text('{"type": "fixed", "name": "Pair", "size": 2}', "utf-8")
    stale = case.folder / "expected" / "stale.txt"
    stale.parent.mkdir()
    stale.write_text("stale", "utf-8")
    assert rewrite(case, tmp_path / "first")
    assert not stale.exists()
    assert "class Pair(AvroFixed)" in (case.package / "_pair.py").read_text("utf-8")
    assert not rewrite(case, tmp_path / "second")
