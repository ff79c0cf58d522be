"""What tests share: profiles of hypothesis, and the doors through which avrogen is tried.

``avrogen`` runs the command as a user would, in this process. ``build`` does so for a few schemas
and imports what came out. Both keep to the folder of the test.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeAlias, cast

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from avrogen.cli import main
from tests.docs.summary import NOT_RUN
from tests.faults.counting import Miscount
from tests.faults.report import FIGURES, table
from tests.services.fixtures import (
    ON_SERVICES,
    avro_idl,
    avro_java,
    canonical_registry,
    make_kafka,
    make_registry,
    real_kafka,
    real_registry,
)
from tests.support.distributions import DISTRIBUTED, distributions, new_environment, wheel
from tests.support.shared import COUNTS

ROOT = Path(__file__).parents[1]
"""The checkout."""

collect_ignore_glob = ["downstream/*/tests"]
"""Tests of the repositories there, which run where those are copied to."""

Schemas: TypeAlias = Mapping[str, Any]
"""Texts of schema files by path; anything that is no text is written as JSON."""

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))


class Build(Protocol):
    """Builds schemas and imports the package."""

    def __call__(self, schemas: Schemas | Path, package: str = "built") -> ModuleType: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests together that share what is costly to set up: real services, and the wheel."""
    registries = (canonical_registry, make_registry, real_registry)
    services = (avro_idl, avro_java, make_kafka, real_kafka, *registries)
    packages = (distributions, new_environment, wheel)
    dear = {fixture.__name__: ON_SERVICES for fixture in services}
    dear |= {fixture.__name__: DISTRIBUTED for fixture in packages}
    for item in items:
        if item.get_closest_marker("xdist_group") or not isinstance(item, pytest.Function):
            continue
        for name in item.fixturenames:
            if name in dear:
                item.add_marker(dear[name])
                break


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps formatted text of all workers of this run in one place, away from the user's own."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


_WITH_SERVERS = (
    "docs/",
    "faults/",
    "interop/",
    "kafka/",
    "registry_sync/",
    "services/",
    "testing/broker/",
    "testing/registry/",
    "testing/test_",
)
"""Tests that talk to servers, where a slow machine can make things late."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Try a test with servers again if it fails: twice at most, and the run says so.

    Not if messages were lost or doubled, which is no matter of time.
    """
    tests = ROOT / "tests"
    place = item.path.relative_to(tests).as_posix() if item.path.is_relative_to(tests) else ""
    if place.startswith(_WITH_SERVERS):
        item.add_marker(pytest.mark.flaky(reruns=2, rerun_except=Miscount))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases of other implementations were run, what of the documentation was not,
    and what fault tests counted."""
    reports: list[pytest.TestReport] = terminalreporter.stats.get("passed", [])
    notes = [note for report in reports for note in report.user_properties]
    lines = {str(line) for key, line in notes if key == COUNTS}
    if lines:
        terminalreporter.section("cases of other implementations")
        terminalreporter.write_line("\n".join(sorted(lines)))
    unrun = sorted(str(line) for key, line in notes if key == NOT_RUN)
    if unrun:
        terminalreporter.section(f"{len(unrun)} blocks of documentation are not run")
        terminalreporter.write_line("\n".join(unrun))
    figures = [cast("list[str]", row) for key, row in notes if key == FIGURES]
    if figures:
        terminalreporter.section("messages counted after faults")
        terminalreporter.write_line(table(figures))


def write_schemas(folder: Path, schemas: Schemas) -> Path:
    """Write schema files into a folder, which is returned."""
    for path, content in schemas.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return folder


def run_avrogen(*arguments: str | Path) -> Result:
    """The command in this process: exit code, stdout and stderr of it."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def avrogen() -> Callable[..., Result]:
    """The command."""
    return run_avrogen


def run_python(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """This Python in a process of its own, with what stands in ``environment`` added."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,  # nothing here takes a tenth of it
        check=False,
    )


def forget(package: str) -> None:
    """Take a package out of the imported modules."""
    for name in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        del sys.modules[name]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Builds into the test's folder; packages are forgotten after the test."""
    built: set[str] = set()
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]

    def build_and_import(schemas: Schemas | Path, package: str = "built") -> ModuleType:
        folder = schemas
        if not isinstance(folder, Path):
            folder = write_schemas(tmp_path / "schemas" / package, folder)
        result = run_avrogen("build", folder, "-o", tmp_path / package)
        assert result.exit_code == 0, result.stderr
        built.add(package)
        forget(package)
        importlib.invalidate_caches()
        return importlib.import_module(package)

    yield build_and_import
    for package in built:
        forget(package)
