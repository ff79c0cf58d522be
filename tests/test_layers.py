"""The house: who imports whom, what is imported when, and who prints."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python

PACKAGE = ROOT / "avrogen"

MAY_IMPORT = {
    "errors": set[str](),
    "avro": {"errors"},
    "codec": {"errors", "avro"},
    "kafka": {"errors", "avro", "codec", "__init__"},
    "runtime": {"errors", "avro", "codec", "kafka"},
    "testing": {"errors", "avro", "codec", "kafka", "runtime"},
    "compiler": {"errors", "avro", "__init__"},
    "building": {"errors", "avro", "compiler"},
    "sync": {"errors", "avro", "codec", "kafka", "compiler"},
    "evolution": {"errors", "avro", "codec", "kafka", "compiler", "sync"},
    "letters": {"errors", "codec", "kafka", "sync"},
    "catalogue": {"errors", "avro", "codec", "compiler", "sync", "testing", "__init__"},
    "cli": {"errors", "avro", "compiler", "sync", "evolution", "letters", "catalogue", "__init__"},
    "__main__": {"cli"},
    "__init__": {"errors", "avro", "codec", "runtime"},
}
"""What a part of avrogen may import, beside itself and the standard library."""

THIRD_PARTY = {
    "compiler": {"black", "jinja2", "platformdirs"},
    "building": {"hatchling", "setuptools"},
    "catalogue": {"jinja2"},
    "cli": {"click", "watchfiles"},
    "kafka": {"confluent_kafka", "opentelemetry"},  # inside functions: see below
    "letters": {"confluent_kafka"},
    "testing": {"confluent_kafka", "fastavro", "hypothesis", "pytest"},
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The part of avrogen that a file belongs to: a folder of it, or a module at its top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of all that is imported when code runs, at the top or inside a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "imports inside avrogen are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_arrows(path: Path) -> None:
    part = part_of(path)
    for name in imports(ast.parse(path.read_text("utf-8"))):
        top, _, rest = name.partition(".")
        if top == "avrogen":
            first = rest.partition(".")[0]
            target = first if first in MAY_IMPORT else "__init__"
            assert target == part or target in MAY_IMPORT[part], f"{part} imports {name}"
        else:
            allowed = top in sys.stdlib_module_names or top in THIRD_PARTY.get(part, set())
            assert allowed, f"{part} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [
        n.func for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)
    ]
    prints = [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]
    assert not prints or part_of(path) == "cli"


def test_importing_avrogen_imports_nothing_heavy() -> None:
    """Neither the compiler nor a parser or codec, and nothing from outside."""
    code = "import sys, json; import avrogen; print(json.dumps(sorted(sys.modules)))"
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    modules: list[str] = json.loads(run.stdout)
    ours = {m for m in modules if m.partition(".")[0] == "avrogen"}
    others = {m.partition(".")[0] for m in modules} - sys.stdlib_module_names
    assert others <= {"avrogen", "__main__"}
    assert ours <= {"avrogen", "avrogen.errors"}


@pytest.mark.parametrize("module", ["avrogen.avro.parser", "avrogen", "avrogen.runtime.v1"])
def test_what_production_imports_is_in_the_standard_library(module: str) -> None:
    """Without site-packages on the path there is nothing else to be found.

    All names of a module are loaded: clients of Kafka can be imported, if not made.
    """
    run = run_python("-S", "-c", f"from {module} import *", cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_types_load_nothing_of_kafka() -> None:
    code = (
        "import sys, avrogen.runtime.v1; from avrogen.runtime.v1 import AvroRecord, Duration\n"
        "print([m for m in sys.modules if m.startswith('avrogen.kafka')])"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.stdout.splitlines() == ["[]"], run.stderr


def test_what_is_about_kafka_is_imported_without_a_client() -> None:
    """Framing, the port and what is built upon them need no extra; who asks a registry is told."""
    names = [
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in sorted((PACKAGE / "kafka").rglob("*.py"))
    ]
    code = (
        f"import importlib\nfor name in {names}: importlib.import_module(name)\n"
        "from avrogen.kafka import connect\n"
        "try: connect({'url': 'http://localhost'})\n"
        "except ImportError as error: print(error)"
    )
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert "pip install 'avrogen[kafka]'" in run.stdout


def test_help_does_not_load_the_compiler() -> None:
    code = (
        "import sys; from avrogen.cli import main\n"
        "try: main(['build', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('black', 'jinja2', 'avrogen.avro.parser') if m in sys.modules])"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.stdout.splitlines()[-1] == "[]", run.stderr
