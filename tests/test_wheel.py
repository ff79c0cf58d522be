"""What is distributed: contents of wheel and sdist, and the wheel at work without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

# The fixtures are dear: one worker makes them for all tests of this module.
pytestmark = pytest.mark.xdist_group("wheel")

USE_EXAMPLE = """
import importlib.util, sys
for name in ("black", "click", "jinja2", "platformdirs"):
    assert importlib.util.find_spec(name) is None, name
from generated_example.com.acme.common import Currency, Money
from decimal import Decimal
money = Money(amount=Decimal("12.34"), currency=Currency.GBP)
assert Money.from_avro(money.to_avro()) == money
print(money.to_avro().hex())
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must see nothing of the checkout."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder
    )
    assert build.returncode == 0, build.stdout + build.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (file,) = distributions.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment, with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    install = run(folder / "bin/pip", "install", "--quiet", "--no-index", wheel, cwd=folder)
    assert install.returncode == 0, install.stderr
    return folder


def test_wheel_holds_the_package_and_its_templates(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"avrogen", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
    files = [p.relative_to(ROOT) for p in (ROOT / "templates").rglob("*") if p.is_file()]
    templates = {f"avrogen/compiler/{file.as_posix()}" for file in files}
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "avrogen").rglob("*.py")}
    assert templates | modules | {"avrogen/py.typed"} == {n for n in names if "dist-info" not in n}


def test_sdist_holds_what_it_takes_to_build(distributions: Path) -> None:
    (file,) = distributions.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    files = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert tops == {"avrogen", "templates", *files}


def test_nothing_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == []


def test_generated_code_runs_on_the_bare_wheel(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "generated_example").symlink_to(ROOT / "generated_example")
    use = run(environment / "bin/python", "-W", "error", "-c", USE_EXAMPLE, cwd=tmp_path)
    assert use.returncode == 0, use.stderr
    assert use.stdout == "0404d204\n"


def test_command_without_extra_says_which(environment: Path, tmp_path: Path) -> None:
    command = run(environment / "bin/avrogen", "build", ROOT / "schemas", "-o", "out", cwd=tmp_path)
    assert command.returncode == 2
    assert "pip install 'avrogen[cli]'" in command.stderr
    assert "Traceback" not in command.stderr
    assert list(tmp_path.iterdir()) == []


def test_command_with_extra_builds(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own: the other stays bare."""
    venv.create(tmp_path / "env", with_pip=True)
    install = run(tmp_path / "env/bin/pip", "install", "--quiet", f"{wheel}[cli]", cwd=tmp_path)
    assert install.returncode == 0, install.stderr
    out = tmp_path / "generated_example"
    command = run(tmp_path / "env/bin/avrogen", "build", ROOT / "schemas", "-o", out, cwd=tmp_path)
    assert command.returncode == 0, command.stderr
    use = "from generated_example.com.acme.shop import OrderPlaced"
    assert run(tmp_path / "env/bin/python", "-c", use, cwd=tmp_path).returncode == 0
