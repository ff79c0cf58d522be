"""How schemas are registered, found and held against those before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from avrogen.avro.compat.levels import Level
from avrogen.testing.registry.avro_schemas import AvroSchema, read_avro
from avrogen.testing.registry.bodies import SentSchema
from avrogen.testing.registry.refusals import (
    incompatible,
    invalid_schema,
    not_permitted,
    schema_not_found,
)
from avrogen.testing.registry.settings import Mode, Settings
from avrogen.testing.registry.store import AVRO, Content, Reference, Store, StoredVersion
from avrogen.testing.registry.verdicts import verdict

__all__ = ["SCHEMA_TYPES", "Registration"]

SCHEMA_TYPES = ("JSON", "PROTOBUF", AVRO)


class Registration:
    """What is asked of a registry with a schema in hand."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def register(self, subject: str, sent: SentSchema, *, normalize: bool) -> StoredVersion:
        """The version that a schema is, which is a new one if the subject has none like it.

        Raises:
            Refused: it is no schema, or it may not come after those before it.
        """
        if self._settings.mode_in_force(subject) is Mode.READONLY:
            raise not_permitted(f"Subject {subject} in context . is in read-only mode")
        if sent.id is not None and sent.id >= 0:
            raise not_permitted(f"Subject {subject} in context . is not in import mode")
        schema = self._read(subject, sent, normalize)
        number = sent.version or 0
        there = self._same(subject, schema, deleted=False)
        if there is not None and number == 0:
            return there
        problems = self._problems(subject, schema, self._store.versions(subject))
        if problems:
            raise incompatible(subject, f"[{', '.join(problems)}]")
        if number > 0 and number != self._store.next_number(subject):
            raise invalid_schema("Version is not one more than previous version")
        return self._store.add(subject, _content(schema))

    def look_up(
        self, subject: str, sent: SentSchema, *, normalize: bool, deleted: bool
    ) -> StoredVersion:
        """The version that a schema is.

        Args:
            subject: where it is looked for.
            sent: the schema.
            normalize: whether to normalize it.
            deleted: whether soft-deleted versions count.

        Raises:
            Refused: there is none, or the text is no schema.
        """
        found = self._same(subject, self._read(subject, sent, normalize), deleted=deleted)
        if found is None:
            self._store.existing(subject, deleted=deleted)
            raise schema_not_found()
        return found

    def problems(
        self, subject: str, sent: SentSchema, previous: Sequence[StoredVersion], *, normalize: bool
    ) -> list[str]:
        """What keeps a schema from coming after others; nothing, if it may.

        Args:
            subject: whose level counts.
            sent: the schema.
            previous: the others, from old to new.
            normalize: whether to normalize it.

        Raises:
            Refused: the text is no schema.
        """
        return self._problems(subject, self._read(subject, sent, normalize), previous)

    def _problems(
        self, subject: str, schema: AvroSchema | Content, previous: Sequence[StoredVersion]
    ) -> list[str]:
        level = self._settings.config_in_force(subject).level
        if level is None or level is Level.NONE:
            return []
        if any(v.content.schema_type != _content(schema).schema_type for v in previous):
            return ["Incompatible because of different schema type"]
        if isinstance(schema, Content):
            return []
        before = [(v.number, self._stored(v)) for v in previous]
        return verdict(schema, before, level)

    def _read(self, subject: str, sent: SentSchema, normalize: bool) -> AvroSchema | Content:
        """A schema; of a type other than Avro just its text, which is not understood here."""
        if sent.schema_type not in SCHEMA_TYPES:
            raise invalid_schema(f"Invalid schema type {sent.schema_type}")
        if not sent.text.strip():
            raise invalid_schema("Empty schema")
        references = tuple(map(self._pinned, sent.references))
        if sent.schema_type != AVRO:
            return Content(sent.text, sent.schema_type, references)
        normalize = normalize or self._settings.config_in_force(subject).normalize is True
        return read_avro(sent.text, references, self._store, normalize=normalize)

    def _pinned(self, reference: Reference) -> Reference:
        """A reference to a certain version; -1 is the latest of now."""
        latest = self._store.find(reference.subject, -1) if reference.version == -1 else None
        return replace(reference, version=latest.number) if latest else reference

    def _stored(self, version: StoredVersion) -> AvroSchema:
        return read_avro(version.content.text, version.content.references, self._store)

    def _same(
        self, subject: str, schema: AvroSchema | Content, *, deleted: bool
    ) -> StoredVersion | None:
        """The latest version with a schema, or with one that refers to what stands in it."""
        versions = self._store.versions(subject, deleted=deleted)[::-1]
        content = _content(schema)
        for version in versions:
            if version.content == content:
                return version
        if isinstance(schema, Content) or content.references:
            return None
        for version in versions:
            refers = version.content.schema_type == AVRO and version.content.references
            if refers and self._stored(version).resolved_text == schema.resolved_text:
                return version
        return None


def _content(schema: AvroSchema | Content) -> Content:
    return schema if isinstance(schema, Content) else schema.content
