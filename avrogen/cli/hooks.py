"""The hooks of ``.pre-commit-hooks.yaml``: commands of avrogen, for what is being committed.

Beside files, they look at what git is about to commit: a package that is current on the disk while
a part of it is not in git is refused. See ``docs/pre-commit.md``.

What git knows of the commit that is being made: asked at the top of a repository, in a hook.

Git says in the environment of a hook which index the commit is made from, so that is left as it is.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.build_command import build, build_package
from avrogen.cli.check_command import check, compare, refuse

if TYPE_CHECKING:
    from avrogen.compiler.output import Changes

__all__ = ["compared_ref", "from_here", "ignored_files", "main", "unknown_files"]


@click.group()
def main() -> None:
    """What pre-commit runs; people run avrogen."""


def _of(command: click.Command, *names: str) -> list[click.Parameter]:
    """The parameters that a hook has of a command."""
    return [parameter for parameter in command.params if parameter.name in names]


@main.command("build", params=_of(build, "schemas", "out", "strict"))
def build_hook(schemas: tuple[Path, ...], out: Path, strict: bool) -> None:
    """Build OUT. Fail if that changed it, or if not all of it would be in the commit."""
    changes = build_package(schemas, out, check=False, strict=strict, style="text", quiet=False)
    _end(schemas, out, changes)


@main.command("drift", params=_of(build, "schemas", "out", "strict"))
def drift_hook(schemas: tuple[Path, ...], out: Path, strict: bool) -> None:
    """Fail if OUT is not what is built from SCHEMAS, or not all of it would be in the commit."""
    changes = build_package(schemas, out, check=True, strict=strict, style="text", quiet=False)
    if changes:
        click.echo(f"Build it: avrogen build {_words(schemas)} -o {_words([out])}")
    _end(schemas, out, changes)


@main.command("check", params=_of(check, "schemas", "level", "strict"))
@click.option(
    "--against",
    "where",
    metavar="WHERE",
    help="As for avrogen check. The default is the last commit, or with --from-ref of pre-commit "
    "the one that it and --to-ref have in common.",
)
def check_hook(
    schemas: tuple[Path, ...], where: str | None, level: str | None, strict: bool
) -> None:
    """Fail if SCHEMAS break what is in use. Where nothing is in use yet, nothing can break."""
    from avrogen.evolution.snapshot import BaselineError, NoBaseline

    where = where or f"git:{compared_ref()}"
    try:
        passed = compare(schemas, where, level, strict=strict, style="text")
    except NoBaseline as nothing:
        click.echo(f"Nothing to compare with: {nothing.message}")
        return
    except BaselineError as error:
        refuse(error, "text")
    sys.exit(0 if passed else 1)


def _end(schemas: tuple[Path, ...], package: Path, changes: Changes) -> None:
    """Say what is missing before the commit has all that was built, and of what; then exit."""
    package = from_here(package)
    built = {package / path for path in (*changes.unchanged, *changes.write)}
    ignored = built & ignored_files([package])
    if package / "__init__.py" in ignored:  # it is not meant to be in git
        built, ignored = set[Path](), set[Path]()
    unknown = built & unknown_files([package])
    sources = {path for path in unknown_files(schemas) if _is_source(path)}
    _say("Not in git", unknown | sources)
    _say("Ignored by git", ignored)
    if changes or unknown or sources:
        stage = [*sorted(sources), *([package] if changes or unknown else [])]
        click.echo(f"Stage it, and commit again: git add {_words(stage)}")
    if ignored:
        click.echo("Let git have it: git add --force, or an exception in .gitignore")
    sys.exit(1 if changes or unknown or sources or ignored else 0)


def _is_source(path: Path) -> bool:
    from avrogen.compiler.discovery import SUFFIX
    from avrogen.config.config import FILE_NAME

    return path.suffix == SUFFIX or path.name == FILE_NAME


def _say(what: str, paths: set[Path]) -> None:
    """One line, however many there are."""
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        click.echo(f"{what}: {min(paths).as_posix()}{more}")


def _words(paths: Sequence[Path]) -> str:
    """Paths as a shell takes them."""
    return " ".join(shlex.quote(path.as_posix()) for path in paths)


if __name__ == "__main__":
    main(prog_name="avrogen")


class _GitRefuses(click.ClickException):
    """Git's own message; the exit code is that of whatever is not the schemas' fault."""

    exit_code = 2


def unknown_files(paths: Sequence[Path]) -> frozenset[Path]:
    """Files at and below some paths that git has not been told of, from the current folder.

    Raises:
        ClickException: git refuses to answer.
    """
    return _others(paths, "--exclude-standard")


def ignored_files(paths: Sequence[Path]) -> frozenset[Path]:
    """Files at and below some paths that git was told to ignore, from the current folder.

    Raises:
        ClickException: git refuses to answer.
    """
    return _others(paths, "--exclude-standard", "--ignored")


def from_here(path: Path) -> Path:
    """A path as git names it: from the current folder, links as they are."""
    return Path(os.path.relpath(path))


def compared_ref() -> str:
    """The commit that schemas are compared with.

    That is the last one. Where pre-commit looks at several commits (``--from-ref``, or before
    a push), it is the one where they begin: what others have added elsewhere since then is no part
    of the change.

    Raises:
        ClickException: the two ends have no commit in common.
    """
    old, new = os.environ.get("PRE_COMMIT_FROM_REF"), os.environ.get("PRE_COMMIT_TO_REF")
    if not (old and new):
        return "HEAD"
    try:
        base = _git("merge-base", old, new).decode("ascii").strip()
    except _GitRefuses:
        raise _GitRefuses(
            f"{old} and {new} have no commit in common that is here.\n"
            "  hint: if this clone is shallow, get more of its history: git fetch --unshallow"
        ) from None
    return _git("rev-parse", "--short", base).decode("ascii").strip()


def _others(paths: Sequence[Path], *options: str) -> frozenset[Path]:
    """Files on the disk that are not in the commit."""
    inside = [str(path) for path in map(from_here, paths) if path.parts[:1] != ("..",)]
    if not inside:
        return frozenset()
    lines = _git("ls-files", "-z", "--others", *options, "--", *inside).split(b"\0")
    return frozenset(Path(os.fsdecode(line)) for line in lines if line)


def _git(*arguments: str) -> bytes:
    # Paths are paths, whatever characters are in them.
    environment = {**os.environ, "LC_ALL": "C", "GIT_LITERAL_PATHSPECS": "1"}
    run = subprocess.run(["git", *arguments], env=environment, capture_output=True, check=False)
    if run.returncode:
        text = run.stderr.decode("utf-8", "backslashreplace").strip().removeprefix("fatal: ")
        raise _GitRefuses(f"git {' '.join(arguments)}: {text}")
    return run.stdout
