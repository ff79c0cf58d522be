"""Contents of a catalogue: schemas and topics that have a page, and their dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.model import mentions, references
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import Root
from avrogen.avro.type_labels import declared_kind, kind_of
from avrogen.catalogue.ownership import Ownership, ownership_of
from avrogen.compiler.build import Analysis
from avrogen.compiler.naming import ClassName, ModuleName
from avrogen.compiler.package_layout import ModulePath, PublicName, layout_package
from avrogen.compiler.python_model import Definition, TopicModule
from avrogen.compiler.type_mapping import NO_OVERRIDES
from avrogen.config.config import TopicConfig, key_type
from avrogen.config.custom_types import BuildOverrides

__all__ = [
    "CatalogueEntry",
    "CatalogueModel",
    "carried_types",
    "catalogue_model",
    "topic_ownership",
]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A named type, or the unnamed top-level type of a schema file.

    Attributes:
        id: the full name of a named type; of the others what they are called in Python, which is
            no type's full name.
        type: a reference for a named type.
        named: the named type; None for the others.
        source: the path of its file below the schema folder.
        public: what a user of the generated package imports for it.
        definition: what the generated package has for it.
        uses: ids of the types it refers to, each once, in order.
    """

    id: str
    type: model.AvroType
    named: model.NamedType | None
    source: str
    public: PublicName
    definition: Definition
    uses: tuple[str, ...]

    def module(self, package: str) -> str:
        """Return what a user imports it from.

        Args:
            package: what the generated package is called.
        """
        return ".".join((self.public.home.root or package, *self.public.package))

    @property
    def namespace(self) -> str:
        """The Avro namespace, which may be ""."""
        return namespace_of(self.id)

    @property
    def name(self) -> str:
        """The name without the namespace."""
        return short_name(self.id)

    @property
    def doc(self) -> str:
        """Documentation from the schema, or ""."""
        return (self.named.doc or "").strip() if self.named else ""

    @property
    def ownership(self) -> Ownership:
        """Owner, tags and status from the schema."""
        return ownership_of(self.named.attributes if self.named else {})[0]

    @property
    def attributes(self) -> dict[str, model.Json]:
        """The other attributes that the specification does not define."""
        return ownership_of(self.named.attributes if self.named else {})[1]

    @property
    def kind(self) -> str:
        """Kind of the type, in the specification's word."""
        if self.named is not None:
            return declared_kind(self.named)
        return "alias" if isinstance(self.type, model.Reference) else kind_of(self.type)


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """All schemas and topics of a catalogue.

    Attributes:
        entries: by id, sorted.
        types: all named types by full name.
        topics: in the order of the configuration.
        modules: what the generated package has for each topic, by its name.
        used_by: ids of the entries that refer to a type, by its id; only types that are used.
        carried_by: topics that have values or keys of a type, by its id.
        overrides: types of one's own.
    """

    entries: Mapping[str, CatalogueEntry]
    types: Mapping[str, model.NamedType]
    topics: tuple[TopicConfig, ...]
    modules: Mapping[str, TopicModule]
    used_by: Mapping[str, tuple[str, ...]]
    carried_by: Mapping[str, tuple[TopicConfig, ...]]
    overrides: BuildOverrides = NO_OVERRIDES

    @property
    def namespaces(self) -> dict[str, list[CatalogueEntry]]:
        """The entries of each namespace, both sorted."""
        found: dict[str, list[CatalogueEntry]] = {}
        for entry in sorted(self.entries.values(), key=lambda entry: (entry.namespace, entry.id)):
            found.setdefault(entry.namespace, []).append(entry)
        return found


def catalogue_model(analysis: Analysis, topics: tuple[TopicConfig, ...]) -> CatalogueModel:
    """Collect schemas and topics, which have no errors."""
    types = analysis.parsed.types
    entries = {entry.id: entry for entry in _entries(analysis)}
    entries = dict(sorted(entries.items()))
    by_name = {topic.topic: topic for topic in topics}
    carried = _turned(by_name, lambda name: carried_types(by_name[name], types))
    return CatalogueModel(
        entries,
        types,
        topics,
        {module.config.topic: module for module in analysis.package.topics},
        _turned(entries, lambda id_: entries[id_].uses),
        {id_: tuple(by_name[name] for name in names) for id_, names in carried.items()},
        analysis.overrides,
    )


def topic_ownership(topic: TopicConfig) -> Ownership:
    """Return owner, tags and status of a topic, from the configuration."""
    status = topic.status or ""
    return Ownership(topic.owner or "", topic.tags, status, status == "deprecated")


def carried_types(topic: TopicConfig, types: Mapping[str, model.NamedType]) -> tuple[str, ...]:
    """Full names of the types of a topic's messages, values first, each once."""
    key = key_type(topic, types)
    keys = (key,) if key is not None and key in types else ()
    return tuple(dict.fromkeys((*topic.value, *keys)))


def _entries(analysis: Analysis) -> Iterator[CatalogueEntry]:
    places = layout_package(analysis.parsed, analysis.names, analysis.dependencies.publics)
    definitions = {
        _key(ModulePath(module.package, module.name), definition.name): definition
        for module in analysis.package.modules
        for definition in module.definitions
    }
    for name, named in analysis.parsed.types.items():
        public = places.types[name]
        assert named.origin is not None, "what was parsed has an origin"
        source = named.origin.source.name
        definition = analysis.package.imported.get(name)
        definition = definition or definitions[_key(public.home, public.name)]
        yield CatalogueEntry(
            name, model.Reference(name), named, source, public, definition, mentions(named)
        )
    for root, public in places.aliases:
        yield _of_root(root, public, definitions[_key(public.home, public.name)])


def _of_root(root: Root, public: PublicName, definition: Definition) -> CatalogueEntry:
    uses = tuple(dict.fromkeys(references(root.type)))
    return CatalogueEntry(public.name, root.type, None, root.source.name, public, definition, uses)


def _key(home: ModulePath, name: ClassName) -> tuple[tuple[ModuleName, ...], ModuleName, ClassName]:
    return home.package, home.module, name


def _turned(
    names: Iterable[str], leads_to: Callable[[str], Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Dependents of each entry, sorted by name, without the entry itself."""
    found: dict[str, list[str]] = {}
    for name in names:
        for target in leads_to(name):
            if target != name:
                found.setdefault(target, []).append(name)
    return {target: tuple(sources) for target, sources in found.items()}
