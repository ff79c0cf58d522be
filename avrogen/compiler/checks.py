"""Checks of a run beyond Avro's own rules: topics, infinite records, ambiguous unions.

Topics must fit the schemas and Kafka, and no record may contain itself without end: both are
errors, but for a cycle of several records, which is a warning. Unions whose branches are one type
in Python are warnings: the encoder follows the rule of :mod:`avrogen.codec.unions`, and a branch
may never be written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, assert_never, get_args

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location, Origin
from avrogen.avro.type_labels import short_label
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import is_package_name
from avrogen.compiler.type_mapping import NO_OVERRIDES, overridden_types, python_type
from avrogen.config.config import Config, TopicConfig, key_type_name
from avrogen.config.custom_types import BuildOverrides, CustomTypes

__all__ = [
    "check_topics",
    "check_types",
    "is_acknowledged",
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
        if other != topic.topic:
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

    def _check_topic_name(self, name: str, location: Location) -> None:
        if not _TOPIC_NAME.fullmatch(name):
            self._diagnostics.report(
                Code.TOPIC_NAME,
                location,
                f'invalid topic name "{name[:60]}"',
                hint="use letters, digits, dots, underscores and hyphens, 249 at most",
            )

    def _unknown(self, name: str, location: Location, known: Iterable[str]) -> None:
        self._diagnostics.report(
            Code.TOPIC_TYPE, location, f'unknown type "{name}"', hint=_near_type(name, known)
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


def _near_type(name: str, known: Iterable[str]) -> str | None:
    """Return a hint: a type with the same name in another namespace, or with a similar name."""
    known = sorted(known)
    same = [other for other in known if short_name(other) == short_name(name)]
    near = same or difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else None


# --- types of one's own ---------------------------------------------------------------------------


def is_acknowledged(overrides: BuildOverrides, attributes: model.Attributes, field: str) -> bool:
    """Tell if an override applies to a schema with a logical type: then that needs no warning."""
    type_ = model.Primitive("bytes", attributes=attributes)
    return overrides.at_field(field).of(type_).selector is not None


def check_types(custom: CustomTypes, parsed: Parsed, diagnostics: Diagnostics) -> None:
    """Report overrides of Python types that fit no type, each at its position in the file."""
    if not custom.locations:
        return
    fits: set[str] = set()
    problems: dict[str, str] = {}
    for place, type_, overrides in _places(parsed, custom.overrides):
        for _, found in overridden_types(type_, parsed.types, overrides):
            assert found.selector is not None, "only types with an override are yielded"
            if found.problem is None:
                fits.add(found.selector)
            else:
                problems.setdefault(found.selector, f"{found.problem} ({place})")
    for selector, location in custom.locations.items():
        kind, _, name = selector.partition(":")
        problem = problems.get(selector)
        # That of a field is for those branches of a union that it fits.
        if problem is not None and not (kind == "field" and selector in fits):
            diagnostics.report(
                Code.TYPE_OVERRIDE,
                location,
                f'the type for "{name}" does not fit: {problem}',
                hint="name another base, or override single fields, under [types.fields]",
            )
        elif selector not in fits:
            _report_unused(kind, name, parsed, location, diagnostics)


def _places(
    parsed: Parsed, overrides: BuildOverrides
) -> Iterator[tuple[str, model.AvroType, BuildOverrides]]:
    """Yield fields, roots of files, and fixed types, with the overrides that apply there."""
    for named in parsed.types.values():
        if isinstance(named, model.RecordType):
            for field in named.fields:
                name = f"{named.name}.{field.name}"
                yield f"field {name}", field.type, overrides.at_field(name)
    for root in parsed.roots:
        yield root.source.name, root.type, overrides


def _report_unused(
    kind: str, name: str, parsed: Parsed, location: Location, diagnostics: Diagnostics
) -> None:
    if kind == "field":
        message, hint = _unknown_field(name, parsed, diagnostics)
        diagnostics.report(Code.TYPE_OVERRIDE, location, message, hint)
        return
    attribute = "connect.name" if kind == "connect" else "logicalType"
    known = {value for value in _attributes(parsed, attribute) if isinstance(value, str)}
    near = diagnostics.similar(name, sorted(known))
    diagnostics.report(
        Code.OVERRIDE_UNUSED,
        location,
        f'no value of the schemas has the {attribute} "{name}"',
        hint=f'did you mean "{near}"?' if near else "remove the entry",
    )


def _unknown_field(name: str, parsed: Parsed, diagnostics: Diagnostics) -> tuple[str, str | None]:
    """Return the message and the hint for an override of a field that does not exist."""
    record, _, field = name.rpartition(".")
    found = parsed.types.get(record)
    if not isinstance(found, model.RecordType):
        records = [n for n, t in parsed.types.items() if isinstance(t, model.RecordType)]
        return f'unknown record "{record}"', _near_type(record, records)
    names = [each.name for each in found.fields]
    if field in names:
        return f"field {name} has no values that could have another type", None
    near = diagnostics.similar(field, names)
    return f'{record} has no field "{field}"', f'did you mean "{record}.{near}"?' if near else None


def _attributes(parsed: Parsed, key: str) -> Iterator[model.Json]:
    """Yield the values of an attribute of primitive and named types."""
    everything = (type_ for _, type_, _ in _places(parsed, NO_OVERRIDES))
    for type_ in everything:
        yield from _attributes_in(type_, key)
    for named in parsed.types.values():
        yield named.attributes.get(key)


def _attributes_in(type_: model.AvroType, key: str) -> Iterator[model.Json]:
    match type_:
        case model.Primitive(attributes=attributes):
            yield attributes.get(key)
        case model.Reference():
            return
        case model.Array(inner) | model.Map(inner):
            yield from _attributes_in(inner, key)
        case model.Union(branches):
            for branch in branches:
                yield from _attributes_in(branch, key)
        case _:
            assert_never(type_)


# --- infinite records -----------------------------------------------------------------------------


def report_infinite_records(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report records that contain themselves, so that no value of them can be finite.

    A record directly in itself is an error, a cycle of several a warning. As schemas both are
    valid, and Avro Java accepts them.
    """
    finite: set[str] = set()
    rest = [named for named in types.values() if isinstance(named, model.RecordType)]
    while rest:
        still = [r for r in rest if not all(_is_finite(f.type, types, finite) for f in r.fields)]
        if len(still) == len(rest):
            break
        finite.update(record.name for record in rest)
        finite.difference_update(record.name for record in still)
        rest = still
    for record in rest:
        field = next(f for f in record.fields if not _is_finite(f.type, types, finite))
        assert field.origin is not None, "parsed types have an origin"
        is_direct = field.type == model.Reference(record.name)
        diagnostics.report(
            Code.ENDLESS_RECORD if is_direct else Code.ENDLESS_CIRCLE,
            field.origin / "type",
            f"{record.name} contains itself through {field.name}: no finite value of it exists",
            'make it finite: use a union with null, ["null", ...], an array or a map',
        )


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
    parsed: Parsed, diagnostics: Diagnostics, overrides: BuildOverrides = NO_OVERRIDES
) -> None:
    """Warn of unions with two branches of one Python type."""
    for named in parsed.types.values():
        if isinstance(named, model.RecordType):
            for field in named.fields:
                assert field.origin is not None, "parsed types have an origin"
                name = f"{named.name}.{field.name}"
                origin, here = field.origin / "type", overrides.at_field(name)
                _report_union(field.type, origin, f"field {name}", parsed, diagnostics, here)
    for root in parsed.roots:
        origin, name = Origin(root.source), root.source.name
        _report_union(root.type, origin, name, parsed, diagnostics, overrides)


def _report_union(
    type_: model.AvroType,
    origin: Origin,
    place: str,
    parsed: Parsed,
    diagnostics: Diagnostics,
    overrides: BuildOverrides,
) -> None:
    for union in _unions(type_):
        first: dict[Expression, str] = {}
        for branch in union.branches:
            annotation = python_type(branch, parsed.types, lambda name: Symbol("", name), overrides)
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
