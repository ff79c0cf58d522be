"""The registry without HTTP: a request in, an answer out."""

from __future__ import annotations

from avrogen.avro.model import Json
from avrogen.testing.registry.compatibility_api import CompatibilityApi
from avrogen.testing.registry.exchange import Request, Response, json_response
from avrogen.testing.registry.refusals import Refused, unknown_path
from avrogen.testing.registry.schemas_api import SchemasApi
from avrogen.testing.registry.settings import Settings
from avrogen.testing.registry.settings_api import SettingsApi
from avrogen.testing.registry.store import Store
from avrogen.testing.registry.subjects_api import SubjectsApi

__all__ = ["RegistryApi"]


class RegistryApi:
    """A registry with what is in it. One request at a time."""

    def __init__(self) -> None:
        store, settings = Store(), Settings()
        self._subjects = SubjectsApi(store, settings)
        self._schemas = SchemasApi(store)
        self._settings = SettingsApi(settings)
        self._compatibility = CompatibilityApi(store, settings)

    def respond(self, request: Request) -> Response:
        """The answer to a request."""
        try:
            return json_response(self._answer(request))
        except Refused as refused:
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
