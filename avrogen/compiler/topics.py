"""Whether the configured topics fit the schemas and Kafka."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import assert_never, get_args

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location
from avrogen.compiler.config import Config, Topic
from avrogen.compiler.naming import is_package_name

__all__ = ["check_topics", "key_type"]

_KEY_PRIMITIVES: frozenset[str] = frozenset(get_args(model.PrimitiveName)) - {"null"}

_TOPIC_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,249}")
"""What Kafka allows (org.apache.kafka.common.internals.Topic)."""


def check_topics(
    config: Config, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
) -> None:
    """Report everything about topics that cannot work, at its place in the configuration."""
    names: dict[str, str] = {}
    for topic in config.topics:
        _Check(topic, types, diagnostics).run()
        other = names.setdefault(topic.name, topic.topic)
        if other != topic.topic:
            diagnostics.report(
                Code.TOPIC_CLASS_NAME,
                topic.place.value("name"),
                f'the topics "{other}" and "{topic.topic}" are both named {topic.name}',
                hint="give one of them a name of its own: name = ...",
            )


def key_type(topic: Topic, types: Mapping[str, model.NamedType]) -> str | None:
    """What the keys of a topic without errors are: a primitive, the full name of a type, or None.

    Where only a field is said, it is the type of that field.
    """
    if topic.key is not None or topic.key_field is None:
        return topic.key
    record = types[topic.value[0]]
    assert isinstance(record, model.Record), "a key field has been looked for in every value"
    return next(_type_name(f.type) for f in record.fields if f.name == topic.key_field)


class _Check:
    def __init__(
        self, topic: Topic, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
    ) -> None:
        self._topic = topic
        self._types = types
        self._diagnostics = diagnostics

    def run(self) -> None:
        topic, place = self._topic, self._topic.place
        self._check_topic_name(topic.topic, place.key())
        if topic.dead_letter is not None:
            self._check_topic_name(topic.dead_letter, place.value("dead-letter"))
        if not is_package_name(topic.name):
            self._diagnostics.report(
                Code.TOPIC_CLASS_NAME,
                place.value("name"),
                f'"{topic.name}" cannot begin the name of a Python class',
            )
        for index, name in enumerate(topic.value):
            if name not in self._types:
                self._unknown(name, place.value("value", index), self._types)
        if topic.key is not None and topic.key not in {*_KEY_PRIMITIVES, *self._types}:
            self._unknown(topic.key, place.value("key"), [*_KEY_PRIMITIVES, *self._types])
        if topic.subject_strategy == "topic" and len(topic.value) > 1:
            self._diagnostics.report(
                Code.SUBJECT_STRATEGY,
                place.value("subject-strategy"),
                "one subject for the whole topic cannot hold several types",
                hint='use "topic-record", a subject for each type',
            )
        if topic.key_field is not None:
            self._check_key_field(topic.key_field)
        if topic.tombstones and topic.key is None and topic.key_field is None:
            self._diagnostics.report(
                Code.TOMBSTONES,
                place.value("tombstones"),
                "a tombstone is the end of a key, and messages of this topic have no keys",
                hint='say what the keys are: key = "string"',
            )

    def _check_topic_name(self, name: str, location: Location) -> None:
        if not _TOPIC_NAME.fullmatch(name):
            self._diagnostics.report(
                Code.TOPIC_NAME,
                location,
                f'"{name[:60]}" is no name that Kafka allows for a topic',
                hint="use letters, digits, dots, underscores and hyphens, 249 at most",
            )

    def _unknown(self, name: str, location: Location, known: Iterable[str]) -> None:
        self._diagnostics.report(
            Code.TOPIC_TYPE, location, f'unknown type "{name}"', hint=_near_type(name, known)
        )

    def _check_key_field(self, key_field: str) -> None:
        """It is a field of every value, of the type of the key, and of one type."""
        place = self._topic.place.value("key-field")
        wanted = self._topic.key
        for name in self._topic.value:
            record = self._types.get(name)
            if record is None:
                continue
            fields = {f.name: f for f in record.fields} if isinstance(record, model.Record) else {}
            if key_field not in fields:
                near = difflib.get_close_matches(key_field, fields, n=1)
                self._diagnostics.report(
                    Code.KEY_FIELD,
                    place,
                    f'{name} has no field "{key_field}"',
                    hint=f'did you mean "{near[0]}"?' if near else None,
                )
                continue
            found = _type_name(fields[key_field].type)
            wanted = wanted or found
            if found is None or found != wanted:
                self._diagnostics.report(
                    Code.KEY_FIELD,
                    place,
                    f"{name}.{key_field} is {found or 'no single type'}, and keys are {wanted}",
                )


def _type_name(type_: model.AvroType) -> str | None:
    """A primitive or the full name of a type; logical types do not count, as on the wire."""
    match type_:
        case model.Primitive("null"):
            return None
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array() | model.Map() | model.Union():
            return None
        case _:
            assert_never(type_)


def _near_type(name: str, known: Iterable[str]) -> str | None:
    """A type of the same short name elsewhere, or one of a similar name."""
    known = sorted(known)
    short = name.rpartition(".")[2]
    same = [other for other in known if other.rpartition(".")[2] == short]
    near = same or difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else None
