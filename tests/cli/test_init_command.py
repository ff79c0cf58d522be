"""``avrogen init``: what it writes works, and what was there stays."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Diagnostics
from avrogen.cli.init_command import HOOK, hook_text
from avrogen.config.config import parse_config
from tests.conftest import ROOT, run_avrogen, run_python, write_schemas

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
        "created new/shop/schemas/avrogen.toml",
        "created new/shop/schemas/shop/order_placed.avsc",
        "created new/shop/.pre-commit-config.yaml",
        "next steps:",
        "  cd new/shop",
        "  avrogen build schemas -o events           generate the package and clients of topics",
        "  avrogen build schemas -o events --watch   regenerate after each change",
        "  avrogen check schemas --against git:HEAD  find breaking changes",
    ]
    monkeypatch.chdir(here / "new/shop")
    build = run_avrogen("build", "schemas", "-o", "events")
    assert (build.exit_code, build.stderr) == (0, "")
    (here / "new/shop/use.py").write_text(USE)
    use = run_python("use.py", cwd=here / "new/shop", PYTHONPATH=str(ROOT))
    assert (use.returncode, use.stdout) == (0, "9.99\n"), use.stderr
    command = [sys.executable, "-m", "mypy", "--strict", "use.py", "events"]
    types = subprocess.run(command, capture_output=True, text=True, check=False)
    assert types.returncode == 0, types.stdout


def test_the_hook_is_the_command(here: Path) -> None:
    assert run_avrogen("init").exit_code == 0
    text = (here / ".pre-commit-config.yaml").read_text("utf-8")
    hook = dict(re.findall(r"^        (\w+): (.+)$", text, re.MULTILINE))
    program, *arguments = shlex.split(hook["entry"])
    assert (hook["name"], program) == ("avrogen build --check", "avrogen")
    assert "      - id: avrogen-drift\n" in text
    assert run_avrogen(*arguments).exit_code == 1
    assert run_avrogen("build", "schemas", "-o", "events").exit_code == 0
    assert run_avrogen(*arguments).exit_code == 0
    looked_at = re.compile(hook["files"])
    assert all(looked_at.search(path) for path in files(here) if not path.startswith("."))


def test_all_keys_are_in_the_configuration(here: Path) -> None:
    """It is valid with what stands in comments, too."""
    assert run_avrogen("init").exit_code == 0
    text = (here / "schemas/avrogen.toml").read_text("utf-8")
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
    assert HOOK in result.stdout and HOOK in hook_text()


def test_a_second_time(here: Path) -> None:
    assert run_avrogen("init").exit_code == 0
    before = files(here)
    result = run_avrogen("init")
    assert result.exit_code == 0
    assert files(here) == before
    assert "created" not in result.stdout and HOOK not in result.stdout


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
