"""The same schemas give the same bytes, whatever machine, order and folder they are built in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python
from tests.support.folders import snapshot

SCHEMAS = ROOT / "schemas"


def build(
    out: Path, *schemas: str | Path, cwd: Path = ROOT, **environment: str
) -> dict[str, bytes]:
    """Build in a process of its own and without formatted text of earlier builds."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(out.parent / "cache"),
        **environment,
    }
    run = run_python("-m", "avrogen", "build", *schemas, "-o", out, cwd=cwd, **environment)
    assert run.returncode == 0, run.stderr
    return snapshot(out)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return build(tmp_path_factory.mktemp("expected") / "built", SCHEMAS)


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_hash_seeds(tmp_path: Path, expected: dict[str, bytes], seed: str) -> None:
    assert build(tmp_path / "built", SCHEMAS, PYTHONHASHSEED=seed) == expected


@pytest.mark.parametrize("name", ["C", "C.UTF-8", "POSIX", "tr_TR.UTF-8"])
def test_locales(tmp_path: Path, expected: dict[str, bytes], name: str) -> None:
    """Also where Python does not switch to UTF-8 by itself."""
    out = tmp_path / "built"
    assert build(out, SCHEMAS, LC_ALL=name, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") == expected


def test_time_zone(tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert build(tmp_path / "built", SCHEMAS, TZ="Pacific/Kiritimati") == expected


def test_working_directories(tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert build(tmp_path / "a/built", SCHEMAS, cwd=tmp_path) == expected
    assert build(tmp_path / "b/built", Path("schemas"), cwd=ROOT) == expected
    assert build(tmp_path / "c/built", Path("."), cwd=SCHEMAS) == expected
    assert build(tmp_path / "d/built", Path("../schemas/."), cwd=ROOT / "tests") == expected


def test_order_of_files_in_the_folder(tmp_path: Path, expected: dict[str, bytes]) -> None:
    """File systems list files as they were made, or in an order of their own."""
    files = [path for path in SCHEMAS.rglob("*") if path.is_file()]
    for name, order in (("up", sorted(files)), ("down", sorted(files, reverse=True))):
        folder = tmp_path / name
        for path in order:
            copy = folder / path.relative_to(SCHEMAS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        assert build(tmp_path / f"{name}-out/built", folder) == expected


def test_order_of_arguments(tmp_path: Path) -> None:
    parts = [SCHEMAS / "shop", SCHEMAS / "common", SCHEMAS / "payment", SCHEMAS / "logistics"]
    first = build(tmp_path / "a/built", *parts)
    assert build(tmp_path / "b/built", *reversed(parts)) == first


def test_earlier_builds(tmp_path: Path, expected: dict[str, bytes]) -> None:
    """Neither what was formatted before nor what lies in the output folder makes a difference."""
    out = tmp_path / "built"
    assert build(out, SCHEMAS / "common") != expected
    assert build(out, SCHEMAS) == expected
    assert build(out, SCHEMAS) == expected
