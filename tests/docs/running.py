"""Follows a page as a reader does: block by block, in one folder, one shell, one Python."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from avrogen import Schema
from tests.conftest import ROOT, run_python
from tests.docs.pages import Block
from tests.docs.shell import Shell, commands_of

__all__ = ["KNOWN", "follow"]

_SHOWN = frozenset({"text", "mermaid", "diff", "gitignore", "avdl"})
"""What is there to be looked at."""
_NAMED_TYPES = frozenset({"record", "enum", "fixed", "error"})
KNOWN = _SHOWN | {"python", "console", "json", "toml", "yaml", "ini"}
"""Languages of blocks; one of another language needs a reason not to run."""

_MODULE = "page"
_CHECKER = doctest.OutputChecker()


def follow(
    page: list[Block],
    folder: Path,
    names: Mapping[str, object],
    environment: Mapping[str, str] = os.environ,
    binaries: Path | None = None,
) -> None:
    """Do what the blocks of a page say.

    Args:
        page: its blocks.
        folder: where the reader is.
        names: what Python blocks find.
        environment: what commands find.
        binaries: where their Python is; by itself, that which runs the tests.

    Raises:
        AssertionError: something else came out than the page says.
    """
    runnable = [block for block in page if not block.reason]
    if any(_defines_tests(block) for block in runnable):
        _run_pytest(runnable, folder)
        runnable = [block for block in runnable if block.language != "python"]
    python = sys.modules[_MODULE] = ModuleType(_MODULE)
    python.__dict__.update(names)
    try:
        with Shell(folder, environment, binaries) as shell:
            for block in runnable:
                _do(block, folder, shell, python)
    finally:
        del sys.modules[_MODULE]


def _do(block: Block, folder: Path, shell: Shell, python: ModuleType) -> None:
    match block.language:
        case "python":
            code = _compiled(block)
            if not block.title:
                _run_python(block, code, python)
        case "console":
            _run_commands(block, shell)
        case "json":
            _check_json(block)
        case "toml":
            tomllib.loads(block.code)
        case "yaml":
            list(yaml.safe_load_all(block.code))
        case _:
            pass
    _write(block, folder)


def _write(block: Block, folder: Path) -> None:
    if block.title:
        file = folder / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.code, "utf-8")


def _compiled(block: Block) -> Any:
    """Its code, such that tracebacks show the lines of the page."""
    return compile("\n" * block.line + block.code, str(block.page), "exec", dont_inherit=True)


def _run_python(block: Block, code: Any, python: ModuleType) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, python.__dict__)
    if block.output is not None:
        _compare(block.output, printed.getvalue(), block.place)


def _run_commands(block: Block, shell: Shell) -> None:
    """A command whose output is not shown has to succeed."""
    for command, expected in commands_of(block.code):
        output, code = shell.run(command, expected)
        where = f"{block.place}: $ {command}"
        if expected:
            _compare(expected, output, where)
        else:
            assert code == 0, f"{where} exits with {code}\n{output}"


def _compare(expected: str, output: str, where: str) -> None:
    """What is shown against what there is; ``...`` stands for anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example = doctest.Example(where, expected)
    if not _CHECKER.check_output(example.want, output, flags):
        raise AssertionError(
            f"{where}\n{_CHECKER.output_difference(example, output, doctest.REPORT_NDIFF)}"
        )


def _check_json(block: Block) -> None:
    match json.loads(block.code):
        case {"type": kind} if kind in _NAMED_TYPES:
            Schema.parse(block.code)
        case _:
            pass


# --- pages about tests ----------------------------------------------------------------------------


def _defines_tests(block: Block) -> bool:
    if block.language != "python":
        return False
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = (node for node in ast.parse(block.code).body if isinstance(node, functions))
    return any(function.name.startswith("test_") for function in defined)


_PATIENT = """\
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""
"""A conftest for machines with other work: the first draw of a strategy may take a second."""


def _run_pytest(page: list[Block], folder: Path) -> None:
    """Run the Python blocks of a page as one file of tests, beside those that have a title."""
    for block in page:
        _write(block, folder)
    if not (folder / "conftest.py").exists():
        (folder / "conftest.py").write_text(_PATIENT, "utf-8")
    code = [block.code for block in page if block.language == "python" and not block.title]
    (folder / "test_page.py").write_text("\n\n".join(code), "utf-8")
    path = os.pathsep.join([str(folder), str(ROOT)])
    run = run_python("-m", "pytest", "-q", "test_page.py", cwd=folder, PYTHONPATH=path)
    assert run.returncode == 0, run.stdout + run.stderr
