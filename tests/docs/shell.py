"""A shell that follows the console blocks of a page: ``$ `` and a command, then what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import ROOT

__all__ = ["Shell", "commands_of"]

_DONE = "\x1e"
_PROVIDED = re.compile(
    r"python3? -m venv|source \S+/activate$|(?:python -m )?pip install (?P<what>.+)"
)
"""Commands that make what the tests have already: an environment with avrogen in it."""


class Shell:
    """One bash for a page, so that ``cd`` and ``export`` last.

    Args:
        folder: where it starts.
        environment: variables.
        binaries: where its Python is; by itself, that which runs the tests.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], binaries: Path | None = None
    ) -> None:
        binaries = binaries or Path(sys.executable).parent
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env={**environment, "PATH": f"{binaries}:{environment['PATH']}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def run(self, command: str, expected: str = "") -> tuple[str, int]:
        """Run a command.

        Args:
            command: the line. One that ends in ``&`` goes on; then it is waited for its output.
            expected: what it prints.

        Returns:
            What it prints on both of its outputs, and its exit code.
        """
        provided = _PROVIDED.match(command)
        if provided is not None:
            if provided["what"]:
                _check_extras(provided["what"])
            return "", 0
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        # What it would read is nothing, and not the next command, which may ask for $?.
        done = f"status=$?; printf '{_DONE}%d\\n' $status; (exit $status)"
        self._bash.stdin.write(f"{{ {command}\n}} </dev/null\n{done}\n")
        self._bash.stdin.flush()
        output, status = "", None
        awaited = expected.count("\n") if command.endswith("&") else 0
        while status is None or output.count("\n") < awaited:
            line = self._bash.stdout.readline()
            assert line, f"the shell ended in: {command}\n{output}"
            before, done, code = line.partition(_DONE)
            output += before
            status = int(code) if done else status
        return output, status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._bash.communicate("kill $(jobs -p) 2>/dev/null\n")


def commands_of(code: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, and what each prints; "" if that is not shown."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        count = 1
        while lines[count - 1].endswith("\\\n"):
            count += 1
        yield "".join(lines[:count]).strip(), "".join(lines[count:])


def _check_extras(requirements: str) -> None:
    """That the extras are there which a page says to install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extras in re.findall(r"avrogen\[(.+?)\]", requirements):
        assert set(extras.split(",")) <= set(project["optional-dependencies"]), extras
