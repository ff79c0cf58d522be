"""Few, deep modules: how many there are, how long, and for how many others."""

from __future__ import annotations

from statistics import median

from tests.house.modules import MODULES, importers

WHY_LONG = "Longer than 500 lines because"
"""A module that is longer says in its docstring why."""

FILES = [module for module in MODULES.values() if not module.is_package]


def test_there_are_few_modules() -> None:
    assert len(MODULES) <= 355


def test_modules_are_of_a_readable_length() -> None:
    assert 150 <= median(module.lines for module in FILES) <= 250


def test_few_modules_are_short() -> None:
    short = [f"{module.path}: {module.lines}" for module in FILES if module.lines < 60]
    assert len(short) < 15, short


def test_modules_say_why_they_are_long() -> None:
    long = [module for module in FILES if module.lines > 500]
    silent = [str(m.path) for m in long if WHY_LONG not in " ".join(m.docstring.split())]
    assert not silent, "\n".join(silent)


def test_few_modules_are_for_one_other() -> None:
    """A module with one importer belongs into it, unless it is a core of its own."""
    found = importers()
    single = [module.name for module in FILES if len(found.get(module.name, ())) == 1]
    assert len(single) <= 85, single
