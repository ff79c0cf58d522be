"""``/config`` and ``/mode``: compatibility level and mode, global and per subject."""

from __future__ import annotations

from avrogen.avro.compat.levels import Level
from avrogen.avro.model import Json
from avrogen.testing.registry.api_errors import (
    bad_request,
    invalid_level,
    invalid_mode,
    level_not_set,
    mode_not_set,
    not_offered,
    subject_not_found,
    unknown_path,
)
from avrogen.testing.registry.http_server import Request
from avrogen.testing.registry.json_bodies import json_object
from avrogen.testing.registry.registry_config import Mode, RegistrySettings, SubjectConfig

__all__ = ["SettingsApi"]

_NOT_OFFERED = (
    "alias",
    "compatibilityGroup",
    "defaultMetadata",
    "defaultRuleSet",
    "overrideMetadata",
    "overrideRuleSet",
)


class SettingsApi:
    """Endpoints under ``/config`` and ``/mode``."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._settings = settings

    def answer(self, request: Request) -> Json:
        """Return the JSON of the response.

        Raises:
            Refused: it is an error.
        """
        kind, *rest = request.path
        if len(rest) > 1:
            raise unknown_path(request)
        subject = rest[0] if rest else None
        match request.method, kind:
            case "GET", "config":
                return self._config(subject, request)
            case "PUT", "config":
                return self._set_config(subject, request)
            case "DELETE", "config":
                return self._unset_config(subject)
            case "GET", "mode":
                return self._mode(subject, request)
            case "PUT", "mode":
                return self._set_mode(subject, request)
            case "DELETE", "mode" if subject is not None:
                return self._unset_mode(subject)
            case _:
                raise unknown_path(request)

    def _config(self, subject: str | None, request: Request) -> Json:
        config = self._settings.config(subject)
        if subject is not None:
            if request.flag("defaultToGlobal"):
                config = self._settings.config_in_force(subject)
            if config is None or config.level is None:
                raise level_not_set(subject)
        return _config_json(config or SubjectConfig())

    def _set_config(self, subject: str | None, request: Request) -> Json:
        body = json_object(request)
        for name in _NOT_OFFERED:
            if body.get(name):
                raise not_offered(f'"{name}" of a config')
        level, normalize = body.get("compatibility"), body.get("normalize")
        if normalize is not None and not isinstance(normalize, bool):
            raise bad_request('"normalize" is neither true nor false')
        self._settings.set_config(subject, SubjectConfig(_level(level), normalize))
        return {name: body[name] for name in ("compatibility", "normalize") if name in body}

    def _unset_config(self, subject: str | None) -> Json:
        config = self._settings.config(subject)
        if config is None:
            raise subject_not_found(subject or "")
        self._settings.unset_config(subject)
        return _config_json(config)

    def _mode(self, subject: str | None, request: Request) -> Json:
        mode = self._settings.mode(subject)
        if mode is None and subject is not None:
            if not request.flag("defaultToGlobal"):
                raise mode_not_set(subject)
            mode = self._settings.mode_in_force(subject)
        return {"mode": mode}

    def _set_mode(self, subject: str | None, request: Request) -> Json:
        name = json_object(request).get("mode")
        try:
            mode = Mode(str(name))
        except ValueError:
            raise invalid_mode(str(name)) from None
        self._settings.set_mode(subject, mode)
        return {"mode": mode}

    def _unset_mode(self, subject: str) -> Json:
        mode = self._settings.mode(subject)
        if mode is None:
            raise subject_not_found(subject)
        self._settings.unset_mode(subject)
        return {"mode": mode}


def _level(name: Json) -> Level | None:
    try:
        return None if name is None else Level(str(name).upper())
    except ValueError:
        raise invalid_level() from None


def _config_json(config: SubjectConfig) -> dict[str, Json]:
    answer: dict[str, Json] = {}
    if config.level is not None:
        answer["compatibilityLevel"] = config.level
    if config.normalize is not None:
        answer["normalize"] = config.normalize
    return answer
