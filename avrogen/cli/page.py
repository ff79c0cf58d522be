"""``docs/diagnostics.md`` as text for a terminal; the wheel carries the page."""

from __future__ import annotations

import re
import shutil
import textwrap
from importlib.resources import files
from pathlib import Path

__all__ = ["section"]

_WIDEST = 100
"""Columns beyond which text is hard to read."""


def section(code: str) -> str:
    """What the page says of a code: its entry, then what it says of the group as a whole.

    Args:
        code: one that there is, such as ``AVR203``.
    """
    for group in re.split(r"^## ", _page(), flags=re.MULTILINE):
        head, *entries = re.split(r"^### ", group, flags=re.MULTILINE)
        for entry in entries:
            if entry.startswith(f"{code} "):
                title, _, body = entry.partition("\n")
                general = head.partition("\n")[2]
                parts = (title, "=" * len(title), *_parts(body), *_parts(general))
                return "\n\n".join(parts).replace("\n\n", "\n", 1)
    raise AssertionError(f"a test finds all codes on the page, and not {code}")


def _page() -> str:
    packed = files("avrogen.cli") / "diagnostics.md"
    if packed.is_file():
        return packed.read_text("utf-8")
    # A checkout, which has it among the other pages.
    return Path(__file__).parents[2].joinpath("docs", "diagnostics.md").read_text("utf-8")


def _parts(markdown: str) -> list[str]:
    """Paragraphs as wide as the terminal, and blocks of code as they are, but for a margin."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    parts: list[str] = []
    for number, part in enumerate(re.split(r"^```(?:\w*)\n", markdown, flags=re.MULTILINE)):
        if number % 2:
            parts.append(textwrap.indent(part.rstrip("\n"), "    "))
        else:
            paragraphs = re.split(r"\n{2,}", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", part.strip()))
            parts += [textwrap.fill(" ".join(p.split()), width) for p in paragraphs if p]
    return parts
