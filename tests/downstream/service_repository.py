"""The service beside this file in a git repository of its own, with real git and pre-commit.

Its ``.pre-commit-config.yaml`` is used as it is: git is told that the address in it leads to
a repository with the files of this checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avrogen import __version__
from tests.conftest import ROOT

__all__ = [
    "HOOKS_URL",
    "SERVICE",
    "Repository",
    "copy_service",
    "git_environment",
    "hooks_repository",
]

SERVICE = Path(__file__).parent / "service"

HOOKS_URL = "https://github.com/avrogen/avrogen"
"""Where hooks come from, in configurations and pages."""

Run = subprocess.CompletedProcess[str]


def git_environment(**settings: str) -> dict[str, str]:
    """An environment in which git knows nothing but what is said here.

    Args:
        settings: of git, with ``__`` for a dot: ``user__name="Ada"``.
    """
    settings = {"user__name": "Ada", "user__email": "ada@example.com", **settings}
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT_"))}
    environment = {
        **outer,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key.replace("__", ".")
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


@dataclass(frozen=True, slots=True)
class Repository:
    """A working copy.

    Attributes:
        folder: its top.
        environment: of all that is run in it.
    """

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str, **environment: str) -> Run:
        """Run a command at the top; what it prints to either stream is in ``stdout``, in order."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,  # nothing here takes a tenth of it
            check=False,
        )

    def git(self, *arguments: str) -> str:
        """What git prints; it must not refuse."""
        run = self.run("git", *arguments)
        assert run.returncode == 0, run.stdout
        return run.stdout

    def pre_commit(self, *arguments: str) -> Run:
        return self.run(sys.executable, "-m", "pre_commit", *arguments)

    def avrogen(self, *arguments: str) -> Run:
        return self.run(sys.executable, "-m", "avrogen", *arguments)

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def read(self, path: str) -> str:
        return (self.folder / path).read_text("utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Put a text in the place of another, which must be there."""
        text = self.read(path)
        assert old in text, path
        self.write(path, text.replace(old, new))

    def copy(self, folder: Path) -> Repository:
        shutil.copytree(self.folder, folder, symlinks=True)
        return Repository(folder, self.environment)


def copy_service(folder: Path) -> None:
    """Copy its files, and nothing that tools have left among them."""
    shutil.copytree(SERVICE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))


def hooks_repository(folder: Path) -> None:
    """A repository that pre-commit can clone: what the sdist has, and the hooks' definitions.

    Of the checkout, only its files count: it may be shallow, or have changes.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    parts = project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    for part in (*parts, ".pre-commit-hooks.yaml"):
        source = ROOT / part
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    repository = Repository(folder, git_environment())
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=avrogen")
    repository.git("tag", f"v{__version__}")
