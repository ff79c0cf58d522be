"""Golden cases of the compiler: folders with schemas and what ``avrogen build`` makes of them.

A case is a folder of this one, by the name of its package: ``schemas/`` is what is built, and
``expected/`` has the package, under the case's name, and the diagnostics in ``stderr.txt``. A build
that fails has diagnostics only. ``README.md`` says what each case shows.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import run_avrogen

__all__ = ["CASES", "GOLDEN", "Case", "Files", "built", "described", "differences", "rewrite"]

Files = Mapping[str, str]
"""Texts by path below ``expected/``."""

GOLDEN = Path(__file__).parent

_DIAGNOSTICS = "stderr.txt"
_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """A folder with schemas and the expected output.

    Attributes:
        name: of the folder and of the package.
    """

    name: str

    @property
    def folder(self) -> Path:
        """The folder with ``schemas/`` and ``expected/``."""
        return GOLDEN / self.name

    @property
    def package(self) -> Path:
        """The expected package; there is none if the build fails."""
        return self.folder / "expected" / self.name

    @property
    def module(self) -> str:
        """The name by which the expected package is imported."""
        return f"tests.golden.{self.name}.expected.{self.name}"

    def expected(self) -> Files:
        """Return the files of ``expected/``."""
        return _texts(self.folder / "expected")


CASES = [Case(path.parent.name) for path in sorted(GOLDEN.glob("*/schemas"))]


def built(case: Case, into: Path) -> Files:
    """Build the schemas of a case into an empty folder, and return what ``expected/`` should have.

    Raises:
        AssertionError: the exit code is neither 0 nor 1, or a build that failed wrote files.
    """
    with _working_in(case.folder):
        result = run_avrogen("build", "schemas", "-o", into / case.name)
    files = _texts(into)
    assert result.exit_code == (0 if files else 1), result.output
    return {**files, _DIAGNOSTICS: result.stderr} if result.stderr else files


def differences(expected: Files, found: Files) -> str:
    """Return a unified diff of all files; "" if they are equal."""
    lines: list[str] = []
    for path in sorted({*expected, *found}):
        before, after = (files.get(path, "").splitlines() for files in (expected, found))
        old, new = (
            f"{side}/{path}" if path in files else f"{side}/{path} (no such file)"
            for side, files in (("expected", expected), ("built", found))
        )
        changed = list(difflib.unified_diff(before, after, old, new, lineterm=""))
        if not changed and expected.get(path) != found.get(path):  # line ends, or an empty file
            changed = [f"--- {old}", f"+++ {new}"]
        lines += changed
    return "\n".join(lines)


def rewrite(case: Case, into: Path) -> bool:
    """Make ``expected/`` what the build makes today; return True if that changed it."""
    files = built(case, into)
    if not differences(case.expected(), files):
        return False
    folder = case.folder / "expected"
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return True


def described() -> dict[str, str]:
    """Return the sentence of ``README.md`` for each case, by its name."""
    return dict(_ROW.findall((GOLDEN / "README.md").read_text("utf-8")))


def _texts(folder: Path) -> Files:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in files
        if "__pycache__" not in path.parts
    }


@contextmanager
def _working_in(folder: Path) -> Generator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
