"""Folders as they are at a moment."""

from __future__ import annotations

from pathlib import Path

__all__ = ["snapshot"]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, by path; folders stand for themselves."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"<folder>"
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }
