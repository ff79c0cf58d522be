"""Formatting with black, and the cache of formatted text.

black is slow. Text goes to it piece by piece, a definition at a time, and only if a line is too
long: the rest is in black's form already. Pieces that an earlier build formatted come from a cache;
many remaining pieces are formatted on all cores. Worker processes import nothing of the current
folder, which may be a stranger's repository; those of ``multiprocessing`` do, with the start
methods spawn and forkserver.

The cache is in the user's cache folder. It can be deleted at any time, and any error of it means
that text is formatted anew. Cached text becomes code of a package. So a cache is used only if its
folder and file belong to the user and nobody else can write to them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, TypeAlias

import platformdirs

from avrogen.compiler.line_layout import is_laid_out

if TYPE_CHECKING:
    from avrogen.compiler.rendering import RenderedFile

__all__ = ["FormatCache", "Progress", "format_files", "serve_batches", "user_cache"]

Progress = Callable[[int, int], None]
"""Callback after each batch: number of formatted pieces, and of all."""

_BATCH = 16
"""Pieces per task of a worker process."""

_ENOUGH_FOR_PROCESSES = 64
"""Pieces from which on worker processes pay for their start."""


def format_files(
    files: Iterable[RenderedFile], cache: FormatCache, progress: Progress
) -> dict[str, str]:
    """Return the finished text of every file by path."""
    files = sorted(files, key=lambda file: file.path)
    pieces = dict.fromkeys(piece for file in files for piece in file.pieces)
    laid_out = {piece: piece for piece in pieces if is_laid_out(piece)}
    others = [piece for piece in pieces if piece not in laid_out]
    known = cache.find(others, _black_version()) if others else {}
    missing = [piece for piece in others if piece not in known]
    fresh = _formatted(missing, progress)
    if fresh:
        cache.keep(fresh, _black_version())
    return {file.path: _joined(file, {**laid_out, **known, **fresh}) for file in files}


def _joined(file: RenderedFile, formatted: Mapping[str, str]) -> str:
    """Join the pieces with two blank lines, as black does between classes."""
    return file.head + "\n\n".join(formatted[piece] for piece in file.pieces)


def _formatted(pieces: Sequence[str], progress: Progress) -> dict[str, str]:
    batches = [pieces[i : i + _BATCH] for i in range(0, len(pieces), _BATCH)]
    processes = min(os.cpu_count() or 1, len(batches))
    if processes == 1 or len(pieces) < _ENOUGH_FOR_PROCESSES or not _can_start_python():
        return _collected(map(_format_batch, batches), pieces, progress)
    with _workers(processes - 1) as workers:
        return _collected(_shared(batches, workers), pieces, progress)


def _collected(
    results: Iterable[list[str]], pieces: Sequence[str], progress: Progress
) -> dict[str, str]:
    done: list[str] = []
    for result in results:
        done += result
        progress(len(done), len(pieces))
    return dict(zip(pieces, done, strict=True))


def _format_batch(batch: Sequence[str]) -> list[str]:
    with _home():
        import black.mode  # takes 0.1 s; most builds need none of it

    mode = black.Mode(target_versions={black.mode.TargetVersion.PY311})
    return [black.format_str(piece, mode=mode) for piece in batch]


@contextmanager
def _home() -> Generator[None]:
    """Give black a home, if the user has none: it looks for its cache when it is imported."""
    name = "XDG_CACHE_HOME"
    if user_cache() is not None:
        yield
        return
    os.environ[name] = os.path.abspath(os.devnull)
    try:
        yield
    finally:
        del os.environ[name]


# --- worker processes -----------------------------------------------------------------------------

_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from avrogen.compiler.formatting import serve_batches; serve_batches(sys.stdin, sys.stdout)"
)
"""Program of a worker. It runs isolated (-I), without the current folder and without PYTHONPATH;
the path that modules are imported from is that of this process."""


def serve_batches(requests: IO[str], responses: IO[str]) -> None:
    """Format batches, a line of JSON each, until there are no more."""
    for line in requests:
        responses.write(f"{json.dumps(_format_batch(json.loads(line)))}\n")
        responses.flush()


def _can_start_python() -> bool:
    """Return whether ``sys.executable`` is a Python, and not a program that embeds one."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


_Worker: TypeAlias = "subprocess.Popen[str]"


@contextmanager
def _workers(count: int) -> Generator[list[_Worker]]:
    """Start worker processes for a block."""
    workers: list[_Worker] = []
    path = json.dumps([entry for entry in sys.path if os.path.isabs(entry)])
    try:
        for _ in range(count):
            worker = subprocess.Popen(
                [sys.executable, "-I", "-c", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="ascii",
            )
            workers.append(worker)
            _send(worker, path)
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _shared(batches: Sequence[Sequence[str]], workers: Sequence[_Worker]) -> Iterator[list[str]]:
    """Yield formatted batches, in their order, from this process and the workers.

    A batch that a worker fails to format is formatted here.
    """
    with ThreadPoolExecutor(len(workers) + 1) as threads:
        idle: SimpleQueue[_Worker | None] = SimpleQueue()
        for each in (*workers, None):
            idle.put(each)

        def formatted(batch: Sequence[str]) -> list[str]:
            worker = idle.get()
            try:
                found = None if worker is None else _ask(worker, batch)
                return _format_batch(batch) if found is None else found
            finally:
                idle.put(worker)

        yield from threads.map(formatted, batches)


def _ask(worker: _Worker, batch: Sequence[str]) -> list[str] | None:
    """Return a batch formatted by a worker; None if it has failed."""
    assert worker.stdout is not None
    if not _send(worker, json.dumps(batch)):
        return None
    try:
        formatted: list[str] = json.loads(worker.stdout.readline())
    except ValueError:
        return None
    return formatted


def _send(worker: _Worker, line: str) -> bool:
    """Send a line to a worker; return False if it has ended."""
    assert worker.stdin is not None
    try:
        worker.stdin.write(f"{line}\n")
        worker.stdin.flush()
    except OSError:
        return False
    return True


@cache
def _black_version() -> str:
    return version("black")


# --- the cache ------------------------------------------------------------------------------------

_MAX_ENTRIES = 50_000
"""About 50 MB; the oldest entries are removed first."""

_BUSY_SECONDS = 2.0

_TABLE = "CREATE TABLE IF NOT EXISTS formatted (key BLOB PRIMARY KEY, text TEXT NOT NULL)"


def user_cache() -> Path | None:
    """Return the folder of the user's cache; None for a user without a home."""
    try:
        return platformdirs.user_cache_path("avrogen", appauthor=False)
    except RuntimeError:
        return None


class FormatCache:
    """Formatted text by the text before formatting and the version of black.

    Args:
        folder: folder of the cache, which need not exist. It is made private to the user; without
            a folder that can be, there is no cache.
    """

    def __init__(self, folder: Path | None) -> None:
        # Without a home, some systems say "~/.cache", which a repository may have.
        self._exists = folder is not None and folder.is_absolute()
        self._folder = folder or Path()
        self._file = self._folder / "formatted-1.sqlite3"

    def find(self, pieces: Iterable[str], formatter: str) -> dict[str, str]:
        """Return the formatted text of the pieces that are in the cache."""
        by_key = {_key(piece, formatter): piece for piece in pieces}
        try:
            if not self._is_private() or not self._file.exists():
                return {}
            with closing(self._open()) as connection:
                rows = (
                    connection.execute(
                        "SELECT text FROM formatted WHERE key = ?", (key,)
                    ).fetchone()
                    for key in by_key
                )
                found = dict(zip(by_key.values(), rows, strict=True))
        except (sqlite3.Error, OSError):
            with suppress(OSError):
                self._file.unlink()
            return {}
        return {piece: row[0] for piece, row in found.items() if row and isinstance(row[0], str)}

    def keep(self, formatted: Mapping[str, str], formatter: str) -> None:
        """Store the formatted text of pieces."""
        if not formatted:
            return
        rows = [(_key(piece, formatter), text) for piece, text in formatted.items()]
        try:
            if self._exists:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_private():
                return
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(self._open()) as connection, connection:
                connection.execute(_TABLE)
                connection.executemany("INSERT OR REPLACE INTO formatted VALUES (?, ?)", rows)
                connection.execute(
                    "DELETE FROM formatted WHERE rowid <= "
                    "(SELECT max(rowid) FROM formatted) - ?",
                    (_MAX_ENTRIES,),
                )
        except (sqlite3.Error, OSError):
            return

    def _is_private(self) -> bool:
        """Return True if nobody else can write to the cache.

        A folder of the user that others may write to is made private, and its content is dropped.

        Raises:
            OSError: the folder does not exist, or it cannot be changed.
        """
        if not self._exists:
            return False
        folder = self._folder.lstat()
        if not (stat.S_ISDIR(folder.st_mode) and _is_own(folder)):
            return False
        is_private = not _is_shared(folder)
        if not is_private:
            self._folder.chmod(0o700)
        for file in self._folder.glob(f"{self._file.name}*"):  # SQLite has files beside it
            found = file.lstat()
            is_kept = stat.S_ISREG(found.st_mode) and _is_own(found) and not _is_shared(found)
            if not (is_private and is_kept):
                file.unlink()
        return True

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=_BUSY_SECONDS)


def _is_own(status: os.stat_result) -> bool:
    """Return True if a file belongs to the user, or if the system has no users of files."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _is_shared(status: os.stat_result) -> bool:
    """Return True if others can write to a file. On Windows, the bits say nothing about that."""
    return os.name == "posix" and bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _key(piece: str, formatter: str) -> bytes:
    return hashlib.sha256(f"{formatter}\n{piece}".encode()).digest()
