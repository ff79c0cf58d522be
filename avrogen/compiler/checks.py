"""Warnings for unions whose branches a Python value cannot tell apart.

Which branch is written is settled all the same (:mod:`avrogen.codec.unions` has the rule); whoever
designs the schema should know that the other is never, or not always, written.

Records that can never be complete, as they contain themselves.

Whether the configured topics fit the schemas and Kafka.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never, get_args

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location, Origin
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import is_package_name
from avrogen.compiler.type_mapping import python_type
from avrogen.config.config import Config, TopicConfig

__all__ = ["check_topics", "key_type", "report_ambiguous_unions", "report_endless_records"]


def report_ambiguous_unions(parsed: Parsed, diagnostics: Diagnostics) -> None:
    """Warn of every union of the run that has two branches of one Python type."""
    for named in parsed.types.values():
        if isinstance(named, model.RecordType):
            for field in named.fields:
                assert field.origin is not None, "what was parsed has an origin"
                place = f"field {named.name}.{field.name}"
                _check(field.type, field.origin / "type", place, parsed, diagnostics)
    for root in parsed.roots:
        _check(root.type, Origin(root.source), root.source.name, parsed, diagnostics)


def _check(
    type_: model.AvroType, origin: Origin, place: str, parsed: Parsed, diagnostics: Diagnostics
) -> None:
    for union in _unions(type_):
        first: dict[Expression, str] = {}
        for branch in union.branches:
            annotation = python_type(branch, parsed.types, lambda name: Symbol("", name))
            label = _label(branch)
            other = first.setdefault(annotation, label)
            if other != label:
                text = "".join(p if isinstance(p, str) else p.name for p in annotation.parts)
                diagnostics.report(
                    Code.AMBIGUOUS_UNION,
                    origin,
                    f"union of {other} and {label} in {place}: both are {text} in Python",
                    hint="the first branch that can hold the value exactly is written",
                )


def _unions(type_: model.AvroType) -> Iterator[model.Union]:
    match type_:
        case model.Primitive() | model.Reference():
            return
        case model.Array(inner) | model.Map(inner):
            yield from _unions(inner)
        case model.Union(branches):
            yield type_
            for branch in branches:
                yield from _unions(branch)
        case _:
            assert_never(type_)


def _label(branch: model.AvroType) -> str:
    match branch:
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array():
            return "array"
        case model.Map():
            return "map"
        case model.Union():
            raise AssertionError("unions hold no unions")
        case _:
            assert_never(branch)


def report_endless_records(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report records whose every value would contain another value of the same record, for ever.

    A record directly in itself is refused, a circle of several noted. As schemas both are valid,
    and Avro Java lets them pass.
    """
    finite: set[str] = set()
    rest = [named for named in types.values() if isinstance(named, model.RecordType)]
    while rest:
        still = [r for r in rest if not all(_ends(f.type, types, finite) for f in r.fields)]
        if len(still) == len(rest):
            break
        finite.update(record.name for record in rest)
        finite.difference_update(record.name for record in still)
        rest = still
    for record in rest:
        field = next(f for f in record.fields if not _ends(f.type, types, finite))
        assert field.origin is not None, "what was parsed has an origin"
        is_direct = field.type == model.Reference(record.name)
        diagnostics.report(
            Code.ENDLESS_RECORD if is_direct else Code.ENDLESS_CIRCLE,
            field.origin / "type",
            f"{record.name} contains itself through {field.name}, so that no value of it can exist",
            'let it end: use a union with null, ["null", ...], an array or a map',
        )


def _ends(type_: model.AvroType, types: Mapping[str, model.NamedType], finite: set[str]) -> bool:
    match type_:
        case model.Primitive() | model.Array() | model.Map():
            return True
        case model.Reference(name):
            return name in finite or not isinstance(types.get(name), model.RecordType)
        case model.Union(branches):
            return not branches or any(_ends(branch, types, finite) for branch in branches)
        case _:
            assert_never(type_)


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


def key_type(topic: TopicConfig, types: Mapping[str, model.NamedType]) -> str | None:
    """What the keys of a topic without errors are: a primitive, the full name of a type, or None.

    Where only a field is said, it is the type of that field.
    """
    if topic.key is not None or topic.key_field is None:
        return topic.key
    record = types[topic.value[0]]
    assert isinstance(record, model.RecordType), "a key field has been looked for in every value"
    return next(_type_name(f.type) for f in record.fields if f.name == topic.key_field)


class _Check:
    def __init__(
        self, topic: TopicConfig, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
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
            fields = (
                {f.name: f for f in record.fields} if isinstance(record, model.RecordType) else {}
            )
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
