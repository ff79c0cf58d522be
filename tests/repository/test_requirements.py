"""What avrogen asks for: the oldest version of each dependency, and every Python, do the work.

The work is the demo's: a package from schemas, as it is checked in, and its events on the embedded
broker and back.
"""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.distributions import Environment, NewEnvironment, run

SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = SETTINGS["project"]
GROUPS: dict[str, list[Any]] = SETTINGS["dependency-groups"]
EXTRAS: list[str] = sorted(PROJECT["optional-dependencies"].keys() - {"native"})
"""What users install, but the native codec, which this checkout builds itself. What only those need
who work on avrogen is in dependency groups."""

PREFIX = "Programming Language :: Python :: 3."
MINORS = [int(c.removeprefix(PREFIX)) for c in PROJECT["classifiers"] if c.startswith(PREFIX)]

OBSERVE = """
from avrogen import OpenTelemetryObserver
OpenTelemetryObserver()
"""


def test_users_see_only_the_extras_that_they_need() -> None:
    assert EXTRAS == ["cli", "files", "kafka", "otel", "testing"]
    assert sorted(GROUPS) == ["bench", "dev", "docs"]


def test_setuptools_is_one_without_the_known_hole() -> None:
    """CVE-2025-47273: releases before 78.1.1 write downloads wherever a server says."""
    pages = [ROOT / "docs/build-step.md", *(ROOT / "tests/downstream").glob("*/*.setuptools.toml")]
    asked = [re.findall(r"setuptools>=([\d.]+)", page.read_text("utf-8")) for page in pages]
    asked.append([r.partition(">=")[2] for r in GROUPS["dev"] if str(r).startswith("setuptools")])
    assert len(asked) == 3
    for floors in asked:
        assert floors and all(tuple(map(int, f.split("."))) >= (78, 1, 1) for f in floors)


FIXED = {
    "aiohttp": ("3.13.3", "CVE-2025-69223"),
    "black": ("26.3.1", "CVE-2026-32274"),
    "gevent": ("23.9.0", "CVE-2023-41419"),
    "gunicorn": ("22.0.0", "CVE-2024-6827"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "pytest": ("9.0.3", "CVE-2025-71176"),
    "setuptools": ("78.1.1", "CVE-2025-47273"),
    "uv": ("0.9.6", "CVE-2025-13327"),
}
"""The oldest release of a dependency without known holes, and the last hole that was closed."""


@pytest.mark.parametrize("name", FIXED)
def test_no_floor_has_a_known_hole(name: str) -> None:
    texts = [*(PROJECT["optional-dependencies"].values()), *GROUPS.values()]
    found = (re.fullmatch(rf"{name}(?:\[\w+\])?>=([\d.]+)", str(r)) for text in texts for r in text)
    floors = [match[1] for match in found if match]
    fixed, hole = FIXED[name]
    assert floors
    for floor in floors:
        assert tuple(map(int, floor.split("."))) >= tuple(map(int, fixed.split("."))), hole


def test_pythons_are_declared_from_the_first_that_is_required() -> None:
    assert PROJECT["requires-python"] == f">=3.{MINORS[0]}"
    assert list(range(MINORS[0], MINORS[-1] + 1)) == MINORS


def test_oldest_dependencies(new_environment: NewEnvironment, tmp_path: Path) -> None:
    environment = new_environment("avrogen")
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    lowest = ("--resolution", "lowest-direct")
    environment.install(*lowest, "--requirements", ROOT / "pyproject.toml", *extras)
    works(environment, tmp_path)


@pytest.mark.parametrize("minor", [m for m in MINORS if m != sys.version_info.minor])
def test_other_pythons(minor: int, new_environment: NewEnvironment, tmp_path: Path) -> None:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"there is no Python 3.{minor} on this machine")
    environment = new_environment(f"avrogen[{','.join(EXTRAS)}]", python=python)
    works(environment, tmp_path)


def interpreter(minor: int) -> str | None:
    """A Python 3.x: one on the path, or beside the one that runs tests, as pyenv has them."""
    siblings = Path(sys.base_prefix).parent.glob(f"3.{minor}.*/bin/python3")
    version = ("-c", "import sys; print(sys.version_info.minor)")
    for python in (f"python3.{minor}", *map(str, siblings)):
        if shutil.which(python) and run(python, *version, cwd=ROOT).stdout == f"{minor}\n":
            return python
    return None


def works(environment: Environment, folder: Path) -> None:
    """Let an environment do the demo's work."""
    package = folder / "generated_example"
    build = environment.run("-m", "avrogen", "build", ROOT / "schemas", "-o", package, cwd=folder)
    assert build.returncode == 0, build.stdout
    for file in sorted((ROOT / "generated_example").rglob("*.py")):
        path = file.relative_to(ROOT / "generated_example")
        assert (package / path).read_bytes() == file.read_bytes(), path
    demo = ROOT / "examples/demo.py"
    shown = environment.run(demo, cwd=folder, PYTHONPATH=str(folder))
    assert shown.returncode == 0, shown.stdout
    assert "all equal" in shown.stdout
    observe = environment.run("-W", "error", "-c", OBSERVE, cwd=folder)
    assert observe.returncode == 0, observe.stdout
