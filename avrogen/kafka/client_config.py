"""Client properties: one mapping for a service, from which each client gets its own.

Keys that begin with ``schema.registry.`` are for the registry. All others are librdkafka's
(``github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md``) and reach it unchanged.
avrogen overrides librdkafka's unsafe defaults (:data:`PRODUCER_DEFAULTS`,
:data:`CONSUMER_DEFAULTS`). Properties that silently lose or duplicate messages are refused with
a :class:`ConfigurationError`, which has the reason and the way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from avrogen.errors import ConfigurationError
from avrogen.kafka.checked_access import text_problem
from avrogen.kafka.observability.observer import ClientInfo

__all__ = [
    "ALIASES",
    "CONSUMER_DEFAULTS",
    "PRODUCER_DEFAULTS",
    "REGISTRY_PREFIX",
    "SERDE_HINTS",
    "Configuration",
    "Settings",
    "check_text",
    "client_info",
    "commit_interval",
    "consumer_settings",
    "delivery_timeout",
    "is_on",
    "max_poll_interval",
    "producer_settings",
    "queued_bytes",
    "request_timeout",
    "split",
    "transaction_timeout",
]

Settings: TypeAlias = Mapping[str, object]
"""Properties by name. Values are text, numbers, booleans and callbacks, as in librdkafka."""

REGISTRY_PREFIX: Final = "schema.registry."

# librdkafka's defaults
_COMMIT_INTERVAL_MS: Final = 5_000
_MAX_POLL_INTERVAL_MS: Final = 300_000
_QUEUED_KBYTES: Final = 65_536
_REQUEST_TIMEOUT_MS: Final = 30_000
_TRANSACTION_TIMEOUT_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Configuration:
    """Client properties and registry properties of a mapping. Its ``repr`` shows no values.

    Attributes:
        client: librdkafka's properties; aliases have their main names.
        registry: the registry's, without the prefix: ``url``, ``basic.auth.user.info``.
    """

    client: Settings = field(repr=False)
    registry: Settings = field(repr=False)


def split(config: Settings) -> Configuration:
    """Split a mapping into client properties and registry properties.

    Raises:
        ConfigurationError: a property is set twice or no text for C, it is one of other clients or
            serializers (Java's, Confluent's serdes), or there are no brokers.
    """
    client: dict[str, object] = {}
    registry: dict[str, object] = {}
    for name, value in config.items():
        _check_name(name)
        hint = _hint_for(name)
        if hint is not None:
            raise ConfigurationError(
                "is a property of other clients or serializers, which avrogen does not have",
                setting=name,
                hint=hint,
            )
        if name.startswith(REGISTRY_PREFIX):
            registry[name.removeprefix(REGISTRY_PREFIX)] = value
            continue
        _check_value(name, value)
        main = ALIASES.get(name, name)
        if main in client:
            raise ConfigurationError(
                "is set twice, once under an alias", setting=main, hint="keep one of them"
            )
        client[main] = value
    if not client.get("bootstrap.servers") and "test.mock.num.brokers" not in client:
        raise ConfigurationError(
            "is missing",
            setting="bootstrap.servers",
            hint='set the brokers: "bootstrap.servers": "broker-1:9092,broker-2:9092"',
        )
    return Configuration(client, registry)


def _check_name(name: object) -> None:
    """Refuse names that would end the process."""
    if not isinstance(name, str):
        raise ConfigurationError(
            f"client properties have names of type str, got {type(name).__qualname__}"
        )
    problem = text_problem(name)
    if problem is not None:
        raise ConfigurationError(f"the name of the client property {name!a} {problem}")


def _check_value(name: str, value: object) -> None:
    """Refuse texts that would end the process, or that librdkafka would cut or ignore."""
    if isinstance(value, Mapping):  # default.topic.config
        for key, item in cast("Mapping[str, object]", value).items():
            _check_name(key)
            _check_value(key, item)
    elif name != "logger" and not callable(value):
        try:
            text = str(value)
        except Exception as error:
            raise ConfigurationError("the value has no text", setting=name) from error
        check_text(text, name)


def check_text(text: str, setting: str) -> None:
    """Refuse a text that confluent-kafka does not take. The message leaves it out, as a secret.

    Raises:
        ConfigurationError: it has a NUL character or half of a surrogate pair.
    """
    problem = text_problem(text)
    if problem is not None:
        raise ConfigurationError(problem, setting=setting, hint="remove the character")


_SERDE_PREFIXES: Final = ("basic.auth.", "bearer.auth.")
_REGISTER: Final = (
    "use register=True of the producer or Serializer; without it, schemas are looked up"
)
_GENERATED: Final = "leave it out: keys and values are encoded and decoded as the generated classes"
_STRATEGY: Final = (
    'set subject-strategy of the topic in avrogen.toml: "topic", "record" or "topic-record"'
)

SERDE_HINTS: Final[Mapping[str, str]] = {
    "auto.register.schemas": _REGISTER,
    "avro.use.logical.type.converters": _GENERATED,
    "avro.remove.java.properties": _GENERATED,
    "avro.reflection.allow.null": _GENERATED,
    "default.api.timeout.ms": "leave it out: methods that wait have a timeout=",
    "fetch.max.wait.ms": "use fetch.wait.max.ms, the name that librdkafka has for it",
    "id.compatibility.strict": _REGISTER,
    "interceptor.classes": "use an Observer: observer=",
    "key.deserializer": _GENERATED,
    "key.serializer": _GENERATED,
    "key.subject.name.strategy": _STRATEGY,
    "latest.cache.size": _REGISTER,
    "latest.cache.ttl.sec": _REGISTER,
    "latest.compatibility.strict": _REGISTER,
    "max.block.ms": "leave it out: send() waits for room up to delivery.timeout.ms",
    "max.schemas.per.subject": _REGISTER,
    "normalize.schemas": _REGISTER,
    "partitioner.class": "use partitioner (murmur2_random, ...), or partitioner= of the producer",
    "buffer.memory": "use queue.buffering.max.kbytes, in kilobytes",
    "sasl.jaas.config": "use sasl.username and sasl.password",
    "schema.reflection": _GENERATED,
    "specific.avro.key.type": _GENERATED,
    "specific.avro.reader": _GENERATED,
    "specific.avro.value.type": _GENERATED,
    "ssl.keystore.type": "leave it out: ssl.keystore.location is a PKCS#12 file",
    "ssl.truststore.location": "use ssl.ca.location, a file of PEM certificates",
    "ssl.truststore.password": "use ssl.ca.location, a file of PEM certificates",
    "ssl.truststore.type": "use ssl.ca.location, a file of PEM certificates",
    "subject.name.strategy": _STRATEGY,
    "use.latest.version": _REGISTER,
    "use.latest.with.metadata": _REGISTER,
    "use.schema.id": _REGISTER,
    "value.deserializer": _GENERATED,
    "value.serializer": _GENERATED,
    "value.subject.name.strategy": _STRATEGY,
}
"""Properties of Java's clients and of Confluent's serdes that librdkafka does not have."""


def _hint_for(name: str) -> str | None:
    """Return what to do instead of a property of other clients; None for any other."""
    if name.startswith(_SERDE_PREFIXES):
        return f"use {REGISTRY_PREFIX}{name}"
    if name == f"{REGISTRY_PREFIX}basic.auth.credentials.source":
        return f"leave it out: {REGISTRY_PREFIX}basic.auth.user.info is enough"
    return SERDE_HINTS.get(name.removeprefix(REGISTRY_PREFIX))


def producer_settings(client: Settings) -> dict[str, object]:
    """Return the properties of a producer: the given ones on top of the defaults.

    Args:
        client: :attr:`Configuration.client`.

    Raises:
        ConfigurationError: the producer would silently lose, duplicate or reorder messages.
    """
    for name in ("dr_cb", "dr_msg_cb", "on_delivery", "delivery.report.only.error"):
        if client.get(name):
            raise ConfigurationError(
                "would take delivery reports away from the futures that send() returns",
                setting=name,
                hint="use the futures, or an observer for all deliveries",
            )
    _check_idempotence(client)
    defaults = dict(PRODUCER_DEFAULTS)
    if client.get("transactional.id"):
        # librdkafka uses the transaction's timeout, and refuses a longer one.
        del defaults["delivery.timeout.ms"]
    return defaults | dict(client)


def _check_idempotence(client: Settings) -> None:
    """Refuse properties that silently disable idempotence, and those that are unsafe without it."""
    given = client.get("enable.idempotence")
    if given is None:
        for name, why in _conflicts_with_idempotence(client):
            raise ConfigurationError(
                f"{client[name]} {why}; an idempotent producer cannot have it",
                setting=name,
                hint='leave it out, or turn idempotence off: "enable.idempotence": False',
            )
    elif not is_on(given) and "max.in.flight" not in client and _int(client.get("retries")) != 0:
        raise ConfigurationError(
            "without it, a retried batch may be appended after later ones, which reorders the "
            "messages of a key",
            setting="enable.idempotence",
            hint='set "max.in.flight", too: 1 keeps the order, more is faster',
        )


def _conflicts_with_idempotence(client: Settings) -> Iterator[tuple[str, str]]:
    """Yield properties that exclude idempotence (``rd_kafka_conf_finalize``), with the reason."""
    if str(client.get("acks", "all")) not in ("all", "-1"):
        yield "acks", "loses messages when the partition's leader fails"
    if _int(client.get("retries")) == 0:
        yield "retries", "loses messages whenever a broker restarts"
    if (_int(client.get("max.in.flight")) or 0) > 5:
        yield "max.in.flight", "lets retried batches be appended after later ones"


def delivery_timeout(settings: Settings) -> float | None:
    """Return the seconds after which a message fails in librdkafka; None: never.

    Args:
        settings: result of :func:`producer_settings`.
    """
    given = settings.get("delivery.timeout.ms")
    if given is None:
        given = settings.get("transaction.timeout.ms", _TRANSACTION_TIMEOUT_MS)
    milliseconds = _int(given)
    return milliseconds / 1000 if milliseconds else None


def transaction_timeout(settings: Settings) -> float:
    """Return the seconds after which the coordinator aborts an open transaction.

    Args:
        settings: result of :func:`producer_settings`.
    """
    given = _int(settings.get("transaction.timeout.ms", _TRANSACTION_TIMEOUT_MS))
    return (given or _TRANSACTION_TIMEOUT_MS) / 1000


def consumer_settings(client: Settings, *, group: str, auto_commit: bool) -> dict[str, object]:
    """Return the properties of a consumer: the given ones on top of the defaults.

    Args:
        client: :attr:`Configuration.client`.
        group: id of the consumer group.
        auto_commit: True if librdkafka commits stored offsets in the background.

    Raises:
        ConfigurationError: the consumer would commit offsets of messages that are not handled, or
            the id is no text for C.
    """
    check_text(group, "group_id")
    if client.get("group.id", group) != group:
        raise ConfigurationError(
            f'is "{client["group.id"]}", and the consumer\'s group is "{group}"',
            setting="group.id",
            hint="leave it out: group_id= of the consumer sets it",
        )
    if is_on(client.get("enable.auto.offset.store", False)):
        raise ConfigurationError(
            "would commit offsets of messages before they are handled: a crash loses them",
            setting="enable.auto.offset.store",
            hint="leave it out: offsets are stored when the handler has returned",
        )
    if "enable.auto.commit" in client and is_on(client["enable.auto.commit"]) != auto_commit:
        raise ConfigurationError(
            "contradicts the commit mode of the consumer",
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


def queued_bytes(client: Settings) -> int:
    """Return the bytes of messages that a consumer may hold: ``queued.max.messages.kbytes``.

    Args:
        client: :attr:`Configuration.client`.
    """
    return (_int(client.get("queued.max.messages.kbytes")) or _QUEUED_KBYTES) * 1024


def max_poll_interval(client: Settings) -> float:
    """Return the seconds of ``max.poll.interval.ms``.

    Args:
        client: :attr:`Configuration.client`.
    """
    return (_int(client.get("max.poll.interval.ms")) or _MAX_POLL_INTERVAL_MS) / 1000


def commit_interval(client: Settings) -> float:
    """Return the seconds of ``auto.commit.interval.ms``.

    Args:
        client: :attr:`Configuration.client`.
    """
    return (_int(client.get("auto.commit.interval.ms")) or _COMMIT_INTERVAL_MS) / 1000


def request_timeout(client: Settings) -> float:
    """Return the seconds after which a producer's request counts as failed, lingering included.

    Args:
        client: :attr:`Configuration.client`.
    """
    timeout = _int(client.get("request.timeout.ms")) or _REQUEST_TIMEOUT_MS
    return (timeout + (_int(client.get("linger.ms")) or 0)) / 1000


def client_info(client: Settings, group: str | None = None) -> ClientInfo:
    """Return what observers are told of a client.

    Args:
        client: :attr:`Configuration.client`.
        group: consumer group; None for a producer.
    """
    servers: list[tuple[str, int | None]] = []
    for server in str(client.get("bootstrap.servers", "")).split(","):
        host, _, port = server.strip().rpartition("://")[2].rpartition(":")
        if host:
            servers.append((host.strip("[]"), _int(port)))
        elif port:
            servers.append((port, None))
    return ClientInfo(str(client.get("client.id", "rdkafka")), tuple(servers), group)


def is_on(value: object) -> bool:
    """Return True if a boolean property is on, in any spelling that librdkafka accepts."""
    return value is not None and str(value).lower() in ("true", "t", "1")


def _int(value: object) -> int | None:
    """Return a number; None for anything else, which librdkafka will report."""
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
"""Aliases of properties that have a default here or are checked."""

PRODUCER_DEFAULTS: Final[Mapping[str, object]] = {
    "acks": "all",
    "enable.idempotence": True,
    # As in Java and franz-go: all producers send a key to the same partition.
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 10,
    "delivery.timeout.ms": 120_000,
}
"""Defaults of producers that differ from librdkafka's, or are pinned to them."""

CONSUMER_DEFAULTS: Final[Mapping[str, object]] = {
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
}
"""Defaults of consumers that differ from librdkafka's, or are pinned to them."""
