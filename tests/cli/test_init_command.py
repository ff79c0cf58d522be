"""``avrogen init``: what it writes works, and what was there stays."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Diagnostics
from avrogen.cli.init_command import hook_entry
from avrogen.config.config import parse_config
from tests.conftest import ROOT, run_avrogen, run_python, write_schemas
from tests.docs.pages import code
from tests.downstream.service_repository import Repository, git_environment

HOOK = hook_entry(Path())
USE = """
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from events.shop import OrderPlaced
from events.topics import OrdersConsumer, OrdersProducer

order = OrderPlaced(order_id=UUID(int=7), placed_at=datetime.now(UTC), total=Decimal("9.99"))
print(OrderPlaced.from_avro(order.to_avro()).total)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def test_what_it_says_next_works(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_avrogen("init", "new/shop")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "created new/shop/avrogen.toml",
        "created new/shop/schemas/shop/order_placed.avsc",
        "created new/shop/service.py",
        "created new/shop/test_service.py",
        "created new/shop/.pre-commit-config.yaml",
        "next steps:",
        "  cd new/shop",
        "  avrogen build          generate the package and clients of topics",
        "  avrogen build --watch  regenerate after each change",
        "  avrogen check          find breaking changes since the last commit",
        "  pytest                 test the service; requires: pip install 'avrogen[testing]'",
    ]
    monkeypatch.chdir(here / "new/shop")
    build = run_avrogen("build")
    assert (build.exit_code, build.stderr) == (0, "")
    test = run_python("-m", "pytest", "-q", cwd=here / "new/shop", PYTHONPATH=str(ROOT))
    assert test.returncode == 0 and "1 passed" in test.stdout, test.stdout
    (here / "new/shop/use.py").write_text(USE)
    use = run_python("use.py", cwd=here / "new/shop", PYTHONPATH=str(ROOT))
    assert (use.returncode, use.stdout) == (0, "9.99\n"), use.stderr
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "use.py",
        "service.py",
        "test_service.py",
        "events",
    ]
    types = subprocess.run(command, capture_output=True, text=True, check=False)
    assert types.returncode == 0, types.stdout


def test_the_hook_is_the_command(here: Path) -> None:
    assert run_avrogen("init").exit_code == 0
    text = (here / ".pre-commit-config.yaml").read_text("utf-8")
    hook = dict(re.findall(r"^        (\w+): (.+)$", text, re.MULTILINE))
    program, *arguments = shlex.split(hook["entry"].partition("  #")[0])
    assert (hook["name"], program) == ("avrogen build --check", "avrogen")
    assert "      - id: avrogen-drift\n" in text
    assert run_avrogen(*arguments).exit_code == 1
    assert run_avrogen("build", "schemas", "-o", "events").exit_code == 0
    assert run_avrogen(*arguments).exit_code == 0
    assert "        always_run: true" in text


def test_all_keys_are_in_the_configuration(here: Path) -> None:
    """It is valid with what stands in comments, too."""
    assert run_avrogen("init").exit_code == 0
    text = (here / "avrogen.toml").read_text("utf-8")
    assert all(len(line) <= 100 for line in text.splitlines())
    diagnostics = Diagnostics()
    shown = re.sub(r"^# (?=\[|[a-z-]+ = )", "", text, flags=re.MULTILINE)
    config = parse_config("avrogen.toml", shown.encode(), diagnostics)
    assert not list(diagnostics)
    assert config.strict and config.registry and config.registry.references
    assert config.topics[0].tombstones and config.topics[0].dead_letter


def test_what_is_there_stays(here: Path) -> None:
    before = {"schemas/mine.avsc": '"string"', ".pre-commit-config.yaml": "repos: []\n"}
    write_schemas(here, before)
    result = run_avrogen("init")
    assert result.exit_code == 0
    assert files(here) == before
    assert result.stdout.startswith(
        "skipped schemas/: the folder is not empty\n"
        "skipped .pre-commit-config.yaml: it already exists\n"
    )
    assert HOOK in result.stdout


def test_a_second_time(here: Path) -> None:
    assert run_avrogen("init").exit_code == 0
    before = files(here)
    result = run_avrogen("init")
    assert result.exit_code == 0
    assert files(here) == before
    assert "created" not in result.stdout and HOOK not in result.stdout


# --- in a repository ------------------------------------------------------------------------------


@pytest.fixture
def repository(here: Path) -> Repository:
    python = Path(sys.executable).parent
    environment = git_environment()
    path = f"{python}{os.pathsep}{environment['PATH']}"
    found = Repository(
        here, {**environment, "PATH": path, "PRE_COMMIT_HOME": str(here.parent / "home")}
    )
    found.git("init", "--quiet", "--initial-branch=main")
    return found


@pytest.mark.parametrize("start", [".", "services"])
def test_the_hook_is_where_pre_commit_looks(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    """It refuses drift in the subfolder; a second project is added by hand, as it says."""
    (repository.folder / "services").mkdir()
    monkeypatch.chdir(repository.folder / start)
    shop = "my shop" if start == "services" else "services/my shop"
    assert run_avrogen("init", shop).exit_code == 0
    folder = repository.folder / "services/my shop"
    assert not (folder / ".pre-commit-config.yaml").exists()
    monkeypatch.chdir(folder)
    assert run_avrogen("build").exit_code == 0
    repository.git("add", "--all")
    run = repository.pre_commit("run")
    assert run.returncode == 0, run.stdout
    assert "avrogen build --check (services/my shop)" in run.stdout
    repository.git("commit", "--quiet", "--message=Shop")
    repository.git("rm", "--quiet", "services/my shop/schemas/shop/order_placed.avsc")
    repository.write("services/my shop/schemas/other.avsc", '"string"')
    (folder / "schemas/other.avsc").unlink()
    assert repository.pre_commit("run").returncode == 1
    repository.git("reset", "--quiet", "--hard")
    repository.edit("services/my shop/events/shop/_order_placed.py", "note: str", "note: int")
    repository.git("add", "--update")
    assert repository.pre_commit("run").returncode == 1
    repository.git("reset", "--quiet", "--hard")
    assert repository.pre_commit("run").returncode == 0


def test_another_project_of_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_avrogen("init", "one").exit_code == 0
    before = repository.read(".pre-commit-config.yaml")
    result = run_avrogen("init", "two")
    entry = hook_entry(Path("two"))
    assert f'  add this to its "repos:" list\n\n{entry}' in result.stdout
    assert repository.read(".pre-commit-config.yaml") == before
    repository.write(".pre-commit-config.yaml", before + entry)
    result = run_avrogen("init", "two")
    assert entry not in result.stdout
    for name in ("one", "two"):
        monkeypatch.chdir(repository.folder / name)
        assert run_avrogen("build").exit_code == 0
    repository.git("add", "--all")
    run = repository.pre_commit("run")
    assert run.returncode == 0 and run.stdout.count("Passed") == 2, run.stdout


def test_hooks_of_others_stay(repository: Repository) -> None:
    text = "# mine\nrepos:\n- repo: local\n  hooks: []\n"
    repository.write(".pre-commit-config.yaml", text)
    result = run_avrogen("init")
    assert HOOK in result.stdout
    assert repository.read(".pre-commit-config.yaml") == text


def test_the_quickstart_says_it() -> None:
    (steps,) = (block for block in code(ROOT / "docs/quickstart.md", "text") if "init" in block)
    assert steps.splitlines() == [
        "avrogen init demo",
        "cd demo",
        "avrogen build",
        "pytest",
    ]


# --- what is in the way ---------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["schemas", ".pre-commit-config.yaml"])
def test_links_are_not_written_through(here: Path, link: str) -> None:
    (here / link).symlink_to(here / "elsewhere")
    result = run_avrogen("init")
    assert result.exit_code == (1 if link == "schemas" else 0)
    assert not (here / "elsewhere").exists()
    assert "Traceback" not in result.output


def test_places_that_cannot_be_written(here: Path) -> None:
    (here / "file").write_text("")
    result = run_avrogen("init", "file")
    assert result.exit_code == 2 and "is a file" in result.stderr
    (here / "schemas").write_text("")
    result = run_avrogen("init")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: schemas: ")
