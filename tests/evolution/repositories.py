"""Small repositories of schemas, with a history."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tests.conftest import write_schemas

__all__ = ["Files", "Repository"]

Files: TypeAlias = Mapping[str, Any]
"""Contents by path; anything that is no text is written as JSON, a field a line."""

_QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


class Repository:
    """A git repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str | Path | bytes) -> str:
        """Run git here."""
        run = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **_QUIET},
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout.decode()

    def commit(self, files: Files) -> None:
        """Make the working copy consist of these files, and commit that."""
        self.git("rm", "-r", "--quiet", "--ignore-unmatch", ".")
        write_schemas(self.folder, {path: _text(content) for path, content in files.items()})
        self.commit_all()

    def commit_all(self) -> None:
        """Commit whatever there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content, indent=2) + "\n"
