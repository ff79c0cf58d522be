"""Where downloads and what is made of them are kept: a cache of the user's, beside no checkout."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import platformdirs

__all__ = ["cached_folder", "say"]

_CACHE = platformdirs.user_cache_path("avrogen-tests", appauthor=False)
"""Found out on import: during tests, the variables that say so lead elsewhere."""


def cached_folder(name: str, what: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, which is made if it is not there.

    Processes wait for each other. The folder takes its place when all of it is there, so that one
    which was interrupted is made again.

    Args:
        name: of the folder; it names all that its content depends on.
        what: is being made, for whoever waits.
        make: fills an empty folder.
    """
    folder = _CACHE / name
    if folder.is_dir():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(_CACHE / f"{name}.lock", what):
        if folder.is_dir():
            return folder
        started = time.monotonic()
        say(f"{what} into {_CACHE} (once)")
        draft = _CACHE / f"{name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        make(draft)
        os.replace(draft, folder)
        say(f"{what}: done in {time.monotonic() - started:.0f} s")
    return folder


def say(text: str) -> None:
    """A line for whoever waits; pytest shows it at once where its capturing is suspended."""
    print(f"==> {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _locked(path: Path, what: str) -> Generator[None]:
    """Hold a file that only one process at a time can hold; it is freed when that one dies."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{what}: another process is at it, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
