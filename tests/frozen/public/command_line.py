"""Commands of the command line, as click has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from tests.conftest import run_avrogen
from tests.reference.walking import Shown, all_commands

__all__ = ["commands"]

_HEADING = re.compile(r"^(?:  )?([A-Z][a-z]+(?: [a-z]+)?):(?= |$)", re.MULTILINE)
_EXIT_CODES = re.compile(r"^Exit codes:(.+)$", re.MULTILINE)


def commands() -> Mapping[str, object]:
    """Return arguments, options, headings of ``--help`` and documented exit codes of each."""
    return {shown.name: _described(shown) for shown in all_commands()}


def _described(shown: Shown) -> Mapping[str, object]:
    parameters = shown.command.params  # without --help, which click makes when it is asked for
    options = [each for each in parameters if isinstance(each, click.Option)]
    arguments = [each for each in parameters if isinstance(each, click.Argument)]
    codes = _EXIT_CODES.search(shown.help)
    printed = run_avrogen(*shown.name.split()[1:], "--help").stdout
    return {
        "usage": shown.command.get_usage(shown.context).removeprefix("Usage: "),
        "arguments": {each.make_metavar(shown.context): _common(each) for each in arguments},
        "options": {
            ", ".join([*each.opts, *each.secondary_opts]): {
                **_common(each),
                **_said(
                    {
                        "flag": each.is_flag,
                        "metavar": None if each.is_flag else each.make_metavar(shown.context),
                        "environment variable": each.envvar,
                    }
                ),
            }
            for each in options
        },
        "options for help": shown.context.help_option_names,
        "headings of --help": _HEADING.findall(printed)[1:],  # behind "Usage"
        "exit codes": [] if codes is None else [int(c) for c in re.findall(r"\b\d\b", codes[1])],
    }


def _common(parameter: click.Parameter) -> Mapping[str, object]:
    context = click.Context(click.Command("any"))
    default = parameter.get_default(context)
    kind = parameter.type
    return _said(
        {
            "required": parameter.required,
            "values": parameter.nargs,
            "repeatable": parameter.multiple,
            "type": kind.name,
            "choices": list(kind.choices) if isinstance(kind, click.Choice) else None,
            "default": default if isinstance(default, bool | int | float | str) else None,
        }
    )


def _said(values: Mapping[str, object]) -> Mapping[str, object]:
    """Without what is as it is for most parameters: one value, not required, no default."""
    unsaid = {"values": 1}
    return {
        key: value
        for key, value in values.items()
        if value is not None and value is not False and unsaid.get(key) != value
    }
