"""Topics of the configuration in Python's words: what ``pkg.topics`` will say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from avrogen.avro import model
from avrogen.compiler.checks import key_type
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import TOPICS_PACKAGE, TopicNames, module_names, topic_names
from avrogen.compiler.package_layout import ModulePath, PackageLayout
from avrogen.compiler.python_model import Export, Namespace, TopicModule
from avrogen.compiler.type_mapping import NONE, PRIMITIVES, python_type, union
from avrogen.config.config import TopicConfig

__all__ = ["lower_topics", "topics_namespace"]


def lower_topics(
    topics: Sequence[TopicConfig], types: Mapping[str, model.NamedType], places: PackageLayout
) -> tuple[TopicModule, ...]:
    """A module for each topic, in the order of the configuration.

    Args:
        topics: topics that fit the schemas.
        types: all named types by full name.
        places: where their classes are.
    """
    names = topic_names(topic.name for topic in topics)
    modules = module_names(topic.name for topic in topics)
    homes = {name: ModulePath((TOPICS_PACKAGE,), module) for name, module in modules.items()}
    return tuple(
        _TopicLowering(topic, types, places, homes[topic.name]).module(names[topic.name])
        for topic in topics
    )


def topics_namespace(modules: Sequence[TopicModule]) -> Iterator[Namespace]:
    """The package that offers what the modules define; nothing if there are no topics."""
    if modules:
        exports = [Export(name, _path(m)) for m in modules for name in m.names.all()]
        doc = "Topics, and the producers and consumers of each."
        yield Namespace((TOPICS_PACKAGE,), doc, tuple(sorted(exports)))


def _path(module: TopicModule) -> str:
    return ModulePath(module.package, module.name).path


class _TopicLowering:
    def __init__(
        self,
        topic: TopicConfig,
        types: Mapping[str, model.NamedType],
        places: PackageLayout,
        home: ModulePath,
    ) -> None:
        self._topic = topic
        self._values = tuple(dict.fromkeys(topic.value))
        self._key = key_type(topic, types)
        self._types = types
        self._places = places
        self._home = home

    def module(self, names: TopicNames) -> TopicModule:
        topic = self._topic
        facts = (self._values_line(), *self._keys_line(), *self._schema_lines())
        dead_letters = (f"dead letters: {topic.dead_letter}",) if topic.dead_letter else ()
        return TopicModule(
            package=self._home.package,
            name=self._home.module,
            source=PurePath(topic.place.key().path).name,
            names=names,
            topic=topic.topic,
            key=self._key_annotation(),
            value=self._value_annotation(),
            key_type=self._key_type(),
            value_types=tuple(self._owner(name) for name in self._values),
            key_field=topic.key_field,
            subject_strategy=topic.subject_strategy,
            dead_letter=topic.dead_letter,
            tombstones=topic.tombstones,
            sent=facts,
            received=(*facts, *dead_letters),
        )

    # --- types ------------------------------------------------------------------------------------

    def _value_annotation(self) -> Expression:
        values = [self._annotation(name) for name in self._values]
        return union([*values, NONE] if self._topic.tombstones else values)

    def _key_annotation(self) -> Expression:
        if self._key is None:
            return NONE
        return PRIMITIVES.get(self._key) or self._annotation(self._key)

    def _key_type(self) -> str | Symbol | None:
        if self._key is None or self._key in PRIMITIVES:
            return self._key
        return self._owner(self._key)

    def _annotation(self, full_name: str) -> Expression:
        return python_type(model.Reference(full_name), self._types, self._class)

    def _class(self, full_name: str) -> Symbol:
        public = self._places.types[full_name]
        return public.symbol(public.name, self._home)

    def _owner(self, full_name: str) -> Symbol:
        public = self._places.types[full_name]
        return public.symbol(public.owner, self._home)

    # --- docs -------------------------------------------------------------------------------------

    def _values_line(self) -> str:
        tombstones = ("tombstones",) if self._topic.tombstones else ()
        return "values: " + ", ".join((*self._values, *tombstones))

    def _keys_line(self) -> Iterator[str]:
        if self._key is not None:
            field = self._topic.key_field
            yield f"keys: {self._key}" + (f", from the field {field}" if field else "")

    def _schema_lines(self) -> Iterator[str]:
        """The subjects that the schemas have in a registry."""
        topic = self._topic.topic
        match self._topic.subject_strategy:
            case "record":
                subjects = list(self._values)
            case "topic-record":
                subjects = [f"{topic}-{name}" for name in self._values]
            case _:
                subjects = [f"{topic}-value"]
        if self._key is not None and self._key not in PRIMITIVES:
            subjects.append(f"{topic}-key")
        yield "subjects: " + ", ".join(subjects)
