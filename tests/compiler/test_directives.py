"""Text of schemas and paths is no directive of Python, linters or type checkers."""

from __future__ import annotations

import ast
import json
import re
import tokenize
from io import BytesIO
from pathlib import Path

import pytest

from avrogen.compiler import literals
from tests.conftest import run_avrogen, write_schemas

UTF_7 = "+ACIAIgAi- +- str(print('code of a schema')) +- +ACIAIgAi-"
ESCAPES = r"""x\x22\x22\x22 + str(print('code of a schema')) + \x22\x22\x22"""
DIRECTIVES = (
    "coding=utf-7 ",
    "coding:utf-7 ",
    "-*- coding: utf-7 -*-",
    "vim: set fileencoding=unicode_escape :",
    "fileencoding=rot13 x",
    "# type: ignore",
    "type: ignore",
    "# noqa",
    "#noqa: E501",
    "flake8: noqa",
    "# flake8: noqa",
    "ruff: noqa",
    "pyright: basic",
    "# pyright: strict=false",
    "fmt: off",
    "x; fmt: skip",
    "# fmt:skip",
    "mypy: ignore-errors",
    "# mypy: ignore-errors",
    "isort:skip_file",
    "pylint: disable=all",
    "pragma: no cover",
    "\\x23 noqa",
    "a\x0c# noqa",
)
OBEYED = re.compile(r"coding[:=]|#\s*no(?:qa|sec|pep8)|\b[\w-]+:\s*[\w-]|^#.*#", re.IGNORECASE)
OURS = re.compile(r"# source: [^:=#]*|# pyright: reportPrivateUsage=false, reportUnusedClass=false")
LINE_DIRECTIVE = re.compile(r"\s*#\s*(?:[\w-]+\s*[:=]|noqa)", re.IGNORECASE)


def doc(directive: str) -> str:
    return f"{UTF_7}\n# {directive}\n{directive}\n{ESCAPES}"


@pytest.mark.parametrize("directive", DIRECTIVES)
def test_no_text_is_a_directive(tmp_path: Path, directive: str) -> None:
    record = {
        "type": "record",
        "name": "Order",
        "doc": doc(directive),
        "fields": [{"name": "id", "type": "string", "doc": doc(directive)}],
    }
    files = {
        f"{directive}/order.avsc": record,
        f"{directive}/{directive}.avsc": {"type": "array", "items": "int", "doc": doc(directive)},
    }
    write_schemas(tmp_path / "schemas", {name: json.dumps(each) for name, each in files.items()})
    result = run_avrogen("build", tmp_path / "schemas", "-o", tmp_path / "built")
    assert result.exit_code == 0, result.stderr
    modules = sorted((tmp_path / "built").rglob("*.py"))
    assert len(modules) >= 3
    for path in modules:
        data = path.read_bytes()
        assert tokenize.detect_encoding(BytesIO(data).readline)[0] == "utf-8"
        as_declared, allowed = ast.parse(data), ast.parse(data.decode("utf-8"))
        assert ast.dump(as_declared) == ast.dump(allowed)
        called = {ast.unparse(n.func) for n in ast.walk(as_declared) if isinstance(n, ast.Call)}
        assert called <= {"dataclass", "Schema.embedded", "Codec", "lazy_exports"}
        for token in tokenize.tokenize(BytesIO(data).readline):
            if token.type == tokenize.COMMENT and not OURS.fullmatch(token.string):
                assert not OBEYED.search(token.string), token.string
        assert not [line for line in data.decode().splitlines()[2:] if LINE_DIRECTIVE.match(line)]
    again = run_avrogen("build", tmp_path / "schemas", "-o", tmp_path / "built", "--check")
    assert again.exit_code == 0


@pytest.mark.parametrize("text", [*DIRECTIVES, "shop/order.avsc", "é\u202e\U0001f600\ud800\\n\n"])
def test_comments_can_be_read_back(text: str) -> None:
    comment = literals.comment(text)
    assert comment.isprintable()
    assert literals.comment_text(comment) == text


def test_docstrings_keep_their_text() -> None:
    text = "An order.\n# mypy: ignore-errors\n#noqa\n# A heading"
    literal = literals.docstring(text, "")
    assert ast.literal_eval(literal).strip() == text
    assert literal.splitlines()[1:4] == [
        "\\x23 mypy: ignore-errors",
        "\\x23noqa",
        "# A heading",
    ]


def test_a_package_is_compared_with_files_of_such_names(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    write_schemas(schemas, {"day=1/#1.avsc": '{"type": "array", "items": "int"}'})
    assert run_avrogen("build", schemas, "-o", tmp_path / "built").exit_code == 0
    result = run_avrogen("check", schemas, "--against", tmp_path / "built")
    assert result.exit_code == 0, result.stderr
    assert "1 unchanged" in result.stdout
