"""The build hook ``avrogen`` of hatchling: ``[tool.hatch.build.hooks.avrogen]``.

An sdist gets the schemas. A wheel gets the package: from the source tree if it has a folder there,
otherwise from a temporary folder, so that a build leaves nothing behind. An editable installation
uses the source tree, so the package is written there.

Hatchling imports the plugins of all installed packages, whatever it builds: the compiler is
imported when the hook runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from avrogen.build_plugins.project import import_path, shown_path
from avrogen.extras import BUILD_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.build_plugins.plugin_config import PluginConfig

__all__ = ["AvrogenBuildHook", "hatch_register_build_hook"]

_AT = ("tool", "hatch", "build", "hooks", "avrogen")
_HATCHLING_KEYS = (
    "dependencies",
    "enable-by-default",
    "require-runtime-dependencies",
    "require-runtime-features",
)
"""Keys of hatchling in the table of any hook."""


class AvrogenBuildHook(BuildHookInterface[BuilderConfig]):
    """Build hook that adds the generated package to wheels and the schemas to sdists."""

    PLUGIN_NAME = "avrogen"

    _stage: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before each build: generate the package and add it to the build data."""
        try:
            from avrogen.build_plugins.package_generator import (
                BuildError,
                plugin_config_of,
                schema_files,
            )
        except ModuleNotFoundError as error:
            self.app.abort(f"{BUILD_EXTRA_MISSING} ({error.name} is missing)")
            return

        try:
            root = shown_path(Path(self.root))
            config = plugin_config_of(root, self.config, _AT, others=_HATCHLING_KEYS)
            if self.target_name == "sdist":
                build_data["force_include"].update(_in_sdist(config, schema_files(config)))
            elif self.target_name == "wheel" and version == "editable":
                self._generate(config, config.package)
                build_data["artifacts"].append(f"/{config.out.as_posix()}/")  # if git ignores it
            elif self.target_name == "wheel":
                build_data["force_include"].update(self._in_wheel(config))
        except BuildError as error:
            self.app.abort(f"avrogen: {error}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After each build: remove the temporary folder."""
        if self._stage is not None:
            self._stage.cleanup()

    def _in_wheel(self, config: PluginConfig) -> dict[str, str]:
        """Return the files of the package with their paths in a wheel."""
        folder = config.package
        if not folder.is_dir():
            self._stage = tempfile.TemporaryDirectory(prefix="avrogen-")
            folder = Path(self._stage.name, folder.name)
        package = import_path(config.out, None)
        return {
            str(folder.absolute() / file): (package / file).as_posix()
            for file in self._generate(config, folder)
        }

    def _generate(self, config: PluginConfig, folder: Path) -> tuple[str, ...]:
        from avrogen.build_plugins.package_generator import generate

        generated = generate(config, folder)
        if generated.warnings:
            self.app.display_warning(generated.warnings)
        return generated.files


def _in_sdist(config: PluginConfig, files: Iterable[Path]) -> dict[str, str]:
    """Return files with their paths in an sdist.

    They are included by their real paths: hatchling keeps symbolic links, which may lead out of
    the project.
    """
    return {str(file.resolve()): file.relative_to(config.project).as_posix() for file in files}


@hookimpl
def hatch_register_build_hook() -> type[AvrogenBuildHook]:
    """Return the hook to hatchling."""
    return AvrogenBuildHook
