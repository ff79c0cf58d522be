"""Page of a type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from avrogen.avro import model
from avrogen.avro.schema_json import definition_json, type_json
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel
from avrogen.catalogue.example_snippets import PACKAGE, Example, ExampleSnippets
from avrogen.catalogue.graph_layout import Picture
from avrogen.catalogue.graphs import GraphMaker
from avrogen.catalogue.ownership import Ownership, ownership_of
from avrogen.catalogue.urls import CatalogueUrls, field_anchor
from avrogen.catalogue.views import (
    Attribute,
    ExampleView,
    Link,
    Linked,
    Sidebar,
    annotation_text,
    attributes,
    example_view,
    first_line,
    json_line,
    json_text,
    linked,
    namespace_title,
    nearby,
    picture_of,
    type_words,
)
from avrogen.compiler.python_model import AliasDefinition, EnumClass, RecordClass

__all__ = ["TypePage", "type_page"]


_MOST_NESTED: Final = 40
"""Fields of a record that is shown on the pages of others."""


@dataclass(frozen=True, slots=True)
class NestedRecord:
    """A record in the type of a field: names of its fields, with types and first sentences."""

    record: Link
    fields: tuple[tuple[str, Linked, str], ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a record.

    Attributes:
        name: in Avro.
        anchor: its place on the page.
        python: its name in Python, if that is another; or "".
        type: its type in words.
        annotation: its type in Python, if that reads otherwise; or "".
        default: JSON; None: the field has to be given.
        doc: what the schema says about it; or "".
        aliases: other names it is read by.
        order: how it takes part in the sort order, if the schema says so; or "".
        nested: the records in its type, to be opened in place.
        ownership: its tags, and if it is deprecated.
        attributes: what else the specification does not define.
    """

    name: str
    anchor: str
    python: str
    type: Linked
    annotation: str
    default: str | None
    doc: str
    aliases: tuple[str, ...]
    order: str
    nested: tuple[NestedRecord, ...]
    ownership: Ownership
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """A symbol of an enum, with its member in Python."""

    name: str
    anchor: str
    python: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class TypePage:
    """Contents of a type's page."""

    entry: CatalogueEntry
    trail: tuple[Link, ...]
    side: Sidebar
    import_line: str
    facts: tuple[tuple[str, Linked], ...]
    aliases: tuple[str, ...]
    ownership: Ownership
    attributes: tuple[Attribute, ...]
    fields: tuple[FieldRow, ...]
    symbols: tuple[SymbolRow, ...]
    topics: tuple[Link, ...]
    used_by: tuple[Link, ...]
    picture: Picture | None
    example: ExampleView | None
    schema: str


def type_page(
    entry: CatalogueEntry,
    siblings: Sequence[CatalogueEntry],
    example: Example | None,
    snippets: ExampleSnippets,
    catalogue: CatalogueModel,
    urls: CatalogueUrls,
    graphs: GraphMaker,
) -> TypePage:
    """Contents of a type's page.

    Args:
        entry: the type.
        siblings: all of its namespace.
        example: an example of it.
        snippets: examples, and defaults as users read them.
        catalogue: everything.
        urls: where pages are.
        graphs: makes its picture.
    """
    side = nearby(entry, siblings, urls)
    users = (catalogue.entries[name] for name in catalogue.used_by.get(entry.id, ()))
    module = entry.module(PACKAGE)
    names = ", ".join(export.name for export in entry.public.exports())
    return TypePage(
        entry=entry,
        trail=(side.title,),
        side=side,
        import_line=f"from {module} import {names}",
        facts=tuple(_facts(entry, catalogue, urls)),
        aliases=entry.named.aliases if entry.named else (),
        ownership=entry.ownership,
        attributes=attributes(entry.attributes),
        fields=tuple(_fields(entry, snippets, catalogue, urls)),
        symbols=tuple(_symbols(entry)),
        topics=tuple(
            Link(topic.topic, urls.topics[topic.topic], "topic")
            for topic in catalogue.carried_by.get(entry.id, ())
        ),
        used_by=tuple(
            Link(user.name, urls.types[user.id], user.kind, user.id, _other(user, entry))
            for user in users
        ),
        picture=picture_of(graphs.type(entry)),
        example=example_view(example),
        schema=_schema(entry, catalogue),
    )


def _other(user: CatalogueEntry, entry: CatalogueEntry) -> str:
    """Return another type's namespace if it differs."""
    return "" if user.namespace == entry.namespace else namespace_title(user.namespace)


def _facts(
    entry: CatalogueEntry, catalogue: CatalogueModel, urls: CatalogueUrls
) -> Iterator[tuple[str, Linked]]:
    """Describe a type that has no table of fields or symbols."""
    match entry.named:
        case model.FixedType(size=size, logical=logical):
            yield "Size", (Link(f"{size} bytes" if size != 1 else "1 byte"),)
            if logical:
                words = type_words(model.Primitive("bytes", logical), catalogue.types)
                yield "Logical type", (Link(words[0].text, role="logical", note="fixed"),)
        case None:
            yield "Type", linked(type_words(entry.type, catalogue.types), urls)
        case model.RecordType() | model.EnumType():
            pass
        case _:
            assert_never(entry.named)
    if isinstance(entry.definition, AliasDefinition):
        yield "In Python", (Link(annotation_text(entry.definition.type), role="code"),)


def _fields(
    entry: CatalogueEntry, snippets: ExampleSnippets, catalogue: CatalogueModel, urls: CatalogueUrls
) -> Iterator[FieldRow]:
    if not isinstance(entry.named, model.RecordType):
        return
    assert isinstance(entry.definition, RecordClass)
    for field, python in zip(entry.named.fields, entry.definition.fields, strict=True):
        type_ = linked(type_words(field.type, catalogue.types), urls)
        annotation = annotation_text(python.annotation)
        ownership, others = ownership_of(field.attributes)
        yield FieldRow(
            name=field.name,
            anchor=field_anchor(field.name),
            python="" if python.name == field.name else python.name,
            type=type_,
            annotation="" if annotation == "".join(word.text for word in type_) else annotation,
            default=(
                None if field.default is model.NO_DEFAULT else json_line(snippets.default(field))
            ),
            doc=(field.doc or "").strip(),
            aliases=field.aliases,
            order=field.order.value if field.order else "",
            nested=tuple(_nested(field.type, entry, catalogue, urls)),
            ownership=ownership,
            attributes=attributes(others),
        )


def _nested(
    type_: model.AvroType, entry: CatalogueEntry, catalogue: CatalogueModel, urls: CatalogueUrls
) -> Iterator[NestedRecord]:
    """Yield the records in a type, except large ones and the record of the page itself."""
    for name in dict.fromkeys(model.references(type_)):
        named = catalogue.types[name]
        if isinstance(named, model.RecordType) and name != entry.id:
            fields = named.fields[: _MOST_NESTED + 1]
            if 0 < len(fields) <= _MOST_NESTED:
                rows = (
                    (
                        field.name,
                        linked(type_words(field.type, catalogue.types), urls),
                        first_line(field.doc or ""),
                    )
                    for field in fields
                )
                link = Link(catalogue.entries[name].name, urls.types[name], "type", name)
                yield NestedRecord(link, tuple(rows))


def _symbols(entry: CatalogueEntry) -> Iterator[SymbolRow]:
    if not isinstance(entry.named, model.EnumType):
        return
    assert isinstance(entry.definition, EnumClass)
    for member in entry.definition.members:
        yield SymbolRow(
            name=member.symbol,
            anchor=field_anchor(member.symbol),
            python=f"{entry.public.name}.{member.name}",
            is_default=member.symbol == entry.named.default,
        )


def _schema(entry: CatalogueEntry, catalogue: CatalogueModel) -> str:
    """Return the schema of the type alone, referring to others by full name."""
    if entry.named:
        return json_text(definition_json(entry.named, catalogue.types))
    return json_text(type_json(entry.type, catalogue.types))
