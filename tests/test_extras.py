"""Another distribution with a package ``avrogen``: one sentence instead of a riddle."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python

FOREIGN = "from .schema import generate_schema\n\n__all__ = ['generate_schema']\n"
"""The beginning of avro-gen3's ``__init__.py``."""

SENTENCE = (
    "has overwritten or removed files of the package avrogen; install them in separate "
    "environments, or repair this one: pip install --force-reinstall avrogen"
)


@pytest.fixture(params=["overwritten", "removed"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of installed packages in which another distribution did its work."""
    package = tmp_path / "site" / "avrogen"
    shutil.copytree(ROOT / "avrogen", package, ignore=shutil.ignore_patterns("__pycache__"))
    if request.param == "overwritten":
        (package / "__init__.py").write_text(FOREIGN)
        (package / "schema.py").write_text("def generate_schema(): ...\n")
        about = tmp_path / "site" / "avro_gen3-0.7.16.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: avro-gen3\nVersion: 0.7.16\n")
        (about / "top_level.txt").write_text("avrogen\n")
    else:
        (package / "__init__.py").unlink()
    return tmp_path / "site"


def alone(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these packages, and without the checkout's, which would be found instead."""
    code = (
        "import sys, importlib.abc\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
        f"sys.path[:] = [{str(site)!r}, *(p for p in sys.path if p not in ('', {str(ROOT)!r}))]\n"
    )
    return run_python("-c", code + "\n".join(arguments), cwd=site)


@pytest.mark.parametrize(
    "module", ["avrogen.runtime.v1", "avrogen.kafka", "avrogen.kafka.producer.producer"]
)
def test_imports_name_the_culprit(site: Path, module: str) -> None:
    run = alone(site, f"import {module}")
    assert run.returncode == 1
    line = run.stderr.splitlines()[-1]
    assert line.startswith("ImportError: avrogen: ") and line.endswith(SENTENCE)
    assert ("avro-gen3" in line) and ("such as" in line) is not (
        site / "avrogen/__init__.py"
    ).exists()


def test_the_command_names_the_culprit(site: Path) -> None:
    run = alone(site, "from avrogen.cli import main", "main()")
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("avrogen: ") and line.endswith(SENTENCE)


def test_the_whole_package_is_accepted() -> None:
    """Without reading the metadata of all distributions, which is slow."""
    code = "import sys, avrogen.runtime.v1; print('importlib.metadata' in sys.modules)"
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert (run.returncode, run.stdout, run.stderr) == (0, "False\n", "")
