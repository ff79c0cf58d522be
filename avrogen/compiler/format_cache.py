"""What black made of which text, kept between builds in the user's cache folder.

The cache can be deleted at any time, and a build works without one: any trouble with it means that
text is formatted anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

__all__ = ["FormatCache"]

_MOST_ENTRIES = 50_000
"""About 50 MB; the entries that were made first go first."""

_BUSY_SECONDS = 2.0

_TABLE = "CREATE TABLE IF NOT EXISTS formatted (key BLOB PRIMARY KEY, text TEXT NOT NULL)"


class FormatCache:
    """Formatted text by the text before formatting and the version of black."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "formatted-1.sqlite3"

    def find(self, pieces: Iterable[str], formatter: str) -> dict[str, str]:
        """The pieces that are known, with what they become."""
        by_key = {_key(piece, formatter): piece for piece in pieces}
        if not self._file.exists():
            return {}
        try:
            with closing(self._open()) as connection:
                rows = (
                    connection.execute(
                        "SELECT text FROM formatted WHERE key = ?", (key,)
                    ).fetchone()
                    for key in by_key
                )
                return {
                    piece: row[0] for piece, row in zip(by_key.values(), rows, strict=True) if row
                }
        except sqlite3.Error:
            self._file.unlink(missing_ok=True)
            return {}

    def keep(self, formatted: Mapping[str, str], formatter: str) -> None:
        """Remember what pieces became."""
        if not formatted:
            return
        rows = [(_key(piece, formatter), text) for piece, text in formatted.items()]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.execute(_TABLE)
                connection.executemany("INSERT OR REPLACE INTO formatted VALUES (?, ?)", rows)
                connection.execute(
                    "DELETE FROM formatted WHERE rowid <= "
                    "(SELECT max(rowid) FROM formatted) - ?",
                    (_MOST_ENTRIES,),
                )
        except (sqlite3.Error, OSError):
            return

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=_BUSY_SECONDS)


def _key(piece: str, formatter: str) -> bytes:
    return hashlib.sha256(f"{formatter}\n{piece}".encode()).digest()
