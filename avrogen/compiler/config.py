"""Configuration: ``avrogen.toml``, or ``[tool.avrogen]`` in ``pyproject.toml``.

Reading checks the shape (known keys, types of values); whether topics fit the schemas is checked
in :mod:`avrogen.compiler.topics`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location, Pointer
from avrogen.compiler.naming import alias_name
from avrogen.compiler.toml_positions import TomlPositions

Toml: TypeAlias = "bool | int | float | str | datetime | date | time | list[Toml] | dict[str, Toml]"

__all__ = [
    "FILE_NAME",
    "PROJECT_FILE_NAME",
    "SUBJECT_STRATEGIES",
    "Config",
    "Topic",
    "parse_config",
    "read_config",
]

FILE_NAME = "avrogen.toml"
PROJECT_FILE_NAME = "pyproject.toml"
SUBJECT_STRATEGIES = ("topic", "record", "topic-record")
_KEYS = ("strict", "topics")
_TOPIC_KEYS = ("name", "value", "key", "key-field", "subject-strategy", "dead-letter")


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic and what is on it.

    Attributes:
        topic: its name in Kafka.
        name: what its classes are called: ``Orders`` for ``OrdersProducer``.
        value: full names of the types of its messages.
        key: a primitive type or the full name of one, of the keys; None if it has none.
        key_field: the field of the value that the key is taken from.
        subject_strategy: one of :data:`SUBJECT_STRATEGIES`.
        dead_letter: the topic for messages that cannot be handled.
        place: where its entries stand in the file.
    """

    topic: str
    name: str
    value: tuple[str, ...]
    key: str | None
    key_field: str | None
    subject_strategy: str
    dead_letter: str | None
    place: TopicPlace


@dataclass(frozen=True, slots=True)
class TopicPlace:
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
    """

    strict: bool = False
    topics: tuple[Topic, ...] = ()


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
    folders = [path for path in paths if path.is_dir()]
    files = list(dict.fromkeys(f / FILE_NAME for f in folders if (f / FILE_NAME).is_file()))
    if len(files) > 1:
        diagnostics.report(
            Code.SEVERAL_CONFIGS,
            Location(files[1].as_posix()),
            f"there is another configuration in {files[0].as_posix()}",
            hint="keep one of the two",
        )
    if files:
        return _read(files[0], diagnostics)
    project = _project_file(paths[0]) if paths else None
    config = _read(project, diagnostics) if project else Config()
    return config if folders else replace(config, topics=())


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
    return _Reader(TomlPositions(path, text), diagnostics).config(document, top)


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


class _Reader:
    """Takes a document apart, and reports what does not belong there."""

    def __init__(self, positions: TomlPositions, diagnostics: Diagnostics) -> None:
        self._positions = positions
        self._diagnostics = diagnostics

    def config(self, table: Toml, top: Pointer) -> Config:
        if not isinstance(table, dict):
            self._wrong_type(top, "a table", table)
            return Config()
        self._check_keys(table, _KEYS, top)
        strict = table.get("strict", False)
        if not isinstance(strict, bool):
            self._wrong_type((*top, "strict"), "true or false", strict)
        topics = table.get("topics", {})
        if not isinstance(topics, dict):
            self._wrong_type((*top, "topics"), "a table", topics)
            return Config()
        read = (self._topic(name, topics[name], (*top, "topics", name)) for name in topics)
        return Config(strict is True, tuple(topic for topic in read if topic))

    def _topic(self, topic: str, table: Toml, at: Pointer) -> Topic | None:
        if not isinstance(table, dict):
            self._wrong_type(at, "a table", table)
            return None
        self._check_keys(table, _TOPIC_KEYS, at)
        value = self._names(table, "value", at)
        strategy = self._text(table, "subject-strategy", at)
        if strategy is not None and strategy not in SUBJECT_STRATEGIES:
            self._diagnostics.report(
                Code.SUBJECT_STRATEGY,
                self._positions.value((*at, "subject-strategy")),
                f'"{strategy}" is no subject strategy',
                hint=_near(strategy, SUBJECT_STRATEGIES),
            )
        return Topic(
            topic=topic,
            name=self._text(table, "name", at) or alias_name(topic),
            value=value,
            key=self._text(table, "key", at),
            key_field=self._text(table, "key-field", at),
            subject_strategy=strategy or ("topic" if len(value) == 1 else "topic-record"),
            dead_letter=self._text(table, "dead-letter", at),
            place=TopicPlace(self._positions, at),
        )

    def _names(self, table: dict[str, Toml], key: str, at: Pointer) -> tuple[str, ...]:
        """A name or a list of names, at least one."""
        if key not in table:
            self._diagnostics.report(
                Code.MISSING_KEY,
                self._positions.key(at),
                f'the topic "{at[-1]}" does not say what is on it',
                hint='add the full names of its types: value = ["com.acme.OrderPlaced"]',
            )
            return ()
        value = table[key]
        values = value if isinstance(value, list) else [value]
        names = tuple(name for name in values if isinstance(name, str))
        if not names or len(names) < len(values):
            self._wrong_type((*at, key), "the full name of a type, or a list of them", value)
            return ()
        return names

    def _text(self, table: dict[str, Toml], key: str, at: Pointer) -> str | None:
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        self._wrong_type((*at, key), "a string", value)
        return None

    def _check_keys(self, table: dict[str, Toml], known: Collection[str], at: Pointer) -> None:
        for key in table:
            if key not in known:
                self._diagnostics.report(
                    Code.UNKNOWN_KEY,
                    self._positions.key((*at, key)),
                    f'unknown key "{key}"',
                    hint=_near(key, known),
                )

    def _wrong_type(self, at: Pointer, expected: str, value: object) -> None:
        self._diagnostics.report(
            Code.WRONG_VALUE,
            self._positions.value(at),
            f'"{at[-1]}" must be {expected}, not {_KINDS.get(type(value), "a date or time")}',
        )


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def _near(word: str, known: Collection[str]) -> str:
    """A hint: the word that was meant, or all there are."""
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else "there are: " + ", ".join(known)


def _syntax_location(path: str, error: ValueError) -> Location:
    match = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    return Location(path, int(match[1]), int(match[2])) if match else Location(path)


def _syntax_message(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    message = re.sub(r" \(at (line \d+, column \d+|end of document)\)$", "", str(error))
    return message[:1].lower() + message[1:]
