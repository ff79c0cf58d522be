"""Formatting on all cores: the same text, also where worker processes fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrogen.compiler import formatting
from avrogen.compiler.formatting import FormatCache, format_files
from avrogen.compiler.rendering import RenderedFile

PIECES = tuple(f"x{number} = [1,2, '\u00e9 \U0001f600{'.' * 80}']\n" for number in range(100))
FILES = [RenderedFile("a.py", "# head\n", PIECES)]


def formatted(folder: Path) -> dict[str, str]:
    steps: list[int] = []
    texts = format_files(FILES, FormatCache(folder), lambda done, all_: steps.append(done))
    assert steps == sorted(steps)
    assert steps[-1] == len(PIECES)
    return texts


@pytest.mark.parametrize("program", [None, "raise SystemExit", "print('[')", "input(); input()"])
def test_workers_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = formatted(tmp_path / "alone")
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    if program is not None:
        monkeypatch.setattr(formatting, "_WORKER", program)
    assert formatted(tmp_path / "shared") == alone
