"""Tests are where their package is: ``tests/codec/`` tests ``avrogen/codec/``."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import ROOT

TESTS = ROOT / "tests"

OF_NO_PACKAGE = {
    "docs": "the pages",
    "downstream": "repositories of users",
    "faults": "counting messages after faults",
    "frozen": "what may never change",
    "fuzz": "broken bytes and random schemas",
    "golden": "schemas and what they become",
    "house": "the structure of the package",
    "interop": "clients in Java and Go",
    "reference": "pages that are made of the code",
    "repository": "clone, wheel, examples, benchmarks",
    "services": "real brokers and registries",
    "support": "what tests share",
}

WITHOUT_TESTS_OF_THEIR_OWN = {
    "runtime": "tests/frozen holds its surface",
}


def packages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def folders(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/test_*.py")}


def test_folders_are_those_of_the_package() -> None:
    found = {path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert found - {"__pycache__"} - OF_NO_PACKAGE.keys() == (
        packages(ROOT / "avrogen") - WITHOUT_TESTS_OF_THEIR_OWN.keys()
    )


def test_folders_inside_are_those_of_the_package() -> None:
    """Not each package inside a package has a folder, but each folder has a package."""
    wrong = [
        f"{name}/{inner}"
        for name in packages(ROOT / "avrogen")
        for inner in folders(TESTS / name) - packages(ROOT / "avrogen" / name)
    ]
    assert not wrong, "\n".join(wrong)


def test_loose_tests_are_of_loose_modules() -> None:
    loose = {path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py")}
    assert loose <= {path.stem for path in (ROOT / "avrogen").glob("*.py")}
