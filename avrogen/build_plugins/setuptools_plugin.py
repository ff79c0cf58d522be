"""The plugin of setuptools: ``schemas`` and ``out`` in ``[tool.avrogen]`` add a step to builds.

Setuptools calls the plugins of all packages that are installed, whatever it builds. This one looks
into ``pyproject.toml`` and imports nothing heavy unless it is meant.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Distribution
from setuptools.command.build import build

from avrogen.build_plugins.plugin_config import tool_table
from avrogen.extras import BUILD_EXTRA_MISSING

__all__ = ["finalize_distribution_options"]

_STEP = "build_avrogen"


def finalize_distribution_options(dist: Distribution) -> None:
    """Add a step behind those that copy modules, if there is something to generate.

    Raises:
        SystemExit: the compiler is not installed. Setuptools shows other exceptions here with a
            traceback.
    """
    table = tool_table(Path(dist.src_root or os.curdir))
    if "schemas" not in table and "out" not in table:
        return
    try:
        from avrogen.build_plugins.setuptools_command import BuildAvrogen
    except ModuleNotFoundError as error:
        raise SystemExit(f"{BUILD_EXTRA_MISSING} ({error.name} is missing)") from None

    commands = dist.cmdclass or {}
    base = commands.get("build", build)
    steps = [*getattr(base, "sub_commands", ()), (_STEP, None)]
    dist.cmdclass = {
        **commands,
        "build": type("build", (base,), {"sub_commands": steps}),
        _STEP: BuildAvrogen,
    }
    _keep_from_guessing(dist, Path(str(table.get("out"))))


def _keep_from_guessing(dist: Distribution, out: Path) -> None:
    """Say that there are no other packages, where nobody says which and none is written by hand.

    Else setuptools would look for some, and take the folder of schemas for one.
    """
    is_alone = len(out.parts) == 1 or not Path(dist.src_root or os.curdir, out.parts[0]).is_dir()
    if dist.packages is None and dist.py_modules is None and is_alone:
        dist.packages = []
