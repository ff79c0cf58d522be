"""``avrogen explain``: what a code means, from the page of the documentation."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["explain"]


class _CodeType(click.ParamType[str]):
    """A code, in any case, or its number alone."""

    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        titles = _titles()
        code = value.upper() if value.upper().startswith("AVR") else f"AVR{value}"
        if code in titles:
            return code
        near = get_close_matches(code, titles, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        self.fail(f"There is no code {value!r}.{hint} avrogen explain lists all.", param, ctx)

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
    """Say what CODE means and what to do about it, or list all codes.

    \b
    Example:     avrogen explain AVR203
    Exit codes:  0 done, 2 there is no such code
    """
    if code is None:
        for each, title in _titles().items():
            click.echo(f"{each}  {title}")
        return
    from avrogen.cli.page import section

    click.echo(section(code))


def _titles() -> dict[str, str]:
    from avrogen.avro.diagnostics import Code

    return {code.id: code.title for code in sorted(Code, key=lambda code: code.id)}
