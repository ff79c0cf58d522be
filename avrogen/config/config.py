"""Configuration: ``avrogen.toml``, or ``[tool.avrogen]`` in ``pyproject.toml``.

Reading checks the shape (known keys, types of values); :mod:`avrogen.compiler.checks` compares
topics with the schemas. Secrets are no part of the file, which is under version control: they come
from the environment (:mod:`avrogen.config.registry_connection`).

Longer than 500 lines because each table is read beside the values that it becomes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar, assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.names import NameRules
from avrogen.avro.source import Location, Pointer
from avrogen.avro.time_options import DEFAULT, OUT_OF_RANGE, ROUNDING, TimeOptions
from avrogen.config.catalogue_section import CatalogueSection, read_catalogue
from avrogen.config.config_files import PROJECT_FILE_NAME
from avrogen.config.custom_types import CustomTypes, read_types
from avrogen.config.keys import (
    BUILD_KEYS,
    DEFAULTS_KEYS,
    NAMES_KEYS,
    REGISTRY_KEYS,
    TIMES_KEYS,
    TOP_KEYS,
    TOPIC_KEYS,
    ConfigKey,
)
from avrogen.config.lint_section import LintSection, read_lint
from avrogen.config.toml_reader import TableReader, Toml, TomlPositions, near
from avrogen.config.type_tables import (
    DefinitionNames,
    PackageConfig,
    class_prefix,
    read_definitions,
    read_packages,
)
from avrogen.kafka.topic import SubjectStrategy

__all__ = [
    "NO_NAMES",
    "SUBJECT_STRATEGIES",
    "Config",
    "DefaultsSection",
    "NamesSection",
    "RegistrySection",
    "TopicConfig",
    "TopicLocations",
    "class_prefix",
    "field_name",
    "key_type",
    "key_type_name",
    "parse_config",
    "read_registry",
]

L = TypeVar("L", bound=str)

SUBJECT_STRATEGIES: tuple[SubjectStrategy, ...] = ("topic", "record", "topic-record")


def _no_names() -> NamesSection:
    return NO_NAMES


def _no_defaults() -> DefaultsSection:
    return DefaultsSection()


@dataclass(frozen=True, slots=True)
class Config:
    """Contents of a configuration file.

    Attributes:
        strict: warnings fail a build.
        topics: topics in the order of the file.
        registry: the table ``[registry]``; None without one.
        times: the table ``[times]``.
        definitions: the table ``[definitions]``: own names of several definitions of one type.
        names: the table ``[names]``.
        packages: the table ``[packages]``: types of other packages.
        types: the table ``[types]``.
        defaults: the table ``[defaults]``.
        lint: the table ``[lint]``.
        catalogue: the table ``[catalogue]``.
        is_whole: the run has whole schema folders; otherwise the file may be about other schemas.
        is_one_package: the classes of all topics are in one package, so that their names differ.
    """

    strict: bool = False
    topics: tuple[TopicConfig, ...] = ()
    registry: RegistrySection | None = None
    times: TimeOptions = DEFAULT
    definitions: DefinitionNames = field(default_factory=DefinitionNames)
    names: NamesSection = field(default_factory=_no_names)
    packages: tuple[PackageConfig, ...] = ()
    types: CustomTypes = field(default_factory=CustomTypes)
    defaults: DefaultsSection = field(default_factory=_no_defaults)
    lint: LintSection = field(default_factory=LintSection)
    catalogue: CatalogueSection = field(default_factory=CatalogueSection)
    is_whole: bool = True
    is_one_package: bool = True


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """A table ``[topics.NAME]``: a Kafka topic and the types of its messages.

    There is a field for every key of :data:`~avrogen.config.keys.TOPIC_KEYS`, and ``topic`` and
    ``locations`` besides.

    Attributes:
        topic: name in Kafka.
        name: prefix of the generated classes: ``Orders`` of ``OrdersProducer``.
        value: full names of the types of its messages.
        key: type of the keys, primitive or by full name; None where it is not given.
        key_field: field of every value that contains the key.
        subject_strategy: subject name strategy of the values.
        dead_letter: dead-letter topic.
        tombstones: messages may have no value.
        ignore_contract_rules: rules of data contracts are not executed.
        description: what it is for.
        owner: team that answers for it.
        tags: tags.
        status: stage of its life.
        producers: services that produce to it.
        consumers: services that consume from it.
        locations: positions of the entries in the file.
    """

    topic: str
    name: str
    value: tuple[str, ...]
    key: str | None
    key_field: str | None
    subject_strategy: SubjectStrategy
    dead_letter: str | None
    tombstones: bool
    ignore_contract_rules: bool
    description: str | None
    owner: str | None
    tags: tuple[str, ...]
    status: str | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    locations: TopicLocations


@dataclass(frozen=True, slots=True)
class TopicLocations:
    """Positions of the entries of a topic, or of another table."""

    positions: TomlPositions
    pointer: Pointer

    def key(self, *steps: str | int) -> Location:
        """Return the position of a key."""
        return self.positions.key((*self.pointer, *steps))

    def value(self, *steps: str | int) -> Location:
        """Return the position at which a value begins."""
        return self.positions.value((*self.pointer, *steps))


@dataclass(frozen=True, slots=True)
class RegistrySection:
    """The table ``[registry]``: a schema registry and its client.

    There is a field for every key of :data:`~avrogen.config.keys.REGISTRY_KEYS`, None without it.

    Attributes:
        url: URL; several, separated by commas, are nodes of one registry.
        user: user name for basic authentication.
        timeout: request timeout in seconds.
        ca_file: path of the CA certificates (PEM).
        certificate_file: path of the client certificate (PEM).
        key_file: path of its private key (PEM).
        logical_cluster: logical cluster, for a bearer token.
        references: register each named type as a subject of its own.
    """

    url: str | None = None
    user: str | None = None
    timeout: float | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    logical_cluster: str | None = None
    references: bool = False


InvalidDefaults: TypeAlias = Literal["error", "ignore"]
"""Treatment of defaults that do not fit their types."""


@dataclass(frozen=True, slots=True)
class DefaultsSection:
    """The table ``[defaults]``: defaults of fields and enums.

    There is a field for every key of :data:`~avrogen.config.keys.DEFAULTS_KEYS`.

    Attributes:
        invalid: treatment of defaults that do not fit their types.
    """

    invalid: InvalidDefaults = "error"


FieldStyle: TypeAlias = Literal["avro", "snake_case"]
"""Style of the attributes of classes."""


@dataclass(frozen=True, slots=True)
class NamesSection:
    """The table ``[names]``: names in Python.

    There is a field for every key of :data:`~avrogen.config.keys.NAMES_KEYS`.

    Attributes:
        lenient: accept names that the specification does not allow.
        field_style: style of attributes.
        namespaces: packages by namespace; they are for the namespaces inside, too.
        types: class names by full name.
        fields: attributes by full name of a record, a dot and the name of a field.
        symbols: members by full name of an enum, a dot and a symbol.
        locations: positions of the entries in the file.
    """

    lenient: bool = False
    field_style: FieldStyle = "avro"
    namespaces: Mapping[str, str] = field(default_factory=dict[str, str])
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    symbols: Mapping[str, str] = field(default_factory=dict[str, str])
    locations: TopicLocations = field(
        default_factory=lambda: TopicLocations(TomlPositions("", ""), ())
    )

    @property
    def rules(self) -> NameRules:
        """Rules for the names of schemas."""
        return NameRules.LENIENT if self.lenient else NameRules.SPECIFICATION

    def mapped(self, namespace: str) -> str | None:
        """Return the namespace whose package is set and that is, or is around, a namespace."""
        around = namespace
        while around and around not in self.namespaces:
            around = around.rpartition(".")[0]
        return around if around in self.namespaces else None

    def namespace(self, namespace: str) -> str:
        """Return the namespace that a package has the name of: that one, or what is set."""
        around = self.mapped(namespace) if self.namespaces else None
        if around is None:
            return namespace
        return f"{self.namespaces[around]}{namespace[len(around) :]}".removeprefix(".")


NO_NAMES: Final = NamesSection()
"""Names as the compiler derives them."""


# --- files ----------------------------------------------------------------------------------------


def parse_config(path: str, data: bytes, diagnostics: Diagnostics) -> Config:
    """Parse a configuration file; mistakes leave the defaults.

    Args:
        path: path of the file for messages; its last component says which of the two files it is.
        data: content of the file.
        diagnostics: receives every mistake.
    """
    top = ("tool", "avrogen") if path.endswith(PROJECT_FILE_NAME) else ()
    try:
        text = data.decode("utf-8")
        document: Toml = tomllib.loads(text)
        positions = TomlPositions(path, text)
    except ValueError as error:
        diagnostics.report(Code.TOML_SYNTAX, _syntax_location(path, error), _syntax_message(error))
        return Config()
    except RecursionError:
        diagnostics.report(Code.TOML_SYNTAX, Location(path), "nested too deeply")
        return Config()
    for step in top:
        document = document.get(step, {}) if isinstance(document, dict) else {}
    reader = TableReader(positions, diagnostics)
    return _config(document, top, reader, Path(path).parent)


def _config(document: Toml, top: Pointer, reader: TableReader, folder: Path) -> Config:
    # Keys of BUILD_KEYS are for commands without arguments, and for the build plugins.
    table = reader.described(document, top, {**TOP_KEYS, **BUILD_KEYS})
    for name in ("docs-out", "against"):  # see avrogen.config.project_paths
        reader.text(table, name, top)
    topics = reader.table(table.get("topics", {}), (*top, "topics"), None)
    read = (_topic(name, topics[name], (*top, "topics", name), reader) for name in topics)
    registry = None
    if "registry" in table:
        registry = read_registry(table["registry"], (*top, "registry"), reader, folder)
    return Config(
        strict=reader.flag(table, "strict", top),
        topics=tuple(topic for topic in read if topic),
        registry=registry,
        times=_times(table.get("times", {}), (*top, "times"), reader),
        definitions=read_definitions(table.get("definitions", {}), (*top, "definitions"), reader),
        names=_names_section(table.get("names", {}), (*top, "names"), reader),
        packages=read_packages(table.get("packages", {}), (*top, "packages"), reader),
        types=read_types(table.get("types", {}), (*top, "types"), reader),
        defaults=_defaults(table.get("defaults", {}), (*top, "defaults"), reader),
        lint=read_lint(table.get("lint", {}), (*top, "lint"), reader),
        catalogue=read_catalogue(table.get("catalogue", {}), (*top, "catalogue"), reader, folder),
    )


def _syntax_location(path: str, error: ValueError) -> Location:
    match = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    return Location(path, int(match[1]), int(match[2])) if match else Location(path)


def _syntax_message(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    message = re.sub(r" \(at (line \d+, column \d+|end of document)\)$", "", str(error))
    return message[:1].lower() + message[1:]


# --- topics ---------------------------------------------------------------------------------------


def field_name(key: str) -> str:
    """Return the field of :class:`TopicConfig` for a key: ``key_field`` for ``key-field``."""
    return key.replace("-", "_")


def key_type(topic: TopicConfig, types: Mapping[str, model.NamedType]) -> str | None:
    """Return the type of a topic's keys: a primitive, a full name, or None without keys.

    ``key-field`` alone gives it the type of that field.

    Args:
        topic: a topic without errors.
        types: all named types by full name.
    """
    if topic.key is not None or topic.key_field is None:
        return topic.key
    record = types[topic.value[0]]
    assert isinstance(record, model.RecordType), "check_topics finds the field in every value"
    return next(key_type_name(f.type) for f in record.fields if f.name == topic.key_field)


def key_type_name(type_: model.AvroType) -> str | None:
    """Return the primitive or full name of a type that keys can have, or None.

    Logical types do not count: keys are encoded as their base type.
    """
    match type_:
        case model.Primitive("null"):
            return None
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array() | model.Map() | model.Union():
            return None
        case _:
            assert_never(type_)


def _topic(topic: str, value: Toml, at: Pointer, reader: TableReader) -> TopicConfig | None:
    if not isinstance(value, dict):
        reader.wrong_value(at, "a table", value)
        return None
    table = reader.described(value, at, TOPIC_KEYS)
    names = _names(table, "value", at, reader)
    default: SubjectStrategy = "topic" if len(names) == 1 else "topic-record"
    return TopicConfig(
        topic=topic,
        name=reader.text(table, "name", at) or class_prefix(topic),
        value=names,
        key=reader.text(table, "key", at),
        key_field=reader.text(table, "key-field", at),
        subject_strategy=_strategy(table, "subject-strategy", at, reader) or default,
        dead_letter=reader.text(table, "dead-letter", at),
        tombstones=reader.flag(table, "tombstones", at),
        ignore_contract_rules=reader.flag(table, "ignore-contract-rules", at),
        description=reader.text(table, "description", at),
        owner=reader.text(table, "owner", at),
        tags=reader.texts(table, "tags", at),
        status=reader.text(table, "status", at),
        producers=reader.texts(table, "producers", at),
        consumers=reader.texts(table, "consumers", at),
        locations=TopicLocations(reader.positions, at),
    )


def _strategy(
    table: dict[str, Toml], key: str, at: Pointer, reader: TableReader
) -> SubjectStrategy | None:
    text = reader.text(table, key, at)
    if text is None:
        return None
    for strategy in SUBJECT_STRATEGIES:
        if text == strategy:
            return strategy
    reader.diagnostics.report(
        Code.SUBJECT_STRATEGY,
        reader.positions.value((*at, key)),
        f'unknown subject strategy "{text}"',
        hint=near(text, SUBJECT_STRATEGIES),
    )
    return None


def _names(table: dict[str, Toml], key: str, at: Pointer, reader: TableReader) -> tuple[str, ...]:
    """Read a name or a list of names, at least one."""
    if key not in table:
        reader.diagnostics.report(
            Code.MISSING_KEY,
            reader.positions.key(at),
            f'topic "{at[-1]}" has no "{key}"',
            hint=f"add the full names of its types: {TOPIC_KEYS[key].example}",
        )
        return ()
    value = table[key]
    values = value if isinstance(value, list) else [value]
    names = tuple(name for name in values if isinstance(name, str))
    if not names or len(names) < len(values):
        reader.wrong_value((*at, key), "the full name of a type, or a list of them", value)
        return ()
    return names


# --- times and defaults ---------------------------------------------------------------------------


def _times(value: Toml, at: Pointer, reader: TableReader) -> TimeOptions:
    """Read the table ``[times]``."""
    table = reader.described(value, at, TIMES_KEYS)
    return TimeOptions(
        out_of_range=_one_of(table, "out-of-range", OUT_OF_RANGE, at, reader),
        rounding=_one_of(table, "rounding", ROUNDING, at, reader),
    )


def _one_of(
    table: dict[str, Toml],
    key: str,
    known: tuple[L, ...],
    at: Pointer,
    reader: TableReader,
    keys: Mapping[str, ConfigKey] = TIMES_KEYS,
) -> L:
    """Return one of several words; the first is the default."""
    text = reader.text(table, key, at)
    if text is None:
        return known[0]
    for word in known:
        if word == text:
            return word
    reader.diagnostics.report(
        Code.WRONG_VALUE,
        reader.positions.value((*at, key)),
        f'"{key}" must be {" or ".join(known)}, not "{text[:60]}"',
        hint=near(text, known) or f"for example: {keys[key].example}",
    )
    return known[0]


def _defaults(value: Toml, at: Pointer, reader: TableReader) -> DefaultsSection:
    """Read the table ``[defaults]``."""
    table = reader.described(value, at, DEFAULTS_KEYS)
    known: tuple[InvalidDefaults, ...] = ("error", "ignore")
    return DefaultsSection(_one_of(table, "invalid", known, at, reader, DEFAULTS_KEYS))


# --- names ----------------------------------------------------------------------------------------


def _names_section(value: Toml, at: Pointer, reader: TableReader) -> NamesSection:
    table = reader.described(value, at, NAMES_KEYS)
    return NamesSection(
        lenient=reader.flag(table, "lenient", at),
        field_style=_field_style(table, "field-style", at, reader),
        namespaces=_texts(table, "namespaces", at, reader),
        types=_texts(table, "types", at, reader),
        fields=_texts(table, "fields", at, reader),
        symbols=_texts(table, "symbols", at, reader),
        locations=TopicLocations(reader.positions, at),
    )


def _field_style(table: dict[str, Toml], key: str, at: Pointer, reader: TableReader) -> FieldStyle:
    match reader.text(table, key, at):
        case None | "avro":
            return "avro"
        case "snake_case":
            return "snake_case"
        case other:
            reader.diagnostics.report(
                Code.NAME_SETTING,
                reader.positions.value((*at, key)),
                f'unknown style "{other}"',
                hint=near(other, ("avro", "snake_case")),
            )
            return "avro"


def _texts(table: dict[str, Toml], key: str, at: Pointer, reader: TableReader) -> Mapping[str, str]:
    """Read a table of strings."""
    entries = reader.table(table.get(key, {}), (*at, key), None)
    texts = {name: reader.text(entries, name, (*at, key)) for name in entries}
    return {name: text for name, text in texts.items() if text is not None}


# --- the registry ---------------------------------------------------------------------------------


def read_registry(value: Toml, at: Pointer, reader: TableReader, folder: Path) -> RegistrySection:
    """Read the table ``[registry]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
        folder: folder of the document; paths are relative to it.
    """

    def path(key: str) -> str | None:
        text = reader.text(table, key, at)
        return None if text is None else str(folder / text)

    table = reader.described(value, at, REGISTRY_KEYS)
    return RegistrySection(
        url=_url(table, at, reader),
        user=reader.text(table, "user", at),
        timeout=reader.seconds(table, "timeout", at),
        ca_file=path("ca-file"),
        certificate_file=path("certificate-file"),
        key_file=path("key-file"),
        logical_cluster=reader.text(table, "logical-cluster", at),
        references=reader.flag(table, "references", at),
    )


def _url(table: dict[str, Toml], at: Pointer, reader: TableReader) -> str | None:
    url = reader.text(table, "url", at)
    if url is None or "@" not in url:
        return url
    reader.diagnostics.report(
        Code.WRONG_VALUE,
        reader.positions.value((*at, "url")),
        '"url" contains credentials, and configuration files must not contain secrets',
        hint='write user = "..." and set AVROGEN_REGISTRY_PASSWORD',
    )
    return None
