"""The git command, for questions only.

Files and folders of a commit: through symbolic links and submodules, as in a working copy.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.evolution.snapshot import BaselineError

__all__ = [
    "GitFailure",
    "Repository",
    "TreeEntry",
    "children",
    "content",
    "contents",
    "find",
    "repository_around",
    "run_git",
    "top_of",
]

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
        return run_git(self.top, *arguments, stdin=stdin)


def repository_around(folder: Path) -> Repository | None:
    """The working copy that a folder is in; None: it is in none.

    Raises:
        WhereError: there is no git, or git does not trust the folder.
    """
    try:
        top = run_git(folder, "rev-parse", "--show-toplevel")
    except GitFailure as failure:
        if "not a git repository" in str(failure) or "in a work tree" in str(failure):
            return None
        raise BaselineError(f"git cannot be asked about {folder}: {failure}") from None
    return Repository(Path(os.fsdecode(top.removesuffix(b"\n"))))


def run_git(
    folder: Path, *arguments: str | bytes, stdin: bytes = b"", index: bool = False
) -> bytes:
    """Run git in a folder and return its output.

    Args:
        folder: working directory.
        arguments: command and arguments.
        stdin: input.
        index: keep the environment of a hook, which names the index of the commit being made.

    Raises:
        GitFailure: git reports an error.
        BaselineError: git is not installed, or does not finish.
    """
    environment = {k: v for k, v in os.environ.items() if index or k not in _OF_ANOTHER_REPOSITORY}
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
        raise BaselineError(
            "git is not installed, or not on the PATH.",
            "install it, or compare with a folder: --against FOLDER",
        ) from None
    except OSError as error:
        raise BaselineError(f"git cannot be run: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise BaselineError(f"git has not answered for {_SECONDS} seconds.") from None
    if run.returncode:
        text = run.stderr.decode("utf-8", "backslashreplace").strip()
        raise GitFailure(text.removeprefix("fatal: ") or f"exit code {run.returncode}")
    return run.stdout


_MOST_LINKS = 40
"""As many symbolic links lead on to others at most; the limit of Linux."""

_FOLDER, _LINK, _SUBMODULE = "040000", "120000", "160000"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file or a folder of a commit.

    Attributes:
        repository: whose commit it is; that of a submodule for what is in one.
        commit: the full name of the commit.
        path: from the top of the repository.
        mode: git's word for what it is.
        object: git's name for its content.
    """

    repository: Repository
    commit: str
    path: str
    mode: str
    object: str

    @property
    def is_folder(self) -> bool:
        """Whether there are others in it."""
        return self.mode == _FOLDER


def top_of(repository: Repository, commit: str) -> TreeEntry:
    """The folder that holds all others of a commit."""
    return TreeEntry(repository, commit, "", _FOLDER, f"{commit}^{{tree}}")


def find(top: TreeEntry, path: str, *, links: int = 0) -> TreeEntry | None:
    """What is at a path from the top of a repository; None: nothing is there.

    Raises:
        WhereError: it is in a submodule that is not there.
    """
    entry = top
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for position, part in enumerate(parts):
        named = (inner for name, inner in _listed(entry) if name == part)
        inner = next(named, None) if entry.is_folder else None
        if inner is None:
            return None
        if inner.mode == _LINK:
            return _follow(inner, parts[position + 1 :], links)
        entry = _opened(inner)
    return entry


def children(folder: TreeEntry) -> Iterator[tuple[str, TreeEntry | None]]:
    """Names in a folder, and what is there; None for links that lead nowhere in the repository.

    Raises:
        WhereError: a submodule is not there.
    """
    for name, entry in _listed(folder):
        yield name, _follow(entry, (), 0) if entry.mode == _LINK else _opened(entry)


def contents(files: Sequence[TreeEntry]) -> Iterator[bytes]:
    """What files hold, in their order. They are asked for together, as there may be many.

    Raises:
        WhereError: git does not have it.
    """
    for repository, group in itertools.groupby(files, lambda file: file.repository):
        yield from _contents(repository, list(group))


def content(file: TreeEntry) -> bytes:
    """What a file holds; see :func:`contents`."""
    return next(contents([file]))


def _contents(repository: Repository, files: Sequence[TreeEntry]) -> Iterator[bytes]:
    names = "".join(f"{file.object}\n" for file in files)
    try:
        answer = repository.ask("cat-file", "--batch", stdin=names.encode("ascii"))
    except GitFailure as failure:
        raise BaselineError(f"git cannot show its files: {failure}") from None
    start = 0
    for file in files:
        # "<object> <type> <size>\n<content>\n", or "<object> missing\n"
        end = answer.index(b"\n", start)
        words = answer[start:end].split()
        if words[-1] == b"missing":
            raise BaselineError(f"git does not have the content of {file.path}.")
        start = end + 1 + int(words[2]) + 1
        yield answer[end + 1 : start - 1]


def _listed(folder: TreeEntry) -> Iterator[tuple[str, TreeEntry]]:
    lines = folder.repository.ask("ls-tree", "-z", "--full-tree", folder.object).split(b"\0")
    for line in filter(None, lines):
        about, _, raw_name = line.partition(b"\t")
        mode, _, object_ = about.decode("ascii").split(" ")
        name = os.fsdecode(raw_name)
        path = posixpath.join(folder.path, name)
        yield name, TreeEntry(folder.repository, folder.commit, path, mode, object_)


def _follow(link: TreeEntry, rest: Iterable[str], links: int) -> TreeEntry | None:
    """What a symbolic link leads to, and the path behind it."""
    target = os.fsdecode(content(link))
    path = posixpath.normpath(posixpath.join(posixpath.dirname(link.path), target, *rest))
    if path.startswith(("/", "../")) or links == _MOST_LINKS:
        return None
    return find(top_of(link.repository, link.commit), path, links=links + 1)


def _opened(entry: TreeEntry) -> TreeEntry:
    """The top folder of a submodule in place of the submodule; anything else as it is."""
    if entry.mode != _SUBMODULE:
        return entry
    folder = entry.repository.top / entry.path
    inner = repository_around(folder) if folder.is_dir() else None
    if inner is None or inner.top != Path(os.path.realpath(folder)):
        raise BaselineError(
            f"The submodule {entry.path} is not checked out.", "git submodule update --init"
        )
    try:
        inner.ask("cat-file", "-e", f"{entry.object}^{{commit}}")
    except GitFailure:
        raise BaselineError(
            f"The submodule {entry.path} does not have the commit {entry.object[:12]}.",
            f"git -C {entry.path} fetch",
        ) from None
    return top_of(inner, entry.object)
