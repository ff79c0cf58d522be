"""Java, and class archives, which halve the start of a Java program."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.services.cache import cached_folder
from tests.services.processes import ServerProcess

__all__ = [
    "FLAGS",
    "REQUIRED",
    "class_archive",
    "java_version",
    "missing_tools",
    "services_required",
]

REQUIRED = "AVROGEN_REQUIRE_SERVICES"
"""The variable that makes tests on real services fail where they would be skipped."""

FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""For a short life with little memory."""


def services_required() -> bool:
    """Return true if ``AVROGEN_REQUIRE_SERVICES`` is set, and neither empty nor 0."""
    return os.environ.get(REQUIRED, "") not in ("", "0")


def missing_tools() -> str | None:
    """Why real services cannot be run here, if they cannot."""
    missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


@functools.cache
def java_version() -> str:
    """The version of Java, as a part of a file name; archives are good for one version only."""
    run = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
    words = run.stderr.split()
    return "".join(c for c in words[words.index("version") + 1] if c.isalnum() or c in "._")


def class_archive(
    name: str, server: Callable[[Path, Sequence[str]], ServerProcess]
) -> Sequence[str]:
    """Flags that make a server start from an archive of its classes.

    Args:
        name: of the server with its version.
        server: the server, given a folder to run in and flags to run with.
    """

    def record(folder: Path) -> None:
        # Java writes the archive when it ends, which takes it a few seconds.
        with server(folder, [f"-XX:ArchiveClassesAtExit={folder / 'classes.jsa'}"]):
            pass

    folder = cached_folder(f"{name}-java-{java_version()}", f"preparing {name}", record)
    return [f"-XX:SharedArchiveFile={folder / 'classes.jsa'}", "-Xshare:auto"]
