"""The consumer of librdkafka beneath."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from avrogen.errors import ConfigurationError
from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.config import Settings, consumer_settings
from avrogen.kafka.observing.events import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError

__all__ = ["make_client"]


def make_client(
    client: Settings, callbacks: Callbacks, *, group: str, auto_commit: bool
) -> Consumer:
    """A consumer that is not subscribed to anything.

    Args:
        client: :attr:`avrogen.kafka.config.Configuration.client`.
        callbacks: what is told of errors and statistics.
        group: the name of the consumer group.
        auto_commit: whether librdkafka commits stored offsets in the background.

    Raises:
        ConfigurationError: a setting is unknown, or has a value that cannot be.
        MissingExtraError: confluent-kafka is not installed.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer, KafkaException
    settings = consumer_settings(client, group=group, auto_commit=auto_commit)
    callbacks.put_before_given(settings)
    settings["on_commit"] = _told_of_commits(settings.get("on_commit"), group)
    try:
        return Consumer(settings)
    except KafkaException as error:
        raise ConfigurationError(error.args[0].str()) from error


def _told_of_commits(given: object, group: str) -> Any:
    def on_commit(error: KafkaError | None, partitions: Sequence[Any]) -> None:
        if error is not None and error.name() != "_NO_OFFSET":
            log_event(
                logging.WARNING,
                "consumer.commit_failed",
                group=group,
                code=error.name(),
                reason=error.str(),
                partitions=[each.partition for each in partitions],
            )
        if callable(given):
            try:
                given(error, partitions)
            except Exception:
                LOGGER.exception("callback failed: %r", given)

    return on_commit
