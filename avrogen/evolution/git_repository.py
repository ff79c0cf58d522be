"""Read-only access to a git repository: its commits, and the files and folders of a commit.

Symbolic links and submodules are followed as in a working copy. Everything goes through the ``git``
command; nothing is written. The repository may be a stranger's: no program that its configuration
names is run, and nothing is fetched. What the user's own configuration says holds.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from avrogen.evolution.snapshot import BaselineError

__all__ = [
    "GitFailure",
    "Repository",
    "TreeEntry",
    "children",
    "content",
    "contents",
    "find",
    "own_programs",
    "repository_around",
    "run_git",
    "top_of",
]

_SECONDS = 120
"""Timeout of a command, which takes milliseconds unless it waits for a network or a password."""

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
"""Variables that git sets for hooks, and that would select another repository than the folder's."""


_SAFE_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # Without it, characters such as * in paths are patterns.
    "GIT_LITERAL_PATHSPECS": "1",
    # Objects that a partial clone lacks are not fetched. Git before 2.45 does not know the first
    # variable: there is no protocol to fetch them by.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}

_SAFE_OPTIONS: Final = (
    "--no-pager",
    # A folder of a working copy that looks like a bare repository is not one.
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
)


class GitFailure(Exception):
    """A git command failed; the message is git's own."""


class Repository:
    """A working copy.

    Args:
        top: its top folder.
    """

    def __init__(self, top: Path) -> None:
        self.top = top

    def ask(self, *arguments: str | bytes, stdin: bytes = b"") -> bytes:
        """Run a git command and return its output.

        Raises:
            GitFailure: the command failed.
            BaselineError: git is not installed, or did not finish in time.
        """
        return run_git(self.top, *arguments, stdin=stdin)

    def filtered(self, path: str, object_: str) -> bytes:
        """Return the content of a file as a checkout has it, by the user's own filters.

        Filters and other programs of the repository's configuration are not run.

        Raises:
            GitFailure: the filter failed.
            BaselineError: git did not finish in time.
        """
        programs = own_programs(self.ask("config", "--list", "--includes", "--show-scope", "-z"))
        arguments = ("cat-file", "--filters", f"--path={path}", object_)
        return run_git(self.top, *arguments, configuration=programs)


def repository_around(folder: Path) -> Repository | None:
    """Return the working copy that contains a folder, or None.

    Raises:
        BaselineError: git is not installed or does not trust the folder, or the folder is in a bare
            repository, which a commit can contain: its configuration is the committer's.
    """
    try:
        top = _path(run_git(folder, "rev-parse", "--show-toplevel"))
        git_folder = _path(run_git(folder, "rev-parse", "--absolute-git-dir"))
    except GitFailure as failure:
        if "not a git repository" in str(failure) or "in a work tree" in str(failure):
            return None
        if "safe.bareRepository" in str(failure):
            raise _bare(folder) from None
        raise BaselineError(f"git failed in {folder}: {failure}") from None
    # Git before 2.38 does not know safe.bareRepository.
    if _real(git_folder) != _linked_git_folder(folder):
        raise _bare(folder)
    return Repository(top)


def _bare(folder: Path) -> BaselineError:
    return BaselineError(
        f"{folder.as_posix()} is in a bare git repository, whose configuration is not trusted",
        "run avrogen in the working copy of a repository",
    )


def _linked_git_folder(folder: Path) -> Path | None:
    """Return the folder that the nearest ``.git`` is, or names; None if there is none."""
    real = _real(folder)
    link = next((p / ".git" for p in (real, *real.parents) if os.path.lexists(p / ".git")), None)
    if link is None or not link.is_file():
        return link and _real(link)
    target = os.fsdecode(link.read_bytes()).removeprefix("gitdir:").strip()
    return _real(link.parent / target)


def _path(output: bytes) -> Path:
    return Path(os.fsdecode(output.removesuffix(b"\n")))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


_PROGRAM: Final = re.compile(
    r"(?:filter|credential)\..*|core\.(?:sshcommand|askpass|gitproxy)"
    r"|lfs\.(?:customtransfer|extension)\..*|lfs\.(?:.*\.)?standalonetransferagent",
    re.DOTALL,
)
"""Variables of git and Git LFS that name programs, which a filter may run."""

_LFS_FILTERS: Final = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
}
"""Programs that ``git lfs install --local`` sets."""


def own_programs(listed: bytes) -> list[tuple[str, str]]:
    """Return the variables that replace a repository's programs by the user's own, or by none.

    Args:
        listed: output of ``git config --list --show-scope -z``: scopes, each followed by a name, a
            line end and a value.
    """
    parts = os.fsdecode(listed).split("\0")
    own: dict[str, list[str]] = {}
    foreign: dict[str, str] = {}
    for scope, entry in zip(parts[::2], parts[1::2], strict=False):
        name, _, value = entry.partition("\n")
        if scope in ("system", "global", "command"):
            own.setdefault(name, []).append(value)
        elif _PROGRAM.fullmatch(name) and _LFS_FILTERS.get(name) != value:
            foreign[name] = value
    # The first, empty value ends the list of a variable with several values.
    return [(name, value) for name in foreign for value in ("", *own.get(name, ()))]


def run_git(
    folder: Path,
    *arguments: str | bytes,
    stdin: bytes = b"",
    index: bool = False,
    configuration: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Run git in a folder and return its output.

    Args:
        folder: working directory.
        arguments: command and arguments.
        stdin: input.
        index: keep the environment of a hook, which names the index of the commit being made.
        configuration: names and values of variables, which replace those of files.

    Raises:
        GitFailure: git reports an error.
        BaselineError: git is not installed, or does not finish.
    """
    environment = {k: v for k, v in os.environ.items() if index or k not in _OF_ANOTHER_REPOSITORY}
    environment |= _SAFE_ENVIRONMENT
    if configuration:
        first = int(environment.get("GIT_CONFIG_COUNT") or 0)
        for number, (name, value) in enumerate(configuration, first):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        environment["GIT_CONFIG_COUNT"] = str(first + len(configuration))
    try:
        run = subprocess.run(
            ["git", *_SAFE_OPTIONS, *arguments],
            cwd=folder,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise BaselineError(
            "git is not installed, or not on the PATH",
            "install it, or compare with a folder: --against FOLDER",
        ) from None
    except OSError as error:
        raise BaselineError(f"cannot run git: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise BaselineError(f"git did not respond within {_SECONDS} seconds") from None
    if run.returncode:
        text = run.stderr.decode("utf-8", "backslashreplace").strip()
        raise GitFailure(text.removeprefix("fatal: ") or f"exit code {run.returncode}")
    return run.stdout


_MOST_LINKS = 40
"""Longest chain of symbolic links, as on Linux."""

_PARTIAL_CLONE = "if the clone is partial, get what it lacks: git fetch --refetch --no-filter"

_FOLDER, _LINK, _SUBMODULE = "040000", "120000", "160000"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file or a folder of a commit.

    Attributes:
        repository: the repository of the commit; for files of a submodule, the submodule's.
        commit: full hash of the commit.
        path: path from the top of the repository.
        mode: git's file mode.
        object: hash of its content.
    """

    repository: Repository
    commit: str
    path: str
    mode: str
    object: str

    @property
    def is_folder(self) -> bool:
        """Return whether the entry is a folder."""
        return self.mode == _FOLDER


def top_of(repository: Repository, commit: str) -> TreeEntry:
    """Return the top folder of a commit."""
    return TreeEntry(repository, commit, "", _FOLDER, f"{commit}^{{tree}}")


def find(top: TreeEntry, path: str, *, links: int = 0) -> TreeEntry | None:
    """Return the file or folder at a path from the top of a repository, or None.

    Raises:
        BaselineError: the path leads into a submodule that is not checked out.
    """
    entry = top
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for position, part in enumerate(parts):
        named = (inner for name, inner in _list_tree(entry) if name == part)
        inner = next(named, None) if entry.is_folder else None
        if inner is None:
            return None
        if inner.mode == _LINK:
            return _follow_link(inner, parts[position + 1 :], links)
        entry = _enter_submodule(inner)
    return entry


def children(folder: TreeEntry) -> Iterator[tuple[str, TreeEntry | None]]:
    """Yield the names in a folder with their entries; None for links out of the repository.

    Raises:
        BaselineError: a submodule is not checked out.
    """
    for name, entry in _list_tree(folder):
        yield name, _follow_link(entry, (), 0) if entry.mode == _LINK else _enter_submodule(entry)


def contents(files: Sequence[TreeEntry]) -> Iterator[bytes]:
    """Yield the contents of files in their order, read by one command for each repository.

    Raises:
        BaselineError: git does not have a content.
    """
    for repository, group in itertools.groupby(files, lambda file: file.repository):
        yield from _contents(repository, list(group))


def content(file: TreeEntry) -> bytes:
    """Return the content of a file; see :func:`contents`."""
    return next(contents([file]))


def _contents(repository: Repository, files: Sequence[TreeEntry]) -> Iterator[bytes]:
    names = "".join(f"{file.object}\n" for file in files)
    try:
        answer = repository.ask("cat-file", "--batch", stdin=names.encode("ascii"))
    except GitFailure as failure:
        raise BaselineError(
            f"git cannot read the files of the commit: {failure}", _PARTIAL_CLONE
        ) from None
    start = 0
    for file in files:
        # "<object> <type> <size>\n<content>\n", or "<object> missing\n"
        end = answer.index(b"\n", start)
        words = answer[start:end].split()
        if words[-1] == b"missing":
            raise BaselineError(f"git does not have the content of {file.path}", _PARTIAL_CLONE)
        start = end + 1 + int(words[2]) + 1
        yield answer[end + 1 : start - 1]


def _list_tree(folder: TreeEntry) -> Iterator[tuple[str, TreeEntry]]:
    lines = folder.repository.ask("ls-tree", "-z", "--full-tree", folder.object).split(b"\0")
    for line in filter(None, lines):
        about, _, raw_name = line.partition(b"\t")
        mode, _, object_ = about.decode("ascii").split(" ")
        name = os.fsdecode(raw_name)
        path = posixpath.join(folder.path, name)
        yield name, TreeEntry(folder.repository, folder.commit, path, mode, object_)


def _follow_link(link: TreeEntry, rest: Iterable[str], links: int) -> TreeEntry | None:
    """Return the entry at the target of a symbolic link, plus the rest of a path behind it."""
    target = os.fsdecode(content(link))
    path = posixpath.normpath(posixpath.join(posixpath.dirname(link.path), target, *rest))
    if path.startswith(("/", "../")) or links == _MOST_LINKS:
        return None
    return find(top_of(link.repository, link.commit), path, links=links + 1)


def _enter_submodule(entry: TreeEntry) -> TreeEntry:
    """Return the top folder of a submodule for a submodule, and any other entry unchanged."""
    if entry.mode != _SUBMODULE:
        return entry
    folder = entry.repository.top / entry.path
    inner = repository_around(folder) if folder.is_dir() else None
    if inner is None or inner.top != Path(os.path.realpath(folder)):
        raise BaselineError(
            f"submodule {entry.path} is not checked out", "run: git submodule update --init"
        )
    if not _is_submodule(inner, entry.repository):
        raise BaselineError(
            f"{entry.path} is a git repository of its own, not a submodule of the one around it",
            "run: git submodule absorbgitdirs",
        )
    try:
        inner.ask("cat-file", "-e", f"{entry.object}^{{commit}}")
    except GitFailure:
        raise BaselineError(
            f"submodule {entry.path} does not have the commit {entry.object[:12]}",
            f"run: git -C {entry.path} fetch",
        ) from None
    return top_of(inner, entry.object)


def _is_submodule(inner: Repository, outer: Repository) -> bool:
    """Return whether the ``.git`` of a repository leads into the one around it."""
    own = _real(_path(inner.ask("rev-parse", "--absolute-git-dir")))
    around = [_path(outer.ask("rev-parse", f"--{name}")) for name in ("git-dir", "git-common-dir")]
    return any(own.is_relative_to(_real(outer.top / each / "modules")) for each in around)
