"""``avrogen send``: send lines of JSON to a topic."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from avrogen.cli.cluster_options import CLUSTER, KEY_TYPE, TIMEOUT, complete_topics
from avrogen.cli.common import confirm, counted, echo, exit_on_error

if TYPE_CHECKING:
    from avrogen.console.cluster_connection import ClusterConnection, ClusterOptions
    from avrogen.console.record_input import CheckedRecords
    from avrogen.console.record_output import KeyFormat
    from avrogen.console.schema_lookup import GivenSchema, TopicSchemas

__all__ = ["send"]

_STDIN = "<stdin>"


@click.command("send")
@click.argument("topic", shell_complete=complete_topics)
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--schemas",
    "paths",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Schema file or folder to encode with; can be repeated. They must be registered "
    "(default: the latest schemas of the registry).",
)
@click.option("--keep-partitions", is_flag=True, help="Send to the partitions in the lines.")
@click.option("--keep-timestamps", is_flag=True, help="Send with the timestamps in the lines.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@KEY_TYPE
@TIMEOUT
@CLUSTER
def send(
    topic: str,
    file: IO[bytes],
    paths: tuple[Path, ...],
    keep_partitions: bool,
    keep_timestamps: bool,
    yes: bool,
    key_type: KeyFormat,
    timeout: float,
    cluster: ClusterOptions,
) -> None:
    """Send the lines of FILE (default: of stdin) to TOPIC, as avrogen read prints them.

    A line is a JSON object: {"key": "a", "value": {...}, "headers": [["trace", "7"]]}. All lines
    are checked before the first is sent. Then the command says where to and how many, and asks;
    not for brokers on this machine.

    \b
    Example:     avrogen send shop.orders.v1 events.jsonl --brokers localhost:9092
    Credentials: for a registry, see avrogen registry --help
    Exit codes:  0 success, 1 wrong lines or not confirmed: nothing sent, 2 other failure
    """
    with exit_on_error(schema_errors=True):
        from avrogen.console.cluster_connection import ClusterConnection
        from avrogen.console.record_input import (
            MOST_ERRORS,
            CheckedRecords,
            RecordParser,
            check_lines,
        )
        from avrogen.console.schema_lookup import TopicSchemas
        from avrogen.console.topic_reader import TopicReader

        connection = ClusterConnection.of(cluster)
        given = _given(paths, topic) if paths else None
        try:
            with connection.open_registry(timeout) as registry, CheckedRecords() as records:
                # A producer would create a topic that does not exist.
                with closing(TopicReader(connection.client, topic, timeout)) as reader:
                    partitions = reader.bounds()
                schemas = TopicSchemas(registry, topic, timeout, given)
                parser = RecordParser(
                    schemas,
                    key_type,
                    partitions=partitions if keep_partitions else None,
                    keep_timestamps=keep_timestamps,
                )
                name = getattr(file, "name", _STDIN)
                problems = check_lines(file, parser, records)
                for number, problem in problems:
                    echo(f"{name}:{number}: {problem}", err=True)
                if problems:
                    more = " or more" if len(problems) == MOST_ERRORS else ""
                    count = counted(len(problems), "wrong line")
                    echo(f"{count}{more}; nothing was sent", err=True)
                    sys.exit(1)
                _announce(connection, topic, schemas, records.count)
                asks = records.count and not yes and not connection.is_local
                if asks and not confirm("Send?", is_stdin_free=name != _STDIN):
                    echo("nothing was sent", err=True)
                    sys.exit(1)
                sys.exit(_send(connection, topic, records, timeout))
        except KeyboardInterrupt:
            sys.exit(130)


def _announce(connection: ClusterConnection, topic: str, schemas: TopicSchemas, count: int) -> None:
    titles = schemas.titles
    used = f" ({', '.join(titles)})" if titles else ""
    echo(f"{counted(count, 'message')} to {topic} at {connection.brokers}{used}", err=True)


def _send(
    connection: ClusterConnection, topic: str, records: CheckedRecords, timeout: float
) -> int:
    from avrogen.console.record_sender import send_records

    if not records.count:
        echo("0 messages sent", err=True)
        return 0
    delivered, error = send_records(connection.config, topic, records, timeout)
    if error is not None:
        echo(f"error: {error}", err=True)
        echo(f"{delivered} of {counted(records.count, 'message')} sent", err=True)
        return 2
    echo(f"{counted(delivered, 'message')} sent", err=True)
    return 0


def _given(paths: tuple[Path, ...], topic: str) -> list[GivenSchema]:
    """Return the schemas of files and folders for a topic.

    Those that ``avrogen.toml`` has for it; if it has none, the only one of the files, or all
    named types.
    """
    from avrogen.avro.model import Reference
    from avrogen.config.topic_subjects import topic_subjects
    from avrogen.console.schema_lookup import GivenSchema
    from avrogen.kafka.topic import subject_name
    from avrogen.registry_sync.status import read_local

    local = read_local(paths)
    for configured in local.config.topics:
        if configured.topic == topic:
            key = subject_name("topic", topic, "key", None)
            return [
                GivenSchema(
                    subject.name,
                    "key" if subject.name == key else "value",
                    local.schema(subject.type),
                )
                for subject in topic_subjects(configured, local.types)
            ]
    value = subject_name("topic", topic, "value", None)
    roots = [*local.roots.values()] or [Reference(name) for name in local.types]
    return [GivenSchema(value, "value", local.schema(root)) for root in roots]
