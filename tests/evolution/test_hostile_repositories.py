"""A checked repository runs nothing, whatever it contains and its configuration says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avrogen.evolution import git_repository
from tests.conftest import run_avrogen, write_schemas
from tests.evolution.repositories import Repository

RECORD: dict[str, Any] = {"type": "record", "name": "R", "fields": []}
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n"
MISSING = "d724d135d85a3d8db1c49d1b4d8431f1dad8303b"


class Attack:
    """A program that leaves a trace, and a repository of schemas."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "trace"
        self.program = folder / "evil.sh"
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >>"{self.trace}"\ncat\n')
        self.program.chmod(0o755)
        self.repository = Repository(folder / "repository")

    def bare(self, folder: Path, worktree: str = ".") -> None:
        """Make a folder look like a bare repository that fetches what it lacks by a program."""
        for name in ("objects", "refs/heads", "refs/remotes/origin"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        for ref in ("refs/heads/main", "refs/remotes/origin/main"):
            (folder / ref).write_text(f"{MISSING}\n")
        (folder / "config").write_text(
            "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
            f"\tworktree = {worktree}\n\tsshCommand = {self.program}\n"
            f"\tfsmonitor = {self.program}\n"
            "[extensions]\n\tpartialClone = origin\n"
            '[remote "origin"]\n\turl = ssh://x/y\n\tpromisor = true\n'
        )

    def assert_harmless(self) -> None:
        assert not self.trace.exists(), self.trace.read_text()


@pytest.fixture
def attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attack:
    attack = Attack(tmp_path)
    monkeypatch.chdir(attack.repository.folder)
    return attack


def sub(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A submodule among the schemas, in whose place the change has a folder."""
    inner = Repository(attack.repository.folder.parent / "inner")
    inner.commit({"s.avsc": RECORD})
    attack.repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.folder, "schemas/s"
    )
    attack.repository.commit_all()
    attack.repository.git("rm", "-qf", "schemas/s")
    folder = attack.repository.folder / "schemas/s"
    write_schemas(folder, {"s.avsc": RECORD})
    return folder


@pytest.mark.parametrize("worktree", [".", ".."])
@pytest.mark.parametrize("is_old", [False, True], ids=["git", "old git"])
@pytest.mark.parametrize("place", ["inside", "outside", "above"])
def test_a_folder_that_looks_like_a_bare_repository(
    attack: Attack, monkeypatch: pytest.MonkeyPatch, worktree: str, is_old: bool, place: str
) -> None:
    attack.repository.commit({"schemas/s.avsc": RECORD})
    schemas = attack.repository.folder / "schemas"
    attack.bare(schemas, worktree)
    monkeypatch.chdir({"inside": schemas, "outside": Path("/"), "above": Path()}[place])
    if is_old:  # one that does not know safe.bareRepository
        monkeypatch.setattr(git_repository, "_SAFE_OPTIONS", ())
    given = "." if place == "inside" else schemas
    result = run_avrogen("check", given, "--against", "git:HEAD")
    attack.assert_harmless()
    if place == "above":
        assert result.exit_code == 0, result.output
    else:
        assert result.exit_code == 2 and "is in a bare git repository" in result.stderr


@pytest.mark.parametrize("is_old", [False, True], ids=["git", "old git"])
def test_a_submodule_that_became_a_bare_repository(
    attack: Attack, monkeypatch: pytest.MonkeyPatch, is_old: bool
) -> None:
    attack.bare(sub(attack, monkeypatch))
    if is_old:
        monkeypatch.setattr(git_repository, "_SAFE_OPTIONS", ())
    result = run_avrogen("check", "schemas", "--against", "git:HEAD")
    attack.assert_harmless()
    assert result.exit_code == 2 and "is in a bare git repository" in result.stderr


def test_a_submodule_that_became_another_repository(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sub(attack, monkeypatch)
    Repository(folder).commit({"s.avsc": RECORD})
    result = run_avrogen("check", "schemas", "--against", "git:HEAD")
    assert result.exit_code == 2
    assert "schemas/s is a git repository of its own, not a submodule" in result.stderr


def test_nothing_is_fetched(attack: Attack) -> None:
    attack.repository.commit({"schemas/s.avsc": RECORD})
    blob = attack.repository.git("rev-parse", "HEAD:schemas/s.avsc").strip()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "core.sshCommand": str(attack.program),
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://x/y",
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": str(attack.program),
    }.items():
        attack.repository.git("config", name, value)
    (attack.repository.folder / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    for url in ("ssh://x/y", "ext::" + str(attack.program), str(attack.repository.folder)):
        attack.repository.git("config", "remote.origin.url", url)
        result = run_avrogen("check", "schemas", "--against", "git:HEAD")
        attack.assert_harmless()
        assert result.exit_code == 2 and "--refetch" in result.stderr, result.output


@pytest.mark.parametrize("name", ["lfs", "other", "a=b"])
@pytest.mark.parametrize("kind", ["smudge", "process"])
@pytest.mark.parametrize("is_included", [False, True])
def test_filters_of_the_repository(attack: Attack, name: str, kind: str, is_included: bool) -> None:
    attributes = f"*.avsc filter={name}\n"
    attack.repository.commit({"schemas/s.avsc": POINTER, ".gitattributes": attributes})
    write_schemas(attack.repository.folder, {"schemas/s.avsc": RECORD})
    file = attack.repository.folder / ("more" if is_included else ".git/config")
    if is_included:
        attack.repository.git("config", "include.path", str(file))
    with file.open("a") as config:
        config.write(f'[filter "{name}"]\n\t{kind} = {attack.program}\n\trequired = true\n')
    result = run_avrogen("check", "schemas", "--against", "git:HEAD")
    attack.assert_harmless()
    assert result.exit_code == 2 and "is stored in Git LFS" in result.stderr, result.output


def test_programs_of_the_repository_are_replaced_by_the_users() -> None:
    listed = (
        b"global\0credential.helper\nmine\0local\0credential.helper\n/evil\0"
        b"local\0filter.lfs.smudge\ngit-lfs smudge -- %f\0local\0filter.lfs.process\n/evil\0"
        b"global\0filter.lfs.process\ngit-lfs filter-process --mine\0"
        b"worktree\0lfs.customtransfer.x.path\n/evil\0local\0lfs.url\nhttps://lfs.acme.com\0"
        b"local\0lfs.extension.x.smudge\n/evil\0local\0core.bare\0"
    )
    assert git_repository.own_programs(listed) == [
        ("credential.helper", ""),
        ("credential.helper", "mine"),
        ("filter.lfs.process", ""),
        ("filter.lfs.process", "git-lfs filter-process --mine"),
        ("lfs.customtransfer.x.path", ""),
        ("lfs.extension.x.smudge", ""),
    ]


@pytest.mark.parametrize("hook", ["drift", "check"])
def test_hooks_of_pre_commit(attack: Attack, hook: str) -> None:
    attack.repository.commit({"schemas/s.avsc": RECORD})
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager"):
        attack.repository.git("config", name, str(attack.program))
    hooks = attack.repository.folder / "hooks"
    hooks.mkdir()
    (hooks / "post-index-change").symlink_to(attack.program)
    attack.repository.git("config", "core.hooksPath", str(hooks))
    more = ["-o", "events"] if hook == "drift" else []
    command = [sys.executable, "-m", "avrogen.cli.hooks", hook, "schemas", *more]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == (1 if hook == "drift" else 0), run.stderr
    attack.assert_harmless()
