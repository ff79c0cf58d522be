"""The command ``avrogen dead-letters``: from its arguments to lines to print."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal

from avrogen.console.cluster_connection import ClusterConnection, ClusterOptions
from avrogen.dead_letters.dead_letter_reader import DeadLetterReader, DeadLetterRecord
from avrogen.dead_letters.display import Decoder, dead_letter_json, dead_letter_text
from avrogen.dead_letters.replay import replay, source_topic
from avrogen.kafka.client_config import Settings

if TYPE_CHECKING:
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["DeadLetterQueue", "open_dead_letters"]


class DeadLetterQueue:
    """The dead-letter queue of a command: shows its records, and replays them.

    Args:
        topic: dead-letter topic.
        config: client properties.
        reader: reader of the topic.
        registry: registry with the schemas of its records, if any.
    """

    def __init__(
        self,
        topic: str,
        config: Settings,
        reader: DeadLetterReader,
        registry: SchemaRegistry | None,
    ) -> None:
        self.topic = topic
        self._config = config
        self._reader = reader
        self._decoder = Decoder(registry)

    def texts(self, style: Literal["text", "json"]) -> Iterator[str | None]:
        """Yield all records as text or as lines of JSON; None for a replayed record.

        Raises:
            ConsumeError: the records cannot be read.
        """
        show = dead_letter_text if style == "text" else dead_letter_json
        ranges = self._reader.ranges()
        starts = {number: range_.first for number, range_ in ranges.items()}
        for record in self._reader.records(starts, ranges):
            passed = record.offset < ranges[record.partition].replayed
            yield None if passed and record.origin else show(record, self._decoder)

    def replay(
        self, report: Callable[[str], None], topics: Collection[str], *, skip_others: bool = False
    ) -> list[str]:
        """Replay all records that were not replayed before.

        Args:
            report: called with a line for each replayed record.
            topics: topics that records may be produced to, besides the one in the name of the
                dead-letter topic.
            skip_others: skip records of other topics, permanently.

        Returns:
            A line for each skipped record.

        Raises:
            DeliveryError, TransactionError, ConsumeError, ConfigurationError: as
                :func:`avrogen.dead_letters.replay.replay`.
        """

        def replayed(record: DeadLetterRecord) -> None:
            assert record.origin is not None, "records without a source topic are skipped"
            report(f"{_place(record)}: replayed to {record.origin.topic}")

        own = {*topics, source_topic(self.topic) or ""} - {self.topic}
        skipped = replay(self._config, self._reader, replayed, own, skip_others=skip_others)
        return [f"{_place(each)}: skipped: {_reason(each)}" for each in skipped]


@contextmanager
def open_dead_letters(topic: str, options: ClusterOptions) -> Generator[DeadLetterQueue]:
    """Open a dead-letter topic for a block.

    Args:
        topic: name of the topic.
        options: options of the command.

    Raises:
        ConfigurationError: no brokers are configured, or client properties are invalid.
        CommandError: the configuration of the registry is contradictory.
        ConsumeError: the brokers do not respond.
        RegistryError: the configuration of the registry is invalid.
    """
    connection = ClusterConnection.of(options)
    with (
        closing(DeadLetterReader(connection.client, topic)) as reader,
        connection.open_registry() as registry,
    ):
        yield DeadLetterQueue(topic, connection.config, reader, registry)


def _place(record: DeadLetterRecord) -> str:
    return f"{record.topic} [{record.partition}] {record.offset}"


def _reason(record: DeadLetterRecord) -> str:
    if record.origin is None:
        return "headers name no source topic"
    return f"headers name {record.origin.topic}, which was not confirmed"
