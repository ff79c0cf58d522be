"""The keys of ``avrogen.toml``: type, meaning, default and an example of each.

These tables are the only description of a key: readers know keys by them, messages show the
examples, and ``avrogen init`` and ``docs/configuration.md`` are generated from them. A key of
a topic has a row in :data:`TOPIC_ARGUMENTS` as well.

Longer than 500 lines because it is one table, in which each key is looked up alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "BUILD_KEYS",
    "CATALOGUE_KEYS",
    "DEFAULTS_KEYS",
    "LINT_KEYS",
    "NAMES_KEYS",
    "REGISTRY_KEYS",
    "TIMES_KEYS",
    "TOPIC_ARGUMENTS",
    "TOPIC_KEYS",
    "TOP_KEYS",
    "TYPES_KEYS",
    "TYPE_KEYS",
    "ConfigKey",
]


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A key of a table.

    Attributes:
        name: name in the file.
        kind: type of its value, in the words of messages.
        meaning: effect, in a sentence or two.
        default: effect of leaving it out, in words; None: the key is required.
        example: the key with a value, as TOML.
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
        "Treat warnings as errors, as with `--strict`.",
        "`false`",
        "strict = true",
    ),
    ConfigKey(
        "topics",
        "a table",
        "Kafka topics: a table for each, with the topic name as its key.",
        "no topics",
        'topics."shop.orders.v1".value = "com.acme.shop.OrderPlaced"',
    ),
    ConfigKey(
        "registry",
        "a table",
        "The schema registry: its URL and client configuration.",
        "no registry",
        'registry.url = "https://registry.example.com"',
    ),
    ConfigKey(
        "times",
        "a table",
        "Dates and times that Python or a schema cannot represent exactly.",
        "data out of range are an error, values that are too fine are rounded down",
        'times.out-of-range = "nearest"',
    ),
    ConfigKey(
        "definitions",
        "a table",
        "Own names in the package for several definitions of one full name: full names, with a "
        "name that contains `{file}`, or names by file.",
        "a full name has one definition",
        'definitions."io.confluent.connect.avro.ConnectDefault" = "connect.{file}"',
    ),
    ConfigKey(
        "names",
        "a table",
        "Names in Python: snake_case, names of your own, and names that Avro does not allow.",
        "names derived from those of the schemas",
        'names.field-style = "snake_case"',
    ),
    ConfigKey(
        "packages",
        "a table",
        "Types of other packages: import paths of installed packages that avrogen generated, with "
        "the full names or namespaces of the types to import from each.",
        "all types are generated",
        'packages."acme_common.events" = ["com.acme.common.*"]',
    ),
    ConfigKey(
        "types",
        "a table",
        "Types of your own, in place of those of the mapping.",
        "the types of the mapping",
        'types.presets = ["debezium"]',
    ),
    ConfigKey(
        "defaults",
        "a table",
        "Defaults that do not fit the types of their fields.",
        "they are errors",
        'defaults.invalid = "ignore"',
    ),
    ConfigKey(
        "lint",
        "a table",
        "Rules of `avrogen lint`, and accepted findings and warnings.",
        "the rules of the category `standard`, and nothing accepted",
        'lint.categories = ["standard", "compat"]',
    ),
    ConfigKey(
        "catalogue",
        "a table",
        "Title, introduction, pages, logo and links of the event catalogue.",
        "topics and types alone",
        'catalogue.title = "Events of Acme"',
    ),
    ConfigKey(
        "docs-out",
        "a string",
        "Output folder of the event catalogue, relative to the configuration file, for `avrogen "
        "docs` without SCHEMAS.",
        "pass `-o`",
        'docs-out = "site"',
    ),
    ConfigKey(
        "against",
        "a string",
        "Baseline of `avrogen check`, as for its option `--against`. A folder is relative to the "
        "configuration file.",
        "pass `--against`",
        'against = "git:main"',
    ),
)

TOPIC_KEYS = _table(
    ConfigKey(
        "value",
        "the full name of a type, or a list of them",
        "Types of the messages on the topic, by full name.",
        None,
        'value = ["com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled"]',
    ),
    ConfigKey(
        "name",
        "a string",
        "Prefix of the generated classes: `Orders` generates `OrdersProducer` and "
        "`OrdersConsumer`.",
        "derived from the topic name: `ShopOrdersV1` for `shop.orders.v1`",
        'name = "Orders"',
    ),
    ConfigKey(
        "key",
        "a string",
        "Type of the message keys: a primitive type, or the full name of a type.",
        "the type of `key-field`; without `key-field`, messages have no keys",
        'key = "string"',
    ),
    ConfigKey(
        "key-field",
        "a string",
        "Field of the value that contains the key. A key passed to `send` takes precedence.",
        "pass the key to `send`",
        'key-field = "order_id"',
    ),
    ConfigKey(
        "subject-strategy",
        "a string",
        "Subject name strategy in the schema registry: `topic` (allows one type only), `record` "
        "or `topic-record`.",
        "`topic` for one type, `topic-record` for several",
        'subject-strategy = "topic-record"',
    ),
    ConfigKey(
        "dead-letter",
        "a string",
        "Dead-letter queue (DLQ): the topic for messages that cannot be handled. It is none of the "
        "topics of the file, and so never the topic itself (AVR612).",
        "no dead-letter queue: a consumer stops at such a message",
        'dead-letter = "shop.orders.v1.dlq"',
    ),
    ConfigKey(
        "tombstones",
        "true or false",
        "Allow tombstones: messages without a value that mark their key as deleted.",
        "`false`",
        "tombstones = true",
    ),
    ConfigKey(
        "ignore-contract-rules",
        "true or false",
        "Write and read without executing the rules of the schemas' data contracts, such as field "
        "encryption. By default, producers and consumers refuse schemas with active rules.",
        "`false`",
        "ignore-contract-rules = true",
    ),
    ConfigKey(
        "description",
        "a string",
        "What the topic is for, in the event catalogue.",
        "no description",
        'description = "Orders of the web shop, from the basket to the parcel."',
    ),
    ConfigKey(
        "owner",
        "a string",
        "Team that answers for the topic, in the event catalogue.",
        "no owner",
        'owner = "team-checkout"',
    ),
    ConfigKey(
        "tags",
        "a list of strings",
        "Tags of the topic, in the event catalogue.",
        "no tags",
        'tags = ["checkout", "personal data"]',
    ),
    ConfigKey(
        "status",
        "a string",
        "Stage of the topic's life, in the event catalogue: `experimental`, `stable`, "
        "`deprecated`, or a word of your own.",
        "no status",
        'status = "stable"',
    ),
    ConfigKey(
        "producers",
        "a list of strings",
        "Services that produce to the topic, in the event catalogue.",
        "none are named",
        'producers = ["checkout"]',
    ),
    ConfigKey(
        "consumers",
        "a list of strings",
        "Services that consume from the topic, in the event catalogue.",
        "none are named",
        'consumers = ["billing", "warehouse"]',
    ),
)

TOPIC_ARGUMENTS: Mapping[str, str | None] = {
    "value": "value",
    "name": None,
    "key": "key",
    "key-field": "key_field",
    "subject-strategy": "subject_strategy",
    "dead-letter": "dead_letter",
    "tombstones": "tombstones",
    "ignore-contract-rules": "ignore_contract_rules",
    "description": None,
    "owner": None,
    "tags": None,
    "status": None,
    "producers": None,
    "consumers": None,
}
"""Arguments of :class:`avrogen.kafka.topic.Topic` by key, in the order of generated declarations.

None is for keys of the compiler and the catalogue, which the declaration does not have.
"""

CATALOGUE_KEYS = _table(
    ConfigKey(
        "title",
        "a string",
        "Title of the event catalogue.",
        "`Event catalogue`",
        'title = "Events of Acme"',
    ),
    ConfigKey(
        "introduction",
        "a string",
        "Markdown file whose text is at the top of the overview, relative to the configuration "
        "file.",
        "no introduction",
        'introduction = "docs/events.md"',
    ),
    ConfigKey(
        "pages",
        "a list of strings",
        "Markdown files that are pages of the catalogue, relative to the configuration file. The "
        "first heading of each is its title.",
        "no pages",
        'pages = ["docs/ordering.md"]',
    ),
    ConfigKey(
        "logo",
        "a string",
        "Image in front of the title: an SVG or PNG file of at most 64 KiB, relative to the "
        "configuration file.",
        "no logo",
        'logo = "docs/logo.svg"',
    ),
    ConfigKey(
        "links",
        "a table",
        "Links in the catalogue's bar, by their texts.",
        "no links",
        'links = { Runbooks = "https://wiki.example.com/events" }',
    ),
)

REGISTRY_KEYS = _table(
    ConfigKey(
        "url",
        "a string",
        "URL of the schema registry. For several nodes of one registry, separate URLs by commas: "
        "the first that responds is used. Credentials of the environment are not sent to it: set "
        "`AVROGEN_REGISTRY_URL` for that.",
        "`--url` or `AVROGEN_REGISTRY_URL`",
        'url = "https://registry.example.com"',
    ),
    ConfigKey(
        "user",
        "a string",
        "User name for basic authentication. The password is in `AVROGEN_REGISTRY_PASSWORD`.",
        "`AVROGEN_REGISTRY_USER`; without it, no authentication",
        'user = "ci"',
    ),
    ConfigKey(
        "timeout",
        "a number of seconds",
        "Request timeout in seconds.",
        "the timeout of Confluent's client",
        "timeout = 10",
    ),
    ConfigKey(
        "ca-file",
        "a string",
        "CA certificates (PEM).",
        "the CA certificates of the system",
        'ca-file = "ca.pem"',
    ),
    ConfigKey(
        "certificate-file",
        "a string",
        "Client certificate (PEM) for mutual TLS.",
        "no client certificate",
        'certificate-file = "client.pem"',
    ),
    ConfigKey(
        "key-file",
        "a string",
        "Private key (PEM) of the client certificate. Its password is in "
        "`AVROGEN_REGISTRY_KEY_PASSWORD`.",
        "no private key",
        'key-file = "client.key"',
    ),
    ConfigKey(
        "logical-cluster",
        "a string",
        "Logical cluster of Schema Registry (`lsrc-...`), for Confluent Cloud with a bearer token.",
        "none (sent empty; other registries ignore it)",
        'logical-cluster = "lsrc-abc"',
    ),
    ConfigKey(
        "references",
        "true or false",
        "Register each named type as a subject of its own, and use schema references.",
        "`false`: the schema of a topic contains all its types",
        "references = true",
    ),
)

TIMES_KEYS = _table(
    ConfigKey(
        "out-of-range",
        "a string",
        "Data that Python has no date or time for, such as PostgreSQL's `infinity`: dates and "
        "timestamps outside the years 1 to 9999, times of day outside of one day. `error` raises "
        "`DecodeError`. `nearest` reads the first or the last value that there is. `number` reads "
        "the number; types of fields are `datetime | int`, and such numbers are written as well.",
        '`"error"`',
        'out-of-range = "nearest"',
    ),
    ConfigKey(
        "rounding",
        "a string",
        "Values that are finer than the unit of their schema, such as microseconds for "
        "timestamp-millis. `down` rounds them towards the past. `error` raises `EncodeError`.",
        '`"down"`',
        'rounding = "error"',
    ),
)

DEFAULTS_KEYS = _table(
    ConfigKey(
        "invalid",
        "a string",
        "A default that does not fit its type, such as `null` for an array: `error`, or `ignore`, "
        "so that it is a warning and counts as no default. Java before Avro 1.9 did not check "
        "defaults, and registries contain such schemas.",
        "`error`",
        'invalid = "ignore"',
    ),
)

NAMES_KEYS = _table(
    ConfigKey(
        "lenient",
        "true or false",
        "Accept names that the Avro specification does not allow: with hyphens, dots, `$`, spaces, "
        "letters of other alphabets, or a digit first. Registries contain such schemas.",
        "`false`: such names are errors",
        "lenient = true",
    ),
    ConfigKey(
        "field-style",
        "a string",
        "Style of attributes: `snake_case`, so that the attribute of a field `orderId` is "
        "`order_id`, or `avro`, the names of the schemas.",
        "`avro`",
        'field-style = "snake_case"',
    ),
    ConfigKey(
        "namespaces",
        "a table",
        "Packages of namespaces, and of those inside: `com.acme.shop.v1` becomes the package "
        '`shop.v1` in the example. `""` is the generated package itself.',
        "the package of a namespace has its name",
        'namespaces = { "com.acme.shop" = "shop" }',
    ),
    ConfigKey(
        "types",
        "a table",
        "Names of classes, by the full names of types.",
        "the names of the types",
        'types = { "com.acme.shop.Envelope" = "OrderChange" }',
    ),
    ConfigKey(
        "fields",
        "a table",
        "Names of attributes, by the full name of the record, a dot and the name of the field.",
        "as `field-style`",
        'fields = { "com.acme.shop.OrderPlaced.orderId" = "id" }',
    ),
    ConfigKey(
        "symbols",
        "a table",
        "Names of enum members, by the full name of the enum, a dot and the symbol.",
        "the symbols",
        'symbols = { "com.acme.shop.Status.IN" = "INCOMING" }',
    ),
)

TYPES_KEYS = _table(
    ConfigKey(
        "presets",
        "a list of names",
        "Types of Debezium and Kafka Connect by `connect.name`: `debezium`, `connect`.",
        "no presets",
        'presets = ["debezium", "connect"]',
    ),
    ConfigKey(
        "logical",
        "a table",
        "Types by `logicalType`, also one that avrogen does not know.",
        "no types",
        'logical.date = "raw"',
    ),
    ConfigKey(
        "connect",
        "a table",
        "Types by `connect.name`. They take precedence over those by `logicalType`.",
        "no types",
        'connect."com.acme.Instant" = "timestamp-micros"',
    ),
    ConfigKey(
        "fields",
        "a table",
        "Types of single fields, by the full name of the record and the name of the field. They "
        "take precedence over all others.",
        "no types",
        'fields."com.acme.shop.OrderPlaced.placed_at" = "timestamp-millis"',
    ),
)

TYPE_KEYS = _table(
    ConfigKey(
        "type",
        "a string",
        "The Python type: `module:Name`, or `module.Name`.",
        None,
        'type = "acme.money:Money"',
    ),
    ConfigKey(
        "from-base",
        "a string",
        "Function that converts a base value that was read, such as a class method.",
        "the type itself is called",
        'from-base = "acme.money:Money.from_decimal"',
    ),
    ConfigKey(
        "to-base",
        "a string",
        "Function that converts a value to write. Required with `from-base`.",
        "values are base values already, as those of a `NewType` or a subclass",
        'to-base = "acme.money:Money.to_decimal"',
    ),
    ConfigKey(
        "base",
        "a string",
        "Logical type of the base value, or `raw` for the Avro type without a logical type.",
        "the value that the mapping gives without this entry",
        'base = "raw"',
    ),
)

LINT_KEYS = _table(
    ConfigKey(
        "categories",
        "a list of names",
        "Categories of rules that `avrogen lint` applies: `standard`, `compat`, `style`, `docs`, "
        "`privacy`; or `strict`, which is all of them.",
        '`["standard"]`',
        'categories = ["standard", "compat"]',
    ),
    ConfigKey(
        "accept",
        "a list of codes",
        "Rules and warnings of `build` (AVR5xx) that are accepted everywhere.",
        "none",
        'accept = ["AVR033", "AVR502"]',
    ),
    ConfigKey(
        "paths",
        "a table",
        "Codes that are accepted in some files: paths below the schema folder, in which `*` stands "
        'for any text. `"all"` is every rule of `avrogen lint`.',
        "none",
        'paths = { "legacy/*" = ["AVR031", "AVR502"] }',
    ),
    ConfigKey(
        "types",
        "a table",
        "Codes that are accepted in some types or fields, by full name.",
        "none",
        'types = { "com.acme.shop.OrderPlaced.total" = ["AVR008"] }',
    ),
)

BUILD_KEYS = _table(
    ConfigKey(
        "schemas",
        "a path, or a list of them",
        "Schema files and folders, relative to the configuration file. Commands without SCHEMAS "
        "use them. Build backends require it, and accept paths inside the project only.",
        None,
        'schemas = ["schemas"]',
    ),
    ConfigKey(
        "out",
        "the path of a package",
        "Output folder of the generated package, relative to the configuration file, for `avrogen "
        "build` without SCHEMAS. Build backends require it.",
        None,
        'out = "src/acme_events"',
    ),
)
"""Paths of a project: for commands without arguments, and for the build plugins."""
