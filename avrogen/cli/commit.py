"""What git knows of the commit that is being made: asked at the top of a repository, in a hook.

Git says in the environment of a hook which index the commit is made from, so that is left as it is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

__all__ = ["compared_ref", "from_here", "ignored_files", "unknown_files"]


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
