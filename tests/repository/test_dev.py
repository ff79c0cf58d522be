"""A clone can be tried and worked on with make, with Python alone, and with uv."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docs.pages import name
from tests.downstream.service_repository import hooks_repository

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the demo needs of a clone, without an environment."""
    folder = tmp_path / "clone"
    hooks_repository(folder)
    for part in ("schemas", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dev.py", folder)
    (folder / "native").mkdir()
    shutil.copy(ROOT / "native" / "pyproject.toml", folder / "native")
    return folder


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that ``dev.py`` would run, instead of running them."""
    commands: list[list[str]] = []

    def run(command: Sequence[str], **_: object) -> None:
        commands.append(list(command))

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def loaded(folder: Path) -> Any:
    """The ``dev.py`` of a clone, which works on that clone."""
    spec = importlib.util.spec_from_file_location("dev_of_clone", folder / "dev.py")
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(dev: Any, *arguments: str) -> int:
    """The exit code of ``python dev.py`` with arguments."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dev.py", *arguments])
        try:
            dev.main()
        except SystemExit as end:
            assert isinstance(end.code, int), end.code
            return end.code
    return 0


def equivalents(page: Path) -> dict[str, tuple[str, str]]:
    """The rows of a page's table: commands of Python and uv by the name of the command."""
    row = r"^\| `make (\w+)` \| `(python [^`]+)` \| `(uv [^`]+)` \|$"
    found = re.findall(row, page.read_text("utf-8"), re.MULTILINE)
    return {command: (python, uv) for command, python, uv in found}


# --- what pages say -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_have_the_same_equivalents(page: Path) -> None:
    rows = equivalents(page)
    assert list(rows) == ["demo", "test"]
    assert rows == equivalents(PAGES[0])
    for command, (python, uv) in rows.items():
        assert python == f"python dev.py {command}"
        assert uv.endswith(f" dev.py {command}")


def test_the_demo_runs_by_uv(clone: Path) -> None:
    run = uv(equivalents(PAGES[0])["demo"][1], clone)
    assert run.returncode == 0, run.stdout
    assert "all equal" in run.stdout
    assert "setting up" not in run.stdout
    assert (clone / "build/demo/generated_example/topics/__init__.py").is_file()


def test_uv_has_all_that_tests_need(clone: Path) -> None:
    """Whatever is imported by tests and called by ``dev.py``, as uv would install it."""
    command = equivalents(PAGES[0])["test"][1]
    run = uv(command.replace(" run ", " sync --dry-run ").removesuffix(" dev.py test"), clone)
    assert run.returncode == 0, run.stdout
    installed = set(re.findall(r"^ \+ ([\w.-]+)==", run.stdout, re.MULTILINE))
    groups = PROJECT["dependency-groups"]
    extras = PROJECT["project"]["optional-dependencies"]
    others = [extras[name] for name in extras if name != "native"]
    wanted = (*others, groups["dev"], groups["docs"])
    required = [each for group in wanted for each in group if isinstance(each, str)]
    names = {re.split(r"[\[>=<;]", requirement)[0] for requirement in required} - {"avrogen"}
    assert {name.replace(".", "-") for name in names} - installed == set()
    assert len(names) > 20


def uv(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    assert program == "uv"
    hidden = {"VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    return subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,  # nothing here takes a tenth of it
        check=False,
    )


# --- setting up -----------------------------------------------------------------------------------


def test_a_fresh_clone_is_set_up_first(clone: Path, ran: list[list[str]]) -> None:
    dev = loaded(clone)
    (clone / ".venv").mkdir()  # as venv would
    assert call(dev, "demo") == 0
    python = str(clone / ".venv/bin/python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    assert ran == [
        [sys.executable, "-m", "venv", str(clone / ".venv")],
        [*pip, "--upgrade", "pip>=25.1"],
        [*pip, "--editable", ".[cli,files,kafka,otel,testing]", "--group", "dev"],
        [python, "-m", "avrogen", "build", "schemas/", "-o", "build/demo/generated_example"],
        [python, "examples/demo.py"],
    ]


def test_it_is_set_up_once_and_again_when_requirements_change(
    clone: Path, ran: list[list[str]]
) -> None:
    dev = loaded(clone)
    (clone / ".venv").mkdir()
    assert call(dev, "setup") == 0
    assert len(ran) == 3
    assert call(dev, "setup") == 0
    assert len(ran) == 3
    os.utime(clone / ".venv/.ready", (1, 1))
    assert call(dev, "setup") == 0
    assert len(ran) == 6


def test_an_environment_that_uv_keeps_is_used(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = loaded(clone)
    (clone / ".venv").mkdir()
    monkeypatch.setattr(sys, "prefix", str(clone / ".venv"))
    assert call(dev, "setup") == 0
    assert ran == []
    assert not (clone / ".venv/.ready").exists()


def test_environments_of_windows_have_another_layout(clone: Path) -> None:
    dev = loaded(clone)
    environment = clone / ".venv"
    assert dev.interpreter(environment, "nt") == environment / "Scripts/python.exe"
    assert dev.interpreter(environment, "posix") == environment / "bin/python"


def test_older_pythons_are_refused(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = loaded(clone)
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; .* is Python 3\.10$"):
        dev.main()
    assert PROJECT["project"]["requires-python"] == f">={'.'.join(map(str, dev.OLDEST_PYTHON))}"


def test_all_extras_are_installed(clone: Path) -> None:
    """The native codec is built from the same checkout."""
    extras = {*loaded(clone).EXTRAS, "native"}
    assert sorted(extras) == sorted(PROJECT["project"]["optional-dependencies"])


# --- what is run ----------------------------------------------------------------------------------


def test_tests_are_all_that_ci_runs(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = loaded(clone)
    monkeypatch.setattr(dev, "_cargo", lambda: None)
    monkeypatch.delenv("AVROGEN_REQUIRE_SERVICES", raising=False)
    (clone / ".venv").mkdir()
    (clone / ".venv/.ready").touch()
    assert call(dev, "test") == 0
    modules = [command[2] for command in ran]
    assert modules == ["ruff", "black", "mypy", "pyright", "tests.services", "pytest"]
    assert "exec make test" in (ROOT / ".ci/run").read_text("utf-8")


def test_the_native_codec_is_built_once_and_tested(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = loaded(clone)
    monkeypatch.setattr(dev, "_cargo", lambda: "cargo")
    (clone / ".venv").mkdir()
    (clone / ".venv/.ready").touch()
    assert call(dev, "pytest") == 0
    steps = [command[2] if command[1] == "-m" else command[:2] for command in ran]
    assert steps == ["uv", "tests.services", "pytest", ["cargo", "test"], "pytest"]
    assert ran[-1][-len(dev.ON_BOTH_BACKENDS) :] == list(dev.ON_BOTH_BACKENDS)
    assert all((ROOT / path).exists() for path in dev.ON_BOTH_BACKENDS)
    del ran[:]
    assert call(dev, "native") == 0
    assert ran == []


def test_ci_must_build_the_native_codec(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = loaded(clone)
    (clone / ".venv").mkdir()
    (clone / ".venv/.ready").touch()
    monkeypatch.setattr(dev, "_cargo", lambda: None)
    monkeypatch.delenv("AVROGEN_REQUIRE_SERVICES", raising=False)
    assert call(dev, "native") == 0
    monkeypatch.setenv("AVROGEN_REQUIRE_SERVICES", "1")
    with pytest.raises(AssertionError, match="must be built and tested here"):
        call(dev, "native")
    assert ran == []


def test_the_first_failure_ends_the_run(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = loaded(clone)
    monkeypatch.setattr(dev, "_cargo", lambda: None)
    (clone / ".venv").mkdir()
    (clone / ".venv/.ready").touch()
    ran: list[str] = []

    def run(command: Sequence[str], **_: object) -> None:
        ran.append(command[2])
        if command[2] == "black":
            raise subprocess.CalledProcessError(123, command)

    monkeypatch.setattr(subprocess, "run", run)
    assert call(dev, "test") == 123
    assert ran == ["ruff", "black"]


def test_linters_and_type_checkers_see_the_same(clone: Path) -> None:
    tool = PROJECT["tool"]
    assert list(loaded(clone).CHECKED) == tool["mypy"]["files"] == tool["pyright"]["include"]


def test_make_runs_the_same(clone: Path) -> None:
    """There is one copy of each step: a target of make calls the command of its name."""
    targets = dict(re.findall(r"^(\w+): .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE))
    for command in loaded(clone).COMMANDS:
        if command != "setup":
            assert targets[command] == f"\t@$(DEV) {command}\n"
    assert "dev.py setup\n" in MAKEFILE


def test_only_the_standard_library_is_needed() -> None:
    tree = ast.parse((ROOT / "dev.py").read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {module.partition(".")[0] for module in imported} <= sys.stdlib_module_names
