"""Schemas in files and folders."""

from __future__ import annotations

from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.compiler.discovery import read_sources
from avrogen.config.config import read_config
from avrogen.evolution.snapshots import Snapshot, WhereError, snapshot

__all__ = ["folder_snapshot"]


def folder_snapshot(path: Path) -> Snapshot:
    """The schemas of a folder or a file, with the topics of its configuration.

    A configuration that cannot be read is as good as none: it may be of another version.

    Raises:
        WhereError: there are no schemas, or something is wrong with them.
    """
    diagnostics = Diagnostics()
    sources = read_sources([path], diagnostics)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    name = path.as_posix()
    if errors:
        raise WhereError(f"The schemas in {name} cannot be read.", diagnostics=errors)
    return snapshot(name, sources, read_config([path], Diagnostics()).topics)
