"""The step of setuptools' builds that generates the package.

It makes the package in what will be the wheel. An editable installation uses the source tree, so
there it is written. An sdist gets the schemas.

Mistakes of users end in SystemExit: older versions of setuptools show other exceptions with
a traceback when an installation is editable.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import ClassVar, TypeAlias

from setuptools import Command

from avrogen.build_plugins.generate import BuildError, generate, schema_files, settings_of
from avrogen.build_plugins.plugin_config import PluginConfig, as_seen, import_path, tool_table
from avrogen.config.keys import TOP_KEYS

__all__ = ["BuildAvrogen"]

_Options: TypeAlias = list[tuple[str, str, str]] | list[tuple[str, str | None, str]]
_AT = ("tool", "avrogen")


class BuildAvrogen(Command):
    """Generates the package; the methods are those of setuptools' ``SubCommand``."""

    description = "generate a Python package from Avro schemas"
    user_options: ClassVar[_Options] = []

    def initialize_options(self) -> None:
        """Set what setuptools changes."""
        self.editable_mode = False
        self.build_lib: str | None = None

    def finalize_options(self) -> None:
        """Build where modules are copied to."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        """Generate the package.

        Raises:
            SystemExit: the schemas or the settings have errors.
        """
        settings = self._settings()
        place = self._place(settings)
        folder = settings.package if self.editable_mode else Path(self._build_lib(), place)
        try:
            generated = generate(settings, folder)
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None
        if generated.warnings:
            self.announce(generated.warnings, logging.WARNING)
        self._announce_package(settings, place)

    def _announce_package(self, settings: PluginConfig, place: Path) -> None:
        """Tell setuptools, which installs nothing without packages, and makes importable those."""
        dist = self.distribution
        dist.packages = list(dict.fromkeys([*(dist.packages or []), ".".join(place.parts)]))
        if settings.out != place and not dist.package_dir:
            dist.package_dir = {"": settings.out.parts[0]}

    def get_source_files(self) -> list[str]:
        """What an sdist must hold."""
        try:
            return [str(file) for file in schema_files(self._settings())]
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None

    def get_outputs(self) -> list[str]:
        """Files of the package in what will be the wheel."""
        return list(self.get_output_mapping())

    def get_output_mapping(self) -> dict[str, str]:
        """The same, with those in the source tree that they are in editable mode."""
        settings = self._settings()
        place = Path(self._build_lib(), self._place(settings))
        files = (file for file in sorted(settings.package.rglob("*")) if file.is_file())
        return {
            str(place / file.relative_to(settings.package)): str(file)
            for file in files
            if file.suffix != ".pyc"
        }

    def _settings(self) -> PluginConfig:
        project = as_seen(Path(self.distribution.src_root or os.curdir))
        try:
            return settings_of(project, tool_table(project), _AT, others=TOP_KEYS)
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None

    def _place(self, settings: PluginConfig) -> Path:
        """Where the package is for Python."""
        return import_path(settings.out, (self.distribution.package_dir or {}).get(""))

    def _build_lib(self) -> str:
        assert self.build_lib is not None, "finalize_options has set it"
        return self.build_lib
