"""A choice that names the near word, as click does for options and commands."""

from __future__ import annotations

from difflib import get_close_matches

import click

__all__ = ["Choice"]


class Choice(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """All there are, and the one that was meant."""
        message = super().get_invalid_choice_message(value, ctx)
        words = {self.normalize_choice(choice, ctx): choice for choice in self.choices}
        near = get_close_matches(self.normalize_choice(value, ctx), words, n=1)
        return f"{message} Did you mean {words[near[0]]!r}?" if near else message
