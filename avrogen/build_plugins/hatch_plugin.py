"""The build hook ``avrogen`` of hatchling: ``[tool.hatch.build.hooks.avrogen]``.

An sdist gets the schemas, whatever else it is told to hold. A wheel gets the package: from the
source tree if it has a folder there, and else from a temporary one, so that a build leaves nothing
behind. An editable installation uses the source tree, so there it is written.

Hatchling imports the plugins of all packages that are installed, whatever it builds: the compiler
is imported when the hook runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from avrogen.build_plugins.plugin_config import as_seen, import_path
from avrogen.extras import BUILD_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.build_plugins.plugin_config import PluginConfig

__all__ = ["AvrogenBuildHook", "hatch_register_build_hook"]

_AT = ("tool", "hatch", "build", "hooks", "avrogen")
_HATCHLINGS = (
    "dependencies",
    "enable-by-default",
    "require-runtime-dependencies",
    "require-runtime-features",
)
"""Keys that hatchling reads in the table of any hook."""


class AvrogenBuildHook(BuildHookInterface[BuilderConfig]):
    """Generates the package for a wheel, and keeps the schemas in an sdist."""

    PLUGIN_NAME = "avrogen"

    _stage: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before each build: make what hatchling cannot find by itself, and say where it is."""
        try:
            from avrogen.build_plugins.generate import BuildError, schema_files, settings_of
        except ModuleNotFoundError as error:
            self.app.abort(f"{BUILD_EXTRA_MISSING} ({error.name} is missing)")
            return

        try:
            settings = settings_of(as_seen(Path(self.root)), self.config, _AT, others=_HATCHLINGS)
            if self.target_name == "sdist":
                build_data["force_include"].update(_in_sdist(settings, schema_files(settings)))
            elif self.target_name == "wheel" and version == "editable":
                self._generate(settings, settings.package)
                build_data["artifacts"].append(f"/{settings.out.as_posix()}/")  # if git ignores it
            elif self.target_name == "wheel":
                build_data["force_include"].update(self._in_wheel(settings))
        except BuildError as error:
            self.app.abort(f"avrogen: {error}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After each build."""
        if self._stage is not None:
            self._stage.cleanup()

    def _in_wheel(self, settings: PluginConfig) -> dict[str, str]:
        """Files of the package, and where in a wheel they belong."""
        folder = settings.package
        if not folder.is_dir():
            self._stage = tempfile.TemporaryDirectory(prefix="avrogen-")
            folder = Path(self._stage.name, folder.name)
        place = import_path(settings.out, None)
        return {
            str(folder.absolute() / file): (place / file).as_posix()
            for file in self._generate(settings, folder)
        }

    def _generate(self, settings: PluginConfig, folder: Path) -> tuple[str, ...]:
        from avrogen.build_plugins.generate import generate

        generated = generate(settings, folder)
        if generated.warnings:
            self.app.display_warning(generated.warnings)
        return generated.files


def _in_sdist(settings: PluginConfig, files: Iterable[Path]) -> dict[str, str]:
    """Files and where in an sdist they belong.

    They are included by their real paths: hatchling keeps symbolic links, and these may lead out
    of the project.
    """
    return {str(file.resolve()): file.relative_to(settings.project).as_posix() for file in files}


@hookimpl
def hatch_register_build_hook() -> type[AvrogenBuildHook]:
    """How hatchling finds the hook."""
    return AvrogenBuildHook
