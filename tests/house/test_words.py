"""The language of avrogen: how docstrings begin, what packages list, what messages do not say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.modules import MODULES, Module

CLAUSE = re.compile(r"(What|How|Whether|Who|Whose|Whom|Which|Where|When|That|Those|Why)\b")
"""An opening that is neither a command nor a noun."""

LISTED = re.compile(r"^ {4}(\w+(?:, \w+)*) {2,}\S")
"""A line of a package's docstring that lists modules: names, then what they are for."""

UNSAID = re.compile(
    r"\b(is none(?! of)|nothing says|nobody says|for good|in hand|mend|mends|mailroom|"
    r"letter box|by turns)\b"
)
"""Phrases of no field's language; docs/glossary.md has the field's words."""

PACKAGES = [module for module in MODULES.values() if module.is_package]


def documented(module: Module) -> Iterator[tuple[int, str]]:
    """Docstrings with their lines: of modules, classes and functions, and those below constants."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Expr(ast.Constant(str(text))):
                yield node.lineno, text.strip()
            case _:
                pass


def docstring_nodes(module: Module) -> set[int]:
    """Ids of strings that stand alone: docstrings of whatever is above them."""
    return {
        id(node.value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def test_docstrings_open_with_a_command_or_a_noun() -> None:
    clauses = [
        f"{module.path}:{line}: {text.partition(chr(10))[0]}"
        for module in MODULES.values()
        for line, text in documented(module)
        if CLAUSE.match(text)
    ]
    assert len(clauses) < 20, "\n".join((f"{len(clauses)} docstrings", *clauses))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_packages_list_their_modules(package: Module) -> None:
    """In lines ``    name, other   for what``, in the order in which one reads them."""
    lines = [LISTED.match(line) for line in package.docstring.splitlines()]
    listed = [name for line in lines if line for name in line[1].split(", ")]
    depth = package.name.count(".") + 1
    inside = [
        name.rpartition(".")[2]
        for name in MODULES
        if name.startswith(f"{package.name}.") and name.count(".") == depth
    ]
    assert sorted(listed) == sorted(name for name in inside if name != "__main__")


def test_messages_are_in_the_words_of_the_field() -> None:
    wrong: list[str] = []
    for module in MODULES.values():
        documentation = docstring_nodes(module)
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in documentation
                and (found := UNSAID.search(node.value))
            ):
                wrong.append(f"{module.path}:{node.lineno}: {found[0]}: {node.value[:80]}")
    assert not wrong, "\n".join(wrong)
