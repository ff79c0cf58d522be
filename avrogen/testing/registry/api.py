"""Registry API without HTTP: a request in, a response out.

``/schemas``: schemas by id and GUID, wherever they are registered.

``/compatibility``: whether a schema could be registered.
"""

from __future__ import annotations

from avrogen.avro.model import Json
from avrogen.testing.registry.api_config import SettingsApi
from avrogen.testing.registry.api_errors import (
    ApiError,
    schema_not_found,
    unknown_path,
    version_not_found,
)
from avrogen.testing.registry.api_subjects import SCHEMA_TYPES, Registration, SubjectsApi
from avrogen.testing.registry.http_server import Request, Response, json_response
from avrogen.testing.registry.json_bodies import (
    content_json,
    listed,
    sent_schema,
    version_json,
    version_number,
)
from avrogen.testing.registry.registry_config import RegistrySettings
from avrogen.testing.registry.store import Content, Store, StoredVersion

__all__ = ["CompatibilityApi", "RegistryApi", "SchemasApi"]


class RegistryApi:
    """A registry and its contents. Handles one request at a time."""

    def __init__(self) -> None:
        store, settings = Store(), RegistrySettings()
        self._subjects = SubjectsApi(store, settings)
        self._schemas = SchemasApi(store)
        self._settings = SettingsApi(settings)
        self._compatibility = CompatibilityApi(store, settings)

    def respond(self, request: Request) -> Response:
        """Return the response to a request."""
        try:
            return json_response(self._answer(request))
        except ApiError as refused:
            error: Json = {"error_code": refused.code, "message": refused.message}
            return json_response(error, refused.status)

    def _answer(self, request: Request) -> Json:
        match request.path[:1]:
            case ():
                return {}
            case ("subjects",):
                return self._subjects.answer(request)
            case ("schemas",):
                return self._schemas.answer(request)
            case ("config",) | ("mode",):
                return self._settings.answer(request)
            case ("compatibility",):
                return self._compatibility.answer(request)
            case ("contexts",) if request.method == "GET":
                return ["."]
            case _:
                raise unknown_path(request)


class SchemasApi:
    """Endpoints under ``/schemas``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, request: Request) -> Json:
        """Return the JSON of the response.

        Raises:
            Refused: it is an error.
        """
        match request.method, *request.path[1:]:
            case ["GET"]:
                return self._all(request)
            case ["GET", "types"]:
                return [*SCHEMA_TYPES]
            case ["GET", "ids", id_]:
                return content_json(self._store, self._content(id_), request)
            case ["GET", "ids", id_, "schema"]:
                return content_json(self._store, self._content(id_), request)["schema"]
            case ["GET", "ids", id_, "subjects"]:
                uses = self._uses(id_, request)
                return listed(dict.fromkeys(use.subject for use in uses), request)
            case ["GET", "ids", id_, "versions"]:
                uses = self._uses(id_, request)
                pairs: list[Json] = [{"subject": u.subject, "version": u.number} for u in uses]
                return listed(pairs, request)
            case ["GET", "guids", guid]:
                return self._by_guid(guid, request)
            case ["GET", "guids", guid, "ids"]:
                found = self._store.content_of_guid(guid)
                return [] if found is None else [{"context": ".", "id": found[0]}]
            case _:
                raise unknown_path(request)

    def _all(self, request: Request) -> Json:
        prefix = request.query.get("subjectPrefix", "").removeprefix(":*:")
        deleted = request.flag("deleted")
        found = [v for v in self._store.all() if v.subject.startswith(prefix)]
        found = [v for v in found if deleted or not v.deleted]
        if request.flag("latestOnly"):
            found = list({v.subject: v for v in found}.values())
        return listed((version_json(self._store, v, request) for v in found), request)

    def _content(self, id_: str) -> Content:
        content = self._store.content(int(id_)) if id_.isascii() and id_.isdigit() else None
        if content is None:
            raise schema_not_found(id_)
        return content

    def _uses(self, id_: str, request: Request) -> list[StoredVersion]:
        content = self._content(id_)
        subject = request.query.get("subject")
        return [
            version
            for version in self._store.all()
            if version.content == content
            and (request.flag("deleted") or not version.deleted)
            and subject in (None, version.subject)
        ]

    def _by_guid(self, guid: str, request: Request) -> Json:
        found = self._store.content_of_guid(guid)
        if found is None:
            raise schema_not_found(guid)
        return content_json(self._store, found[1], request)


_INVALID_SCHEMA = 42201


class CompatibilityApi:
    """Endpoints under ``/compatibility``."""

    def __init__(self, store: Store, settings: RegistrySettings) -> None:
        self._store = store
        self._registration = Registration(store, settings)

    def answer(self, request: Request) -> Json:
        """Return the JSON of the response.

        Raises:
            Refused: it is an error.
        """
        match request.method, *request.path[1:]:
            case ["POST", "subjects", subject, "versions"]:
                return self._verdict(subject, self._store.versions(subject), request)
            case ["POST", "subjects", subject, "versions", number]:
                return self._verdict(subject, self._one(subject, number), request)
            case _:
                raise unknown_path(request)

    def _one(self, subject: str, number: str) -> list[StoredVersion]:
        """Return the version to compare with; empty if the subject has none."""
        wanted = version_number(number)
        version = self._store.find(subject, wanted)
        if version is None and wanted != -1:
            raise version_not_found(wanted)
        return [version] if version else []

    def _verdict(self, subject: str, previous: list[StoredVersion], request: Request) -> Json:
        verbose = request.flag("verbose")
        try:
            messages = self._registration.problems(
                subject, sent_schema(request), previous, normalize=request.flag("normalize")
            )
        except ApiError as refused:
            if not verbose or refused.code != _INVALID_SCHEMA:
                raise
            messages = [refused.message]
        answer: dict[str, Json] = {"is_compatible": not messages}
        return {**answer, "messages": [*messages]} if verbose else answer
