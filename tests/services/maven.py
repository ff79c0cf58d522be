"""Jars from Maven Central, through Maven: whatever mirrors and proxies it knows are used."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

__all__ = ["MavenFailed", "copy_dependencies", "unpack"]

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
"""Of versions, this one does not want the parents of what it unpacks, which are not published."""

_SECONDS = 1200


class MavenFailed(Exception):
    """Maven did not do what it should; the message has the end of what it printed."""


def copy_dependencies(artifacts: Iterable[str], folder: Path) -> None:
    """Put jars with all that they need into a folder.

    Args:
        artifacts: ``group:name:version``.
        folder: where they go.

    Raises:
        MavenFailed: for example, there is no way to Maven Central.
    """
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, name, version in (artifact.split(":") for artifact in artifacts)
    )
    pom = folder / "pom.xml"
    pom.write_text(
        dedent(f"""\
            <project>
              <modelVersion>4.0.0</modelVersion>
              <groupId>avrogen.tests</groupId>
              <artifactId>services</artifactId>
              <version>1</version>
              <dependencies>{dependencies}</dependencies>
            </project>
            """),
        "utf-8",
    )
    _run(f"{_PLUGIN}:copy-dependencies", "-f", pom, f"-DoutputDirectory={folder}")


def unpack(artifact: str, folder: Path) -> None:
    """Put the content of an archive into a folder.

    Args:
        artifact: ``group:name:version:type:classifier``.
        folder: where it goes.

    Raises:
        MavenFailed: for example, there is no way to Maven Central.
    """
    # Where there is no project, the plugin keeps its marks in a folder where it is called.
    goal = f"{_PLUGIN}:unpack"
    _run(goal, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}", cwd=folder)


def _run(*arguments: str | Path, cwd: Path | None = None) -> None:
    command = ["mvn", "--batch-mode", "--quiet", *map(str, arguments)]
    try:
        run = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise MavenFailed(f"not done after {_SECONDS} s: {' '.join(command)}") from None
    if run.returncode:
        printed = (run.stdout + run.stderr)[-3000:]
        raise MavenFailed(f"{' '.join(command)}\n{printed}")
