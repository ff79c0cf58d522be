"""``/subjects``: what is registered under a name, registering, looking up, deleting."""

from __future__ import annotations

from avrogen.avro.model import Json
from avrogen.testing.registry.answers import listed, version_json, version_number
from avrogen.testing.registry.bodies import sent_schema
from avrogen.testing.registry.exchange import Request
from avrogen.testing.registry.refusals import (
    reference_exists,
    subject_not_deleted,
    subject_soft_deleted,
    unknown_path,
    version_not_deleted,
    version_not_found,
    version_soft_deleted,
)
from avrogen.testing.registry.registration import Registration
from avrogen.testing.registry.settings import Settings
from avrogen.testing.registry.store import Store, StoredVersion

__all__ = ["SubjectsApi"]


class SubjectsApi:
    """Answers what is asked below ``/subjects``."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._registration = Registration(store, settings)

    def answer(self, request: Request) -> Json:
        """The JSON of the answer.

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
    """Whether something belongs into a list."""
    if request.flag("deletedOnly"):
        return deleted
    return request.flag("deleted") or not deleted
