"""What docstrings, pages and tests refer to exists: modules, names in them, and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.modules import MODULES

NAME = re.compile(r"(?<![\w./\-@:\"])avrogen(?:\.[A-Za-z_]\w*)+")

NO_NAMES = {
    "avrogen.kafka.librdkafka": "a logger",
    "avrogen.consumer.retries": "a metric",
    "avrogen.consumer.dead_letters": "a metric",
    "avrogen.consumer.lag": "a metric",
    "avrogen.toml": "a file",
    "avrogen.lock": "a file",
    "avrogen.bzl": "a file",
    "avrogen.zip": "a file",
    "avrogen.exe": "a file",
    "avrogen.tests": "a namespace of schemas",
    "avrogen.tags": "an attribute of schemas",
}

PLACES = {
    "avrogen": ("avrogen/**/*.py",),
    "docs": ("docs/**/*.md", "docs/**/*.rst", "*.md"),
    "tests": ("tests/**/*.py", "examples/**/*.py", "benchmarks/**/*.py"),
}

HISTORY = re.compile(r"^CHANGELOG\.md$|^tests/golden/\w+/expected/|^tests/frozen/v\d")
"""What speaks of earlier versions, and what is generated."""

PATH = re.compile(r"`((?:[\w.]+/)+(?:[\w.]+\.\w+)?|\w+\.py)`")
"""A path in backticks: of a file, or of a folder with a slash at its end."""

PAGES_WITH_PATHS = ("docs/architecture.md", "CONTRIBUTING.md")

TEST_PATH = re.compile(r"(?<![\w./-])tests/(?:\w+/)*(?:\w+\.py)?")

SAMPLES = {"tests/x.py"}
"""Paths that nobody has, in tests of what git ignores."""

OTHERS_PATHS = {
    "expected/": "of a golden case",
    "pkg/": "a package of a user",
    "schemas/": "the schemas of a user",
}
"""Paths in these pages that are not in the repository."""


def files(place: str) -> Iterator[Path]:
    for pattern in PLACES[place]:
        for file in sorted(ROOT.glob(pattern)):
            if not HISTORY.search(file.relative_to(ROOT).as_posix()):
                yield file


def resolves(name: str) -> bool:
    """True if it is a module, or something in one."""
    parts = name.split(".")
    length = next(n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in MODULES)
    value: object = import_module(".".join(parts[:length]))
    for part in parts[length:]:
        if part in getattr(value, "__annotations__", {}):
            return True
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True


@pytest.mark.parametrize("place", PLACES)
def test_names_resolve(place: str) -> None:
    wrong: dict[str, str] = {}
    for file in files(place):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            for name in NAME.findall(line):
                if name not in NO_NAMES and not resolves(name):
                    wrong.setdefault(name, f"{file.relative_to(ROOT)}:{number}")
    assert not wrong, "\n".join(f"{at}: {name}" for name, at in wrong.items())


@pytest.mark.parametrize("page", PAGES_WITH_PATHS)
def test_paths_of_pages_exist(page: str) -> None:
    """Paths start at the top of the repository or of the package; a module may stand alone."""
    names = {module.path.name for module in MODULES.values()}
    names |= {file.name for file in (ROOT / "tests").rglob("*.py")}
    paths = set(PATH.findall((ROOT / page).read_text("utf-8")))
    known = [
        path
        for path in paths
        if path in names
        or any((base / path).exists() for base in (ROOT, ROOT / "avrogen", ROOT / "docs"))
    ]
    assert len(known) > 10
    missing = paths - set(known) - OTHERS_PATHS.keys()
    assert not missing, "\n".join(sorted(missing))


def test_paths_of_tests_exist() -> None:
    texts = [*files("docs"), *files("avrogen"), *files("tests"), ROOT / "pyproject.toml"]
    texts += [ROOT / "Makefile", *ROOT.glob("dev.py"), *(ROOT / ".ci").iterdir()]
    wrong = {
        f"{file.relative_to(ROOT)}: {path}"
        for file in texts
        for path in TEST_PATH.findall(file.read_text("utf-8"))
        if path not in SAMPLES and not (ROOT / path).exists()
    }
    assert not wrong, "\n".join(sorted(wrong))
