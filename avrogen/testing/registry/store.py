"""Registered schemas: subjects with their versions, and schemas with their ids."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from avrogen.testing.registry.api_errors import subject_not_found

__all__ = ["AVRO", "Content", "Store", "StoredReference", "StoredVersion"]

AVRO = "AVRO"


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A reference to a schema registered under another subject.

    Attributes:
        name: the full name of the type.
        subject: where it is registered.
        version: the number of the version there.
    """

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Content:
    """Content of a registered schema. Equal contents share one id and one GUID.

    Attributes:
        text: of Avro as Avro Java prints it, of other types as it came.
        schema_type: ``AVRO``, ``JSON`` or ``PROTOBUF``.
        references: what the text refers to.
        metadata: JSON of the metadata; None without any.
        rule_set: JSON of the rules; None without any.
    """

    text: str
    schema_type: str = AVRO
    references: tuple[StoredReference, ...] = ()
    metadata: str | None = None
    rule_set: str | None = None

    @property
    def guid(self) -> str:
        """MD5 of text, references, metadata and rules, as in Confluent's registry."""
        digest = hashlib.md5(self.text.encode("utf-8", "replace"), usedforsecurity=False)
        for reference in self.references:
            digest.update(reference.name.encode() + reference.subject.encode())
            digest.update(reference.version.to_bytes(4))
        for part in (self.metadata, self.rule_set):
            digest.update((part or "").encode("utf-8", "replace"))
        return str(uuid.UUID(bytes=digest.digest()))


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A schema under a subject.

    Attributes:
        subject: its name.
        number: counted from 1.
        id: of the content, the same under every subject.
        content: the schema.
        deleted: whether it is soft-deleted: not listed any more, and still found by its id.
    """

    subject: str
    number: int
    id: int
    content: Content
    deleted: bool = False


class Store:
    """All versions of all subjects."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[int, StoredVersion]] = {}
        self._ids: dict[Content, int] = {}
        self._contents: dict[int, Content] = {}
        self._last_id = 0

    def all(self) -> Iterable[StoredVersion]:
        """Return every version, deleted ones too, by subject and number."""
        for subject in sorted(self._subjects):
            yield from self._subjects[subject].values()

    def versions(self, subject: str, *, deleted: bool = False) -> list[StoredVersion]:
        """Return a subject's versions from old to new; empty if it does not exist."""
        there = self._subjects.get(subject, {}).values()
        return [version for version in there if deleted or not version.deleted]

    def existing(self, subject: str, *, deleted: bool = False) -> list[StoredVersion]:
        """Return a subject's versions; raise ApiError if it does not exist."""
        versions = self.versions(subject, deleted=deleted)
        if not versions:
            raise subject_not_found(subject)
        return versions

    def find(self, subject: str, number: int, *, deleted: bool = False) -> StoredVersion | None:
        """Return one version; -1 is the latest that is not deleted."""
        if number == -1:
            return next(reversed(self.versions(subject)), None)
        version = self._subjects.get(subject, {}).get(number)
        return version if version is not None and (deleted or not version.deleted) else None

    def content(self, id_: int) -> Content | None:
        """Return the schema of an id."""
        return self._contents.get(id_)

    def content_of_guid(self, guid: str) -> tuple[int, Content] | None:
        """Return the schema of a GUID, with its id."""
        return next(((id_, c) for id_, c in self._contents.items() if c.guid == guid), None)

    def referrers(self, version: StoredVersion) -> list[int]:
        """Return the ids of undeleted schemas that refer to a version."""
        key = version.subject, version.number
        return sorted(
            {
                other.id
                for other in self.all()
                if not other.deleted
                and any(key == (r.subject, r.version) for r in other.content.references)
            }
        )

    def next_number(self, subject: str) -> int:
        """Return the number of a subject's next version."""
        return max(self._subjects.get(subject, {}), default=0) + 1

    def add(self, subject: str, content: Content) -> StoredVersion:
        """Register a schema as the next version of a subject.

        A soft-deleted version with the same schema goes for good, as at Confluent.
        """
        number = self.next_number(subject)
        versions = self._subjects.setdefault(subject, {})
        for old in [v.number for v in versions.values() if v.deleted and v.content == content]:
            del versions[old]
        if content not in self._ids:
            self._last_id += 1
            self._ids[content] = self._last_id
            self._contents[self._last_id] = content
        versions[number] = StoredVersion(subject, number, self._ids[content], content)
        return versions[number]

    def hide(self, version: StoredVersion) -> None:
        """Soft-delete a version."""
        self._subjects[version.subject][version.number] = replace(version, deleted=True)

    def drop(self, version: StoredVersion) -> None:
        """Delete a version permanently, and its id if no other version has the schema."""
        versions = self._subjects[version.subject]
        del versions[version.number]
        if not versions:
            del self._subjects[version.subject]
        if all(other.content != version.content for other in self.all()):
            del self._contents[self._ids.pop(version.content)]
