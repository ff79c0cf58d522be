"""``avrogen explain``: the meaning of a diagnostics code, from ``docs/diagnostics.md``.

The page is printed as text for a terminal; the wheel contains it.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import echo

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["explain", "section"]


class _CodeType(click.ParamType[str]):
    """A diagnostics code, in any case, or its number alone."""

    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        titles = _titles()
        code = value.upper() if value.upper().startswith("AVR") else f"AVR{value}"
        if code in titles:
            return code
        near = get_close_matches(code, titles, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        self.fail(f"Unknown code {value!r}.{hint} List all codes: avrogen explain", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(code, help=title)
            for code, title in _titles().items()
            if code.startswith(incomplete.upper())
        ]


@click.command()
@click.argument("code", required=False, type=_CodeType())
def explain(code: str | None) -> None:
    """Explain a diagnostics CODE and its fix, or list all codes.

    \b
    Example:     avrogen explain AVR203
    Exit codes:  0 success, 2 unknown code
    """
    if code is None:
        for each, title in _titles().items():
            echo(f"{each}  {title}")
    else:
        echo(section(code))


def _titles() -> dict[str, str]:
    from avrogen.avro.diagnostics import Code

    return {code.id: code.title for code in sorted(Code, key=lambda code: code.id)}


# --- the page -------------------------------------------------------------------------------------

_MAX_WIDTH = 100
"""Columns of text; longer lines are hard to read."""


def section(code: str) -> str:
    """Return the entry of a code, and the text of its group.

    Args:
        code: an existing code, such as ``AVR203``.
    """
    for group in re.split(r"^## ", _page(), flags=re.MULTILINE):
        head, *entries = re.split(r"^### ", group, flags=re.MULTILINE)
        for entry in entries:
            if entry.startswith(f"{code} "):
                title, _, body = entry.partition("\n")
                general = head.partition("\n")[2]
                parts = (title, "=" * len(title), *_parts(body), *_parts(general))
                return "\n\n".join(parts).replace("\n\n", "\n", 1)
    raise AssertionError(f"docs/diagnostics.md has no entry {code}")


def _page() -> str:
    packed = files("avrogen.cli") / "diagnostics.md"
    if packed.is_file():
        return packed.read_text("utf-8")
    # In a checkout it is among the other pages.
    return Path(__file__).parents[2].joinpath("docs", "diagnostics.md").read_text("utf-8")


def _parts(markdown: str) -> list[str]:
    """Return paragraphs wrapped to the terminal, and blocks of code indented."""
    width = min(shutil.get_terminal_size().columns, _MAX_WIDTH)
    parts: list[str] = []
    for number, part in enumerate(re.split(r"^```(?:\w*)\n", markdown, flags=re.MULTILINE)):
        if number % 2:
            parts.append(textwrap.indent(part.rstrip("\n"), "    "))
        else:
            paragraphs = re.split(r"\n{2,}", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", part.strip()))
            parts += [textwrap.fill(" ".join(p.split()), width) for p in paragraphs if p]
    return parts
