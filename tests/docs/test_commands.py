"""Commands that pages show are commands, and have the options that are shown."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from avrogen.cli import main
from tests.docs.pages import PAGES, commands, name

WITH_COMMANDS = [page for page in PAGES if any(commands(page))]


def options_of(shown: str) -> set[str]:
    """The options of the command that a line begins with; ``a|b`` is one command or the other.

    Raises:
        AssertionError: there is no such command.
    """
    command: click.Command = main
    context = click.Context(main)
    for word in shown.split()[1:]:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = [command.get_command(context, alternative) for alternative in word.split("|")]
        known = [each for each in found if each is not None]
        assert known == found, f"no such command: {shown}"
        command = known[0]
    parameters = (*command.get_params(context), *main.get_params(context))
    return {option for each in parameters for option in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name)
def test_commands_are_there(page: Path) -> None:
    for shown in commands(page):
        one, *_ = re.split(r" [|;&>#]|;", shown)
        options = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", one))
        assert options <= options_of(one), shown
