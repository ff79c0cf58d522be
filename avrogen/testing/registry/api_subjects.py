"""``/subjects``: list, register, look up and delete.

How schemas are registered, found and held against those before them.

Whether a schema may follow those before it, in the words of Confluent's registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from avrogen.avro.compat.levels import Level, Version, confluent_message, violations
from avrogen.avro.model import Json
from avrogen.testing.registry.api_errors import (
    incompatible,
    invalid_schema,
    not_permitted,
    reference_exists,
    schema_not_found,
    subject_not_deleted,
    subject_soft_deleted,
    unknown_path,
    version_not_deleted,
    version_not_found,
    version_soft_deleted,
)
from avrogen.testing.registry.avro_java import AvroSchema, read_avro
from avrogen.testing.registry.http_server import Request
from avrogen.testing.registry.json_bodies import (
    SentSchema,
    listed,
    sent_schema,
    version_json,
    version_number,
)
from avrogen.testing.registry.registry_config import Mode, RegistrySettings
from avrogen.testing.registry.store import AVRO, Content, Store, StoredReference, StoredVersion

__all__ = ["SCHEMA_TYPES", "Registration", "SubjectsApi", "verdict"]


class SubjectsApi:
    """Endpoints under ``/subjects``."""

    def __init__(self, store: Store, settings: RegistrySettings) -> None:
        self._store = store
        self._settings = settings
        self._registration = Registration(store, settings)

    def answer(self, request: Request) -> Json:
        """Return the JSON of the response.

        Raises:
            Refused: it is an error.
        """
        match request.method, *request.path[1:]:
            case ["GET"]:
                return self._subjects(request)
            case ["POST", subject]:
                return self._look_up(subject, request)
            case ["DELETE", subject]:
                return self._delete_subject(subject, permanent=request.flag("permanent"))
            case ["GET", subject, "versions"]:
                return self._versions(subject, request)
            case ["POST", subject, "versions"]:
                return self._register(subject, request)
            case ["GET", subject, "versions", number]:
                deleted = request.flag("deleted")
                return version_json(self._store, self._version(subject, number, deleted), request)
            case ["GET", subject, "versions", number, "schema"]:
                version = self._version(subject, number, request.flag("deleted"))
                return version_json(self._store, version, request)["schema"]
            case ["GET", subject, "versions", number, "referencedby"]:
                version = self._version(subject, number, deleted=True)
                return [*self._store.referrers(version)]
            case ["DELETE", subject, "versions", number]:
                return self._delete_version(subject, number, permanent=request.flag("permanent"))
            case _:
                raise unknown_path(request)

    def _subjects(self, request: Request) -> Json:
        prefix = request.query.get("subjectPrefix", "").removeprefix(":*:")
        there = {v.subject: v for v in self._store.all() if v.subject.startswith(prefix)}
        alive = {subject for subject in there if self._store.versions(subject)}
        return listed((s for s in there if _counts(s not in alive, request)), request)

    def _versions(self, subject: str, request: Request) -> Json:
        either = request.flag("deleted") or request.flag("deletedOnly")
        versions = self._store.existing(subject, deleted=either)
        return listed((v.number for v in versions if _counts(v.deleted, request)), request)

    def _version(self, subject: str, number: str, deleted: bool) -> StoredVersion:
        wanted = version_number(number)
        version = self._store.find(subject, wanted, deleted=deleted)
        if version is None:
            self._store.existing(subject, deleted=deleted)
            raise version_not_found(wanted)
        return version

    def _look_up(self, subject: str, request: Request) -> Json:
        version = self._registration.look_up(
            subject,
            sent_schema(request),
            normalize=request.flag("normalize"),
            deleted=request.flag("deleted"),
        )
        return version_json(self._store, version, request)

    def _register(self, subject: str, request: Request) -> Json:
        version = self._registration.register(
            subject, sent_schema(request), normalize=request.flag("normalize")
        )
        return version_json(self._store, version, request)

    def _delete_subject(self, subject: str, *, permanent: bool) -> Json:
        versions = self._store.existing(subject, deleted=True)
        if not permanent:
            versions = self._store.versions(subject)
            if not versions:
                raise subject_soft_deleted(subject)
        for version in versions:
            self._refuse_if_referred_to(version)
            if permanent and not version.deleted:
                raise subject_not_deleted(subject)
        for version in versions:
            self._remove(version, permanent)
        return [version.number for version in versions]

    def _delete_version(self, subject: str, number: str, *, permanent: bool) -> Json:
        version = self._version(subject, number, deleted=True)
        if version.deleted and not permanent:
            raise version_soft_deleted(subject, number)
        self._refuse_if_referred_to(version)
        if permanent and not version.deleted:
            raise version_not_deleted(subject, version.number)
        self._remove(version, permanent)
        return version.number

    def _refuse_if_referred_to(self, version: StoredVersion) -> None:
        if self._store.referrers(version):
            raise reference_exists(version.subject, version.number)

    def _remove(self, version: StoredVersion, permanent: bool) -> None:
        if permanent:
            self._store.drop(version)
            return
        self._store.hide(version)
        if not self._store.versions(version.subject):
            self._settings.unset_config(version.subject)
            self._settings.unset_mode(version.subject)


def _counts(deleted: bool, request: Request) -> bool:
    """Return True if an entry belongs in a list."""
    if request.flag("deletedOnly"):
        return deleted
    return request.flag("deleted") or not deleted


SCHEMA_TYPES = ("JSON", "PROTOBUF", AVRO)


class Registration:
    """Registration, look-up and compatibility of a submitted schema."""

    def __init__(self, store: Store, settings: RegistrySettings) -> None:
        self._store = store
        self._settings = settings

    def register(self, subject: str, sent: SentSchema, *, normalize: bool) -> StoredVersion:
        """Register a schema and return its version, the existing one if it is there.

        Without metadata or rules of its own, a new version has those of the version before it.

        Raises:
            Refused: it is no schema, or it may not come after those before it.
        """
        if self._settings.mode_in_force(subject) is Mode.READONLY:
            raise not_permitted(f"Subject {subject} in context . is in read-only mode")
        if sent.id is not None and sent.id >= 0:
            raise not_permitted(f"Subject {subject} in context . is not in import mode")
        schema = self._read(subject, sent, normalize)
        number = sent.version or 0
        there = self._same(subject, schema, sent, deleted=False)
        if there is not None and number == 0:
            return there
        problems = self._problems(subject, schema, self._store.versions(subject))
        if problems:
            raise incompatible(subject, f"[{', '.join(problems)}]")
        if number > 0 and number != self._store.next_number(subject):
            raise invalid_schema("Version is not one more than previous version")
        content = replace(_content(schema), metadata=sent.metadata, rule_set=sent.rule_set)
        before = self._store.find(subject, -1)
        if before is not None:
            content = replace(
                content,
                metadata=content.metadata or before.content.metadata,
                rule_set=content.rule_set or before.content.rule_set,
            )
        return self._store.add(subject, content)

    def look_up(
        self, subject: str, sent: SentSchema, *, normalize: bool, deleted: bool
    ) -> StoredVersion:
        """Return the version of a registered schema.

        Args:
            subject: where it is looked for.
            sent: the schema.
            normalize: whether to normalize it.
            deleted: whether soft-deleted versions count.

        Raises:
            Refused: there is none, or the text is no schema.
        """
        found = self._same(subject, self._read(subject, sent, normalize), sent, deleted=deleted)
        if found is None:
            self._store.existing(subject, deleted=deleted)
            raise schema_not_found()
        return found

    def problems(
        self, subject: str, sent: SentSchema, previous: Sequence[StoredVersion], *, normalize: bool
    ) -> list[str]:
        """Return the incompatibilities with earlier versions; empty if there are none.

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
        """Parse a schema; of a type other than Avro, keep the text."""
        if sent.schema_type not in SCHEMA_TYPES:
            raise invalid_schema(f"Invalid schema type {sent.schema_type}")
        if not sent.text.strip():
            raise invalid_schema("Empty schema")
        references = tuple(map(self._pinned, sent.references))
        if sent.schema_type != AVRO:
            return Content(sent.text, sent.schema_type, references)
        normalize = normalize or self._settings.config_in_force(subject).normalize is True
        return read_avro(sent.text, references, self._store, normalize=normalize)

    def _pinned(self, reference: StoredReference) -> StoredReference:
        """Resolve a reference to a version; -1 is the latest."""
        latest = self._store.find(reference.subject, -1) if reference.version == -1 else None
        return replace(reference, version=latest.number) if latest else reference

    def _stored(self, version: StoredVersion) -> AvroSchema:
        return read_avro(version.content.text, version.content.references, self._store)

    def _same(
        self, subject: str, schema: AvroSchema | Content, sent: SentSchema, *, deleted: bool
    ) -> StoredVersion | None:
        """Return the latest version with the same schema, references resolved.

        It has the same metadata and rules, where some were sent, and else any.
        """
        versions = [
            version
            for version in self._store.versions(subject, deleted=deleted)[::-1]
            if sent.metadata in (None, version.content.metadata)
            and sent.rule_set in (None, version.content.rule_set)
        ]
        content = _content(schema)
        for version in versions:
            if replace(version.content, metadata=None, rule_set=None) == content:
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


def verdict(new: AvroSchema, previous: Sequence[tuple[int, AvroSchema]], level: Level) -> list[str]:
    """Return the incompatibilities of a new schema; empty if it is compatible.

    Args:
        new: the schema.
        previous: version numbers and schemas of the subject, from old to new.
        level: of the subject.
    """
    versions = [_version(schema) for _, schema in previous]
    by_version = groupby(violations(_version(new), versions, level), lambda breach: breach.index)
    for index, found in by_version:
        number, old = previous[index]
        reasons = [
            confluent_message(incompatibility, breach.direction.reader)
            for breach in found
            for incompatibility in breach.incompatibilities
        ]
        # No word of versions before that one, as at Confluent.
        return [
            *reasons,
            f"{{oldSchemaVersion: {number}}}",
            f"{{oldSchema: '{old.content.text}'}}",
            f"{{validateFields: 'false', compatibility: '{level}'}}",
        ]
    return []


def _version(schema: AvroSchema) -> Version:
    return Version(schema.type, schema.types)
