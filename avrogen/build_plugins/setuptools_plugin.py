"""The plugin of setuptools: ``schemas`` and ``out`` in ``[tool.avrogen]`` add a step to builds.

Setuptools calls the plugins of all installed packages, whatever it builds. This one reads
``pyproject.toml``, and imports the compiler only for projects with these keys.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Distribution
from setuptools.command.build import build

from avrogen.build_plugins.project import tool_table
from avrogen.extras import BUILD_EXTRA_MISSING

__all__ = ["finalize_distribution_options"]

_STEP = "build_avrogen"


def finalize_distribution_options(dist: Distribution) -> None:
    """Add a step behind those that copy modules, if there is a package to generate.

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
    _disable_discovery(dist, Path(str(table.get("out"))))


def _disable_discovery(dist: Distribution, out: Path) -> None:
    """Turn package discovery off for projects with no other package than the generated one.

    Otherwise setuptools would discover the folder of schemas as a package.
    """
    is_alone = len(out.parts) == 1 or not Path(dist.src_root or os.curdir, out.parts[0]).is_dir()
    if dist.packages is None and dist.py_modules is None and is_alone:
        dist.packages = []
