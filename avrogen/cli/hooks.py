"""Entry points of the hooks in ``.pre-commit-hooks.yaml``: build, drift and check for a commit.

They run commands of avrogen and ask git what the commit contains: a package that is up to date on
the disk fails if git does not have all of it. See ``docs/pre-commit.md``.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.build_command import build, build_package, build_paths
from avrogen.cli.check_command import check, compare, refuse
from avrogen.cli.common import CommandGroup, configured_paths, echo
from avrogen.message_text import printable

if TYPE_CHECKING:
    from avrogen.compiler.output import Changes

__all__ = ["main"]


@click.group(cls=CommandGroup)
def main() -> None:
    """Entry points of the pre-commit hooks. For interactive use, run avrogen."""


def _of(command: click.Command, *names: str) -> list[click.Parameter]:
    """Return the parameters that a hook shares with a command."""
    return [parameter for parameter in command.params if parameter.name in names]


@main.command("build", params=_of(build, "schemas", "out", "strict"))
def build_hook(schemas: tuple[Path, ...], out: Path | None, strict: bool) -> None:
    """Build OUT. Fail if the build changed it, or if the commit lacks a part of it."""
    schemas, out = build_paths(schemas, out, "text")
    changes = build_package(schemas, out, check=False, strict=strict, style="text", quiet=False)
    _exit(schemas, out, changes)


@main.command("drift", params=_of(build, "schemas", "out", "strict"))
def drift_hook(schemas: tuple[Path, ...], out: Path | None, strict: bool) -> None:
    """Fail if OUT is out of date with SCHEMAS, or if the commit lacks a part of it."""
    schemas, out = build_paths(schemas, out, "text")
    changes = build_package(schemas, out, check=True, strict=strict, style="text", quiet=False)
    if changes:
        echo(f"To update it, run: avrogen build {_quoted(schemas)} -o {_quoted([out])}")
    _exit(schemas, out, changes)


@main.command("check", params=_of(check, "schemas", "level", "strict"))
@click.option(
    "--against",
    "baseline",
    metavar="WHERE",
    help="Baseline, as for avrogen check (default: HEAD; with --from-ref of pre-commit, the merge "
    "base of it and --to-ref).",
)
def check_hook(
    schemas: tuple[Path, ...], baseline: str | None, level: str | None, strict: bool
) -> None:
    """Fail on breaking changes of SCHEMAS. Pass if there is no baseline yet."""
    from avrogen.evolution.snapshot import BaselineError, NoBaseline

    schemas = configured_paths(schemas, "text").schemas
    baseline = baseline or f"git:{_baseline_ref()}"
    try:
        passed = compare(schemas, baseline, level, strict=strict, style="text")
    except NoBaseline as reason:
        echo(f"No baseline: {reason.message}")
        return
    except BaselineError as error:
        refuse(error, "text")
    sys.exit(0 if passed else 1)


def _exit(schemas: tuple[Path, ...], package: Path, changes: Changes) -> None:
    """Print what the commit lacks of the package and its sources, and exit."""
    package = _relative(package)
    built = {package / path for path in (*changes.unchanged, *changes.write)}
    ignored = built & _ignored_files([package])
    if package / "__init__.py" in ignored:  # the package is not under version control
        built, ignored = set[Path](), set[Path]()
    untracked = built & _untracked_files([package])
    sources = {path for path in _untracked_files(schemas) if _is_source(path)}
    _echo_paths("Not in git", untracked | sources)
    _echo_paths("Ignored by git", ignored)
    if changes or untracked or sources:
        stage = [*sorted(sources), *([package] if changes or untracked else [])]
        echo(f"Stage it and commit again: git add {_quoted(stage)}")
    if ignored:
        echo("Add it with git add --force, or add an exception to .gitignore")
    sys.exit(1 if changes or untracked or sources or ignored else 0)


def _is_source(path: Path) -> bool:
    from avrogen.compiler.discovery import SUFFIXES
    from avrogen.config.config_files import FILE_NAME

    return path.suffix in SUFFIXES or path.name == FILE_NAME


def _echo_paths(title: str, paths: set[Path]) -> None:
    """Print the first of some paths, and how many more there are."""
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        echo(f"{title}: {printable(min(paths).as_posix())}{more}")


def _quoted(paths: Sequence[Path]) -> str:
    """Return paths quoted for a shell."""
    return " ".join(shlex.quote(path.as_posix()) for path in paths)


# --- git, at the top of a repository --------------------------------------------------------------


class _GitError(click.ClickException):
    """An error of git, with its message; not the fault of schemas."""

    exit_code = 2


def _baseline_ref() -> str:
    """Return the commit that schemas are compared with: the last one.

    Where pre-commit looks at several commits (``--from-ref``, or before a push), it is their merge
    base: commits that others have added elsewhere since then are no part of the change.

    Raises:
        ClickException: the two ends have no merge base.
    """
    old, new = os.environ.get("PRE_COMMIT_FROM_REF"), os.environ.get("PRE_COMMIT_TO_REF")
    if not (old and new):
        return "HEAD"
    try:
        base = _git("merge-base", old, new).decode("ascii").strip()
    except _GitError:
        raise _GitError(
            f"{old} and {new} have no merge base in this clone.\n"
            "  hint: if the clone is shallow, fetch more of its history: git fetch --unshallow"
        ) from None
    return _git("rev-parse", "--short", base).decode("ascii").strip()


def _untracked_files(paths: Sequence[Path]) -> frozenset[Path]:
    """Return files at and below some paths that are not in the index and not ignored."""
    return _other_files(paths, "--exclude-standard")


def _ignored_files(paths: Sequence[Path]) -> frozenset[Path]:
    """Return files at and below some paths that git ignores."""
    return _other_files(paths, "--exclude-standard", "--ignored")


def _other_files(paths: Sequence[Path], *options: str) -> frozenset[Path]:
    """Return files on the disk that are not in the commit, relative to the current folder."""
    inside = [str(path) for path in map(_relative, paths) if path.parts[:1] != ("..",)]
    if not inside:
        return frozenset()
    lines = _git("ls-files", "-z", "--others", *options, "--", *inside).split(b"\0")
    return frozenset(Path(os.fsdecode(line)) for line in lines if line)


def _relative(path: Path) -> Path:
    """Return a path as git names it: relative to the current folder, links as they are."""
    return Path(os.path.relpath(path))


def _git(*arguments: str) -> bytes:
    from avrogen.evolution.git_repository import GitFailure, run_git
    from avrogen.evolution.snapshot import BaselineError

    try:
        return run_git(Path(), *arguments, index=True)
    except GitFailure as failure:
        raise _GitError(f"git {' '.join(arguments)}: {failure}") from None
    except BaselineError as error:
        raise _GitError(str(error)) from None


if __name__ == "__main__":
    main(prog_name="avrogen")
