"""Lowering: Avro's model to the Python model of the generated package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks, TooManyValues
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import mentions, references
from avrogen.avro.parser import Parsed, Root
from avrogen.avro.schema_json import definition_json, type_json
from avrogen.avro.schema_text import docstring_text
from avrogen.avro.source import Pointer
from avrogen.avro.time_options import DEFAULT, TimeOptions
from avrogen.avro.type_labels import short_label
from avrogen.avro.type_overrides import field_selector
from avrogen.compiler.dependencies import Dependencies
from avrogen.compiler.expressions import RUNTIME, Expression, Symbol
from avrogen.compiler.naming import AttributeName, MemberName
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
from avrogen.compiler.python_names import content_names
from avrogen.compiler.topic_lowering import lower_topics, owner_fingerprints, topics_namespace
from avrogen.compiler.type_mapping import (
    NO_OVERRIDES,
    SymbolOf,
    UnrepresentableDefault,
    mapping_entries,
    overridden_types,
    python_type,
)
from avrogen.config.config import NO_NAMES, NamesSection, TopicConfig
from avrogen.config.custom_types import BuildOverrides

__all__ = ["lower"]


def lower(
    parsed: Parsed,
    topics: Iterable[TopicConfig],
    diagnostics: Diagnostics,
    dependencies: Dependencies,
    names: NamesSection = NO_NAMES,
    times: TimeOptions = DEFAULT,
    overrides: BuildOverrides = NO_OVERRIDES,
) -> Package:
    """Lower everything that was parsed to the model of the generated package.

    Args:
        parsed: schemas without errors.
        topics: topics that fit them.
        diagnostics: receives defaults that have no Python value.
        dependencies: types of other packages.
        names: names that the configuration sets.
        times: options for dates and times.
        overrides: types of one's own.
    """
    layout = layout_package(parsed, names, dependencies.publics)
    contents = content_names(parsed.types, layout, names)
    others = dependencies.types.items()
    lowering = _Lowering(
        parsed.types,
        layout,
        diagnostics,
        DefaultChecks(parsed.types),
        dependencies,
        {**contents.attributes, **{name: other.attributes for name, other in others}},
        {**contents.members, **{name: other.members for name, other in others}},
        times,
        overrides,
    )
    return lowering.package(tuple(topics))


@dataclass(frozen=True)
class _Lowering:
    types: Mapping[str, model.NamedType]
    layout: PackageLayout
    diagnostics: Diagnostics
    checks: DefaultChecks
    dependencies: Dependencies
    attributes: Mapping[str, Mapping[str, AttributeName]]
    members: Mapping[str, Mapping[str, MemberName]]
    times: TimeOptions = DEFAULT
    overrides: BuildOverrides = NO_OVERRIDES

    def package(self, topics: tuple[TopicConfig, ...]) -> Package:
        modules = [
            *(self._module(home, names) for home, names in self.layout.modules.items()),
            *(self._alias_module(root, public) for root, public in self.layout.aliases),
        ]
        topic_modules = lower_topics(topics, self.types, self.layout, self.overrides)
        namespaces = [*self._namespaces(), *topics_namespace(topic_modules)]
        return Package(tuple(namespaces), tuple(modules), topic_modules, self._imported())

    def _imported(self) -> Mapping[str, Definition]:
        # Problems with them were reported when their packages were built.
        quiet = replace(self, diagnostics=Diagnostics())
        return {
            name: quiet._definition(self.layout.types[name].home, self.types[name])
            for name in self.dependencies.types
            if name in self.types
        }

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
            self._fingerprints(home, mentions(named)),
            self._options(named),
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
                overrides = self.overrides.inside(named.name)
                alias = python_type(own, self.types, symbol_of, self.times, overrides)
                is_own = named.name not in self.dependencies.types
                entries: TypeEntries = self._root_entries(home, own) if is_own else {}
                return AliasDefinition(public.name, public.codec, doc, alias, schema, entries)
            case _:
                assert_never(named)

    def _alias_module(self, root: Root, public: PublicName) -> Module:
        assert public.codec is not None
        uses = tuple(dict.fromkeys(references(root.type)))
        schema = EmbeddedSchema(
            docstring_text(type_json(root.type, self.types), " " * 8),
            self._owners(public.home, uses),
            self._fingerprints(public.home, uses),
            self._options(root.type),
        )
        annotation = python_type(
            root.type, self.types, self._symbol_of(public.home), self.times, self.overrides
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

    def _fingerprints(self, home: ModulePath, names: Iterable[str]) -> Mapping[Symbol, str]:
        return owner_fingerprints(names, self.types, self.layout, home)

    def _options(self, of: model.NamedType | model.AvroType) -> Expression | None:
        """Return the options for dates and times, if there are any in a class or codec."""
        if self.times == DEFAULT or not self._has_times(of):
            return None
        arguments = [
            f'{name}="{value}"'
            for name, value in (
                ("out_of_range", self.times.out_of_range),
                ("rounding", self.times.rounding),
            )
            if value != getattr(DEFAULT, name)
        ]
        return Expression.of(Symbol(RUNTIME, "TimeOptions"), f"({', '.join(arguments)})")

    def _has_times(self, of: model.NamedType | model.AvroType) -> bool:
        match of:
            case model.RecordType(fields=fields):
                return any(_has_times(f.type, self._at(of, f)) for f in fields)
            case model.EnumType() | model.FixedType():
                return False
            case _:
                return _has_times(of, self.overrides)

    # --- fields -----------------------------------------------------------------------------------

    def _fields(self, home: ModulePath, record: model.RecordType) -> Iterable[FieldDefinition]:
        names = self.attributes[record.name]
        symbol_of = self._symbol_of(home)
        for f in record.fields:
            yield FieldDefinition(
                name=names[f.name],
                annotation=python_type(
                    f.type, self.types, symbol_of, self.times, self._at(record, f)
                ),
                default=self._default(home, record, f),
                doc=f.doc if f.doc and f.doc.strip() else None,
            )

    def _default(
        self, home: ModulePath, record: model.RecordType, f: model.Field
    ) -> Expression | None:
        if f.default is model.NO_DEFAULT:
            return None
        symbol_of = self._symbol_of(home)
        writer = DefaultWriter(
            self.checks, symbol_of, self.attributes, self.members, self.times, self.overrides
        )
        try:
            completed = self.checks.completed(f.type, f.default)
            return writer.field_default(f.type, completed, self._at(record, f))
        except TooManyValues as problem:
            self._report_default(Code.LOGICAL_DEFAULT, record, f, str(problem))
        except UnrepresentableDefault as problem:
            reason = f"{problem}: the field has no default in Python"
            self._report_default(Code.UNREPRESENTABLE_DEFAULT, record, f, reason, problem.hint)
        except NotADefault:
            pass  # the parser has reported a warning
        return None

    def _report_default(
        self, code: Code, record: model.RecordType, f: model.Field, reason: str, hint: str = ""
    ) -> None:
        assert f.origin is not None, "parsed types have an origin"
        message = f"default of field {record.name}.{f.name} has no Python value: {reason}"
        self.diagnostics.report(code, f.origin / "default", message, hint or None)

    def _at(self, record: model.RecordType, f: model.Field) -> BuildOverrides:
        """Return the overrides that apply to a field."""
        return self.overrides.at_field(f"{record.name}.{f.name}")

    def _entries(self, home: ModulePath, record: model.RecordType) -> TypeEntries:
        """Return the entries of a record's ``TypeMapping``, which selects its fields by name."""
        if not self.overrides.entries or record.name in self.dependencies.types:
            return {}
        found = (
            each
            for f in record.fields
            for each in overridden_types(f.type, self.types, self._at(record, f))
        )
        entries = mapping_entries(found, self.overrides, self._symbol_of(home), self.times)
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
        return mapping_entries(found, self.overrides, self._symbol_of(home), self.times)

    def _symbol_of(self, home: ModulePath) -> SymbolOf:
        def symbol_of(full_name: str) -> Symbol:
            public = self.layout.types[full_name]
            return public.symbol(public.name, home)

        return symbol_of

    # --- namespaces -------------------------------------------------------------------------------

    def _namespaces(self) -> Iterable[Namespace]:
        for path, exports in sorted(self.layout.exports().items()):
            doc = _namespace_doc(path, self.layout.packages[path], exports)
            yield Namespace(path, doc, tuple(sorted(exports)))


def _has_times(type_: model.AvroType, overrides: BuildOverrides) -> bool:
    """Tell if there is a date or a time in a type, outside of the records that it refers to."""
    match type_:
        case model.Primitive():
            logical = overrides.of(type_).logical
            kinds = (model.Date, model.TimeOfDay, model.Timestamp, model.LocalTimestamp)
            return isinstance(logical, kinds)
        case model.Reference():
            return False
        case model.Array(inner) | model.Map(inner):
            return _has_times(inner, overrides)
        case model.Union(branches):
            return any(_has_times(branch, overrides) for branch in branches)
        case _:
            assert_never(type_)


def _by_origin(named: model.NamedType) -> tuple[str, Pointer]:
    """Sort the definitions of a module by file and position."""
    assert named.origin is not None, "parsed types have an origin"
    return named.origin.source.name, named.origin.pointer


def _namespace_doc(
    path: Sequence[str], avro_names: Sequence[str], exports: Sequence[Export]
) -> str:
    if not path:
        return "Avro schemas as Python types."
    shown = ", ".join(f"``{name}``" for name in avro_names)
    if not exports:
        return f"Namespaces in {shown}."
    return f"Types of the Avro namespace{'s' if len(avro_names) > 1 else ''} {shown}."


def _doc(named: model.NamedType, kind: str) -> str:
    if named.doc and named.doc.strip():
        return named.doc
    return f"{kind} ``{model.wire_name(named)}``."
