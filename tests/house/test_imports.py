"""What is imported when: avrogen costs little until it is used, and needs few dependencies."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.conftest import ROOT, run_python
from tests.house.modules import MODULES


def test_importing_avrogen_imports_nothing_heavy() -> None:
    """Load neither compiler, parser nor codec, and nothing from outside."""
    code = "import sys, json; import avrogen; print(json.dumps(sorted(sys.modules)))"
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    modules: list[str] = json.loads(run.stdout)
    ours = {m for m in modules if m.partition(".")[0] == "avrogen"}
    others = {m.partition(".")[0] for m in modules} - sys.stdlib_module_names
    assert others <= {"avrogen", "__main__"}
    assert ours <= {"avrogen", "avrogen.errors", "avrogen.exports", "avrogen.version"}


@pytest.mark.parametrize("module", ["avrogen.avro.parser", "avrogen", "avrogen.runtime.v1"])
def test_what_production_imports_is_in_the_standard_library(module: str) -> None:
    """Without site-packages on the path there is nothing else to be found.

    All names of a module are loaded: clients of Kafka can be imported, if not made.
    """
    run = run_python("-S", "-c", f"from {module} import *", cwd=ROOT)
    assert run.returncode == 0, run.stderr


IMPORT_EACH = """
import importlib, os, sys
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Imports each module in a process in which nothing else was imported before."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process for each module would take minutes")
def test_every_package_can_be_the_first_import() -> None:
    """None needs another to be imported before, nor breaks plugins that its own imports load."""
    names = [module.name for module in MODULES.values() if module.is_package]
    run = run_python("-c", IMPORT_EACH, *names, cwd=ROOT)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_types_load_nothing_of_kafka() -> None:
    code = (
        "import sys, avrogen.runtime.v1; from avrogen.runtime.v1 import AvroRecord, Duration\n"
        "print([m for m in sys.modules if m.startswith('avrogen.kafka')])"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.stdout.splitlines() == ["[]"], run.stderr


def test_what_is_about_kafka_is_imported_without_a_client() -> None:
    """The wire format and the registry's protocol need no extra; connecting names the one."""
    names = [module.name for module in MODULES.values() if module.part == "kafka"]
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
