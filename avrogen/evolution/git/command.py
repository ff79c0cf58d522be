"""The git command, for questions only."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from avrogen.evolution.snapshots import WhereError

__all__ = ["GitFailure", "Repository", "repository_around"]

_SECONDS = 120
"""A question takes some milliseconds; one that waits for a password or a network must not hang."""

_OF_ANOTHER_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""Git sets these for hooks, where they would lead away from the folder that is asked about."""


class GitFailure(Exception):
    """Git did not do as it was told; the message is git's own."""


class Repository:
    """A working copy."""

    def __init__(self, top: Path) -> None:
        """Use the working copy at a folder."""
        self.top = top

    def ask(self, *arguments: str | bytes, stdin: bytes = b"") -> bytes:
        """What git prints.

        Raises:
            GitFailure: git refuses.
            WhereError: there is no git, or no end to it.
        """
        return _run(self.top, *arguments, stdin=stdin)


def repository_around(folder: Path) -> Repository | None:
    """The working copy that a folder is in; None: it is in none.

    Raises:
        WhereError: there is no git, or git does not trust the folder.
    """
    try:
        top = _run(folder, "rev-parse", "--show-toplevel")
    except GitFailure as failure:
        if "not a git repository" in str(failure) or "in a work tree" in str(failure):
            return None
        raise WhereError(f"git cannot be asked about {folder}: {failure}") from None
    return Repository(Path(os.fsdecode(top.removesuffix(b"\n"))))


def _run(folder: Path, *arguments: str | bytes, stdin: bytes = b"") -> bytes:
    environment = {k: v for k, v in os.environ.items() if k not in _OF_ANOTHER_REPOSITORY}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    # Paths are paths, whatever characters are in them.
    environment["GIT_LITERAL_PATHSPECS"] = "1"
    try:
        run = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise WhereError(
            "git is not installed, or not on the PATH.",
            "install it, or compare with a folder: --against FOLDER",
        ) from None
    except OSError as error:
        raise WhereError(f"git cannot be run: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise WhereError(f"git has not answered for {_SECONDS} seconds.") from None
    if run.returncode:
        text = run.stderr.decode("utf-8", "backslashreplace").strip()
        raise GitFailure(text.removeprefix("fatal: ") or f"exit code {run.returncode}")
    return run.stdout
