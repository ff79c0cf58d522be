"""``avrogen dead-letters``: what could not be handled, and back with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from avrogen.cli.common import Choice
from avrogen.extras import CLI_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.dead_letters.command import DeadLetterQueue

__all__ = ["dead_letters"]

Style: TypeAlias = Literal["text", "json"]


def _topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The dead-letter topics of configurations here and in folders here, for shells."""
    from avrogen.avro.diagnostics import Diagnostics
    from avrogen.config.config import FILE_NAME, read_config

    folders = (Path(), *(file.parent for file in Path().glob(f"*/{FILE_NAME}")))
    configs = (read_config([folder], Diagnostics()) for folder in folders)
    letters = {topic.dead_letter for config in configs for topic in config.topics}
    return sorted(name for name in letters if name and name.startswith(incomplete))


@click.command("dead-letters")
@click.argument("topic", shell_complete=_topics)
@click.option(
    "--brokers",
    metavar="HOST:PORT,...",
    help="Where Kafka is, unless AVROGEN_BROKERS or --settings say it.",
)
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of librdkafka's settings, a line for each: name=value.",
)
@click.option(
    "--registry", "url", metavar="URL", help="A schema registry, unless AVROGEN_REGISTRY_URL says."
)
@click.option("--replay", is_flag=True, help="Send them back to the topics that they come from.")
@click.option(
    "--format",
    "style",
    type=Choice(["text", "json"]),
    default="text",
    help="How letters are written; json: a line for each.",
)
def dead_letters(
    topic: str,
    brokers: str | None,
    settings: Path | None,
    url: str | None,
    replay: bool,
    style: Style,
) -> None:
    """List the dead letters on TOPIC: why they are there, where from, and what they say.

    Letters that were sent back are listed no more. --replay sends each back once, with its key,
    value and headers: it may be interrupted, and repeated. It needs brokers with transactions.

    \b
    Example:     avrogen dead-letters shop.orders.v1.dlq --brokers localhost:9092
    Credentials: of a registry, as avrogen registry takes them
    Exit codes:  0 done, 1 letters stay that cannot be sent back, 2 anything else
    """
    with _problems():
        from avrogen.dead_letters.command import open_dead_letters

        with open_dead_letters(topic, brokers, settings, url, os.environ) as room:
            code = _replay(room) if replay else _list(room, style)
    sys.exit(code)


def _list(room: DeadLetterQueue, style: Style) -> int:
    count = before = 0
    for text in room.texts(style):
        if text is None:
            before += 1
            continue
        click.echo(text)
        count += 1
    if style == "text":
        earlier = f", and {before} that were sent back before" if before else ""
        click.echo(f"{_letters(count)} on {room.topic}{earlier}")
    return 0


def _replay(room: DeadLetterQueue) -> int:
    count = 0

    def tell(line: str) -> None:
        nonlocal count
        count += 1
        click.echo(line)

    stay = room.replay(tell)
    for line in stay:
        click.echo(line, err=True)
    click.echo(f"{_letters(count)} of {room.topic} sent back")
    return 1 if stay else 0


def _letters(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"


@contextmanager
def _problems() -> Generator[None]:
    """Print what is wrong, and exit with 2."""
    try:
        from avrogen.errors import AvrogenError

        try:
            yield
        except AvrogenError as error:
            if isinstance(error, ImportError):
                raise
            click.echo(f"error: {error}", err=True)
            sys.exit(2)
        except OSError as error:
            click.echo(f"error: {error.filename}: {error.strerror}", err=True)
            sys.exit(2)
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None
    except ImportError as error:
        # It names the extra.
        raise click.UsageError(str(error)) from None
