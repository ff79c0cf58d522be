"""``--against git:REF``: what git has, in whatever way it has it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.conftest import run_avrogen, write_schemas
from tests.evolution.repositories import Repository


def record(type_: str, name: str = "n.R") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": "f", "type": type_}]}


OLD, NEW = record("long"), record("int")
"""The change is an error."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "repository")
    monkeypatch.chdir(repository.folder)
    return repository


def check(ref: str, *schemas: str | Path) -> Result:
    result = run_avrogen("check", *(schemas or ["schemas"]), "--against", f"git:{ref}")
    assert "Traceback" not in result.output
    return result


def assert_found(result: Result, path: str = "schemas/a.avsc") -> None:
    """The one error is found, and nothing else."""
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith(f"{path}:")
    assert result.stderr.count("[AVR") == 1 and "error[AVR801]" in result.stderr


def assert_refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    for part in parts:
        assert part in result.stderr


def change(repository: Repository, path: str = "schemas/a.avsc") -> None:
    """Commit the old schema, and leave the new one in the working copy."""
    repository.commit({path: OLD})
    write_schemas(repository.folder, {path: NEW})


def test_old_schemas_that_break_the_rules(repository: Repository) -> None:
    old = {**OLD, "fields": [{"name": "f", "type": "long", "default": None}]}
    repository.commit({"schemas/a.avsc": old})
    write_schemas(repository.folder, {"schemas/a.avsc": OLD})
    result = check("HEAD", "schemas", "--strict")
    assert result.exit_code == 0
    assert result.stderr.startswith("HEAD:schemas/a.avsc:")
    assert result.stderr.count("[AVR") == 1 and "warning[AVR510]" in result.stderr


# --- names of commits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ref", ["HEAD", "main", "HEAD^0", "@", "v1", "v2", "release/1.0", ":/first"]
)
def test_refs(ref: str, repository: Repository) -> None:
    change(repository)
    repository.git("tag", "v1")
    repository.git("tag", "--annotate", "--message=two", "v2")
    repository.git("branch", "release/1.0")
    repository.git("commit", "--amend", "--quiet", "--message=first")
    assert_found(check(ref))


def test_shortened_names_of_commits(repository: Repository) -> None:
    change(repository)
    assert_found(check(repository.git("rev-parse", "--short", "HEAD").strip()))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nothing", 'unknown git ref "nothing"'),
        ("HEAD~1", 'unknown git ref "HEAD~1"'),
        ("HEAD:schemas", 'unknown git ref "HEAD:schemas"'),
        ("", 'invalid git ref ""'),
        ("--all", 'invalid git ref "--all"'),
        ("-h", 'invalid git ref "-h"'),
        ("^HEAD", 'invalid git ref "^HEAD"'),
        ("HEAD..HEAD", 'unknown git ref "HEAD..HEAD"'),
        ("a b", 'unknown git ref "a b"'),
    ],
)
def test_refs_that_are_none(ref: str, message: str, repository: Repository) -> None:
    change(repository)
    assert_refused(check(ref), message)


def test_branches_of_a_remote_are_found(repository: Repository) -> None:
    change(repository)
    repository.git("update-ref", "refs/remotes/origin/develop", "HEAD")
    assert_refused(check("develop"), "did you mean git:origin/develop?")
    assert_found(check("origin/develop"))


def test_shallow_clones(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository)
    repository.commit_all()
    clone = repository.folder.parent / "clone"
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), clone)
    monkeypatch.chdir(clone)
    assert_refused(check("HEAD~1"), "git fetch --unshallow")


# --- places ---------------------------------------------------------------------------------------


def test_the_current_folder_does_not_matter(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(repository, "deep/er/schemas/a.avsc")
    monkeypatch.chdir(repository.folder / "deep")
    assert_found(check("HEAD", "er/schemas"), "er/schemas/a.avsc")
    monkeypatch.chdir(repository.folder / "deep/er/schemas")
    assert_found(check("HEAD", "."), "a.avsc")
    assert_found(check("HEAD", "../schemas"), "../schemas/a.avsc")
    monkeypatch.chdir("/")
    path = repository.folder / "deep/er/schemas"
    assert_found(check("HEAD", path), f"{path.as_posix()}/a.avsc")


def test_the_whole_repository(repository: Repository) -> None:
    change(repository, "a.avsc")
    assert_found(check("HEAD", "."), "a.avsc")


def test_single_files(repository: Repository) -> None:
    change(repository)
    assert_found(check("HEAD", "schemas/a.avsc"))


def test_several_folders_of_which_one_is_new(repository: Repository) -> None:
    change(repository)
    write_schemas(repository.folder, {"more/b.avsc": record("int", "n.S")})
    result = check("HEAD", "schemas", "more")
    assert_found(result)
    assert "n.S: new" in result.stdout


def test_hidden_folders_are_left_out(repository: Repository) -> None:
    repository.commit({"schemas/.old/a.avsc": record("string"), "schemas/a.avsc": OLD})
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_found(check("HEAD"))


def test_the_working_copy_and_the_index_stay_as_they_are(repository: Repository) -> None:
    change(repository)
    write_schemas(repository.folder, {"schemas/b.avsc": record("int", "n.S")})
    repository.git("add", "schemas/b.avsc")
    before = repository.git("status", "--porcelain")
    index = (repository.folder / ".git/index").stat().st_mtime_ns
    assert_found(check("HEAD"))
    assert repository.git("status", "--porcelain") == before
    assert (repository.folder / ".git/index").stat().st_mtime_ns >= index


@pytest.mark.skipif(os.name == "nt", reason="names of files are bytes on POSIX alone")
def test_names_that_are_no_text(repository: Repository) -> None:
    folder = os.fsencode(repository.folder) + b"/schemas"
    os.makedirs(folder)
    try:
        with open(folder + b"/\xff*\n.avsc", "w") as file:
            json.dump(OLD, file)
    except OSError:
        pytest.skip("this file system takes text alone")
    with open(folder + b"/list.avsc", "w") as file:
        json.dump({"type": "array", "items": "n.R"}, file)
    repository.commit_all()
    with open(folder + b"/\xff*\n.avsc", "w") as file:
        json.dump(NEW, file)
    result = check("HEAD")
    assert result.exit_code == 1
    assert result.stderr.count("[AVR") == 1


def test_paths_are_no_patterns(repository: Repository) -> None:
    repository.commit({"sch*/a.avsc": OLD, "schemas/a.avsc": record("string")})
    write_schemas(repository.folder, {"sch*/a.avsc": NEW})
    assert_found(check("HEAD", "sch*"), "sch*/a.avsc")


def test_in_a_hook(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tells hooks where the repository is, as seen from its top."""
    change(repository, "deep/schemas/a.avsc")
    monkeypatch.chdir(repository.folder / "deep")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    monkeypatch.setenv("GIT_PREFIX", "deep/")
    assert_found(check("HEAD"))


def test_worktrees(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository)
    other = repository.folder.parent / "other"
    repository.git("worktree", "add", "--quiet", "--detach", other, "HEAD")
    monkeypatch.chdir(other)
    write_schemas(other, {"schemas/a.avsc": NEW})
    assert_found(check("main"))


# --- links and submodules -------------------------------------------------------------------------


def test_symbolic_links_lead_where_they_led(repository: Repository) -> None:
    write_schemas(
        repository.folder, {"common/money.avsc": OLD, "common/deep/s.avsc": record("int", "S")}
    )
    folder = repository.folder / "schemas"
    folder.mkdir()
    (folder / "money.avsc").symlink_to("../common/money.avsc")
    (folder / "deep").symlink_to("../common/deep")
    (folder / "loop").symlink_to("../schemas")
    (folder / "README").symlink_to("nowhere")
    repository.commit_all()
    (folder / "loop").unlink()
    write_schemas(repository.folder, {"common/money.avsc": NEW})
    result = check("HEAD")
    assert_found(result, "schemas/money.avsc")
    assert "1 unchanged" in result.stdout


def test_links_do_not_multiply_a_walk(repository: Repository) -> None:
    """Two links in each of 24 folders are 16 million paths to the last one."""
    change(repository)
    for number in range(24):
        folder = repository.folder / f"schemas/.{number}"
        folder.mkdir()
        for name in ("a", "b"):
            (folder / name).symlink_to(f"../.{number + 1}")
    write_schemas(repository.folder, {"schemas/.24/s.avsc": record("int", "n.S")})
    (repository.folder / "schemas/top").symlink_to(".0")
    write_schemas(repository.folder, {"schemas/a.avsc": OLD})
    repository.commit_all()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    result = check("HEAD")
    assert_found(result)
    assert "1 unchanged" in result.stdout


def test_a_folder_that_was_a_link(repository: Repository) -> None:
    write_schemas(repository.folder, {"avro/a.avsc": OLD})
    (repository.folder / "schemas").symlink_to("avro")
    repository.commit_all()
    (repository.folder / "schemas").unlink()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_found(check("HEAD"))


@pytest.mark.parametrize("target", ["/etc/hostname", "../../outside.avsc", "a.avsc"])
def test_links_that_lead_nowhere(target: str, repository: Repository) -> None:
    (repository.folder / "schemas").mkdir()
    (repository.folder / "schemas/a.avsc").symlink_to(target)
    repository.commit_all()
    (repository.folder / "schemas/a.avsc").unlink()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "schemas/a.avsc at HEAD is a symbolic link")


@pytest.fixture
def with_submodule(repository: Repository) -> Repository:
    """The schemas are a submodule, which has changed since."""
    inner = Repository(repository.folder.parent / "inner")
    inner.commit({"a.avsc": OLD, "more/b.avsc": record("int", "n.S")})
    repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.folder, "schemas"
    )
    repository.commit_all()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    repository.git("-C", "schemas", "commit", "--quiet", "--all", "--message=new")
    return repository


def test_schemas_in_a_submodule(with_submodule: Repository) -> None:
    assert_found(check("HEAD"))
    assert_found(check("HEAD", "schemas/a.avsc"))
    assert_found(check("HEAD", "."))


def test_from_inside_of_a_submodule(
    with_submodule: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(with_submodule.folder / "schemas")
    assert_found(check("HEAD~1", "."), "a.avsc")


def test_a_submodule_that_is_not_checked_out(with_submodule: Repository) -> None:
    with_submodule.git("submodule", "--quiet", "deinit", "--force", "schemas")
    write_schemas(with_submodule.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "submodule schemas is not checked out", "--init")


def test_a_submodule_that_lacks_the_commit(with_submodule: Repository) -> None:
    with_submodule.git("update-index", "--cacheinfo", f"160000,{'1' * 40},schemas")
    with_submodule.git("commit", "--quiet", "--message=lost")
    assert_refused(check("HEAD"), "does not have the commit 111111111111", "git -C schemas fetch")


# --- Git LFS --------------------------------------------------------------------------------------

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n"


def test_lfs_without_lfs(repository: Repository) -> None:
    repository.commit({"schemas/a.avsc": POINTER, ".gitattributes": "*.avsc filter=lfs\n"})
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "schemas/a.avsc is stored in Git LFS", "git lfs install")


def test_lfs_through_its_filter(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "smudge"
    script.write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(OLD)}\nEOF\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    repository.commit({"schemas/a.avsc": POINTER, ".gitattributes": "*.avsc filter=lfs\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "own"))
    (tmp_path / "own").write_text(f'[filter "lfs"]\n\tsmudge = {script}\n')
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_found(check("HEAD"))
    # The repository has another one, which is not run.
    repository.git("config", "filter.lfs.smudge", "false")
    assert_found(check("HEAD"))


# --- bad input ------------------------------------------------------------------------------------


def test_no_such_folder_then(repository: Repository) -> None:
    repository.commit({"README": "nothing yet"})
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "schemas did not exist at HEAD\n")


def test_no_schemas_then(repository: Repository) -> None:
    repository.commit({"schemas/README": "nothing yet"})
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "no schemas in git:HEAD")


def test_a_file_in_place_of_the_folder(repository: Repository) -> None:
    repository.commit({"schemas": "a file"})
    (repository.folder / "schemas").unlink()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    result = check("HEAD")
    assert result.exit_code == 2


def test_broken_schemas_then(repository: Repository) -> None:
    repository.commit({"schemas/a.avsc": '{"type": "record",'})
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    result = check("HEAD")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("HEAD:schemas/a.avsc:1:19: error[AVR105]")
    assert "Error: the schemas in git:HEAD are invalid" in result.stderr


def test_old_schemas_that_are_no_utf8(repository: Repository) -> None:
    (repository.folder / "schemas").mkdir()
    (repository.folder / "schemas/a.avsc").write_bytes(b'"\xff"')
    repository.commit_all()
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    assert_refused(check("HEAD"), "schemas/a.avsc at HEAD is not valid UTF-8")


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = write_schemas(tmp_path / "plain", {"schemas/a.avsc": NEW})
    monkeypatch.chdir(folder)
    assert_refused(check("HEAD"), "schemas is not in a git repository\n")


def test_schemas_of_two_repositories(repository: Repository, tmp_path: Path) -> None:
    change(repository)
    other = Repository(tmp_path / "other")
    other.commit({"a.avsc": OLD})
    assert_refused(
        check("HEAD", "schemas", other.folder), "is not in the git repository of the other schemas"
    )


def test_a_repository_without_commits(repository: Repository) -> None:
    write_schemas(repository.folder, {"schemas/a.avsc": NEW})
    folder = repository.folder.resolve().as_posix()
    assert_refused(check("HEAD"), f"Error: {folder} has no commits yet\n")


def test_no_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository)
    monkeypatch.setenv("PATH", str(repository.folder))
    assert_refused(check("HEAD"), "git is not installed", "--against FOLDER")


def test_a_damaged_repository(repository: Repository) -> None:
    change(repository)
    name = repository.git("rev-parse", "HEAD:schemas/a.avsc").strip()
    path = repository.folder / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o600)
    path.unlink()
    assert_refused(check("HEAD"), "git does not have the content of schemas/a.avsc")
