"""The recipes of ``docs/recipes.md``, run as written in the service, with the wheel."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.pages import code
from tests.downstream.service_repository import (
    SERVICE,
    Repository,
    Run,
    copy_service,
    git_environment,
)

# The wheel is built once.
pytestmark = pytest.mark.xdist_group("recipes")

PAGE = ROOT / "docs/recipes.md"
ORDER = "schemas/order_placed.avsc"
NOTE = '{"name": "note", "type": ["null", "string"], "default": null}'


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, where installers look as well."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    build = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stdout + build.stderr
    return folder


@pytest.fixture
def service(tmp_path: Path, wheels: Path) -> Repository:
    """The service, committed; commands of this environment are at hand."""
    tools = str(Path(sys.executable).parent)
    environment = git_environment() | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "LC_ALL": "C",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    environment.pop("VIRTUAL_ENV", None)
    repository = Repository(tmp_path / "service", environment)
    copy_service(repository.folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Service")
    return repository


def assert_done(run: Run, *parts: str) -> None:
    assert run.returncode == 0, run.stdout
    for part in parts:
        assert part in run.stdout, run.stdout


def break_readers(service: Repository) -> None:
    """Add a field that data written before do not have."""
    service.edit(ORDER, NOTE, f'{NOTE},\n    {{"name": "coupon", "type": "string"}}')


def test_make(service: Repository) -> None:
    service.write("Makefile", code(PAGE, "make")[0])
    assert_done(service.run("make", "test"), "src/events: 0 written", "1 passed")
    assert_done(service.run("make", "check"), "2 unchanged")

    package = "build/.events"
    service.write("schemas/part.avsc", '{"type": "record", "name": "shop.Part", "fields": []}')
    assert_done(service.run("make", package), "src/events: 3 written, 0 removed")
    for path in (service.folder / "schemas", *service.folder.glob("schemas/**/*")):
        os.utime(path, (1, 1))  # before what is done next, whatever the clock's ticks
    os.utime(service.folder / package, (2, 2))
    assert_done(service.run("make", package), f"'{package}' is up to date")
    (service.folder / "schemas/part.avsc").unlink()
    assert_done(service.run("make", package), "src/events: 2 written, 1 removed")
    assert service.git("status", "--short") == "?? Makefile\n"

    break_readers(service)
    assert service.run("make", "check").returncode == 2


def test_nox(service: Repository) -> None:
    service.write("noxfile.py", code(PAGE, "python")[0])
    run = service.run("nox", "--no-color", "--non-interactive")
    assert_done(run, "2 unchanged", "1 passed", "Session events was successful", "tests was succ")
    break_readers(service)
    again = service.run(
        "nox", "--reuse-existing-virtualenvs", "--session", "events", "--no-install"
    )
    assert again.returncode == 1
    assert "1 to write" in again.stdout


def test_uv(service: Repository) -> None:
    project = (SERVICE / "pyproject.toml").read_text("utf-8")
    for line in code(PAGE, "toml")[0].splitlines():
        assert f"{line}\n" in project
    run = service.run("sh", "-e", "-c", code(PAGE, "sh")[0])
    assert_done(run, "src/events: 0 written", "2 unchanged", "1 passed", "- black==")


@pytest.mark.parametrize(
    ("page", "number"), [(PAGE, 0), (ROOT / "docs/pre-commit.md", 2)], ids=["recipe", "pre-commit"]
)
def test_workflows_are_such_as_github_takes(service: Repository, page: Path, number: int) -> None:
    service.write("workflow.yaml", code(page, "yaml")[number])
    schema = ("--builtin-schema", "vendor.github-workflows")
    assert_done(service.run("check-jsonschema", *schema, "workflow.yaml"))
    service.edit("workflow.yaml", "runs-on", "run-on")
    assert service.run("check-jsonschema", *schema, "workflow.yaml").returncode == 1


def test_github_actions(service: Repository, tmp_path: Path) -> None:
    steps = re.findall(r"^ +- run: (avrogen .*)$", code(PAGE, "yaml")[0], re.MULTILINE)
    assert len(steps) == 2
    clone = Repository(tmp_path / "clone", {**service.environment, "GITHUB_BASE_REF": "main"})
    service.git("clone", "--quiet", str(service.folder), str(clone.folder))
    for step in steps:
        assert_done(clone.run("bash", "-e", "-c", step))
    break_readers(clone)
    build, check = (clone.run("bash", "-e", "-c", step) for step in steps)
    assert build.returncode == check.returncode == 1
    assert f"::error file={ORDER},line=11,col=5,title=AVR805::" in check.stdout


def test_build_files_can_be_parsed() -> None:
    """Starlark and the files of Pants are Python, as far as syntax goes."""
    files = code(PAGE, "starlark")
    assert len(files) == 4
    for file in files:
        ast.parse(file)
