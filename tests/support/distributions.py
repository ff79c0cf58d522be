"""What is distributed, built once for all tests of a worker, and environments to install it into.

Nothing here sees the checkout: a wheel is installed by its path, and whatever asks for avrogen
while a library is built gets that one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

__all__ = [
    "DISTRIBUTED",
    "Environment",
    "NewEnvironment",
    "Run",
    "build_distributions",
    "distributions",
    "new_environment",
    "run",
    "wheel",
]

ROOT = Path(__file__).parents[2]

DISTRIBUTED = pytest.mark.xdist_group("wheel")
"""For tests of the fixtures below, which are dear: one worker makes them."""

Run: TypeAlias = subprocess.CompletedProcess[str]


def run(*command: str | Path, cwd: Path, **environment: str) -> Run:
    """Run a command that must see nothing of the checkout, nor of settings of this machine's user.

    What it prints to either stream is kept in order, in ``stdout``.
    """
    hidden = {"PYTHONPATH", "SOURCE_DATE_EPOCH", "VIRTUAL_ENV"}
    outer = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**outer, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,  # nothing here takes a tenth of it
        check=False,
    )


def build_distributions(folder: Path) -> Path:
    """Build an sdist, and a wheel from it, into a folder, which is returned."""
    build = run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder
    )
    assert build.returncode == 0, build.stdout
    return folder


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built from it."""
    return build_distributions(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The wheel."""
    (file,) = distributions.glob("*.whl")
    return file


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: where it is.
        constraint: a file that says which avrogen is meant.
    """

    folder: Path
    constraint: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def run(self, *arguments: str | Path, cwd: Path, **environment: str) -> Run:
        """Run Python, without the checkout; tools that install things take avrogen's wheel."""
        constraint = str(self.constraint)
        ours = {
            "PIP_CONSTRAINT": constraint,
            "UV_CONSTRAINT": constraint,
            "UV_BUILD_CONSTRAINT": constraint,
        }
        return run(self.python, *arguments, cwd=cwd, **{**ours, **environment})

    def install(self, *arguments: str | Path) -> None:
        """Install what ``uv pip install`` takes."""
        uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet")
        there = ("--python", self.python)
        install = run(*uv, *there, *arguments, cwd=self.folder, UV_CONSTRAINT=str(self.constraint))
        assert install.returncode == 0, install.stdout


NewEnvironment: TypeAlias = Callable[..., Environment]


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> NewEnvironment:
    """Makes environments: ``new_environment("avrogen[cli]")`` has what it is told, by uv."""
    constraint = wheel.with_name("constraint.txt")
    constraint.write_text(f"avrogen @ {wheel.as_uri()}\n", "utf-8")

    def make(*requirements: str | Path, python: str = sys.executable) -> Environment:
        folder = tmp_path_factory.mktemp("environment")
        uv = (sys.executable, "-m", "uv", "venv", "--quiet", "--clear")
        venv = run(*uv, "--python", python, folder, cwd=folder)
        assert venv.returncode == 0, venv.stdout
        environment = Environment(folder, constraint)
        environment.install(*requirements)
        return environment

    return make
