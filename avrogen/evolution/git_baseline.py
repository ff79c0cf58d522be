"""Git as a baseline: the schemas of a commit, and the topics of its configuration.

The working copy is neither changed nor read.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.compiler.discovery import SUFFIXES
from avrogen.config.config import Config, parse_config
from avrogen.config.config_files import find_config_files
from avrogen.config.run_config import joined_config
from avrogen.evolution.git_repository import (
    GitFailure,
    Repository,
    TreeEntry,
    children,
    content,
    contents,
    find,
    repository_around,
    top_of,
)
from avrogen.evolution.snapshot import BaselineError, NoBaseline, Snapshot, snapshot

__all__ = ["git_snapshot"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def git_snapshot(ref: str, schemas: Sequence[Path]) -> Snapshot:
    """Read the schemas that a commit has at the paths of the new schemas.

    Args:
        ref: a branch, a tag, a commit, or an expression for one (``HEAD~1``).
        schemas: files and folders of the working copy.

    Raises:
        NoBaseline: there is no commit yet, or it has no valid schemas at these paths.
        BaselineError: git, the repository, the commit or the content of a file is missing.
    """
    repository = _repository(schemas)
    top = top_of(repository, _commit(repository, ref))
    paths = {path: _inside(repository, path) for path in schemas}
    found = {path: entry for path, at in paths.items() if (entry := find(top, at))}
    if not found:
        raise NoBaseline(
            f"{' and '.join(map(Path.as_posix, schemas))} did not exist at {ref}",
            "compare with a commit that has the schemas at the same path",
        )
    folders = [paths[path] for path, entry in found.items() if entry.is_folder]
    return snapshot(
        f"git:{ref}", _sources(found, ref), _config(top, next(iter(paths.values())), folders, ref)
    )


def _repository(schemas: Sequence[Path]) -> Repository:
    """Return the repository of the current folder if it contains the schemas, else theirs.

    So a submodule of schemas can be compared by a ref of the repository around it.
    """
    here = repository_around(Path.cwd())
    if here is not None and all(_is_inside(here, path) for path in schemas):
        return here
    first = schemas[0].resolve()
    other = repository_around(first if first.is_dir() else first.parent)
    if other is None:
        raise BaselineError(f"{schemas[0].as_posix()} is not in a git repository")
    return other


def _commit(repository: Repository, ref: str) -> str:
    if not ref or ref.startswith(("-", "^")):  # an option, or an exclusion
        raise BaselineError(f'invalid git ref "{ref}"', "for example: --against git:main")
    try:
        # In two steps, because some refs (":/message") accept no suffix.
        name = _parsed(repository, f"{_parsed(repository, ref)}^{{commit}}")
    except GitFailure:
        if ref == "HEAD" and _is_unborn(repository):
            raise NoBaseline(f"{repository.top.as_posix()} has no commits yet") from None
        raise BaselineError(
            f'unknown git ref "{ref}" in {repository.top.as_posix()}', _hint(repository, ref)
        ) from None
    return name


def _is_unborn(repository: Repository) -> bool:
    """Return whether the current branch has no commit yet."""
    try:
        _parsed(repository, "HEAD")
    except GitFailure:
        return True
    return False


def _parsed(repository: Repository, ref: str) -> str:
    return repository.ask("rev-parse", "--verify", "--quiet", ref).decode("ascii").strip()


def _hint(repository: Repository, ref: str) -> str:
    """Return the most similar ref, or the likely reason why the ref is missing."""
    names = repository.ask("for-each-ref", "--format=%(refname:short)").decode("utf-8", "replace")
    branch = next((name for name in names.split() if name.endswith(f"/{ref}")), None)
    near = branch or next(iter(difflib.get_close_matches(ref, names.split(), 1)), None)
    if near:
        return f"did you mean git:{near}?"
    if repository.ask("rev-parse", "--is-shallow-repository").strip() == b"true":
        return "this clone is shallow: get its whole history with git fetch --unshallow"
    return "get remote branches and tags with git fetch"


def _is_inside(repository: Repository, path: Path) -> bool:
    return path.resolve().is_relative_to(repository.top)


def _inside(repository: Repository, path: Path) -> str:
    if not _is_inside(repository, path):
        raise BaselineError(
            f"{path.as_posix()} is not in the git repository of the other schemas",
            "check the schemas of one repository at a time",
        )
    return path.resolve().relative_to(repository.top).as_posix()


# --- schemas --------------------------------------------------------------------------------------


def _sources(found: Mapping[Path, TreeEntry], ref: str) -> list[Source]:
    """Return the schema files below the paths, by the rules for folders of a working copy."""
    named: dict[tuple[str, str], tuple[str, str, TreeEntry]] = {}
    for path, entry in found.items():
        files = _files(entry) if entry.is_folder else [(path.name, entry)]
        for name, file in files:
            shown = posixpath.join(path.as_posix(), name) if entry.is_folder else path.as_posix()
            if file is None:
                raise BaselineError(
                    f"{shown} at {ref} is a symbolic link to a missing file, or to one outside the "
                    "repository, which git does not have"
                )
            named.setdefault((file.commit, file.path), (name, shown, file))
    texts = contents([file for _, _, file in named.values()])
    return [
        Source(f"{ref}:{shown}", _text(data, file, shown, ref), name)
        for (name, shown, file), data in zip(named.values(), texts, strict=True)
    ]


def _files(top: TreeEntry) -> Iterator[tuple[str, TreeEntry | None]]:
    """Yield the schema files of a folder, each with its path relative to the folder.

    A folder is entered once, however many links lead to it.
    """
    visited = {(top.commit, top.path)}
    # A stack instead of recursion: folders may be nested more deeply than calls.
    open_folders = [_entries(top, "")]
    while open_folders:
        found = next(open_folders[-1], None)
        if found is None:
            open_folders.pop()
            continue
        path, entry = found
        name = posixpath.basename(path)
        is_schema = PurePosixPath(name).suffix in SUFFIXES
        if entry is not None and entry.is_folder:
            place = entry.commit, entry.path
            if not is_schema and not name.startswith(".") and place not in visited:
                visited.add(place)
                open_folders.append(_entries(entry, path))
        elif is_schema:
            yield path, entry


def _entries(folder: TreeEntry, below: str) -> Iterator[tuple[str, TreeEntry | None]]:
    for name, entry in sorted(children(folder), key=lambda child: child[0]):
        yield posixpath.join(below, name), entry


def _text(data: bytes, file: TreeEntry, shown: str, ref: str) -> str:
    if data.startswith(_LFS_POINTER):
        data = _from_lfs(file, shown)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BaselineError(f"{shown} at {ref} is not valid UTF-8 (byte {error.start})") from None


def _from_lfs(file: TreeEntry, shown: str) -> bytes:
    """Return the content of a file in Git LFS, by the user's own filters."""
    try:
        data = file.repository.filtered(file.path, file.object)
    except GitFailure as failure:
        raise BaselineError(f"Git LFS cannot provide {shown}: {failure}") from None
    if data.startswith(_LFS_POINTER):
        raise BaselineError(
            f"{shown} is stored in Git LFS, which is not set up here",
            "install git-lfs, then run: git lfs install",
        )
    return data


# --- configuration --------------------------------------------------------------------------------


def _config(top: TreeEntry, first: str, folders: Sequence[str], ref: str) -> Config:
    """Return the configuration: see :func:`avrogen.config.run_config.read_config`.

    An unreadable configuration is ignored: it may be of another version of avrogen.
    """

    def file_at(path: PurePosixPath) -> TreeEntry | None:
        found = find(top, path.as_posix())
        return None if found is None or found.is_folder else found

    def read(path: PurePosixPath) -> bytes:
        file = file_at(path)
        return b"" if file is None else content(file)

    files = find_config_files(
        list(map(PurePosixPath, folders)),
        PurePosixPath(first),
        lambda path: file_at(path) is not None,
        read,
    )
    shown = {f"{ref}:{file}": read(file) for file in files}
    parsed = [(path, parse_config(path, data, Diagnostics())) for path, data in shown.items()]
    config = joined_config(parsed, Diagnostics(), is_one_package=False)
    return config if folders else replace(config, topics=(), is_whole=False)
