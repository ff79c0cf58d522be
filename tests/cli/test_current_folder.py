"""Commands import nothing of the current folder, however they and their processes are started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import run_python

MODULES = [
    *("multiprocessing", "concurrent", "subprocess", "json", "sqlite3", "hashlib", "queue"),
    *("typing", "dataclasses", "click", "black", "jinja2", "platformdirs", "tomllib", "watchfiles"),
    *("sitecustomize", "usercustomize", "avrogen_plugin", "pathspec", "encodings", "threading"),
]
"""Modules that the command imports, or that Python itself looks for."""

START = """
import multiprocessing, sys
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    from avrogen.cli import main
    main()
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A stranger's repository: modules at its top, and enough schemas for worker processes."""
    folder = tmp_path / "repository"
    (folder / "schemas").mkdir(parents=True)
    for number in range(130):
        record = f'{{"type": "record", "name": "R{number}", "fields": []}}'
        (folder / "schemas" / f"r{number}.avsc").write_text(record, "utf-8")
    for name in MODULES:
        code = f"open({str(tmp_path / 'ran')!r}, 'a').write('{name}\\n')"
        (folder / f"{name}.py").write_text(code, "utf-8")
    return folder


def ran(repository: Path) -> str:
    file = repository.parent / "ran"
    return file.read_text("utf-8") if file.exists() else ""


def build(repository: Path, *start: str | Path) -> None:
    environment = {"XDG_CACHE_HOME": str(repository.parent / "cache"), "PYTHONWARNINGS": ""}
    run = run_python(*start, "build", "schemas", "-o", "events", cwd=repository, **environment)
    assert run.returncode == 0, run.stderr
    assert (repository / "events" / "_r129.py").exists()
    assert ran(repository) == ""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("options", [[], ["-P"], ["-E"]], ids=["plain", "-P", "-E"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_worker_processes(
    repository: Path, tmp_path: Path, method: str, options: list[str]
) -> None:
    start = tmp_path / "bin" / "start.py"
    start.parent.mkdir()
    start.write_text(START, "utf-8")
    build(repository, *options, start, method)


def test_the_console_script(repository: Path) -> None:
    build(repository, Path(sys.executable).with_name("avrogen"))


@pytest.mark.parametrize("options", [["-m"], ["-P", "-m"], ["-X", "utf8", "-m"]], ids=" ".join)
def test_the_module(repository: Path, options: list[str]) -> None:
    build(repository, *options, "avrogen")


def test_the_hooks(repository: Path) -> None:
    run = run_python("-m", "avrogen.cli.hooks", "--help", cwd=repository, PYTHONWARNINGS="")
    assert run.returncode == 0, run.stderr
    assert ran(repository) == ""


def test_modules_of_the_user_are_found_as_before(tmp_path: Path) -> None:
    """Only "python -m avrogen" leaves the current folder out, not a program that uses avrogen."""
    for name in ("service", "avrogen_service"):
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text("import avrogen", "utf-8")
        (package / "__main__.py").write_text("import beside, sys; print(sys.path[0])", "utf-8")
        (tmp_path / "beside.py").write_text("", "utf-8")
        run = run_python("-m", name, "-m", "avrogen", cwd=tmp_path)
        assert os.path.samefile(run.stdout.strip(), tmp_path), run.stderr
