"""All commands of the command line, as click has them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

from avrogen.cli import main

__all__ = ["Shown", "all_commands"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A command.

    Attributes:
        name: with all that stands before it: ``avrogen registry pull``.
        command: itself.
        context: as if it had been called.
    """

    name: str
    command: click.Command
    context: click.Context

    @property
    def help(self) -> str:
        """Its docstring, with click's mark before paragraphs that are not to be wrapped."""
        return inspect.cleandoc(self.command.help or "")

    @property
    def examples(self) -> list[str]:
        """The commands that its help shows."""
        return re.findall(r"^Example: +(avrogen .+)$", self.help, re.MULTILINE)


def all_commands() -> list[Shown]:
    """Every command and group, those of a group after it."""
    context = click.Context(main, info_name="avrogen", **main.context_settings)
    return list(_below("avrogen", main, context))


def _below(name: str, command: click.Command, context: click.Context) -> Iterator[Shown]:
    yield Shown(name, command, context)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            sub = command.get_command(context, each)
            assert sub is not None
            yield from _below(
                f"{name} {each}", sub, click.Context(sub, info_name=each, parent=context)
            )
