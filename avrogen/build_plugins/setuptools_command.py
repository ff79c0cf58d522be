"""The command ``build_avrogen`` of setuptools, a step of its builds.

It generates the package in the build folder of the wheel. An editable installation uses the source
tree, so the package is written there. An sdist gets the schemas.

Mistakes of users end in SystemExit: older versions of setuptools show other exceptions with
a traceback when an installation is editable.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import ClassVar, TypeAlias

from setuptools import Command

from avrogen.build_plugins.package_generator import (
    BuildError,
    generate,
    plugin_config_of,
    schema_files,
)
from avrogen.build_plugins.plugin_config import PluginConfig
from avrogen.build_plugins.project import import_path, shown_path, tool_table
from avrogen.config.keys import TOP_KEYS

__all__ = ["BuildAvrogen"]

_Options: TypeAlias = list[tuple[str, str, str]] | list[tuple[str, str | None, str]]
_AT = ("tool", "avrogen")


class BuildAvrogen(Command):
    """Command that generates the package, with the methods of setuptools' ``SubCommand``."""

    description = "generate a Python package from Avro schemas"
    user_options: ClassVar[_Options] = []

    def initialize_options(self) -> None:
        """Set the attributes that setuptools changes."""
        self.editable_mode = False
        self.build_lib: str | None = None

    def finalize_options(self) -> None:
        """Take the build folder of ``build_py``, which copies modules."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        """Generate the package.

        Raises:
            SystemExit: the schemas or the configuration have errors.
        """
        config = self._plugin_config()
        package = self._import_path(config)
        folder = config.package if self.editable_mode else Path(self._build_lib(), package)
        try:
            generated = generate(config, folder)
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None
        if generated.warnings:
            self.announce(generated.warnings, logging.WARNING)
        self._announce_package(config, package)

    def _announce_package(self, config: PluginConfig, package: Path) -> None:
        """Add the package to those that setuptools installs, and that editable mode can import."""
        dist = self.distribution
        dist.packages = list(dict.fromkeys([*(dist.packages or []), ".".join(package.parts)]))
        if config.out != package and not dist.package_dir:
            dist.package_dir = {"": config.out.parts[0]}

    def get_source_files(self) -> list[str]:
        """Return the files that an sdist needs."""
        try:
            return [str(file) for file in schema_files(self._plugin_config())]
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None

    def get_outputs(self) -> list[str]:
        """Return the files of the package in the build folder."""
        return list(self.get_output_mapping())

    def get_output_mapping(self) -> dict[str, str]:
        """Return those files with the files of the source tree that editable mode uses."""
        config = self._plugin_config()
        package = Path(self._build_lib(), self._import_path(config))
        files = (file for file in sorted(config.package.rglob("*")) if file.is_file())
        return {
            str(package / file.relative_to(config.package)): str(file)
            for file in files
            if file.suffix != ".pyc"
        }

    def _plugin_config(self) -> PluginConfig:
        project = shown_path(Path(self.distribution.src_root or os.curdir))
        try:
            return plugin_config_of(project, tool_table(project), _AT, others=TOP_KEYS)
        except BuildError as error:
            raise SystemExit(f"avrogen: {error}") from None

    def _import_path(self, config: PluginConfig) -> Path:
        """Return the path of the package for Python."""
        return import_path(config.out, (self.distribution.package_dir or {}).get(""))

    def _build_lib(self) -> str:
        assert self.build_lib is not None, "finalize_options has set it"
        return self.build_lib
