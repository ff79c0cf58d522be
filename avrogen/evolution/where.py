"""WHERE of the command line: what schemas are compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from avrogen.evolution.folders import folder_snapshot
from avrogen.evolution.git import git_snapshot
from avrogen.evolution.packages import is_generated, package_snapshot
from avrogen.evolution.snapshots import Snapshot, WhereError

__all__ = ["is_registry", "old_snapshot"]

_GIT = "git:"


def is_registry(where: str) -> bool:
    """Whether it is the URL of a schema registry."""
    return re.match(r"https?://", where, re.IGNORECASE) is not None


def old_snapshot(where: str, schemas: Sequence[Path]) -> Snapshot:
    """The schemas at a place that is no registry.

    Args:
        where: a folder or a file with schemas, a generated package, or ``git:REF``.
        schemas: the new schemas, which git is asked for at that ref.

    Raises:
        WhereError: there is nothing to compare with.
    """
    if where.startswith(_GIT):
        return git_snapshot(where.removeprefix(_GIT), schemas)
    path = Path(where)
    if not path.exists():
        raise WhereError(
            f"There is no {where}.",
            "name a folder, a generated package, a commit (git:main) or a registry (https://...)",
        )
    return package_snapshot(path) if is_generated(path) else folder_snapshot(path)
