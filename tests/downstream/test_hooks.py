"""What the hooks see of a commit, without pre-commit around them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from avrogen.cli.hooks import main
from tests.conftest import ROOT, run_avrogen
from tests.downstream.service_repository import Repository, copy_service, git_environment

ORDER = "schemas/order_placed.avsc"
NOTE = '{"name": "note", "type": ["null", "string"], "default": null}'
PART = '{"type": "record", "name": "shop.parts.Part", "fields": []}'


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The service, committed; its folder is the current one, as that of hooks is."""
    repository = Repository(tmp_path / "service", git_environment())
    copy_service(repository.folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Service")
    monkeypatch.chdir(repository.folder)
    return repository


def hook(name: str, *arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [name, *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def build(*arguments: str | Path) -> Result:
    return hook("build", *(arguments or ("schemas", "-o", "src/events")))


# --- what would not be in the commit --------------------------------------------------------------


@pytest.mark.parametrize("name", ["build", "drift"])
def test_nothing_is_said_of_a_package_that_is_in_git(service: Repository, name: str) -> None:
    service.write("src/events/shop/by_hand.py", "x = 1\n")
    service.write("src/events/shop/__pycache__/_order.cpython-311.pyc", "")
    result = hook(name, "schemas", "-o", "src/events")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", ["build", "drift"])
def test_a_schema_that_is_not_in_git(service: Repository, name: str) -> None:
    """The package would be in the commit, and the schema that it is built from would not."""
    service.write("schemas/part.avsc", PART)
    run_avrogen("build", "schemas", "-o", "src/events", "--quiet")
    service.git("add", "src")
    result = hook(name, "schemas", "-o", "src/events")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [
        "Not in git: schemas/part.avsc",
        "Stage it and commit again: git add schemas/part.avsc",
    ]


@pytest.mark.parametrize("name", ["build", "drift"])
def test_modules_that_git_ignores(service: Repository, name: str) -> None:
    """Names of namespaces are often names of folders that Python's .gitignore leaves out."""
    service.write(".gitignore", "parts/\n")
    service.write("schemas/part.avsc", PART)
    run_avrogen("build", "schemas", "-o", "src/events", "--quiet")
    service.git("add", "--all")
    result = hook(name, "schemas", "-o", "src/events")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [
        "Ignored by git: src/events/shop/parts/__init__.py and 1 more",
        "Add it with git add --force, or add an exception to .gitignore",
    ]
    service.git("add", "--force", "src/events/shop/parts")
    assert hook(name, "schemas", "-o", "src/events").exit_code == 0


def test_a_package_that_is_not_meant_to_be_in_git(service: Repository) -> None:
    service.write(".gitignore", "/build/\n")
    assert build("schemas", "-o", "build/events").exit_code == 1
    assert build("schemas", "-o", "build/events").exit_code == 0


def test_paths_outside_of_the_repository(service: Repository, tmp_path: Path) -> None:
    (service.folder / "schemas").rename(tmp_path / "schemas")
    assert build("../schemas", "-o", "src/events").exit_code == 0
    assert build(tmp_path / "schemas", "-o", tmp_path / "events").exit_code == 1
    assert build(tmp_path / "schemas", "-o", tmp_path / "events").exit_code == 0


# --- what schemas are compared with ---------------------------------------------------------------


def test_the_last_commit(service: Repository) -> None:
    service.edit(ORDER, f"{NOTE}", f'{NOTE}, {{"name": "coupon", "type": "string"}}')
    result = hook("check", "schemas")
    assert result.exit_code == 1
    assert "error[AVR805] OrderPlaced.coupon" in result.stderr
    service.git("commit", "--all", "--message=Break")
    assert hook("check", "schemas").exit_code == 0
    assert hook("check", "schemas", "--against", "git:HEAD~1").exit_code == 1


def unborn(service: Repository) -> None:
    service.git("checkout", "--quiet", "--orphan", "other")


def moved(service: Repository) -> None:
    service.git("mv", "schemas", "contracts")
    service.git("commit", "--quiet", "--message=Move")
    service.git("mv", "contracts", "schemas")


def emptied(service: Repository) -> None:
    service.git("rm", "--quiet", "-r", "schemas/payment", ORDER)
    service.git("commit", "--quiet", "--message=Empty")
    service.git("checkout", "--quiet", "HEAD~1", "--", "schemas")


def broken(service: Repository) -> None:
    good = service.read(ORDER)
    service.write(ORDER, "{")
    service.git("commit", "--quiet", "--all", "--message=Break")
    service.write(ORDER, good)


@pytest.mark.parametrize("before", [unborn, moved, emptied, broken])
def test_where_there_was_nothing_nothing_breaks(
    service: Repository, before: Callable[[Repository], None]
) -> None:
    before(service)
    result = hook("check", "schemas")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("No baseline: ")
    assert run_avrogen("check", "schemas", "--against", "git:HEAD").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument 'SCHEMAS...'"),
        (("schemas", "--against", "git:nowhere"), 'unknown git ref "nowhere"'),
        (("schemas", "--against", "nowhere"), "path does not exist: nowhere"),
        (("nowhere",), "'nowhere' does not exist"),
        (("schemas", "-o", "src/events"), "No such option '-o'"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    service: Repository, arguments: tuple[str, ...], words: str
) -> None:
    result = hook("check", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_histories_that_have_nothing_in_common(
    service: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is in a clone that is too shallow."""
    service.git("checkout", "--quiet", "--orphan", "other")
    service.git("commit", "--quiet", "--message=Other")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "main")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    result = hook("check", "schemas")
    assert result.exit_code == 2
    assert "main and HEAD have no merge base" in result.stderr


# --- where hooks run ------------------------------------------------------------------------------


def test_modules_of_the_repository_are_not_imported(service: Repository) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    python, *entry = re.findall(r"^  entry: (.*)$", hooks, re.MULTILINE)[0].split()
    assert python == "python"
    service.write("click.py", "raise SystemExit(99)")
    service.write("avrogen/__init__.py", "raise SystemExit(99)")
    run = service.run(sys.executable, *entry, "schemas", "-o", "src/events")
    assert run.returncode == 0, run.stdout
