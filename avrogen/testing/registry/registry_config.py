"""Compatibility levels and modes, global and per subject."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from avrogen.avro.compat.levels import Level

__all__ = ["Mode", "RegistrySettings", "SubjectConfig"]


class Mode(StrEnum):
    """Mode of a subject (Confluent's ``/mode``)."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"


@dataclass(frozen=True, slots=True)
class SubjectConfig:
    """Configuration of a subject; None where nothing is set.

    Attributes:
        level: what a new schema is held to.
        normalize: whether schemas are normalized though the request does not ask for it.
    """

    level: Level | None = None
    normalize: bool | None = None

    def over(self, base: SubjectConfig) -> SubjectConfig:
        """Return this configuration, with unset values from another."""
        level = base.level if self.level is None else self.level
        normalize = base.normalize if self.normalize is None else self.normalize
        return SubjectConfig(level, normalize)


_DEFAULT = SubjectConfig(Level.BACKWARD)


class RegistrySettings:
    """Configuration and modes, per subject and global."""

    def __init__(self) -> None:
        self._config = _DEFAULT
        self._configs: dict[str, SubjectConfig] = {}
        self._mode = Mode.READWRITE
        self._modes: dict[str, Mode] = {}

    def config(self, subject: str | None) -> SubjectConfig | None:
        """Value set for a subject, or globally (None)."""
        return self._config if subject is None else self._configs.get(subject)

    def config_in_force(self, subject: str) -> SubjectConfig:
        """Effective value for a subject."""
        return self._configs.get(subject, SubjectConfig()).over(self._config)

    def set_config(self, subject: str | None, config: SubjectConfig) -> None:
        """Set the given values and keep the others."""
        if subject is None:
            self._config = config.over(self._config)
        else:
            self._configs[subject] = config.over(self._configs.get(subject, SubjectConfig()))

    def unset_config(self, subject: str | None) -> None:
        """Reset to the global value, or to that of a fresh registry."""
        if subject is None:
            self._config = _DEFAULT
        else:
            self._configs.pop(subject, None)

    def mode(self, subject: str | None) -> Mode | None:
        """Value set for a subject, or globally (None)."""
        return self._mode if subject is None else self._modes.get(subject)

    def mode_in_force(self, subject: str) -> Mode:
        """Effective value for a subject."""
        return self._modes.get(subject, self._mode)

    def set_mode(self, subject: str | None, mode: Mode) -> None:
        """Set a mode."""
        if subject is None:
            self._mode = mode
        else:
            self._modes[subject] = mode

    def unset_mode(self, subject: str) -> None:
        """Reset to the global value."""
        self._modes.pop(subject, None)
