"""What is distributed: contents of wheel and sdist, and the wheel at work without a checkout."""

from __future__ import annotations

import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.distributions import DISTRIBUTED, build_distributions, run

pytestmark = DISTRIBUTED

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A fresh environment, with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    install = run(folder / "bin/pip", "install", "--quiet", "--no-index", wheel, cwd=folder)
    assert install.returncode == 0, install.stdout
    return folder


def test_wheel_holds_the_package_its_templates_and_what_codes_mean(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"avrogen", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
    files = [p.relative_to(ROOT) for p in (ROOT / "templates").rglob("*") if p.is_file()]
    templates = {f"avrogen/compiler/{file.as_posix()}" for file in files}
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "avrogen").rglob("*.py")}
    others = {"avrogen/py.typed", "avrogen/cli/diagnostics.md"}
    assert templates | modules | others == {n for n in names if "dist-info" not in n}


def test_sdist_holds_what_it_takes_to_build(distributions: Path) -> None:
    (file,) = distributions.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    files = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert tops == {"avrogen", "docs", "templates", *files}


def test_distributions_are_built_twice_alike(distributions: Path, tmp_path: Path) -> None:
    again = build_distributions(tmp_path)
    for file in again.iterdir():
        assert file.read_bytes() == (distributions / file.name).read_bytes(), file.name


def test_an_index_would_take_and_show_them(distributions: Path) -> None:
    files = [*distributions.glob("*.whl"), *distributions.glob("*.tar.gz")]
    check = run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=distributions)
    assert check.returncode == 0, check.stdout


def test_nothing_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == []


def test_generated_code_runs_on_the_bare_wheel(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "generated_example").symlink_to(ROOT / "generated_example")
    use = run(environment / "bin/python", "-W", "error", "-c", USE_EXAMPLE, cwd=tmp_path)
    assert use.returncode == 0, use.stdout
    assert use.stdout == "0404d204\n"


def test_command_without_extra_says_which(environment: Path, tmp_path: Path) -> None:
    command = run(environment / "bin/avrogen", "build", ROOT / "schemas", "-o", "out", cwd=tmp_path)
    assert command.returncode == 2
    assert "pip install 'avrogen[cli]'" in command.stdout
    assert "Traceback" not in command.stdout
    assert list(tmp_path.iterdir()) == []


def test_command_with_extra_builds(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own: the other stays bare."""
    venv.create(tmp_path / "env", with_pip=True)
    install = run(tmp_path / "env/bin/pip", "install", "--quiet", f"{wheel}[cli]", cwd=tmp_path)
    assert install.returncode == 0, install.stdout
    out = tmp_path / "generated_example"
    command = run(tmp_path / "env/bin/avrogen", "build", ROOT / "schemas", "-o", out, cwd=tmp_path)
    assert command.returncode == 0, command.stdout
    use = "from generated_example.com.acme.shop import OrderPlaced"
    assert run(tmp_path / "env/bin/python", "-c", use, cwd=tmp_path).returncode == 0
    explain = run(tmp_path / "env/bin/avrogen", "explain", "AVR203", cwd=tmp_path)
    assert explain.stdout.startswith("AVR203 unknown type\n"), explain.stdout
