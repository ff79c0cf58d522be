"""Settings: one mapping for a service, from which each client gets its own.

Keys that begin with ``schema.registry.`` are for the registry. All others are librdkafka's
(``github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md``) and reach it as they are, on
top of defaults that are safe. What is known to lose or double messages without saying so is
refused; :class:`ConfigurationError` says why, and how to have it all the same.

What avrogen knows of librdkafka's settings: other names, and defaults that it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from avrogen.errors import ConfigurationError

__all__ = [
    "ALIASES",
    "CONSUMER_DEFAULTS",
    "PRODUCER_DEFAULTS",
    "REGISTRY_PREFIX",
    "Configuration",
    "Settings",
    "consumer_settings",
    "delivery_timeout",
    "is_on",
    "producer_settings",
    "split",
]

Settings: TypeAlias = Mapping[str, object]
"""Settings by name. Values are text, numbers, booleans and callbacks, as librdkafka takes them."""

REGISTRY_PREFIX: Final = "schema.registry."

_TRANSACTION_TIMEOUT_MS: Final = 60_000  # librdkafka's default


@dataclass(frozen=True, slots=True)
class Configuration:
    """The two halves of a mapping.

    Attributes:
        client: for librdkafka; aliases by their main names.
        registry: for the registry, without the prefix: ``url``, ``basic.auth.user.info``.
    """

    client: Settings
    registry: Settings


def split(config: Settings) -> Configuration:
    """Take the settings of clients and registry apart.

    Raises:
        ConfigurationError: something is said twice, or the brokers are missing.
    """
    client: dict[str, object] = {}
    registry: dict[str, object] = {}
    for name, value in config.items():
        if name.startswith(REGISTRY_PREFIX):
            registry[name.removeprefix(REGISTRY_PREFIX)] = value
            continue
        main = ALIASES.get(name, name)
        if main in client:
            raise ConfigurationError(
                "is given twice, once by another name of it", setting=main, hint="keep one of them"
            )
        client[main] = value
    if not client.get("bootstrap.servers") and "test.mock.num.brokers" not in client:
        raise ConfigurationError(
            "is missing",
            setting="bootstrap.servers",
            hint='say where the brokers are: "bootstrap.servers": "broker-1:9092,broker-2:9092"',
        )
    return Configuration(client, registry)


def producer_settings(client: Settings) -> dict[str, object]:
    """What a producer is made with.

    Args:
        client: :attr:`Configuration.client`.

    Raises:
        ConfigurationError: the producer would lose, double or reorder messages unnoticed.
    """
    for name in ("dr_cb", "dr_msg_cb", "on_delivery", "delivery.report.only.error"):
        if client.get(name):
            raise ConfigurationError(
                "would keep delivery reports from the futures that send() returns",
                setting=name,
                hint="use the futures, or an observer for all deliveries",
            )
    _check_idempotence(client)
    defaults = dict(PRODUCER_DEFAULTS)
    if client.get("transactional.id"):
        # librdkafka takes that of the transaction, and refuses more.
        del defaults["delivery.timeout.ms"]
    return defaults | dict(client)


def _check_idempotence(client: Settings) -> None:
    """Refuse what takes idempotence away without saying so, and what is unsafe without it."""
    given = client.get("enable.idempotence")
    if given is None:
        for name, why in _at_odds_with_idempotence(client):
            raise ConfigurationError(
                f"{client[name]} {why}, and the producer cannot be idempotent",
                setting=name,
                hint='leave it out, or say that this is meant: "enable.idempotence": False',
            )
    elif not is_on(given) and "max.in.flight" not in client and _int(client.get("retries")) != 0:
        raise ConfigurationError(
            "without it, a batch that is sent again may overtake those after it, and messages of "
            "one key change their order",
            setting="enable.idempotence",
            hint='set "max.in.flight" as well: 1 keeps the order, more is faster',
        )


def _at_odds_with_idempotence(client: Settings) -> Iterator[tuple[str, str]]:
    """Settings that idempotence excludes (librdkafka, ``rd_kafka_conf_finalize``), and reasons."""
    if str(client.get("acks", "all")) not in ("all", "-1"):
        yield "acks", "loses messages when the partition's leader fails"
    if _int(client.get("retries")) == 0:
        yield "retries", "loses messages whenever a broker restarts"
    if (_int(client.get("max.in.flight")) or 0) > 5:
        yield "max.in.flight", "lets batches that are sent again overtake others"


def delivery_timeout(settings: Settings) -> float | None:
    """Seconds after which librdkafka gives a message up; None: never.

    Args:
        settings: what :func:`producer_settings` gave.
    """
    given = settings.get("delivery.timeout.ms")
    if given is None:
        given = settings.get("transaction.timeout.ms", _TRANSACTION_TIMEOUT_MS)
    milliseconds = _int(given)
    return milliseconds / 1000 if milliseconds else None


def consumer_settings(client: Settings, *, group: str, auto_commit: bool) -> dict[str, object]:
    """What a consumer is made with.

    Args:
        client: :attr:`Configuration.client`.
        group: the consumer group.
        auto_commit: whether librdkafka commits stored offsets in the background.

    Raises:
        ConfigurationError: offsets would be committed of messages that nobody has handled.
    """
    if client.get("group.id", group) != group:
        raise ConfigurationError(
            f'is "{client["group.id"]}", and the consumer\'s group is "{group}"',
            setting="group.id",
            hint="leave it out of the settings: each consumer is given its group",
        )
    if is_on(client.get("enable.auto.offset.store", False)):
        raise ConfigurationError(
            "would commit offsets of messages that are not handled yet: a crash loses them",
            setting="enable.auto.offset.store",
            hint="leave it out: offsets are stored when the handler has returned",
        )
    if "enable.auto.commit" in client and is_on(client["enable.auto.commit"]) != auto_commit:
        raise ConfigurationError(
            "says something else than the consumer's commit mode",
            setting="enable.auto.commit",
            hint='leave it out: commit="manual" turns it off',
        )
    defaults = dict(CONSUMER_DEFAULTS)
    if str(client.get("group.protocol", "classic")).lower() == "consumer":
        # KIP-848: the broker assigns partitions, and librdkafka refuses a strategy.
        del defaults["partition.assignment.strategy"]
    own = {
        "group.id": group,
        "enable.auto.commit": auto_commit,
        "enable.auto.offset.store": False,
    }
    return defaults | dict(client) | own


def is_on(value: object) -> bool:
    """Whether a boolean setting is true, in any way that librdkafka has for it."""
    return value is not None and str(value).lower() in ("true", "t", "1")


def _int(value: object) -> int | None:
    """A number as librdkafka takes it; None if it is none, which librdkafka will say."""
    try:
        return int(str(value))
    except ValueError:
        return None


ALIASES: Final[Mapping[str, str]] = {
    "metadata.broker.list": "bootstrap.servers",
    "request.required.acks": "acks",
    "message.timeout.ms": "delivery.timeout.ms",
    "queue.buffering.max.ms": "linger.ms",
    "compression.codec": "compression.type",
    "message.send.max.retries": "retries",
    "max.in.flight.requests.per.connection": "max.in.flight",
}
"""Other names of settings that have a default here, or that are checked."""

PRODUCER_DEFAULTS: Final[Mapping[str, object]] = {
    "acks": "all",
    "enable.idempotence": True,
    # What Java and franz-go do: a key has the same partition whoever sends it.
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 10,
    "delivery.timeout.ms": 120_000,
}

CONSUMER_DEFAULTS: Final[Mapping[str, object]] = {
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
}
