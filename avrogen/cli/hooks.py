"""The hooks of ``.pre-commit-hooks.yaml``: commands of avrogen, for what is being committed.

Beside files, they look at what git is about to commit: a package that is current on the disk while
a part of it is not in git is refused. See ``docs/pre-commit.md``.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.build import build, build_package
from avrogen.cli.check import check, compare, refuse
from avrogen.cli.commit import compared_ref, from_here, ignored_files, unknown_files

if TYPE_CHECKING:
    from avrogen.compiler.output import Changes

__all__ = ["main"]


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
    from avrogen.evolution.snapshots import NothingThere, WhereError

    where = where or f"git:{compared_ref()}"
    try:
        passed = compare(schemas, where, level, strict=strict, style="text")
    except NothingThere as nothing:
        click.echo(f"Nothing to compare with: {nothing.message}")
        return
    except WhereError as error:
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
    from avrogen.compiler.config import FILE_NAME
    from avrogen.compiler.discovery import SUFFIX

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
