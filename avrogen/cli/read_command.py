"""``avrogen read``: print the messages of a topic as lines of JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from avrogen.cli.cluster_options import CLUSTER, KEY_TYPE, TIMEOUT, complete_topics
from avrogen.cli.common import echo, exit_on_error

if TYPE_CHECKING:
    from avrogen.console.cluster_connection import ClusterOptions
    from avrogen.console.record_output import KeyFormat, RecordFormatter
    from avrogen.console.start_position import Start
    from avrogen.console.topic_reader import OffsetBounds, TopicReader, TopicRecord

__all__ = ["read"]

_INTERRUPTED = 130
"""Exit code after Ctrl-C, as of other programs."""


@click.command("read")
@click.argument("topic", shell_complete=complete_topics)
@click.option(
    "--from",
    "start",
    metavar="POSITION",
    help="Where to begin: beginning, end, an offset in every partition, or -N for the last N "
    "messages (default: beginning; with --follow, end).",
)
@click.option(
    "--since",
    metavar="TIME",
    help="Only messages from then on: a duration before now (90s, 1h30m, 7d), or a time in "
    "ISO 8601 (UTC without an offset).",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with new messages until Ctrl-C.")
@click.option("--key", metavar="KEY", help="Only messages with this key: text, or its JSON.")
@click.option(
    "--partition",
    "partitions",
    type=click.IntRange(0),
    multiple=True,
    metavar="NUMBER",
    help="Only messages of this partition; can be repeated.",
)
@click.option(
    "-n", "--count", type=click.IntRange(1), metavar="N", help="End after so many messages."
)
@KEY_TYPE
@TIMEOUT
@CLUSTER
def read(
    topic: str,
    start: str | None,
    since: str | None,
    follow: bool,
    key: str | None,
    partitions: tuple[int, ...],
    count: int | None,
    key_type: KeyFormat,
    timeout: float,
    cluster: ClusterOptions,
) -> None:
    """Print the messages on TOPIC as lines of JSON, in the order of their timestamps.

    Nothing is changed: no group is joined, and no offset committed. Keys and values are decoded by
    the schemas of the registry. What cannot be decoded is printed in base64, with the reason.

    \b
    Example:     avrogen read shop.orders.v1 --from -10 --brokers localhost:9092
    Credentials: for a registry, see avrogen registry --help
    Exit codes:  0 success, 2 failure
    """
    if start is not None and since is not None:
        raise click.UsageError("use --from or --since, not both.")
    with exit_on_error():
        from avrogen.console.cluster_connection import ClusterConnection
        from avrogen.console.record_output import RecordFormatter
        from avrogen.console.schema_lookup import SchemasById
        from avrogen.console.topic_reader import TopicReader

        begin = _start(start or ("end" if follow and since is None else "beginning"), since)
        connection = ClusterConnection.of(cluster)
        try:
            with (
                closing(TopicReader(connection.client, topic, timeout)) as reader,
                connection.open_registry(timeout) as registry,
            ):
                schemas = None if registry is None else SchemasById(registry, timeout)
                formatter = RecordFormatter(schemas, key_type)
                bounds = _chosen(reader.bounds(), topic, partitions)
                is_wanted = _filter(key, formatter)
                for printed, record in enumerate(
                    _records(reader, begin, bounds, is_wanted, follow), 1
                ):
                    echo(formatter.line(record), style="json")
                    if printed == count:
                        break
        except KeyboardInterrupt:
            sys.exit(0 if follow else _INTERRUPTED)


def _start(start: str, since: str | None) -> Start:
    from avrogen.console.start_position import parse_since, parse_start

    try:
        if since is not None:
            return parse_since(since, datetime.now(UTC))
        return parse_start(start)
    except ValueError as error:
        hint = "--from" if since is None else "--since"
        raise click.BadParameter(f"{error}.", param_hint=hint) from None


def _chosen(
    bounds: dict[int, OffsetBounds], topic: str, partitions: tuple[int, ...]
) -> dict[int, OffsetBounds]:
    for number in partitions:
        if number not in bounds:
            raise click.BadParameter(
                f"{topic} has the partitions {', '.join(map(str, bounds))}, and no {number}.",
                param_hint="--partition",
            )
    return {n: each for n, each in bounds.items() if not partitions or n in partitions}


def _records(
    reader: TopicReader,
    begin: Start,
    bounds: dict[int, OffsetBounds],
    is_wanted: Callable[[TopicRecord], bool],
    follow: bool,
) -> Iterator[TopicRecord]:
    from avrogen.console.start_position import read_from

    yield from read_from(reader, begin, bounds, is_wanted)
    if follow:
        warned = False
        for record in reader.follow({number: each.end for number, each in bounds.items()}):
            if record is not None and is_wanted(record):
                yield record
            if record is None and reader.unreachable is not None and not warned:
                echo(f"warning: no broker can be reached: {reader.unreachable}", err=True)
            warned = reader.unreachable is not None


def _filter(key: str | None, formatter: RecordFormatter) -> Callable[[TopicRecord], bool]:
    if key is None:
        return lambda record: True
    from avrogen.console.record_output import KeyMatch

    return KeyMatch(key, formatter)
