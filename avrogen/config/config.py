"""Configuration: ``avrogen.toml``, or ``[tool.avrogen]`` in ``pyproject.toml``.

Reading checks the shape (known keys, types of values); whether topics fit the schemas is checked
in :mod:`avrogen.compiler.checks`.

The table ``[registry]`` of a configuration: where the schema registry is, and how it is used.

Secrets do not belong there, as the file is under version control; they come from the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location, Pointer
from avrogen.compiler.naming import alias_name
from avrogen.config.keys import BUILD_KEYS, REGISTRY_KEYS, TOP_KEYS, TOPIC_KEYS
from avrogen.config.toml_reader import TableReader, Toml, TomlPositions, near

__all__ = [
    "FILE_NAME",
    "PROJECT_FILE_NAME",
    "SUBJECT_STRATEGIES",
    "Config",
    "RegistrySection",
    "TopicConfig",
    "config_files",
    "parse_config",
    "read_config",
    "read_registry",
]

FILE_NAME = "avrogen.toml"
PROJECT_FILE_NAME = "pyproject.toml"
SUBJECT_STRATEGIES = ("topic", "record", "topic-record")


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """A Kafka topic and what is on it.

    Attributes:
        topic: its name in Kafka.
        name: what its classes are called: ``Orders`` for ``OrdersProducer``.
        value: full names of the types of its messages.
        key: a primitive type or the full name of one, of the keys; None if it has none.
        key_field: the field of the value that the key is taken from.
        subject_strategy: one of :data:`SUBJECT_STRATEGIES`.
        dead_letter: the topic for messages that cannot be handled.
        tombstones: whether messages without a value may be on it.
        place: where its entries stand in the file.
    """

    topic: str
    name: str
    value: tuple[str, ...]
    key: str | None
    key_field: str | None
    subject_strategy: str
    dead_letter: str | None
    tombstones: bool
    place: TopicLocations


@dataclass(frozen=True, slots=True)
class TopicLocations:
    """Where the entries of a topic stand."""

    positions: TomlPositions
    pointer: Pointer

    def key(self, *steps: str | int) -> Location:
        """Where a key stands."""
        return self.positions.key((*self.pointer, *steps))

    def value(self, *steps: str | int) -> Location:
        """Where a value begins."""
        return self.positions.value((*self.pointer, *steps))


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file says.

    Attributes:
        strict: whether warnings fail a build.
        topics: in the order of the file.
        registry: where the schema registry is; None if nothing is said of it.
    """

    strict: bool = False
    topics: tuple[TopicConfig, ...] = ()
    registry: RegistrySection | None = None


def read_config(schema_paths: Iterable[Path], diagnostics: Diagnostics) -> Config:
    """The configuration for a run: defaults if there is none.

    That is ``avrogen.toml`` at the top of a schema folder, or else ``[tool.avrogen]`` in the
    nearest ``pyproject.toml`` in or above the first path. Topics are about whole folders: a run
    over single files has none.

    Args:
        schema_paths: files and folders of the command line.
        diagnostics: takes every mistake in the file.
    """
    paths = list(schema_paths)
    files = config_files(paths)
    if len(files) > 1:
        diagnostics.report(
            Code.SEVERAL_CONFIGS,
            Location(files[1].as_posix()),
            f"there is another configuration in {files[0].as_posix()}",
            hint="keep one of the two",
        )
    config = _read(files[0], diagnostics) if files else Config()
    return config if any(path.is_dir() for path in paths) else replace(config, topics=())


def config_files(schema_paths: Sequence[Path]) -> list[Path]:
    """Where the configuration of a run is: in one file, or in none; several are a mistake."""
    folders = [path for path in schema_paths if path.is_dir()]
    files = list(dict.fromkeys(f / FILE_NAME for f in folders if (f / FILE_NAME).is_file()))
    project = _project_file(schema_paths[0]) if schema_paths and not files else None
    return [project] if project else files


def parse_config(path: str, data: bytes, diagnostics: Diagnostics) -> Config:
    """What a configuration file says; defaults, where it cannot be understood.

    Args:
        path: of the file, as users should see it; its last part tells what kind of file it is.
        data: what it holds.
        diagnostics: takes every mistake in it.
    """
    top = ("tool", "avrogen") if path.endswith(PROJECT_FILE_NAME) else ()
    try:
        text = data.decode("utf-8")
        document: Toml = tomllib.loads(text)
    except ValueError as error:
        diagnostics.report(Code.TOML_SYNTAX, _syntax_location(path, error), _syntax_message(error))
        return Config()
    for step in top:
        document = document.get(step, {}) if isinstance(document, dict) else {}
    reader = TableReader(TomlPositions(path, text), diagnostics)
    return _config(document, top, reader, Path(path).parent)


def _project_file(path: Path) -> Path | None:
    absolute = path.resolve()
    for parent in (absolute, *absolute.parents):
        file = parent / PROJECT_FILE_NAME
        if file.is_file():
            return file
    return None


def _read(file: Path, diagnostics: Diagnostics) -> Config:
    path = file.as_posix()
    try:
        data = file.read_bytes()
    except OSError as error:
        diagnostics.report(
            Code.UNREADABLE_FILE, Location(path), f"cannot be read: {error.strerror or error}"
        )
        return Config()
    return parse_config(path, data, diagnostics)


def _config(document: Toml, top: Pointer, reader: TableReader, folder: Path) -> Config:
    # In pyproject.toml, others may stand there that are read for a build backend.
    table = reader.described(document, top, {**TOP_KEYS, **BUILD_KEYS} if top else TOP_KEYS)
    topics = reader.table(table.get("topics", {}), (*top, "topics"), None)
    read = (_topic(name, topics[name], (*top, "topics", name), reader) for name in topics)
    registry = None
    if "registry" in table:
        registry = read_registry(table["registry"], (*top, "registry"), reader, folder)
    return Config(
        strict=reader.flag(table, "strict", top),
        topics=tuple(topic for topic in read if topic),
        registry=registry,
    )


def _topic(topic: str, value: Toml, at: Pointer, reader: TableReader) -> TopicConfig | None:
    if not isinstance(value, dict):
        reader.wrong_value(at, "a table", value)
        return None
    table = reader.described(value, at, TOPIC_KEYS)
    names = _names(table, "value", at, reader)
    strategy = reader.text(table, "subject-strategy", at)
    if strategy is not None and strategy not in SUBJECT_STRATEGIES:
        reader.diagnostics.report(
            Code.SUBJECT_STRATEGY,
            reader.positions.value((*at, "subject-strategy")),
            f'"{strategy}" is no subject strategy',
            hint=near(strategy, SUBJECT_STRATEGIES),
        )
    return TopicConfig(
        topic=topic,
        name=reader.text(table, "name", at) or alias_name(topic),
        value=names,
        key=reader.text(table, "key", at),
        key_field=reader.text(table, "key-field", at),
        subject_strategy=strategy or ("topic" if len(names) == 1 else "topic-record"),
        dead_letter=reader.text(table, "dead-letter", at),
        tombstones=reader.flag(table, "tombstones", at),
        place=TopicLocations(reader.positions, at),
    )


def _names(table: dict[str, Toml], key: str, at: Pointer, reader: TableReader) -> tuple[str, ...]:
    """A name or a list of names, at least one."""
    if key not in table:
        reader.diagnostics.report(
            Code.MISSING_KEY,
            reader.positions.key(at),
            f'the topic "{at[-1]}" does not say what is on it',
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


def _syntax_location(path: str, error: ValueError) -> Location:
    match = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    return Location(path, int(match[1]), int(match[2])) if match else Location(path)


def _syntax_message(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    message = re.sub(r" \(at (line \d+, column \d+|end of document)\)$", "", str(error))
    return message[:1].lower() + message[1:]


@dataclass(frozen=True, slots=True)
class RegistrySection:
    """What is said of the registry; None where nothing is said.

    Attributes:
        url: where it is; several, separated by commas, are the same registry.
        user: who asks, where it wants a name and a password.
        timeout: seconds to wait for an answer.
        ca_file: certificates of those who may vouch for it, in PEM.
        certificate_file: the certificate of who asks, in PEM.
        key_file: the key to it, in PEM.
        logical_cluster: which registry behind the URL is meant, where it is asked with a token.
        references: whether types are registered under names of their own and referred to.
    """

    url: str | None = None
    user: str | None = None
    timeout: float | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    logical_cluster: str | None = None
    references: bool = False


def read_registry(value: Toml, at: Pointer, reader: TableReader, folder: Path) -> RegistrySection:
    """Read the table.

    Args:
        value: what stands in its place.
        at: where that is.
        reader: of the document.
        folder: which paths in it are relative to: that of the document.
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
        '"url" holds credentials, and files with configuration are read by many',
        hint='write user = "..." and set AVROGEN_REGISTRY_PASSWORD',
    )
    return None
