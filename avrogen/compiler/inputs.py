"""What a run would read, without reading it: by this one knows whether a run would say the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from avrogen.avro.diagnostics import Diagnostics
from avrogen.compiler.config import config_files
from avrogen.compiler.discovery import schema_files

__all__ = ["Place", "Stamps", "input_stamps", "place"]

Place: TypeAlias = "tuple[int, int]"
"""What tells a file or folder from others that were at its path."""

Stamps: TypeAlias = "Mapping[Path, tuple[Place, int, int] | None]"
"""Of all files that a run reads: place, time of change and size; None: nothing is there."""


def input_stamps(schemas: Sequence[Path]) -> Stamps:
    """The schema files and the configuration, as they are now.

    Args:
        schemas: files and folders, which need not exist.
    """
    return {path: _stamp(path) for path in _inputs(schemas)}


def place(path: Path) -> Place | None:
    """What is at a path now, links followed; None: nothing."""
    found = _stat(path)
    return found and (found.st_dev, found.st_ino)


def _inputs(schemas: Sequence[Path]) -> Iterator[Path]:
    yield from config_files(schemas)
    for path in schemas:
        # What cannot be read is reported by the run.
        yield from schema_files(path, Diagnostics())


def _stamp(path: Path) -> tuple[Place, int, int] | None:
    found = _stat(path)
    return found and ((found.st_dev, found.st_ino), found.st_mtime_ns, found.st_size)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
