"""The keys of ``avrogen.toml``: what each must be, what it is without, and what it means.

This is the one place that says so: readers know keys by these tables, error messages show the
examples, and ``avrogen init`` and ``docs/configuration.md`` are made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BUILD_KEYS", "REGISTRY_KEYS", "TOPIC_KEYS", "TOP_KEYS", "ConfigKey"]


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A key of a table.

    Attributes:
        name: as it is written.
        kind: what its value must be, as messages put it.
        meaning: what it does, in a sentence or two.
        default: what holds without it, in words; None: it must be there.
        example: it with a value, as TOML.
    """

    name: str
    kind: str
    meaning: str
    default: str | None
    example: str


def _table(*keys: ConfigKey) -> Mapping[str, ConfigKey]:
    return {key.name: key for key in keys}


TOP_KEYS = _table(
    ConfigKey(
        "strict",
        "true or false",
        "Whether warnings fail a build, as with `--strict`.",
        "`false`",
        "strict = true",
    ),
    ConfigKey(
        "topics",
        "a table",
        "The topics: a table for each, by its name in Kafka.",
        "there are none",
        'topics."shop.orders.v1".value = "com.acme.shop.OrderPlaced"',
    ),
    ConfigKey(
        "registry",
        "a table",
        "Where the schema registry is, and how it is used.",
        "nothing is said of it",
        'registry.url = "https://registry.example.com"',
    ),
)

TOPIC_KEYS = _table(
    ConfigKey(
        "value",
        "the full name of a type, or a list of them",
        "What is on the topic: the full names of the types of its messages.",
        None,
        'value = ["com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled"]',
    ),
    ConfigKey(
        "name",
        "a string",
        "What its classes are called: `Orders` gives `OrdersProducer` and `OrdersConsumer`.",
        "made of the topic's name: `ShopOrdersV1` of `shop.orders.v1`",
        'name = "Orders"',
    ),
    ConfigKey(
        "key",
        "a string",
        "What its keys are: a primitive type, or the full name of a type.",
        "the type of `key-field`; without that, messages have no keys",
        'key = "string"',
    ),
    ConfigKey(
        "key-field",
        "a string",
        "The field of the value that the key is taken from, unless `send` is given one.",
        "`send` is given the key",
        'key-field = "order_id"',
    ),
    ConfigKey(
        "subject-strategy",
        "a string",
        "How its subjects in the schema registry are named: by `topic` (which takes one type), "
        "by `record`, or by `topic-record`, both.",
        "`topic` for one type, `topic-record` for several",
        'subject-strategy = "topic-record"',
    ),
    ConfigKey(
        "dead-letter",
        "a string",
        "The topic for messages that cannot be handled.",
        "there is none, and a consumer stops at such a message",
        'dead-letter = "shop.orders.v1.dlq"',
    ),
    ConfigKey(
        "tombstones",
        "true or false",
        "Whether messages without a value, which say that their key is gone, may be on it.",
        "`false`",
        "tombstones = true",
    ),
)

REGISTRY_KEYS = _table(
    ConfigKey(
        "url",
        "a string",
        "Where the registry is. Several URLs, separated by commas, are the same registry, and the "
        "first that answers is asked.",
        "`--url` or `AVROGEN_REGISTRY_URL` says it",
        'url = "https://registry.example.com"',
    ),
    ConfigKey(
        "user",
        "a string",
        "Who asks, where it wants a name and a password. The password is in "
        "`AVROGEN_REGISTRY_PASSWORD`.",
        "nobody, or `AVROGEN_REGISTRY_USER`",
        'user = "ci"',
    ),
    ConfigKey(
        "timeout",
        "a number of seconds",
        "Seconds to wait for an answer.",
        "that of Confluent's client",
        "timeout = 10",
    ),
    ConfigKey(
        "ca-file",
        "a string",
        "Certificates of those who may vouch for the registry, in PEM.",
        "those of the system",
        'ca-file = "ca.pem"',
    ),
    ConfigKey(
        "certificate-file",
        "a string",
        "The certificate of who asks, in PEM.",
        "there is none",
        'certificate-file = "client.pem"',
    ),
    ConfigKey(
        "key-file",
        "a string",
        "The key to that certificate, in PEM. Its password is in `AVROGEN_REGISTRY_KEY_PASSWORD`.",
        "there is none",
        'key-file = "client.key"',
    ),
    ConfigKey(
        "logical-cluster",
        "a string",
        "Which registry behind the URL is meant, for Confluent Cloud with a token.",
        "there is one",
        'logical-cluster = "lsrc-abc"',
    ),
    ConfigKey(
        "references",
        "true or false",
        "Whether types are registered under names of their own and referred to.",
        "`false`: the schema of a topic holds all its types",
        "references = true",
    ),
)

BUILD_KEYS = _table(
    ConfigKey(
        "schemas",
        "a path, or a list of them",
        "Files and folders with schemas, relative to `pyproject.toml` and within its project.",
        None,
        'schemas = ["schemas"]',
    ),
    ConfigKey(
        "out",
        "the path of a package",
        "The package that is generated, relative to `pyproject.toml`.",
        None,
        'out = "src/acme_events"',
    ),
)
"""What a build backend needs to know, which is in ``pyproject.toml`` only."""
