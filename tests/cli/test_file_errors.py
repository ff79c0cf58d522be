"""Errors of the system: one line with path, reason and advice, whatever the command."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.conftest import run_avrogen, write_schemas


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_schemas(tmp_path / "schemas", {"i.avsc": '"int"'})
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = {
    "build": ["build", "schemas", "-o", "built"],
    "docs": ["docs", "schemas", "-o", "site"],
    "init": ["init", "new"],
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_written(
    command: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the operating system's answer is put in its mouth."""

    def refuse(
        path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False
    ) -> None:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = run_avrogen(*COMMANDS[command])
    assert result.exit_code == (1 if command == "init" else 2)
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ") and f": {os.strerror(code)} (" in line


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        *COMMANDS.values(),
        ["check", "schemas", "--against", "schemas"],
        ["build", "schemas", "-o", "built", "--check"],
        ["registry", "status", "schemas", "--url", "http://127.0.0.1:1"],
        ["registry", "pull", "-o", "schemas", "--url", "http://127.0.0.1:1"],
    ],
    ids=" ".join,
)
def test_no_command_has_a_traceback(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be looked up, opened or listed."""

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "a\x1b[2J\nb")

    for name in ("scandir", "listdir", "mkdir", "readlink"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr(Path, "cwd", refuse)
    result = run_avrogen(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert "Input/output error" in result.stderr
    assert "\x1b" not in result.stderr


def test_init_writes_through_no_link(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "new").mkdir()
    (folder / "new/schemas").symlink_to("../elsewhere")
    result = run_avrogen("init", "new")
    assert result.exit_code == 1
    assert "new/schemas: nothing is written through a symbolic link" in result.stderr
    assert list((folder / "elsewhere").iterdir()) == []


def test_settings_that_are_no_text(folder: Path) -> None:
    (folder / "client").write_bytes(b"\xff\n")
    result = run_avrogen("dead-letters", "topic", "--settings", "client")
    assert result.exit_code == 2
    assert "client is not UTF-8" in result.stderr


def test_a_configuration_that_is_nested_deeply(folder: Path) -> None:
    (folder / "schemas/avrogen.toml").write_text(f"x = {'[' * 5000}")
    result = run_avrogen("build", "schemas", "-o", "built")
    assert result.exit_code == 1
    assert "avrogen.toml:1:1: error[AVR601] nested too deeply" in result.stderr
