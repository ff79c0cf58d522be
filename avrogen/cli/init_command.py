"""``avrogen init``: a folder of schemas to begin with.

The files that ``avrogen init`` writes: an event, its topic, and a hook for pre-commit.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from avrogen.config.keys import REGISTRY_KEYS, TOP_KEYS, TOPIC_KEYS, ConfigKey
from avrogen.extras import CLI_EXTRA_MISSING

__all__ = ["HOOK", "HOOK_FILE", "PACKAGE", "SCHEMAS", "hook_text", "init", "schema_files"]


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a starter into FOLDER, or here: an event, its topic, a hook for pre-commit.

    What is there already stays as it is.

    \b
    Example:     avrogen init shop
    Exit codes:  0 done, 1 files cannot be written, 2 usage
    """
    try:
        pass
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None

    schemas = folder / SCHEMAS
    if schemas.is_dir() and any(schemas.iterdir()):
        click.echo(f"left {schemas.as_posix()}/ alone, as there is something in it")
    else:
        _write(schemas, schema_files())
    hook = folder / HOOK_FILE
    if not _write(folder, {hook.name: hook_text()}) and not _speaks_of_us(hook):
        click.echo(f"  this belongs under repos: in it\n\n{HOOK}")
    _say_next(folder, SCHEMAS, PACKAGE)


def _say_next(folder: Path, schemas: str, package: str) -> None:
    build = f"avrogen build {schemas} -o {package}"
    commands = {
        build: "the package, with clients of its topics",
        f"{build} --watch": "again after each change",
        f"avrogen check {schemas} --against git:HEAD": "what a change breaks",
    }
    click.echo("next:")
    if folder != Path():
        click.echo(f"  cd {folder.as_posix()}")
    for command, meaning in commands.items():
        click.echo(f"  {command:{max(map(len, commands))}}  {meaning}")


def _write(folder: Path, files: Mapping[str, str]) -> bool:
    """Write files, and say for each what became of it.

    Returns:
        Whether none of them was there before.
    """
    from avrogen.compiler.output import create

    created: list[bool] = []
    for path, text in files.items():
        file = folder / path
        try:
            created.append(create(file, text))
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error
        name = file.as_posix()
        click.echo(f"wrote {name}" if created[-1] else f"left {name} alone, as it is there already")
    return all(created)


def _speaks_of_us(file: Path) -> bool:
    try:
        return "avrogen build" in file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False


SCHEMAS = "schemas"
"""The schema folder."""

PACKAGE = "events"
"""The package that the hook compares with the schemas."""

HOOK_FILE = ".pre-commit-config.yaml"
"""Where pre-commit looks, at the top of a repository."""

HOOK = f"""\
  - repo: local
    hooks:
      - id: avrogen-drift
        name: avrogen build --check
        entry: avrogen build {SCHEMAS} -o {PACKAGE} --check
        language: system  # avrogen is in the environment of whoever commits
        files: \\.avsc$|(^|/)avrogen\\.toml$|^{PACKAGE}/
        pass_filenames: false
"""
"""An entry of ``repos`` in that file."""

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
"""What is said of the topic; other keys are shown in comments."""


def schema_files() -> Mapping[str, str]:
    """Texts by path in the schema folder."""
    return {"avrogen.toml": _config(), "shop/order_placed.avsc": _EVENT}


def hook_text() -> str:
    """A configuration of pre-commit with our hook alone."""
    return f"# Move this to the top of the repository, if it is not there.\nrepos:\n{HOOK}"


def _config() -> str:
    return "\n".join(
        (
            "# Settings for the schemas in this folder: topics, and where the registry is.",
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
        )
    )


def _lines(key: ConfigKey) -> Iterator[str]:
    """What a key means, and the key with a value, in a comment if it need not be there."""
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
