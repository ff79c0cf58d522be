"""Set up ``.venv``, and run the demo, the tests or a part of them in it, with Python alone.

The Makefile calls this, and so can uv: ``uv run dev.py demo``. A ``.venv`` that uv keeps is used
as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
READY = ENVIRONMENT / ".ready"
"""Newer than ``pyproject.toml`` if all that it asks for was installed."""

OLDEST_PYTHON = (3, 11)
EXTRAS = ("cli", "files", "kafka", "otel", "testing")
"""All but ``native``, which is built from ``native/``."""

CHECKED = ("avrogen", "tests", "generated_example", "benchmarks", "examples", "docs", "dev.py")
"""The code that ruff and black read."""

NATIVE = ROOT / "native"
NATIVE_READY = ENVIRONMENT / ".native"
"""Newer than all of ``native/`` if the native codec was built from it, and installed."""

ON_BOTH_BACKENDS = (
    "tests/codec",
    "tests/frozen",
    "tests/fuzz",
    "tests/kafka/serde",
    "tests/compiler/test_corpora.py",
)
"""Tests that run a second time, with the native codec."""

DEMO = ROOT / "build/demo"


def interpreter(environment: Path, system: str = os.name) -> Path:
    """Return the Python of a virtual environment.

    Args:
        environment: its folder.
        system: ``os.name`` of where it is.
    """
    return environment / ("Scripts/python.exe" if system == "nt" else "bin/python")


PYTHON = interpreter(ENVIRONMENT)


def setup() -> None:
    """Install avrogen and all tools into .venv, if they are not there."""
    if _is_ready():
        return
    version = ".".join(map(str, sys.version_info[:3]))
    _say(f"setting up .venv with Python {version} (once; takes about a minute)")
    if not _runs_inside():
        _run(sys.executable, "-m", "venv", str(ENVIRONMENT))
    pip = ("pip", "install", "--quiet", "--disable-pip-version-check")
    _module(*pip, "--upgrade", "pip>=25.1")  # the first that knows groups
    _module(*pip, "--editable", f".[{','.join(EXTRAS)}]", "--group", "dev")
    READY.touch()


def demo() -> None:
    """Build the example schemas; send events of each topic, receive them."""
    package = "build/demo/generated_example"
    _say(f"avrogen build schemas/ -o {package}")
    shutil.rmtree(DEMO, ignore_errors=True)
    _module("avrogen", "build", "schemas/", "-o", package)
    _say("python examples/demo.py, with the package that was just built")
    _run(str(PYTHON), "examples/demo.py", PYTHONPATH=str(DEMO))


def test() -> None:
    """Run everything that CI runs: lint, types, pytest with both backends of the codec."""
    lint()
    types()
    pytest()


def lint() -> None:
    """Check with ruff and black, and the Rust code with rustfmt and clippy."""
    _say("ruff check")
    _module("ruff", "check", *CHECKED)
    _say("black --check")
    _module("black", "--check", *CHECKED)
    if _cargo() is not None:
        _say("cargo fmt --check, cargo clippy")
        _run_cargo("fmt", "--check")
        _run_cargo("clippy", "--quiet", "--locked", "--all-targets", "--", "--deny", "warnings")


def native() -> bool:
    """Build the native codec from source and install it into .venv, if cargo is there.

    Returns:
        False: it was skipped.
    """
    if _cargo() is None:
        if os.environ.get("AVROGEN_REQUIRE_SERVICES"):
            sys.exit("cargo was not found: the native codec must be built and tested here")
        _say("cargo was not found: the native codec is neither built nor tested")
        return False
    sources = [path for path in NATIVE.rglob("*") if "target" not in path.parts]
    newest = max(path.stat().st_mtime for path in sources)
    if not NATIVE_READY.exists() or NATIVE_READY.stat().st_mtime < newest:
        _say("building the native codec (takes a minute)")
        # The configuration of this checkout has uv leave out the native codec.
        install = ("uv", "--no-config", "pip", "install", "--quiet", "--python", str(PYTHON))
        _module(*install, "--reinstall", "--no-deps", "./native", PATH=_path_with_cargo())
        NATIVE_READY.touch()
    return True


def types() -> None:
    """Check types with mypy and pyright, both strict."""
    _say("mypy --strict")
    _module("mypy")
    _say("pyright (strict)")
    _module("pyright", "--pythonpath", str(PYTHON))


def pytest() -> None:
    """Run the tests; those of the codec with both backends."""
    has_native = native()
    _module("tests.services")
    options = ("-n", "auto", "--dist", "loadgroup", "-q")
    _say("pytest")
    _module("pytest", *options, AVROGEN_BACKEND="python")
    if has_native:
        _say("cargo test")
        _run_cargo("test", "--quiet", "--locked")
        _say(f"pytest with the native codec: {' '.join(ON_BOTH_BACKENDS)}")
        _module("pytest", *options, *ON_BOTH_BACKENDS, AVROGEN_BACKEND="native")


def reformat() -> None:
    """Format the code with ruff and black."""
    _module("ruff", "check", "--fix-only", "--quiet", *CHECKED)
    _module("black", "--quiet", *CHECKED)


COMMANDS: dict[str, Callable[[], object]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "types": types,
    "native": native,
    "pytest": pytest,
    "format": reformat,
    "setup": setup,
}


def main() -> None:
    """Run the command that is named; exit with the code of what failed in it."""
    if sys.version_info < OLDEST_PYTHON:
        oldest, found = (".".join(map(str, v[:2])) for v in (OLDEST_PYTHON, sys.version_info))
        sys.exit(f"avrogen needs Python {oldest} or newer; {sys.executable} is Python {found}")
    parser = argparse.ArgumentParser(prog="dev.py", description="Work on avrogen.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    command = COMMANDS[parser.parse_args().command]
    try:
        setup()
        command()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)


def _runs_inside() -> bool:
    """Return true if the Python of .venv is the one that runs this."""
    return ENVIRONMENT.exists() and Path(sys.prefix).samefile(ENVIRONMENT)


def _is_ready() -> bool:
    """Return true if nothing is to install: .venv is current, or uv keeps it."""
    if READY.exists():
        return READY.stat().st_mtime >= (ROOT / "pyproject.toml").stat().st_mtime
    return _runs_inside()


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


def _module(*arguments: str, **environment: str) -> None:
    """Run a module with the Python of .venv."""
    _run(str(PYTHON), "-m", *arguments, **environment)


def _cargo() -> str | None:
    """Return the path of cargo, which need not be on the PATH; None: it is not installed."""
    return shutil.which("cargo", path=_path_with_cargo())


def _path_with_cargo() -> str:
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(home / "bin")])


def _run_cargo(command: str, *arguments: str) -> None:
    """Run a command of cargo for the native codec."""
    cargo = _cargo()
    assert cargo is not None, "the caller has looked for it"
    manifest = ("--manifest-path", str(NATIVE / "Cargo.toml"))
    _run(cargo, command, *manifest, *arguments, PATH=_path_with_cargo())


def _run(*command: str, **environment: str) -> None:
    """Run a command at the top of the checkout.

    Raises:
        CalledProcessError: it failed.
    """
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


if __name__ == "__main__":
    main()
