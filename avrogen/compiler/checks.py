"""Checks of a run beyond Avro's own rules: topics, infinite records, ambiguous unions.

Topics must fit the schemas and Kafka, and no record may contain itself without end: both are
errors, but for a cycle of several records, which is a warning. Unions whose branches are one type
in Python are warnings: the encoder follows the rule of :mod:`avrogen.codec.unions`, and a branch
may never be written.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, assert_never, get_args

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location, Origin
from avrogen.avro.time_options import DEFAULT, TimeOptions
from avrogen.avro.type_labels import short_label
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import is_package_name
from avrogen.compiler.type_mapping import NO_OVERRIDES, branch_types
from avrogen.config.config import Config, TopicConfig, key_type_name
from avrogen.config.custom_types import BuildOverrides

__all__ = [
    "check_definitions",
    "check_topics",
    "near_type",
    "report_ambiguous_unions",
    "report_infinite_records",
    "report_large_namespaces",
]


# --- topics ---------------------------------------------------------------------------------------

_KEY_PRIMITIVES: frozenset[str] = frozenset(get_args(model.PrimitiveName)) - {"null"}

_TOPIC_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,249}")
"""Names that Kafka allows (``org.apache.kafka.common.internals.Topic``)."""


def check_topics(
    config: Config, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
) -> None:
    """Report mistakes in topics, each at its position in the configuration."""
    names: dict[str, str] = {}
    for topic in config.topics:
        _TopicCheck(topic, types, diagnostics).run()
        other = names.setdefault(topic.name, topic.topic)
        if other != topic.topic and config.is_one_package:
            diagnostics.report(
                Code.TOPIC_CLASS_NAME,
                topic.locations.value("name"),
                f'topics "{other}" and "{topic.topic}" have the same class name {topic.name}',
                hint="give one of them another name: name = ...",
            )
    _check_dead_letters(config.topics, diagnostics)


def _check_dead_letters(topics: Iterable[TopicConfig], diagnostics: Diagnostics) -> None:
    """Report dead-letter topics that are topics of the configuration themselves.

    Their consumers would receive the dead letters, and in a cycle dead-letter them for ever.
    """
    configured = {topic.topic: topic for topic in topics}
    for name, topic in configured.items():
        target = topic.dead_letter
        if target is None or target not in configured:
            continue
        cycle = _dead_letter_cycle(name, configured)
        if target == name:
            problem = "is the topic itself: its dead letters would be consumed again, for ever"
        elif cycle:
            shown = " -> ".join(f'"{each}"' for each in cycle)
            problem = f"returns to the topic, {shown}: dead letters would go round for ever"
        else:
            problem = f'has messages of its own: its consumers would receive those of "{name}"'
        diagnostics.report(
            Code.DEAD_LETTER,
            topic.locations.value("dead-letter"),
            f'the dead-letter topic "{target}" {problem}',
            hint=f'name a topic that has no table here, such as dead-letter = "{name}.dlq"',
        )


def _dead_letter_cycle(name: str, configured: Mapping[str, TopicConfig]) -> list[str]:
    """Return the names of topics from one to itself by dead letters; none if it is in no cycle."""
    path = [name]
    while (last := configured.get(path[-1])) is not None and last.dead_letter is not None:
        if last.dead_letter in path:
            return [*path, name] if last.dead_letter == name else []
        path.append(last.dead_letter)
    return []


class _TopicCheck:
    def __init__(
        self, topic: TopicConfig, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
    ) -> None:
        self._topic = topic
        self._types = types
        self._diagnostics = diagnostics

    def run(self) -> None:
        topic, locations = self._topic, self._topic.locations
        self._check_topic_name(topic.topic, locations.key())
        if topic.dead_letter is not None:
            self._check_topic_name(topic.dead_letter, locations.value("dead-letter"))
        if not is_package_name(topic.name):
            self._diagnostics.report(
                Code.TOPIC_CLASS_NAME,
                locations.value("name"),
                f'"{topic.name}" is not a valid prefix of Python class names',
            )
        for index, name in enumerate(topic.value):
            if name not in self._types:
                self._unknown(name, locations.value("value", index), self._types)
        if topic.key is not None and topic.key not in {*_KEY_PRIMITIVES, *self._types}:
            self._unknown(topic.key, locations.value("key"), [*_KEY_PRIMITIVES, *self._types])
        self._check_full_names()
        if topic.subject_strategy == "topic" and len(topic.value) > 1:
            self._diagnostics.report(
                Code.SUBJECT_STRATEGY,
                locations.value("subject-strategy"),
                f'subject-strategy "topic" allows one type, and this topic has {len(topic.value)}',
                hint='use "topic-record": a subject for each type',
            )
        if topic.key_field is not None:
            self._check_key_field(topic.key_field)
        if topic.tombstones and topic.key is None and topic.key_field is None:
            self._diagnostics.report(
                Code.TOMBSTONES,
                locations.value("tombstones"),
                "tombstones need keys, and messages of this topic have none",
                hint='declare the type of the keys: key = "string"',
            )

    def _check_full_names(self) -> None:
        """Check that consumers can tell the types of values by their full names."""
        first: dict[str, str] = {}
        for index, name in enumerate(self._topic.value):
            if name in self._types:
                full = model.wire_name(self._types[name])
                other = first.setdefault(full, name)
                if other != name:
                    self._diagnostics.report(
                        Code.TOPIC_TYPE,
                        self._topic.locations.value("value", index),
                        f"{other} and {name} are both {full} in messages: a topic can have one",
                    )

    def _check_topic_name(self, name: str, location: Location) -> None:
        if not _TOPIC_NAME.fullmatch(name):
            self._diagnostics.report(
                Code.TOPIC_NAME,
                location,
                f'invalid topic name "{name[:60]}"',
                hint="use letters, digits, dots, underscores and hyphens, 249 at most",
            )

    def _unknown(self, name: str, location: Location, known: Iterable[str]) -> None:
        own = [other for other, named in self._types.items() if named.wire_name == name]
        hint = f"its definitions have own names: {', '.join(own[:3])}" if own else None
        self._diagnostics.report(
            Code.TOPIC_TYPE, location, f'unknown type "{name}"', hint or near_type(name, known)
        )

    def _check_key_field(self, key_field: str) -> None:
        """Check that the field is in every value, non-null, and of the type of the keys."""
        location = self._topic.locations.value("key-field")
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
                    location,
                    f'{name} has no field "{key_field}"',
                    hint=f'did you mean "{near[0]}"?' if near else None,
                )
                continue
            type_ = fields[key_field].type
            found = key_type_name(type_)
            if found is None:
                self._diagnostics.report(
                    Code.KEY_FIELD,
                    location,
                    f'key-field "{key_field}" of {name} is {_unusable(type_)}; '
                    "it needs one non-null type",
                )
                continue
            wanted = wanted or found
            if found != wanted:
                self._diagnostics.report(
                    Code.KEY_FIELD,
                    location,
                    f'key-field "{key_field}" of {name} is {found}, but keys are {wanted}',
                )


def _unusable(type_: model.AvroType) -> str:
    """Return the reason why a type cannot be that of keys."""
    match type_:
        case model.Union(branches) if model.Primitive("null") in branches:
            return "nullable"
        case model.Union():
            return "a union"
        case model.Array():
            return "an array"
        case model.Map():
            return "a map"
        case model.Primitive(name) | model.Reference(name):
            return name
        case _:
            assert_never(type_)


_MOST_NAMES: Final = 5_000
"""Names that one unknown name is compared with."""

_LONGEST_NAME: Final = 200
"""Characters of names that are compared."""


def near_type(name: str, known: Iterable[str]) -> str | None:
    """Return a hint: a type with the same name in another namespace, or with a similar name.

    Similar names are looked for among the first thousands, and among names of usual length.
    """
    known = sorted(known)
    same = [other for other in known if short_name(other) == short_name(name)]
    usual = [other for other in known[:_MOST_NAMES] if len(other) <= _LONGEST_NAME]
    if not same and len(name) <= _LONGEST_NAME:
        same = difflib.get_close_matches(name, usual, n=1)
    return f"did you mean {same[0]}?" if same else None


# --- definitions with own names -------------------------------------------------------------------


def check_definitions(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report types that refer to two definitions of one full name, also indirectly.

    Each definition may have an own name in the package, but a schema can contain one of them only.
    """
    own: dict[str, list[str]] = {}
    for name, named in types.items():
        own.setdefault(model.wire_name(named), []).append(name)
    several = {full: names for full, names in own.items() if len(names) > 1}
    if not several:
        return
    users: dict[str, list[str]] = {name: [] for name in types}
    for name, named in types.items():
        for mentioned in model.mentions(named):
            if mentioned in users:
                users[mentioned].append(name)
    for full, names in several.items():
        _check_users(full, names, users, types, diagnostics)


def _check_users(
    full: str,
    names: Iterable[str],
    users: Mapping[str, Iterable[str]],
    types: Mapping[str, model.NamedType],
    diagnostics: Diagnostics,
) -> None:
    contained: dict[str, str] = {}
    for name in names:
        waiting = [name]
        while waiting:
            user = waiting.pop()
            other = contained.setdefault(user, name)
            if other != name:
                origin = types[user].origin
                assert origin is not None, "what was parsed has an origin"
                diagnostics.report(
                    Code.OWN_NAME,
                    origin,
                    f"{user} refers to {other} and to {name}, which are both {full} in schemas",
                    "give types that refer to different definitions own names as well",
                )
                return
            waiting += (each for each in users[user] if contained.get(each) != name)


# --- infinite records -----------------------------------------------------------------------------


def report_infinite_records(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report records that contain themselves, so that no value of them can be finite.

    A record directly in itself is an error, a cycle of several a warning. As schemas both are
    valid, and Avro Java accepts them.
    """
    finite = _finite_records(types)
    for record in types.values():
        if not isinstance(record, model.RecordType) or record.name in finite:
            continue
        field = next(f for f in record.fields if not _is_finite(f.type, types, finite))
        assert field.origin is not None, "parsed types have an origin"
        is_direct = field.type == model.Reference(record.name)
        diagnostics.report(
            Code.ENDLESS_RECORD if is_direct else Code.ENDLESS_CIRCLE,
            field.origin / "type",
            f"{record.name} contains itself through {field.name}: no finite value of it exists",
            'make it finite: use a union with null, ["null", ...], an array or a map',
        )


def _finite_records(types: Mapping[str, model.NamedType]) -> set[str]:
    """Return the names of records that have finite values.

    A record waits at its first field that is not finite yet, for any of the records there.
    """
    finite: set[str] = set()
    passed: dict[str, int] = {}
    waiting: defaultdict[str, list[tuple[model.RecordType, int]]] = defaultdict(list)
    ready = [(named, 0) for named in types.values() if isinstance(named, model.RecordType)]
    while ready:
        record, position = ready.pop()
        if passed.setdefault(record.name, 0) != position:
            continue  # another record has let it pass
        fields = record.fields
        while position < len(fields) and _is_finite(fields[position].type, types, finite):
            position += 1
        passed[record.name] = position
        if position < len(fields):
            for name in _direct_names(fields[position].type):
                waiting[name].append((record, position))
        else:
            finite.add(record.name)
            ready += waiting.pop(record.name, ())
    return finite


def _direct_names(type_: model.AvroType) -> Iterator[str]:
    """Yield the names of types that a value contains directly, or may, in a union."""
    for branch in type_.branches if isinstance(type_, model.Union) else (type_,):
        if isinstance(branch, model.Reference):
            yield branch.name


def _is_finite(
    type_: model.AvroType, types: Mapping[str, model.NamedType], finite: set[str]
) -> bool:
    match type_:
        case model.Primitive() | model.Array() | model.Map():
            return True
        case model.Reference(name):
            return name in finite or not isinstance(types.get(name), model.RecordType)
        case model.Union(branches):
            return not branches or any(_is_finite(branch, types, finite) for branch in branches)
        case _:
            assert_never(type_)


# --- ambiguous unions -----------------------------------------------------------------------------


def report_ambiguous_unions(
    parsed: Parsed,
    diagnostics: Diagnostics,
    times: TimeOptions = DEFAULT,
    overrides: BuildOverrides = NO_OVERRIDES,
) -> None:
    """Warn of unions with two branches of one Python type."""
    for full_name, named in parsed.types.items():
        if isinstance(named, model.RecordType) and full_name not in parsed.imported:
            for field in named.fields:
                assert field.origin is not None, "parsed types have an origin"
                name = f"{full_name}.{field.name}"
                origin, here = field.origin / "type", overrides.at_field(name)
                place = f"field {name}"
                _report_union(field.type, origin, place, parsed, diagnostics, times, here)
    for root in parsed.roots:
        origin, place = Origin(root.source), root.source.name
        _report_union(root.type, origin, place, parsed, diagnostics, times, overrides)


def _report_union(
    type_: model.AvroType,
    origin: Origin,
    place: str,
    parsed: Parsed,
    diagnostics: Diagnostics,
    times: TimeOptions,
    overrides: BuildOverrides,
) -> None:
    for union in _unions(type_):
        first: dict[Expression, str] = {}
        for branch, annotation in _python_types(union, parsed.types, times, overrides):
            label = short_label(branch)
            other = first.setdefault(annotation, label)
            if other != label:
                text = "".join(p if isinstance(p, str) else p.name for p in annotation.parts)
                diagnostics.report(
                    Code.AMBIGUOUS_UNION,
                    origin,
                    f"union of {other} and {label} in {place}: both are {text} in Python",
                    hint="the encoder writes the first branch that represents the value exactly",
                )


def _python_types(
    union: model.Union,
    types: Mapping[str, model.NamedType],
    times: TimeOptions,
    overrides: BuildOverrides,
) -> Iterator[tuple[model.AvroType, Expression]]:
    """Yield the Python types of branches; those of dates that may be numbers are two."""
    for branch in union.branches:
        for annotation in branch_types(
            branch, types, lambda name: Symbol("", name), times, overrides
        ):
            yield branch, annotation


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


# --- namespaces -----------------------------------------------------------------------------------

_MOST_PARTS: Final = 500
"""Parts of a namespace. Python imports about 250 packages inside each other."""

_MOST_FOLDERS: Final = 500_000
"""Parts in the paths of all packages together: 20,000 namespaces of six parts have as many."""


def report_large_namespaces(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report namespaces with too many parts, each of which becomes a package."""
    packages: set[str] = set()
    folders = 0
    for named in types.values():
        namespace = namespace_of(named.name)
        if namespace in packages:
            continue
        count = namespace.count(".") + 1
        if count <= _MOST_PARTS:
            while namespace and namespace not in packages:
                packages.add(namespace)
                folders += namespace.count(".") + 1
                namespace = namespace.rpartition(".")[0]
            if folders <= _MOST_FOLDERS:
                continue
            message = f"the namespaces of {len(types)} types are more than {len(packages)} packages"
        else:
            message = f"the namespace has {count} parts, more than {_MOST_PARTS}"
        assert named.origin is not None, "what was parsed has an origin"
        hint = "each part becomes a Python package: use shorter namespaces"
        diagnostics.report(Code.INVALID_NAMESPACE, named.origin, message, hint)
        if folders > _MOST_FOLDERS:
            return
