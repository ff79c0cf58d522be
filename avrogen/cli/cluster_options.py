"""Options of commands that talk to Kafka: ``--brokers``, ``--settings``, ``--registry``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avrogen.cli.common import Choice, exit_on_error

if TYPE_CHECKING:
    from avrogen.config.config import TopicConfig

__all__ = ["CLUSTER", "KEY_TYPE", "TIMEOUT", "complete_topics", "configured_topics"]

_SILENCE = logging.NullHandler()

_OPTIONS = (
    click.option(
        "--brokers",
        metavar="HOST:PORT,...",
        help="Bootstrap servers (default: AVROGEN_BROKERS, or bootstrap.servers of --settings).",
    ),
    click.option(
        "--settings",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with librdkafka client properties, one name=value per line.",
    ),
    click.option(
        "--registry",
        "url",
        metavar="URL",
        help="URL of the schema registry (default: AVROGEN_REGISTRY_URL, or schema.registry.url of "
        "--settings).",
    ),
)


def CLUSTER(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as ``cluster``."""

    @wraps(command)
    def call(
        *args: Any, brokers: str | None, settings: Path | None, url: str | None, **others: Any
    ) -> None:
        with exit_on_error():
            from avrogen.console.cluster_connection import ClusterOptions
            from avrogen.kafka.observability.logs import LOGGER
        # Commands print errors themselves, on one line.
        LOGGER.addHandler(_SILENCE)
        command(*args, cluster=ClusterOptions(brokers, settings, url, os.environ), **others)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


class _Seconds(click.FloatRange):
    """A number in a range; NaN is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = float(super().convert(value, param, ctx))
        if found != found:
            self.fail("nan is not in the range of seconds.", param, ctx)
        return found


TIMEOUT = click.option(
    "--timeout",
    type=_Seconds(0.1, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Seconds to wait for brokers or the registry.",
)
"""Option of commands that users wait for."""


KEY_TYPE = click.option(
    "--key-type",
    type=Choice(["auto", "avro", "string", "bytes", "int", "long", "float", "double", "boolean"]),
    default="auto",
    show_default=True,
    help="Format of keys: Avro with a schema id, or that of a Kafka serializer; auto is Avro where "
    "there is a schema, and otherwise string.",
)
"""Option of commands that read or write keys."""


def complete_topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete topics of configurations here and in subfolders."""
    names = {topic.topic for topic in configured_topics()}
    return sorted(n for n in names if n.isprintable() and n.startswith(incomplete))


def configured_topics() -> Iterator[TopicConfig]:
    """Yield the topics of configurations here and in subfolders."""
    from avrogen.avro.diagnostics import Diagnostics
    from avrogen.config.config_files import FILE_NAME
    from avrogen.config.run_config import read_config

    for folder in (Path(), *(file.parent for file in Path().glob(f"*/{FILE_NAME}"))):
        yield from read_config([folder], Diagnostics()).topics
