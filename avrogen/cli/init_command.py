"""``avrogen init``: a starter project with an event, its topic and a hook for pre-commit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from avrogen.cli.common import FileError, cli_extra, echo
from avrogen.config.keys import (
    NAMES_KEYS,
    REGISTRY_KEYS,
    TOP_KEYS,
    TOPIC_KEYS,
    TYPES_KEYS,
    ConfigKey,
)
from avrogen.regular_files import read_file

__all__ = ["HOOK", "HOOK_FILE", "PACKAGE", "SCHEMAS", "hook_text", "init", "schema_files"]


SCHEMAS = "schemas"
"""Schema folder of the project."""

PACKAGE = "events"
"""Generated package, which the hook compares with the schemas."""

HOOK_FILE = ".pre-commit-config.yaml"
"""Configuration of pre-commit, at the top of a repository."""

HOOK = f"""\
  - repo: local
    hooks:
      - id: avrogen-drift
        name: avrogen build --check
        entry: avrogen build {SCHEMAS} -o {PACKAGE} --check
        language: system  # avrogen is installed where git commit runs
        files: \\.avsc$|(^|/)avrogen\\.toml$|^{PACKAGE}/
        pass_filenames: false
"""
"""Entry of ``repos`` in that file."""

_EVENT = """\
{
  "type": "record",
  "name": "OrderPlaced",
  "namespace": "shop",
  "doc": "A customer confirmed an order.",
  "fields": [
    {"name": "order_id", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "placed_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {
      "name": "total",
      "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
      "doc": "What the customer pays, in euros."
    },
    {"name": "note", "type": ["null", "string"], "default": null}
  ]
}
"""

_TOPIC = {
    "value": '"shop.OrderPlaced"',
    "name": '"Orders"',
    "key": '"string"',
    "key-field": '"order_id"',
}
"""Keys of the topic; other keys are in comments."""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Create a starter project in FOLDER (default: current directory).

    The project has an event schema, its topic and a pre-commit hook. Existing files are not
    changed.

    \b
    Example:     avrogen init shop
    Exit codes:  0 success, 1 files cannot be written, 2 usage error
    """
    schemas = folder / SCHEMAS
    if schemas.is_dir() and any(schemas.iterdir()):
        echo(f"skipped {schemas.as_posix()}/: the folder is not empty")
    else:
        _write(schemas, schema_files())
    hook = folder / HOOK_FILE
    if not _write(folder, {hook.name: hook_text()}) and not _has_hook(hook):
        echo(f'  add this to its "repos:" list\n\n{HOOK}')
    _echo_next_steps(folder)


def _echo_next_steps(folder: Path) -> None:
    build = f"avrogen build {SCHEMAS} -o {PACKAGE}"
    commands = {
        build: "generate the package and clients of topics",
        f"{build} --watch": "regenerate after each change",
        f"avrogen check {SCHEMAS} --against git:HEAD": "find breaking changes",
    }
    echo("next steps:")
    if folder != Path():
        echo(f"  cd {folder.as_posix()}")
    for command, meaning in commands.items():
        echo(f"  {command:{max(map(len, commands))}}  {meaning}")


def _write(folder: Path, files: Mapping[str, str]) -> bool:
    """Create files, and print a line for each.

    Returns:
        True if none of them existed.
    """
    with cli_extra():
        from avrogen.compiler.output import create

    created: list[bool] = []
    for path, text in files.items():
        file = folder / path
        try:
            created.append(create(file, text))
        except OSError as error:
            raise click.ClickException(FileError(error).message) from error
        name = file.as_posix()
        echo(f"created {name}" if created[-1] else f"skipped {name}: it already exists")
    return all(created)


def _has_hook(file: Path) -> bool:
    try:
        return "avrogen build" in read_file(file).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False


# --- files ----------------------------------------------------------------------------------------


def schema_files() -> Mapping[str, str]:
    """Return the files of the schema folder by path."""
    return {"avrogen.toml": _config(), "shop/order_placed.avsc": _EVENT}


def hook_text() -> str:
    """Return a configuration of pre-commit with the hook alone."""
    return f"# This file belongs to the root folder of the repository.\nrepos:\n{HOOK}"


def _config() -> str:
    return "\n".join(
        (
            "# avrogen configuration of this schema folder: topics and the schema registry.",
            "",
            *_lines(TOP_KEYS["strict"]),
            "",
            '[topics."shop.orders"]',
            *(line for key in TOPIC_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["registry"].meaning),
            "# [registry]",
            *(line for key in REGISTRY_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["names"].meaning),
            "# [names]",
            *(line for key in NAMES_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["types"].meaning),
            "# [types]",
            *(line for key in TYPES_KEYS.values() for line in _lines(key)),
            "",
        )
    )


def _lines(key: ConfigKey) -> Iterator[str]:
    """Yield the meaning of a key, and the key with a value; optional keys are comments."""
    yield from _comment(key.meaning)
    yield f"{key.name} = {_TOPIC[key.name]}" if key.name in _TOPIC else f"# {key.example}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""),
        100,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )
