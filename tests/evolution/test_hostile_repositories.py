"""A checked repository runs nothing, whatever it contains and its configuration says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
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


PROGRAMS = (
    "alias.cat-file",
    "alias.config",
    "alias.ls-files",
    "alias.ls-tree",
    "alias.rev-parse",
    "browser.x.cmd",
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "diff.evil.command",
    "diff.evil.textconv",
    "diff.external",
    "filter.evil.clean",
    "filter.evil.process",
    "filter.evil.smudge",
    "filter.lfs.process",
    "filter.lfs.smudge",
    "gpg.program",
    "gpg.ssh.program",
    "hook.evil.command",
    "interactive.diffFilter",
    "merge.evil.driver",
    "pager.cat-file",
    "pager.config",
    "pager.ls-files",
    "pager.ls-tree",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
    "sequence.editor",
    "submodule.s.update",
    "trailer.evil.command",
    "uploadpack.packObjectsHook",
)
"""Variables of a repository's configuration that name a program."""

EVENTS = ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman")


def arm(attack: Attack, config: Path) -> None:
    """Name the program in a file of configuration, in each variable that can."""
    folder = attack.repository.folder
    hooks = folder.parent / "hooks"
    hooks.mkdir()
    for event in EVENTS:
        (hooks / event).symlink_to(attack.program)
        (folder / ".git/hooks").mkdir(exist_ok=True)
        (folder / ".git/hooks" / event).symlink_to(attack.program)

    def put(name: str, value: str) -> None:
        attack.repository.git("config", "--file", str(config), "--add", name, value)

    for name in PROGRAMS:
        put(name, ("!" if name.startswith(("alias", "submodule")) else "") + str(attack.program))
    for event in EVENTS:
        put("hook.evil.event", event)
    put("core.hooksPath", str(hooks))
    put("protocol.allow", "always")
    put("url.ext::sh .insteadOf", "ssh://")
    put("remote.origin.url", f"ext::{attack.program}")
    put("remote.origin.promisor", "true")
    put("core.repositoryFormatVersion", "1")
    put("extensions.partialClone", "origin")


def in_config(attack: Attack) -> None:
    arm(attack, attack.repository.folder / ".git/config")


def in_an_included_file(attack: Attack) -> None:
    """A variable of the repository names a file that a merge request can change."""
    attack.repository.git("config", "include.path", "../more.cfg")
    arm(attack, attack.repository.folder / "more.cfg")


def in_the_configuration_of_a_worktree(attack: Attack) -> None:
    attack.repository.git("config", "core.repositoryFormatVersion", "1")
    attack.repository.git("config", "extensions.worktreeConfig", "true")
    arm(attack, attack.repository.folder / ".git/config.worktree")


def behind_a_file_named_git(attack: Attack) -> None:
    """The file ``.git`` leads into a folder of the working copy."""
    in_config(attack)
    folder = attack.repository.folder
    (folder / ".git").rename(folder / "inner")
    (folder / ".git").write_text("gitdir: inner\n")


def behind_a_link_named_git(attack: Attack) -> None:
    in_config(attack)
    folder = attack.repository.folder
    (folder / ".git").rename(folder / "inner")
    (folder / ".git").symlink_to("inner")


def with_objects_of_another_repository(attack: Attack) -> None:
    """Objects are in an alternate, whose configuration is as hostile."""
    in_config(attack)
    objects = attack.repository.folder / ".git/objects"
    other = Repository(attack.repository.folder.parent / "other")
    arm_other = other.folder / ".git/objects"
    for each in list(objects.iterdir()):
        if each.name not in ("info", "pack"):
            each.rename(arm_other / each.name)
    (objects / "info").mkdir(exist_ok=True)
    (objects / "info/alternates").write_text(f"{arm_other}\n")
    (other.folder / ".git/config").write_bytes(
        (attack.repository.folder / ".git/config").read_bytes()
    )


PLACES = (
    in_config,
    in_an_included_file,
    in_the_configuration_of_a_worktree,
    behind_a_file_named_git,
    behind_a_link_named_git,
    with_objects_of_another_repository,
)


@pytest.mark.parametrize(
    ("place", "command"),
    [
        *((place, "check") for place in PLACES),
        *((in_config, command) for command in ("hook drift", "hook check", "missing object")),
    ],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
def test_programs_that_the_configuration_names(
    attack: Attack, place: Callable[[Attack], None], command: str
) -> None:
    """None of git's variables runs a program, wherever the repository sets it."""
    attributes = "* filter=evil diff=evil merge=evil\n*.avsc filter=lfs\n"
    modules = f'[submodule "s"]\n\tpath = s\n\turl = ext::{attack.program}\n\tupdate = !evil\n'
    files = {"schemas/s.avsc": RECORD, ".gitattributes": attributes, ".gitmodules": modules}
    if command == "missing object":
        files["schemas/pointer.avsc"] = POINTER
    attack.repository.commit(files)
    if command == "missing object":
        blob = attack.repository.git("rev-parse", "HEAD:schemas/s.avsc").strip()
        (attack.repository.folder / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    place(attack)
    if command.startswith("hook"):
        _, hook = command.split()
        more = ["-o", "events"] if hook == "drift" else []
        run = subprocess.run(
            [sys.executable, "-m", "avrogen.cli.hooks", hook, "schemas", *more],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == (1 if hook == "drift" else 0), run.stderr
    else:
        result = run_avrogen("check", "schemas", "--against", "git:HEAD")
        assert result.exit_code == (0 if command == "check" else 2), result.output
    attack.assert_harmless()


def test_the_programs_would_run(attack: Attack) -> None:
    """The attack above is one: git as a user runs it obeys the configuration."""
    attack.repository.commit({"schemas/s.avsc": RECORD})
    in_config(attack)
    subprocess.run(
        ["git", "status"], cwd=attack.repository.folder, capture_output=True, check=False
    )
    assert attack.trace.exists()
