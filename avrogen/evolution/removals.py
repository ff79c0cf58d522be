"""Removed types and files, changed topics, and types whose subject changed.

No comparison of two versions shows these: one of the versions is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from avrogen.avro import model
from avrogen.avro.compat.levels import Direction
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import mentions, references
from avrogen.avro.parser import Parsed, Root
from avrogen.avro.resolution import Types
from avrogen.avro.source import Location
from avrogen.avro.type_labels import kind_of
from avrogen.config.config import TopicConfig, key_type_name
from avrogen.evolution.matching import Matching, MatchReason, file_roots, top_level_types
from avrogen.evolution.snapshot import Snapshot
from avrogen.evolution.units import topics_by_type

__all__ = [
    "NewSubject",
    "Removal",
    "RemovedFromTopic",
    "TopicChange",
    "added_type",
    "new_subjects",
    "removals",
    "removed_from_topics",
    "topic_changes",
]


@dataclass(frozen=True, slots=True)
class Removal:
    """A removed type or file.

    Attributes:
        name: full name of the type, or name of the file.
        kind: "type", or the kind of the file's root.
        location: place of the diagnostic.
        topics: topics that carried it, or are still configured to.
    """

    name: str
    kind: str
    location: Location
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovedFromTopic:
    """An existing type that a topic no longer carries."""

    name: str
    topic: str
    location: Location


@dataclass(frozen=True, slots=True)
class NewSubject:
    """A renamed type on a topic whose subjects are named after types."""

    old: str
    new: str
    topic: TopicConfig
    location: Location


@dataclass(frozen=True, slots=True)
class TopicChange:
    """A change of the messages of a topic, besides those of their types.

    Attributes:
        code: diagnostics code.
        topic: name of the topic.
        message: the change, and its effect.
        directions: directions in which messages cannot be read.
        location: place of the diagnostic.
        hint: the fix, where consumers cannot be deployed first.
    """

    code: Code
    topic: str
    message: str
    directions: tuple[Direction, ...]
    location: Location
    hint: str


def removals(
    old: Snapshot, new: Snapshot, matching: Matching, top: PurePosixPath
) -> Iterator[Removal]:
    """Yield the removed types and files of which data may exist.

    These are types that topics carry, or that no other old schema uses. A nested type is part of
    the comparison of the types that used it.

    Args:
        old: old schemas.
        new: new schemas.
        matching: matches between the two.
        top: folder of the new schemas.
    """
    files = _Files(new.parsed, top)
    before, after = topics_by_type(old.topics), topics_by_type(new.topics)
    used = set(_used(old.parsed))
    on_top = top_level_types(old.parsed)
    for name, named in old.parsed.types.items():
        if name in matching.types:
            continue
        topics = tuple(dict.fromkeys((*after.get(name, ()), *before.get(name, ()))))
        is_alone = name in on_top and name not in used
        if topics or is_alone:
            assert named.origin is not None, "what was parsed has an origin"
            still = _location_on_topic(name, new.topics)
            yield Removal(name, "type", still or files.at(named.origin.source.name), topics)
    for name, root in file_roots(old.parsed).items():
        if name not in matching.files and not _is_mere_list(root, old.parsed):
            yield Removal(name, _kind(root.type), files.at(name))


def removed_from_topics(
    old: Snapshot, new: Snapshot, matching: Matching
) -> Iterator[RemovedFromTopic]:
    """Yield the types removed from topics that exist in both versions."""
    topics = {topic.topic: topic for topic in new.topics}
    for before in old.topics:
        now = topics.get(before.topic)
        for name in before.value if now is not None else ():
            match = matching.types.get(name)
            if match is not None and now is not None and not {name, match.new} & {*now.value}:
                yield RemovedFromTopic(match.new, now.topic, now.locations.value("value"))


def added_type(name: str, topic: TopicConfig) -> TopicChange:
    """Return the change of a topic that a type was added to."""
    index = topic.value.index(name)
    return TopicChange(
        Code.TYPE_ADDED,
        topic.topic,
        f"{name} was added to the topic {topic.topic}: consumers of the old schemas do not know "
        "it, and dead-letter its messages, skip them or stop",
        (Direction.FORWARD,),
        topic.locations.value("value", index),
        "deploy all consumers with the type first, and check with --level BACKWARD; or use another "
        "topic for it",
    )


def topic_changes(old: Snapshot, new: Snapshot, matching: Matching) -> Iterator[TopicChange]:
    """Yield the changes of topics that exist in both versions, besides removed types."""
    before = {topic.topic: topic for topic in old.topics}
    for topic in new.topics:
        was = before.get(topic.topic)
        if was is None:
            continue
        now = {matching.types[name].new for name in was.value if name in matching.types}
        for name in dict.fromkeys(topic.value):
            if name not in was.value and name not in now:
                yield added_type(name, topic)
        if topic.tombstones != was.tombstones:
            yield _changed_tombstones(topic)
        keys_before, keys = _keys(was, old.parsed.types), _keys(topic, new.parsed.types)
        if "" not in (keys_before, keys):
            yield from _changed_keys(was, topic, keys_before, keys, matching)


def _changed_tombstones(topic: TopicConfig) -> TopicChange:
    if topic.tombstones:
        return TopicChange(
            Code.MESSAGES_CHANGED,
            topic.topic,
            f"tombstones were allowed on the topic {topic.topic}: consumers of the old schemas "
            "cannot read them",
            (Direction.FORWARD,),
            topic.locations.value("tombstones"),
            "deploy all consumers that expect them first, and check with --level BACKWARD",
        )
    return TopicChange(
        Code.MESSAGES_CHANGED,
        topic.topic,
        f"tombstones are not allowed on the topic {topic.topic} any more: existing ones cannot be "
        "read",
        (Direction.BACKWARD,),
        topic.locations.key(),
        "keep tombstones = true as long as the topic has tombstones",
    )


_NUMBERS = frozenset({"int", "long", "float", "double"})
"""Primitive types of keys that schema resolution converts, and whose bytes differ."""


def _keys(topic: TopicConfig, types: Types) -> str | None:
    """Return the type of a topic's keys; None: it has none; "": its configuration has errors."""
    if topic.key is not None or topic.key_field is None:
        return topic.key
    record = types.get(topic.value[0])
    if not isinstance(record, model.RecordType):
        return ""
    fields = {field.name: field.type for field in record.fields}
    return (key_type_name(fields[topic.key_field]) or "") if topic.key_field in fields else ""


def _changed_keys(
    was: TopicConfig, topic: TopicConfig, old: str | None, new: str | None, matching: Matching
) -> Iterator[TopicChange]:
    """Yield at most one change, besides what comparing the types as a unit finds."""
    if old == new:
        return
    directions = [Direction.BACKWARD, Direction.FORWARD]
    if old is None:
        directions = [Direction.BACKWARD]
    elif new is None:
        directions = [Direction.FORWARD]
    elif old in matching.types and matching.types[old].new == new:
        return
    elif was.key is not None and topic.key is not None and not {old, new} <= _NUMBERS:
        return  # schema resolution converts numbers, but keys of primitive types have no schema
    entry = "key" if topic.key is not None else "key-field" if topic.key_field is not None else None
    yield TopicChange(
        Code.MESSAGES_CHANGED,
        topic.topic,
        f"the keys of the topic {topic.topic} changed from {old or 'none'} to {new or 'none'}: "
        "consumers cannot read the keys of the other version",
        tuple(directions),
        topic.locations.value(entry) if entry else topic.locations.key(),
        "use another topic for messages with other keys",
    )


def new_subjects(new: Snapshot, matching: Matching) -> Iterator[NewSubject]:
    """Yield the renamed types on topics whose subjects are named after types."""
    renamed = {m.new: m for m in matching.types.values() if m.reason is not MatchReason.NAME}
    for topic in new.topics:
        if topic.subject_strategy == "topic":
            continue
        for index, name in enumerate(topic.value):
            if name in renamed:
                location = topic.locations.value("value", index)
                yield NewSubject(renamed[name].old, name, topic, location)


class _Files:
    """Locations of the files of an old snapshot in the folder of the new one."""

    def __init__(self, parsed: Parsed, top: PurePosixPath) -> None:
        self._paths = {root.source.name: root.source.path for root in parsed.roots}
        self._top = top

    def at(self, name: str) -> Location:
        return Location(self._paths.get(name) or (self._top / name).as_posix())


def _is_mere_list(root: Root, parsed: Parsed) -> bool:
    """Return whether a file only lists types: definitions in a list, or a name defined elsewhere.

    A list of definitions need not be meant as a union. The types are compared anyway.
    """
    match root.type:
        case model.Reference():
            return True
        case model.Union(branches):
            names = [branch.name for branch in branches if isinstance(branch, model.Reference)]
            defined = [parsed.types[name].origin for name in names]
            return len(names) == len(branches) and all(
                origin is not None and origin.source == root.source for origin in defined
            )
        case _:
            return False


def _used(parsed: Parsed) -> Iterator[str]:
    for named in parsed.types.values():
        yield from (name for name in mentions(named) if name != named.name)
    for root in file_roots(parsed).values():
        if not _is_mere_list(root, parsed):
            yield from references(root.type)


def _location_on_topic(name: str, topics: tuple[TopicConfig, ...]) -> Location | None:
    for topic in topics:
        if name in topic.value:
            return topic.locations.value("value", topic.value.index(name))
        if name == topic.key:
            return topic.locations.value("key")
    return None


def _kind(type_: model.AvroType) -> str:
    return "type" if isinstance(type_, model.Primitive | model.Reference) else kind_of(type_)
