"""A catalogue as one JSON document, ``catalog.json``, for tools that import it.

The document has everything that the pages have: topics, types and fields with docs, owners, tags,
producers and consumers, subjects, and the Avro schema of each type, with others by full name. Its
members are listed in ``docs/catalogue.md``; a member is never renamed within a ``format``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.schema_json import definition_json, type_json
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel, topic_ownership
from avrogen.catalogue.example_snippets import PACKAGE
from avrogen.catalogue.ownership import Ownership, ownership_of
from avrogen.catalogue.urls import CatalogueUrls
from avrogen.config.config import TopicConfig, key_type
from avrogen.config.topic_subjects import topic_subjects

__all__ = ["catalog_json"]

_FORMAT: Final = 1
"""Version of the document's members."""


def catalog_json(catalogue: CatalogueModel, urls: CatalogueUrls, title: str) -> dict[str, Json]:
    """Return the document. Deterministic.

    Args:
        catalogue: schemas and topics.
        urls: where pages are.
        title: title of the catalogue.
    """
    return {
        "format": _FORMAT,
        "title": title,
        "topics": [_topic(topic, catalogue, urls) for topic in catalogue.topics],
        "types": [_type(entry, catalogue, urls) for entry in catalogue.entries.values()],
    }


def _topic(topic: TopicConfig, catalogue: CatalogueModel, urls: CatalogueUrls) -> Json:
    names = catalogue.modules[topic.topic].names
    return {
        "name": topic.topic,
        "page": urls.topics[topic.topic],
        "description": topic.description,
        **_ownership(topic_ownership(topic)),
        "producers": list(topic.producers),
        "consumers": list(topic.consumers),
        "values": list(dict.fromkeys(topic.value)),
        "key": key_type(topic, catalogue.types),
        "keyField": topic.key_field,
        "tombstones": topic.tombstones,
        "deadLetter": topic.dead_letter,
        "subjectStrategy": topic.subject_strategy,
        "subjects": [
            {"name": subject.name, "type": subject.title}
            for subject in topic_subjects(topic, catalogue.types)
        ],
        "python": {"producer": names.producer, "consumer": names.consumer},
    }


def _type(entry: CatalogueEntry, catalogue: CatalogueModel, urls: CatalogueUrls) -> Json:
    return {
        "name": entry.id,
        "kind": entry.kind,
        "page": urls.types[entry.id],
        "source": entry.source,
        "doc": entry.doc or None,
        **_ownership(entry.ownership),
        "attributes": entry.attributes,
        "python": {
            "module": entry.module(PACKAGE).removeprefix(f"{PACKAGE}."),
            "name": entry.public.name,
        },
        "fields": list(_fields(entry.named, catalogue)),
        "symbols": list(entry.named.symbols) if isinstance(entry.named, model.EnumType) else [],
        "uses": list(entry.uses),
        "usedBy": list(catalogue.used_by.get(entry.id, ())),
        "topics": [topic.topic for topic in catalogue.carried_by.get(entry.id, ())],
        "schema": _schema(entry, catalogue),
    }


def _schema(entry: CatalogueEntry, catalogue: CatalogueModel) -> Json:
    if entry.named is None:
        return type_json(entry.type, catalogue.types)
    return definition_json(entry.named, catalogue.types)


def _fields(named: model.NamedType | None, catalogue: CatalogueModel) -> Iterator[Json]:
    if not isinstance(named, model.RecordType):
        return
    for field in named.fields:
        ownership, others = ownership_of(field.attributes)
        found: dict[str, Json] = {
            "name": field.name,
            "type": type_json(field.type, catalogue.types),
            "doc": field.doc or None,
            "aliases": list(field.aliases),
            "tags": list(ownership.tags),
            "deprecated": ownership.reason or ownership.is_deprecated,
            "attributes": others,
        }
        if field.default is not model.NO_DEFAULT:
            found["default"] = field.default
        yield found


def _ownership(found: Ownership) -> dict[str, Json]:
    return {
        "owner": found.owner or None,
        "tags": list(found.tags),
        "status": found.status or None,
        "deprecated": found.reason or found.is_deprecated,
    }
