"""``avrogen dead-letters``: list and replay dead-lettered records."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import Choice, ResultFormat, counted, echo, exit_on_error

if TYPE_CHECKING:
    from avrogen.config.config import TopicConfig
    from avrogen.dead_letters.command import DeadLetterQueue

__all__ = ["dead_letters"]

_RECORD = "dead-lettered record"


def _topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete dead-letter topics of configurations here and in subfolders."""
    names = {topic.dead_letter for topic in _configured_topics()}
    return sorted(n for n in names if n and n.isprintable() and n.startswith(incomplete))


def _configured_topics() -> Iterator[TopicConfig]:
    """Yield the topics of configurations here and in subfolders."""
    from avrogen.avro.diagnostics import Diagnostics
    from avrogen.config.config_files import FILE_NAME
    from avrogen.config.run_config import read_config

    for folder in (Path(), *(file.parent for file in Path().glob(f"*/{FILE_NAME}"))):
        yield from read_config([folder], Diagnostics()).topics


@click.command("dead-letters")
@click.argument("topic", shell_complete=_topics)
@click.option(
    "--brokers",
    metavar="HOST:PORT,...",
    help="Bootstrap servers (default: AVROGEN_BROKERS, or bootstrap.servers of --settings).",
)
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with librdkafka client properties, one name=value per line.",
)
@click.option(
    "--registry",
    "url",
    metavar="URL",
    help="URL of the schema registry (default: AVROGEN_REGISTRY_URL, or schema.registry.url of "
    "--settings).",
)
@click.option("--replay", is_flag=True, help="Replay the records to their original topics.")
@click.option(
    "--to",
    "confirmed",
    multiple=True,
    metavar="TOPIC",
    help="Original topic to replay to; can be repeated. Needed if neither the name of the "
    "dead-letter topic nor avrogen.toml tells.",
)
@click.option(
    "--skip-others",
    is_flag=True,
    help="With --replay, skip records of other topics permanently.",
)
@click.option(
    "--format",
    "style",
    type=Choice(["text", "json"]),
    default="text",
    help="Output format; json prints one line per record.",
)
def dead_letters(
    topic: str,
    brokers: str | None,
    settings: Path | None,
    url: str | None,
    replay: bool,
    confirmed: tuple[str, ...],
    skip_others: bool,
    style: ResultFormat,
) -> None:
    """List the dead-lettered records on TOPIC with error, origin and content.

    Replayed records are no longer listed. --replay produces each record to its original topic once,
    with key, value and headers; it can be interrupted and repeated. It requires brokers that
    support transactions. Headers name the original topic; if it is not the one of TOPIC's name
    (orders.dlq) or of its entry in avrogen.toml, confirm it with --to.

    \b
    Example:     avrogen dead-letters shop.orders.v1.dlq --brokers localhost:9092
    Credentials: for a registry, see avrogen registry --help
    Exit codes:  0 success, 1 some records cannot be replayed, 2 other failure
    """
    if not replay and (confirmed or skip_others):
        raise click.UsageError("--to and --skip-others need --replay.")
    if topic in confirmed:
        raise click.BadParameter("this is the dead-letter topic itself.", param_hint="--to")
    with exit_on_error():
        from avrogen.dead_letters.command import open_dead_letters

        with open_dead_letters(topic, brokers, settings, url, os.environ) as queue:
            code = _replay(queue, confirmed, skip_others) if replay else _list(queue, style)
    sys.exit(code)


def _list(queue: DeadLetterQueue, style: ResultFormat) -> int:
    count = replayed = 0
    for text in queue.texts(style):
        if text is None:
            replayed += 1
            continue
        echo(text, style=style)
        count += 1
    if style == "text":
        earlier = f", {replayed} already replayed" if replayed else ""
        echo(f"{counted(count, _RECORD)} on {queue.topic}{earlier}")
    return 0


def _replay(queue: DeadLetterQueue, confirmed: tuple[str, ...], skip_others: bool) -> int:
    configured = {t.topic for t in _configured_topics() if t.dead_letter == queue.topic}
    count = 0

    def tell(line: str) -> None:
        nonlocal count
        count += 1
        echo(line)

    skipped = queue.replay(tell, {*confirmed, *configured}, skip_others=skip_others)
    for line in skipped:
        echo(line, err=True)
    echo(f"{counted(count, _RECORD)} of {queue.topic} replayed")
    return 1 if skipped else 0
