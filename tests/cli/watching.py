"""``avrogen build --watch`` in a process of its own, and what it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

__all__ = ["Watch", "watching"]

_LATE = 60
"""Seconds after which nothing more will come; it takes none of them but when something is wrong."""


class Watch:
    """A running command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: Queue[str | None] = Queue()
        self.seen: list[str] = []
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, pattern: str) -> list[str]:
        """Lines up to the first that a pattern fits, which is the last of them."""
        lines: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=_LATE)
            except Empty:
                raise AssertionError(f"no {pattern!r} in {self.seen}") from None
            assert line is not None, f"it has ended: {self.seen}"
            self.seen.append(line)
            lines.append(line)
            if re.search(pattern, line):
                return lines

    def stop(self) -> int:
        """Press Ctrl-C; what is left to read goes to ``seen``."""
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(_LATE)
        while (line := self._lines.get(timeout=_LATE)) is not None:
            self.seen.append(line)
        return code


@contextmanager
def watching(folder: Path, *arguments: str) -> Generator[Watch]:
    """The command in a folder, with both its outputs in one."""
    command = [sys.executable, "-m", "avrogen", "build", *arguments, "--watch"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Watch(process)
        finally:
            process.kill()
