"""Pages in a real browser: headless Chromium, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.catalogue.pages import Page

__all__ = ["Shown", "opened"]

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",  # milliseconds that pass at once, for scripts to load others
)


@dataclass(frozen=True)
class Shown:
    """What became of a page: its elements in the end, and what was written to the console."""

    page: Page
    text: str
    console: tuple[str, ...]


def opened(file: Path, query: str = "") -> Shown:
    """Open a page, as a file."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("not installed: chromium")
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            [
                chromium,
                *_OPTIONS,
                f"--user-data-dir={profile}",
                "--dump-dom",
                f"{file.as_uri()}{query}",
            ],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,  # a second, where nothing else runs
            check=False,
        )
    assert run.returncode == 0, run.stderr
    console = re.findall(r":CONSOLE:?[^]]*\] (.*)", run.stderr)
    return Shown(Page(run.stdout), run.stdout, tuple(console))
