"""The parts of pages that are made of the code's own definitions.

They stand between two comments; what is around them is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from avrogen.config.keys import BUILD_KEYS, REGISTRY_KEYS, TOP_KEYS, TOPIC_KEYS, ConfigKey
from tests.conftest import ROOT
from tests.reference.walking import Shown, all_commands

__all__ = ["PAGES", "current"]

PAGES = [ROOT / "docs/commands.md", ROOT / "docs/configuration.md"]

_BEGIN = "<!-- from here on it is made by `make reference` -->\n"
_END = "<!-- up to here -->\n"
_TABLES = {
    "At the top": TOP_KEYS,
    "Topics: `[topics.NAME]`": TOPIC_KEYS,
    "Schema registry: `[registry]`": REGISTRY_KEYS,
    "Build backends: `[tool.hatch.build.hooks.avrogen]`, or `[tool.avrogen]` for setuptools": (
        BUILD_KEYS
    ),
}


def current(page: Path) -> str:
    """The text of a page as it has to be."""
    before, begin, rest = page.read_text("utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin and end, f"{page.name} has no place for what is made"
    made = _commands() if page.name == "commands.md" else _configuration()
    return f"{before}{begin}\n{made}\n{end}{after}"


# --- commands -------------------------------------------------------------------------------------


def _commands() -> str:
    return "\n\n".join(part for shown in all_commands() for part in _command(shown)) + "\n"


def _command(shown: Shown) -> Iterator[str]:
    yield f"## {shown.name}"
    yield _text(shown.command.get_usage(shown.context))
    for paragraph in shown.help.split("\n\n"):
        lines = paragraph.removeprefix("\b\n")
        yield paragraph if lines == paragraph else _text(lines)
    records = (option.get_help_record(shown.context) for option in shown.command.params)
    options = [(f"`{record[0]}`", record[1]) for record in records if record and record[1]]
    if options:
        yield _table("option", options)
    if isinstance(shown.command, click.Group):
        subs = shown.command.commands.items()
        yield _table("command", ((f"`{name}`", sub.get_short_help_str(100)) for name, sub in subs))


def _text(lines: str) -> str:
    return f"```text\n{lines}\n```"


# --- configuration --------------------------------------------------------------------------------


def _configuration() -> str:
    return (
        "\n\n".join(f"## {title}\n\n{_keys(keys.values())}" for title, keys in _TABLES.items())
        + "\n"
    )


def _keys(keys: Iterable[ConfigKey]) -> str:
    return "\n\n".join(map(_key, keys))


def _key(key: ConfigKey) -> str:
    without = "It has to be there." if key.default is None else f"Without it: {key.default}."
    kind = key.kind[:1].upper() + key.kind[1:]
    return f"### {key.name}\n\n{key.meaning}\n\n{kind}. {without}\n\n```toml\n{key.example}\n```"


def _table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    escaped = (tuple(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join((f"| {head} | |", "|---|---|", *(f"| {a} | {b} |" for a, b in escaped)))
