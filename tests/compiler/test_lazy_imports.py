"""Importing one type does not import the others, however many there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python, write_schemas

COUNT_WORK = """
import json, sys
import dataclasses, typing, avrogen.runtime.v1 as v1
for name in v1.__all__:
    getattr(v1, name)
work = 0
def trace(frame, event, argument):
    global work
    frame.f_trace_opcodes = True
    work += event == "opcode"
    return trace
before = set(sys.modules)
sys.settrace(trace)
from {module} import Type5
sys.settrace(None)
print(json.dumps([sorted(set(sys.modules) - before), work]))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages ``of_10`` and ``of_1000``, in which nothing refers to anything else."""
    folder = tmp_path_factory.mktemp("lazy")
    for size in (10, 1000):
        types = [
            {"type": "enum", "name": f"com.acme.Type{number}", "symbols": ["A", "B"]}
            for number in range(size)
        ]
        schemas = write_schemas(folder / f"schemas_{size}", {"types.avsc": types})
        run = run_python("-m", "avrogen", "build", schemas, "-o", folder / f"of_{size}", cwd=ROOT)
        assert run.returncode == 0, run.stderr
    return folder


def imported(packages: Path, module: str) -> tuple[list[str], int]:
    """Modules of the package that the import of one type has executed, and how many opcodes."""
    code = COUNT_WORK.format(module=module)
    run = run_python("-c", code, cwd=packages, PYTHONPATH=str(ROOT))
    assert run.returncode == 0, run.stderr
    modules, work = json.loads(run.stdout)
    return [m.partition(".")[2] for m in modules if m.startswith("of_")], work


@pytest.mark.xdist_group("lazy")
@pytest.mark.parametrize("where", ["", ".com.acme"])
def test_one_of_a_thousand(packages: Path, where: str) -> None:
    small, small_work = imported(packages, f"of_10{where}")
    large, large_work = imported(packages, f"of_1000{where}")
    assert large == small
    assert "com.acme._type5" in large
    assert len(large) <= 4
    assert large_work <= 3 * small_work


def test_a_type_brings_what_it_mentions(tmp_path: Path) -> None:
    schemas = write_schemas(
        tmp_path / "schemas",
        {
            "types.avsc": [
                {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]},
                {"type": "record", "name": "B", "fields": []},
                {"type": "record", "name": "C", "fields": []},
            ]
        },
    )
    build = run_python("-m", "avrogen", "build", schemas, "-o", tmp_path / "built", cwd=ROOT)
    assert build.returncode == 0, build.stderr
    code = "import sys; from built import A; print([m for m in sys.modules if 'built' in m])"
    run = run_python("-c", code, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert "built._b" in run.stdout, run.stderr
    assert "built._c" not in run.stdout
