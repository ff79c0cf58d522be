"""Regular files: reading and finding files in folders that may come from a stranger.

A repository may contain links to devices, pipes, and links that lead to the same folder on many
paths. :func:`read_file` opens nothing but regular files and never blocks; :class:`FolderWalk`
visits every folder once; :func:`link_on_path` finds the link that a written path would follow.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

__all__ = [
    "FileIdentity",
    "FolderWalk",
    "identity_of",
    "link_on_path",
    "make_folder",
    "read_file",
]

MAX_BYTES: Final = 64 * 2**20
"""Size from which on a file is rejected. Files of ``/proc`` may have no end."""

_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer
    | getattr(os, "O_NOCTTY", 0)  # a terminal
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)  # line ends on Windows
)

FileIdentity: TypeAlias = tuple[int, int]
"""Device and inode: they tell a file from others that were at its path."""


def read_file(path: Path, *, links: bool = True, limit: int | None = None) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file.
        links: follow a symbolic link at the path.
        limit: number of bytes to read at most; None: all.

    Raises:
        OSError: the file cannot be read, is no regular file, or is larger than 64 MB.
    """
    # The type is looked at before opening as well, as that alone has effects on some devices.
    _require_regular(path, os.stat(path, follow_symlinks=links))
    descriptor = os.open(path, _OPEN | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        _require_regular(path, os.fstat(descriptor))
        data = bytearray()
        wanted = MAX_BYTES + 1 if limit is None else limit
        try:
            while len(data) < wanted:
                part = file.read(min(wanted - len(data), 2**20))
                if part is None:
                    raise OSError(errno.EINVAL, "it is not a regular file")
                if not part:
                    break
                data += part
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_BYTES >> 20} MB", os.fspath(path))
    return bytes(data)


def _require_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device might never end.
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a regular file"
        raise OSError(errno.EINVAL, kind, os.fspath(path))


def identity_of(path: Path) -> FileIdentity | None:
    """Return the identity of the file at a path, links followed; None for a missing file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class FolderWalk:
    """A walk through folders, each of which is entered once, however many links lead to it.

    Hidden folders are skipped. The order is that of the names, a folder's files in its place.

    Args:
        links: follow symbolic links to folders.
        enter: called with each folder below the top; False skips it.
        loop: called with a folder that is around itself.
        unreadable: called with a folder that cannot be read, and the error.
    """

    def __init__(
        self,
        *,
        links: bool,
        enter: Callable[[Path], bool] = lambda folder: True,
        loop: Callable[[Path], None] = lambda folder: None,
        unreadable: Callable[[Path, OSError], None] = lambda folder, error: None,
    ) -> None:
        self._links = links
        self._enter = enter
        self._loop = loop
        self._unreadable = unreadable
        self._visited: set[FileIdentity] = set()

    def files(self, top: Path) -> Iterator[Path]:
        """Yield everything below a folder that is no folder."""
        around: list[FileIdentity] = []
        # A stack instead of recursion: folders may be nested more deeply than calls.
        open_folders: list[Iterator[tuple[Path, bool]]] = []
        pending: Path | None = top
        while pending is not None or open_folders:
            if pending is not None:
                identity = self._entered(pending, around)
                if identity is not None:
                    around.append(identity)
                    open_folders.append(iter(self._entries(pending)))
                pending = None
                continue
            entry = next(open_folders[-1], None)
            if entry is None:
                open_folders.pop()
                around.pop()
                continue
            path, is_folder = entry
            if not is_folder:
                yield path
            elif not path.name.startswith(".") and self._enter(path):
                pending = path

    def _entered(self, folder: Path, around: list[FileIdentity]) -> FileIdentity | None:
        """Return the identity of a folder that was not visited before."""
        try:
            found = os.stat(folder)
        except OSError as error:
            self._unreadable(folder, error)
            return None
        identity = found.st_dev, found.st_ino
        if identity in around:
            self._loop(folder)
            return None
        if identity in self._visited:
            return None
        self._visited.add(identity)
        return identity

    def _entries(self, folder: Path) -> list[tuple[Path, bool]]:
        try:
            with os.scandir(folder) as entries:
                found = [(Path(entry.path), self._is_folder(entry)) for entry in entries]
        except OSError as error:
            self._unreadable(folder, error)
            return []
        return sorted(found)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self._links)
        except OSError:
            # Such as a link to itself: reading it reports the reason.
            return False


def link_on_path(path: Path, checked: set[Path] | None = None) -> Path | None:
    """Return the symbolic link that writing to a path would follow, if any.

    That is the path itself, and each folder of it below the current folder. Folders outside belong
    to the machine, not to a repository.

    Args:
        path: the path.
        checked: folders without such links, which are not looked at again; it gets those of the
            path.
    """
    here = Path.cwd()
    inside = path.relative_to(here) if path.is_relative_to(here) else path
    parents = () if inside.is_absolute() or ".." in inside.parts else inside.parents
    known = {Path()} if checked is None else checked
    folders: list[Path] = []
    for folder in (inside, *parents):
        if folder in known:
            break
        folders.append(folder)
    for folder in reversed(folders):
        if folder != Path() and folder.is_symlink():
            return folder
        known.add(folder)
    return None


def make_folder(folder: Path) -> None:
    """Create a folder with its parents, however many they are, unless it exists."""
    missing: list[Path] = []
    while not folder.is_dir() and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
