"""Lowering of configured topics to the modules of ``pkg.topics``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.differences import meaning_fingerprint
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import TOPICS_PACKAGE, TopicNames, module_names, topic_names
from avrogen.compiler.package_layout import ModulePath, PackageLayout
from avrogen.compiler.python_model import Export, Namespace, TopicModule
from avrogen.compiler.type_mapping import (
    NO_OVERRIDES,
    NONE,
    PRIMITIVES,
    has_class,
    python_type,
    union,
)
from avrogen.config.config import TopicConfig, key_type
from avrogen.config.custom_types import BuildOverrides
from avrogen.config.topic_subjects import topic_subjects

__all__ = ["lower_topics", "owner_fingerprints", "topics_namespace"]


def lower_topics(
    topics: Sequence[TopicConfig],
    types: Mapping[str, model.NamedType],
    layout: PackageLayout,
    overrides: BuildOverrides = NO_OVERRIDES,
) -> tuple[TopicModule, ...]:
    """Return a module for each topic, in the order of the configuration.

    Args:
        topics: topics that fit the schemas.
        types: all named types by full name.
        layout: layout of their classes.
        overrides: types of one's own.
    """
    names = topic_names(topic.name for topic in topics)
    modules = module_names(topic.name for topic in topics)
    homes = {name: ModulePath((TOPICS_PACKAGE,), module) for name, module in modules.items()}
    return tuple(
        _TopicLowering(topic, types, layout, homes[topic.name], overrides).module(names[topic.name])
        for topic in topics
    )


def topics_namespace(modules: Sequence[TopicModule]) -> Iterator[Namespace]:
    """Yield the package that exports the definitions of the modules; none without topics."""
    if modules:
        exports = [
            Export(name, ModulePath(module.package, module.name).path)
            for module in modules
            for name in module.names.all()
        ]
        doc = "Topics, and the producers and consumers of each."
        yield Namespace((TOPICS_PACKAGE,), doc, tuple(sorted(exports)))


def owner_fingerprints(
    names: Iterable[str],
    types: Mapping[str, model.NamedType],
    layout: PackageLayout,
    seen_from: ModulePath,
) -> dict[Symbol, str]:
    """Return the fingerprints of types of other packages, by the symbols of their owners.

    Args:
        names: full names, also of types of this package.
        types: all named types by full name.
        layout: layout of their classes.
        seen_from: module that has the symbols.
    """
    publics = {name: layout.types[name] for name in names}
    return {
        public.symbol(public.owner, seen_from): meaning_fingerprint(name, types)
        for name, public in publics.items()
        if public.home.root
    }


@dataclass(frozen=True, slots=True)
class _TopicLowering:
    topic: TopicConfig
    types: Mapping[str, model.NamedType]
    layout: PackageLayout
    home: ModulePath
    overrides: BuildOverrides

    def module(self, names: TopicNames) -> TopicModule:
        topic = self.topic
        values = tuple(dict.fromkeys(topic.value))
        key = key_type(topic, self.types)
        doc = (self._values_line(values), *self._keys_line(key), self._subjects_line())
        dead_letters = (f"dead letters: {topic.dead_letter}",) if topic.dead_letter else ()
        return TopicModule(
            package=self.home.package,
            name=self.home.module,
            names=names,
            config=topic,
            key=self._key_annotation(key),
            value=self._value_annotation(values),
            key_type=key if key is None or key in PRIMITIVES else self._owner(key),
            value_types=tuple(map(self._owner, values)),
            producer_doc=doc,
            consumer_doc=(*doc, *dead_letters),
            fingerprints=owner_fingerprints(
                (name for name in (*values, key) if name is not None and name in self.types),
                self.types,
                self.layout,
                self.home,
            ),
        )

    # --- types ------------------------------------------------------------------------------------

    def _value_annotation(self, values: Sequence[str]) -> Expression:
        annotations = [self._annotation(name) for name in values]
        return union([*annotations, NONE] if self.topic.tombstones else annotations)

    def _key_annotation(self, key: str | None) -> Expression:
        if key is None:
            return NONE
        return PRIMITIVES.get(key) or self._annotation(key)

    def _annotation(self, full_name: str) -> Expression:
        # A class is sent as it is; the alias of a fixed has what its codec takes.
        is_class = has_class(self.types[full_name])
        overrides = NO_OVERRIDES if is_class else self.overrides.inside(full_name)
        return python_type(model.Reference(full_name), self.types, self._class, overrides=overrides)

    def _class(self, full_name: str) -> Symbol:
        public = self.layout.types[full_name]
        return public.symbol(public.name, self.home)

    def _owner(self, full_name: str) -> Symbol:
        public = self.layout.types[full_name]
        return public.symbol(public.owner, self.home)

    # --- docs -------------------------------------------------------------------------------------

    def _values_line(self, values: Sequence[str]) -> str:
        tombstones = ("tombstones",) if self.topic.tombstones else ()
        return "values: " + ", ".join((*values, *tombstones))

    def _keys_line(self, key: str | None) -> Iterator[str]:
        if key is not None:
            field = self.topic.key_field
            yield f"keys: {key}" + (f", from the field {field}" if field else "")

    def _subjects_line(self) -> str:
        subjects = topic_subjects(self.topic, self.types)
        return "subjects: " + ", ".join(dict.fromkeys(subject.name for subject in subjects))
