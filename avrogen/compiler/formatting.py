"""Formatting by black, of nothing that was formatted before.

black takes most of the time of a build. So text is formatted piece by piece, a definition at a
time; pieces that an earlier build has formatted come from a cache; and when many are left, they
are formatted on all cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.metadata import version

from avrogen.compiler.format_cache import FormatCache
from avrogen.compiler.rendering import RenderedFile

__all__ = ["Progress", "format_files"]

Progress = Callable[[int, int], None]
"""Told after each batch how many pieces are formatted, and of how many."""

_BATCH = 16
"""Pieces that are sent to another process together."""

_ENOUGH_FOR_PROCESSES = 64
"""Pieces from which on starting processes pays for itself."""


def format_files(
    files: Iterable[RenderedFile], cache: FormatCache, progress: Progress
) -> dict[str, str]:
    """The finished text of every file, by path."""
    files = sorted(files, key=lambda file: file.path)
    pieces = list(dict.fromkeys(piece for file in files for piece in file.pieces))
    known = cache.find(pieces, _black_version())
    missing = [piece for piece in pieces if piece not in known]
    fresh = _formatted(missing, progress)
    cache.keep(fresh, _black_version())
    return {file.path: _joined(file, {**known, **fresh}) for file in files}


def _joined(file: RenderedFile, formatted: Mapping[str, str]) -> str:
    """Two blank lines between definitions, as black has it between classes."""
    return file.head + "\n\n".join(formatted[piece] for piece in file.pieces)


def _formatted(pieces: Sequence[str], progress: Progress) -> dict[str, str]:
    batches = [pieces[i : i + _BATCH] for i in range(0, len(pieces), _BATCH)]
    processes = min(os.cpu_count() or 1, len(batches))
    if processes == 1 or len(pieces) < _ENOUGH_FOR_PROCESSES:
        return _collected(map(_format_batch, batches), pieces, progress)
    with ProcessPoolExecutor(processes) as pool:
        return _collected(pool.map(_format_batch, batches), pieces, progress)


def _collected(
    results: Iterable[list[str]], pieces: Sequence[str], progress: Progress
) -> dict[str, str]:
    done: list[str] = []
    for result in results:
        done += result
        progress(len(done), len(pieces))
    return dict(zip(pieces, done, strict=True))


def _format_batch(batch: Sequence[str]) -> list[str]:
    import black.mode  # takes 0.1 s; most builds need none of it

    mode = black.Mode(target_versions={black.mode.TargetVersion.PY311})
    return [black.format_str(piece, mode=mode) for piece in batch]


@cache
def _black_version() -> str:
    return version("black")
