"""Lowering: Avro's model to the Python model of the generated package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks, TooManyValues
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import mentions, references
from avrogen.avro.parser import Parsed, Root
from avrogen.avro.schema_json import definition_json, type_json
from avrogen.avro.schema_text import docstring_text
from avrogen.avro.source import Pointer
from avrogen.avro.type_labels import short_label
from avrogen.avro.type_overrides import field_selector
from avrogen.compiler.expressions import Expression, Symbol
from avrogen.compiler.naming import AttributeName, MemberName, attribute_names, member_names
from avrogen.compiler.package_layout import ModulePath, PackageLayout, PublicName, layout_package
from avrogen.compiler.python_defaults import DefaultWriter, NotADefault
from avrogen.compiler.python_model import (
    AliasDefinition,
    Definition,
    EmbeddedSchema,
    EnumClass,
    Export,
    FieldDefinition,
    FixedClass,
    MemberDefinition,
    Module,
    Namespace,
    Package,
    RecordClass,
    TypeEntries,
)
from avrogen.compiler.topic_lowering import lower_topics, topics_namespace
from avrogen.compiler.type_mapping import (
    NO_OVERRIDES,
    SymbolOf,
    UnrepresentableDefault,
    mapping_entries,
    overridden_types,
    python_type,
)
from avrogen.config.config import TopicConfig
from avrogen.config.custom_types import BuildOverrides

__all__ = ["lower"]


def lower(
    parsed: Parsed,
    topics: Iterable[TopicConfig],
    diagnostics: Diagnostics,
    overrides: BuildOverrides = NO_OVERRIDES,
) -> Package:
    """Lower everything that was parsed to the model of the generated package.

    Args:
        parsed: schemas without errors.
        topics: topics that fit them.
        diagnostics: receives defaults that have no Python value.
        overrides: types of one's own.
    """
    lowering = _Lowering(
        parsed.types,
        layout_package(parsed),
        diagnostics,
        DefaultChecks(parsed.types),
        overrides,
    )
    return lowering.package(tuple(topics))


@dataclass(frozen=True)
class _Lowering:
    types: Mapping[str, model.NamedType]
    layout: PackageLayout
    diagnostics: Diagnostics
    checks: DefaultChecks
    overrides: BuildOverrides
    attributes: dict[str, dict[str, AttributeName]] = field(
        default_factory=dict[str, dict[str, AttributeName]]
    )
    members: dict[str, dict[str, MemberName]] = field(
        default_factory=dict[str, dict[str, MemberName]]
    )

    def package(self, topics: tuple[TopicConfig, ...]) -> Package:
        for home, full_names in self.layout.modules.items():
            self._name_contents(home, full_names)
        modules = [
            *(self._module(home, names) for home, names in self.layout.modules.items()),
            *(self._alias_module(root, public) for root, public in self.layout.aliases),
        ]
        topic_modules = lower_topics(topics, self.types, self.layout, self.overrides)
        namespaces = [*self._namespaces(), *topics_namespace(topic_modules)]
        return Package(tuple(namespaces), tuple(modules), topic_modules)

    def _name_contents(self, home: ModulePath, full_names: Iterable[str]) -> None:
        """Name fields and members, which defaults in other modules mention."""
        classes = {self.layout.types[name].name for name in full_names}
        for name in full_names:
            match self.types[name]:
                case model.RecordType(fields=fields):
                    names = (f.name for f in fields)
                    self.attributes[name] = attribute_names(names, class_names=classes)
                case model.EnumType(symbols=symbols):
                    self.members[name] = member_names(symbols)
                case model.FixedType():
                    pass

    # --- modules ----------------------------------------------------------------------------------

    def _module(self, home: ModulePath, full_names: list[str]) -> Module:
        named = sorted((self.types[name] for name in full_names), key=_by_origin)
        sources = {n.origin.source.name: None for n in named if n.origin}
        return Module(
            package=home.package,
            name=home.module,
            sources=tuple(sources),
            definitions=tuple(self._definition(home, n) for n in named),
            postponed=any(set(mentions(n)) & set(full_names) for n in named),
        )

    def _definition(self, home: ModulePath, named: model.NamedType) -> Definition:
        public = self.layout.types[named.name]
        schema = EmbeddedSchema(
            docstring_text(definition_json(named, self.types), " " * 8),
            self._owners(home, mentions(named)),
        )
        match named:
            case model.RecordType():
                doc = _doc(named, "Error" if named.is_error else "Record")
                fields = tuple(self._fields(home, named))
                return RecordClass(public.name, doc, fields, schema, self._entries(home, named))
            case model.EnumType(name):
                members = (MemberDefinition(n, s) for s, n in self.members[name].items())
                return EnumClass(public.name, _doc(named, "Enum"), tuple(members), schema)
            case model.FixedType(logical=None):
                doc = _doc(named, f"Fixed of {named.size} bytes,")
                return FixedClass(public.name, doc, schema)
            case model.FixedType(logical=logical):
                assert logical is not None and public.codec is not None
                doc = _doc(named, "Fixed")
                own = model.Reference(named.name)
                symbol_of = self._symbol_of(home)
                alias = python_type(own, self.types, symbol_of, self.overrides)
                entries = self._root_entries(home, own)
                return AliasDefinition(public.name, public.codec, doc, alias, schema, entries)
            case _:
                assert_never(named)

    def _alias_module(self, root: Root, public: PublicName) -> Module:
        assert public.codec is not None
        uses = tuple(dict.fromkeys(references(root.type)))
        schema = EmbeddedSchema(
            docstring_text(type_json(root.type), " " * 8), self._owners(public.home, uses)
        )
        annotation = python_type(
            root.type, self.types, self._symbol_of(public.home), self.overrides
        )
        kind = "type" if isinstance(root.type, model.Reference) else short_label(root.type)
        doc = f"The {kind} of ``{root.source.name}``."
        entries = self._root_entries(public.home, root.type)
        definition = AliasDefinition(public.name, public.codec, doc, annotation, schema, entries)
        home = public.home
        return Module(home.package, home.module, (root.source.name,), (definition,), False)

    def _owners(self, home: ModulePath, names: Iterable[str]) -> tuple[Symbol, ...]:
        publics = (self.layout.types[name] for name in names)
        return tuple(public.symbol(public.owner, home) for public in publics)

    # --- fields -----------------------------------------------------------------------------------

    def _fields(self, home: ModulePath, record: model.RecordType) -> Iterable[FieldDefinition]:
        names = self.attributes[record.name]
        symbol_of = self._symbol_of(home)
        for f in record.fields:
            yield FieldDefinition(
                name=names[f.name],
                annotation=python_type(f.type, self.types, symbol_of, self._at(record, f)),
                default=self._default(home, record, f),
                doc=f.doc if f.doc and f.doc.strip() else None,
            )

    def _default(
        self, home: ModulePath, record: model.RecordType, f: model.Field
    ) -> Expression | None:
        if f.default is model.NO_DEFAULT:
            return None
        writer = DefaultWriter(
            self.checks, self._symbol_of(home), self.attributes, self.members, self.overrides
        )
        try:
            completed = self.checks.completed(f.type, f.default)
            return writer.field_default(f.type, completed, self._at(record, f))
        except (UnrepresentableDefault, TooManyValues) as problem:
            assert f.origin is not None
            self.diagnostics.report(
                Code.LOGICAL_DEFAULT,
                f.origin / "default",
                f"default of field {record.name}.{f.name} has no Python value: {problem}",
            )
            return None
        except NotADefault:
            return None  # the parser has reported a warning

    def _at(self, record: model.RecordType, f: model.Field) -> BuildOverrides:
        """Return the overrides that apply to a field."""
        return self.overrides.at_field(f"{record.name}.{f.name}")

    def _entries(self, home: ModulePath, record: model.RecordType) -> TypeEntries:
        """Return the entries of a record's ``TypeMapping``, which selects its fields by name."""
        if not self.overrides.entries:
            return {}
        found = (
            each
            for f in record.fields
            for each in overridden_types(f.type, self.types, self._at(record, f))
        )
        entries = mapping_entries(found, self.overrides, self._symbol_of(home))
        prefix = field_selector(f"{record.name}.")
        return {
            (
                field_selector(selector.removeprefix(prefix))
                if selector.startswith(prefix)
                else selector
            ): entry
            for selector, entry in entries.items()
        }

    def _root_entries(self, home: ModulePath, type_: model.AvroType) -> TypeEntries:
        found = overridden_types(type_, self.types, self.overrides)
        return mapping_entries(found, self.overrides, self._symbol_of(home))

    def _symbol_of(self, home: ModulePath) -> SymbolOf:
        def symbol_of(full_name: str) -> Symbol:
            public = self.layout.types[full_name]
            return public.symbol(public.name, home)

        return symbol_of

    # --- namespaces -------------------------------------------------------------------------------

    def _namespaces(self) -> Iterable[Namespace]:
        exports: dict[tuple[str, ...], list[Export]] = {}
        for public in self.layout.publics():
            exports.setdefault(public.package, []).extend(public.exports())
        for avro_name, path in sorted(self.layout.packages.items()):
            own = exports.get(path, [])
            if not path:
                own = [*own, *self._short_names(own)]
            yield Namespace(path, _namespace_doc(avro_name, own), tuple(sorted(own)))

    def _short_names(self, own: Iterable[Export]) -> Iterable[Export]:
        """Yield the unique names of all namespaces, which the top package exports as well."""
        taken = {export.name for export in own} | self.layout.subpackages(())
        offered: dict[str, list[Export]] = {}
        for public in self.layout.publics():
            if public.package:
                for export in public.exports():
                    offered.setdefault(export.name, []).append(export)
        return [e for name, (e, *others) in offered.items() if not others and name not in taken]


def _by_origin(named: model.NamedType) -> tuple[str, Pointer]:
    """Sort the definitions of a module by file and position."""
    assert named.origin is not None, "parsed types have an origin"
    return named.origin.source.name, named.origin.pointer


def _namespace_doc(avro_name: str, exports: Sequence[Export]) -> str:
    if not avro_name:
        return "Avro schemas as Python types."
    if not exports:
        return f"Namespaces in ``{avro_name}``."
    return f"Types of the Avro namespace ``{avro_name}``."


def _doc(named: model.NamedType, kind: str) -> str:
    if named.doc and named.doc.strip():
        return named.doc
    return f"{kind} ``{named.name}``."
