"""``avrogen init``: a starter project with an event, its topic, a service and its test.

The hook for pre-commit is written where pre-commit looks: at the top of the git repository.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from avrogen.cli.common import FileError, cli_extra, echo
from avrogen.config.config_files import FILE_NAME
from avrogen.config.keys import (
    BUILD_KEYS,
    DEFAULTS_KEYS,
    LINT_KEYS,
    NAMES_KEYS,
    REGISTRY_KEYS,
    TOP_KEYS,
    TOPIC_KEYS,
    TYPES_KEYS,
    ConfigKey,
)
from avrogen.regular_files import read_file

__all__ = ["HOOK_FILE", "PACKAGE", "SCHEMAS", "hook_entry", "init", "project_files"]


SCHEMAS = "schemas"
"""Schema folder of the project."""

PACKAGE = "events"
"""Generated package, which the hook compares with the schemas."""

HOOK_FILE = ".pre-commit-config.yaml"
"""Configuration of pre-commit, at the top of a repository."""

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

_SERVICE = '''\
"""A service that adds up what customers pay."""

import os
from decimal import Decimal

from avrogen import Message

from events.shop import OrderPlaced
from events.topics import OrdersConsumer


class Revenue:
    """The sum of all orders."""

    def __init__(self) -> None:
        self.total = Decimal(0)

    def handle(self, message: Message[str, OrderPlaced]) -> None:
        self.total += message.value.total


def main() -> None:
    """Handle orders until the process is stopped."""
    config = {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "schema.registry.url": os.environ["SCHEMA_REGISTRY_URL"],
    }
    with OrdersConsumer(config, group_id="revenue") as consumer:
        consumer.run(Revenue().handle)


if __name__ == "__main__":
    main()
'''

_TEST = '''\
"""The service on an embedded broker and registry, which need no Docker."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from avrogen.testing import EmbeddedKafka

from events.shop import OrderPlaced
from events.topics import OrdersConsumer, OrdersProducer
from service import Revenue


def order(total: str) -> OrderPlaced:
    return OrderPlaced(order_id=uuid4(), placed_at=datetime.now(UTC), total=Decimal(total))


def test_orders_are_added_up(avrogen_kafka: EmbeddedKafka) -> None:
    with avrogen_kafka.producer(OrdersProducer) as producer:
        producer.send(order("9.99"))
        producer.send(order("20.00"))
    revenue = Revenue()
    with avrogen_kafka.consumer(OrdersConsumer, group_id="revenue") as consumer:
        consumer.run(revenue.handle)
    assert revenue.total == Decimal("29.99")
'''

_VALUES = {
    "schemas": f'["{SCHEMAS}"]',
    "out": f'"{PACKAGE}"',
    "against": '"git:HEAD"',
    "value": '"shop.OrderPlaced"',
    "name": '"Orders"',
    "key": '"string"',
    "key-field": '"order_id"',
}
"""Keys of the project and its topic; other keys are in comments."""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Create a starter project in FOLDER (default: current directory).

    The project has an event schema, its topic, a service with a test that runs on an embedded
    broker, and a pre-commit hook, which is at the top of the git repository. Existing files are not
    changed.

    \b
    Example:     avrogen init shop
    Exit codes:  0 success, 1 files cannot be written, 2 usage error
    """
    schemas = folder / SCHEMAS
    is_new = not (schemas.is_dir() and any(schemas.iterdir()))
    if is_new:
        is_new = _write(folder, project_files())
    else:
        echo(f"skipped {schemas.as_posix()}/: the folder is not empty")
    _write_hook(folder)
    _echo_next_steps(folder, is_new)


def _write_hook(folder: Path) -> None:
    """Write the hook, or say what to add to the file that is there."""
    top = _repository(folder)
    inside = Path(os.path.relpath(folder.resolve(), top)) if top else Path()
    shown = folder if top is None or inside == Path() else Path(os.path.relpath(top))
    entry = hook_entry(inside)
    text = f"# This file belongs to the root folder of the repository.\nrepos:\n{entry}"
    if not _write(shown, {HOOK_FILE: text}) and not _has_hook(shown / HOOK_FILE, inside):
        echo(f'  add this to its "repos:" list\n\n{entry}')


def _repository(folder: Path) -> Path | None:
    """Return the top of the git repository around a folder, which need not exist."""
    resolved = folder.resolve()
    around = (each for each in (resolved, *resolved.parents) if (each / ".git").exists())
    return next(around, None)


def hook_entry(inside: Path) -> str:
    """Return the entry of ``repos`` for a project.

    Args:
        inside: folder of the project, from the top of the repository.
    """
    name = "avrogen build --check"
    if inside != Path():
        name += f" ({inside.as_posix()})"
    return f"""\
  - repo: local
    hooks:
      - id: avrogen-drift
        name: {_yaml(name)}
        entry: {_yaml(_command(inside))}
        language: system  # avrogen is installed where git commit runs
        always_run: true  # also for commits that only delete schemas
        pass_filenames: false
"""


def _command(inside: Path) -> str:
    paths = [(inside / name).as_posix() for name in (SCHEMAS, PACKAGE)]
    return f"avrogen build {shlex.quote(paths[0])} -o {shlex.quote(paths[1])} --check"


def _yaml(text: str) -> str:
    """Return a text as a YAML scalar."""
    return text if re.fullmatch(r"[\w ./()-]+", text, re.ASCII) else json.dumps(text)


def _echo_next_steps(folder: Path, is_new: bool) -> None:
    paths = "" if is_new else f" {SCHEMAS} -o {PACKAGE}"
    commands = {
        f"avrogen build{paths}": "generate the package and clients of topics",
        f"avrogen build{paths} --watch": "regenerate after each change",
        "avrogen check" if is_new else f"avrogen check {SCHEMAS} --against git:HEAD": (
            "find breaking changes since the last commit"
        ),
    }
    if is_new:
        commands["pytest"] = "test the service; requires: pip install 'avrogen[testing]'"
    echo("next steps:")
    if folder != Path():
        echo(f"  cd {shlex.quote(folder.as_posix())}")
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


def _has_hook(file: Path, inside: Path) -> bool:
    try:
        text = read_file(file).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    hooks = ("avrogen build", "avrogen-build", "avrogen-drift") if inside == Path() else ()
    return any(word in text for word in (_yaml(_command(inside)), *hooks))


# --- files ----------------------------------------------------------------------------------------


def project_files() -> Mapping[str, str]:
    """Return the files of the project by path."""
    return {
        FILE_NAME: _config(),
        f"{SCHEMAS}/shop/order_placed.avsc": _EVENT,
        "service.py": _SERVICE,
        "test_service.py": _TEST,
    }


def _config() -> str:
    return "\n".join(
        (
            "# avrogen configuration of this project: paths, topics and the schema registry.",
            "",
            *(line for key in BUILD_KEYS.values() for line in _lines(key)),
            *_lines(TOP_KEYS["against"]),
            *_lines(TOP_KEYS["docs-out"]),
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
            *_comment(TOP_KEYS["defaults"].meaning),
            "# [defaults]",
            *(line for key in DEFAULTS_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["types"].meaning),
            "# [types]",
            *(line for key in TYPES_KEYS.values() for line in _lines(key)),
            "",
            *_comment(TOP_KEYS["lint"].meaning),
            "# [lint]",
            *(line for key in LINT_KEYS.values() for line in _lines(key)),
            "",
        )
    )


def _lines(key: ConfigKey) -> Iterator[str]:
    """Yield the meaning of a key, and the key with a value; optional keys are comments."""
    yield from _comment(key.meaning)
    yield f"{key.name} = {_VALUES[key.name]}" if key.name in _VALUES else f"# {key.example}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""),
        100,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )
