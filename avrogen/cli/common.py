"""A choice that names the near word, as click does for options and commands.

Where problems are explained, said to people who have just seen some.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic, Format

__all__ = ["Choice", "hint_explain"]


class Choice(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """All there are, and the one that was meant."""
        message = super().get_invalid_choice_message(value, ctx)
        words = {self.normalize_choice(choice, ctx): choice for choice in self.choices}
        near = get_close_matches(self.normalize_choice(value, ctx), words, n=1)
        return f"{message} Did you mean {words[near[0]]!r}?" if near else message


def hint_explain(diagnostics: Sequence[Diagnostic], style: Format) -> None:
    """After errors as text, on a terminal only: how to see what the first of them means."""
    errors = [d.code.id for d in diagnostics if d.severity == "error"]
    if errors and style == "text" and sys.stderr.isatty():
        click.echo(f"avrogen explain {errors[0]} says more", err=True)
