"""What templates and :mod:`avrogen.compiler.line_layout` write is black's own form."""

from __future__ import annotations

from collections.abc import Sequence
from keyword import iskeyword
from pathlib import Path

import black
import black.mode
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avrogen.avro.diagnostics import Diagnostics
from avrogen.compiler.build import analyse
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.expressions import ImportStatement
from avrogen.compiler.line_layout import (
    import_lines,
    is_laid_out,
    list_lines,
    mapping_lines,
    union_lines,
)
from avrogen.compiler.literals import float_literal, string_literal
from avrogen.compiler.rendering import render
from avrogen.config.run_config import read_config
from tests.compiler.test_corpora import REFUSED
from tests.conftest import ROOT
from tests.golden.cases import CASES
from tests.support.corpora import valid_schemas

MODE = black.Mode(target_versions={black.mode.TargetVersion.PY311})

names = st.from_regex(r"\A[a-z]{1,24}\Z").filter(lambda name: not iskeyword(name))
several = st.lists(names.map(lambda name: f"n{name}"), min_size=1, max_size=12)


def formatted(code: str) -> str:
    return black.format_str(code, mode=MODE)


@given(st.sampled_from([".", "avrogen.runtime.v1", "..long_enough_to_matter"]), several)
def test_imports(module: str, imported: list[str]) -> None:
    line = import_lines(ImportStatement(module, tuple(imported)), "") + "\n"
    assert formatted(line) == line
    inner = import_lines(ImportStatement(module, tuple(imported)), "    ") + "\n"
    assert formatted(f"if x:\n{inner}") == f"if x:\n{inner}"


@given(several)
def test_lists(items: list[str]) -> None:
    argument = list_lines("lambda: ", items, ",", "        ")
    call = f"class C:\n    x = f(\n        a,\n{argument}\n    )\n"
    assert formatted(call) == call


@given(names, several, st.sampled_from(["", " = None"]))
@example("a", ["na", "naaaaa", "naaaaaaa", *["naaaaaaaaa"] * 4], " = None")
def test_unions(name: str, branches: list[str], after: str) -> None:
    field = union_lines(f"x{name}: ", " | ".join(branches), after, "    ")
    code = f"class C:\n{field}\n"
    assert formatted(code) == code
    alias = union_lines(f"x{name}: TypeAlias = ", " | ".join(branches), "", "") + "\n"
    assert formatted(alias) == alias


@given(st.dictionaries(names, several, min_size=1, max_size=3))
def test_mappings(entries: dict[str, list[str]]) -> None:
    mapping = mapping_lines("Types", {f'"{key}"': each for key, each in entries.items()}, "    ")
    attribute = f"class C:\n    x = {mapping}\n"
    assert formatted(attribute) == attribute
    argument = f"x = f(\n    a,\n    types={mapping},\n)\n"
    assert formatted(argument) == argument


@given(st.text(st.sampled_from("ab'\"\\\n\x00é漢"), max_size=120))
def test_literals_of_text(text: str) -> None:
    """A line is left to black if its literal is long, wide, or looks like the end of another."""
    code = f"x = {string_literal(text)}\n"
    assert not is_laid_out(code) or formatted(code) == code


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_literals_of_numbers(number: float) -> None:
    code = f"x = {float_literal(number)}\n"
    assert formatted(code) == code


def test_docstrings_and_schemas_may_be_long() -> None:
    docstring = f'    """{"long " * 40}.\n\n    {"x" * 100}\n    """\n'
    schema = f'    x = f(r"""\n{"y" * 100}\n        """)\n'
    code = f"class C:\n{docstring}\n{schema}"
    assert is_laid_out(code)
    assert formatted(code) == code
    assert not is_laid_out(f"{code}    z = {'1 + ' * 30}1\n")


def laid_out_pieces(schemas: Sequence[Path]) -> set[str]:
    """Return the text that black does not see in a build of some files and folders."""
    diagnostics = Diagnostics()
    sources, config = read_sources(schemas, diagnostics), read_config(schemas, diagnostics)
    analysis = analyse(sources, config, diagnostics)
    assert analysis is not None, "\n".join(map(str, diagnostics))
    files = render(analysis.package)
    return {piece for file in files for piece in file.pieces if is_laid_out(piece)}


BUILT = [ROOT / "schemas", *(case.folder / "schemas" for case in CASES if case.package.is_dir())]


@pytest.mark.parametrize("schemas", BUILT, ids=lambda path: path.parent.name)
def test_golden_packages(schemas: Path) -> None:
    found = laid_out_pieces([schemas])
    assert found
    for piece in found:
        assert formatted(piece) == piece


@pytest.mark.xdist_group("corpora")
def test_corpora() -> None:
    found = {
        piece
        for schema in valid_schemas()
        if schema.name not in REFUSED
        for piece in laid_out_pieces(schema.files)
    }
    assert len(found) > 2_000
    for piece in found:
        assert formatted(piece) == piece
