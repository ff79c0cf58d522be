"""``/compatibility``: whether a schema could be registered."""

from __future__ import annotations

from avrogen.avro.model import Json
from avrogen.testing.registry.answers import version_number
from avrogen.testing.registry.bodies import sent_schema
from avrogen.testing.registry.exchange import Request
from avrogen.testing.registry.refusals import Refused, unknown_path, version_not_found
from avrogen.testing.registry.registration import Registration
from avrogen.testing.registry.settings import Settings
from avrogen.testing.registry.store import Store, StoredVersion

__all__ = ["CompatibilityApi"]

_INVALID_SCHEMA = 42201


class CompatibilityApi:
    """Answers what is asked below ``/compatibility``."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._registration = Registration(store, settings)

    def answer(self, request: Request) -> Json:
        """The JSON of the answer.

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
        """A version to be held against; the latest of a subject that has none is nothing."""
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
        except Refused as refused:
            if not verbose or refused.code != _INVALID_SCHEMA:
                raise
            messages = [refused.message]
        answer: dict[str, Json] = {"is_compatible": not messages}
        return {**answer, "messages": [*messages]} if verbose else answer
