"""``/schemas``: schemas by id and GUID, wherever they are registered."""

from __future__ import annotations

from avrogen.avro.model import Json
from avrogen.testing.registry.answers import content_json, listed, version_json
from avrogen.testing.registry.exchange import Request
from avrogen.testing.registry.refusals import schema_not_found, unknown_path
from avrogen.testing.registry.registration import SCHEMA_TYPES
from avrogen.testing.registry.store import Content, Store, StoredVersion

__all__ = ["SchemasApi"]


class SchemasApi:
    """Answers what is asked below ``/schemas``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, request: Request) -> Json:
        """The JSON of the answer.

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
