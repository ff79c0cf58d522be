"""Git tracks what people wrote: nothing large, and nothing that tools leave."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

LARGEST = 200_000
"""Bytes of a tracked file."""

MAY_BE_LARGE = ("generated_example/", "docs/images/", "tests/golden/")

LEFT_BY_TOOLS = {
    ".venv/bin/python",
    ".venv-3.14/bin/python",
    "venv/bin/python",
    ".nox/tests/x",
    ".tox/py311/x",
    "avrogen-0.1.0-py3-none-any.whl",
    "pillow-12.0.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "build/demo/x",
    "dist/avrogen-0.1.0.tar.gz",
    "avrogen.egg-info/PKG-INFO",
    ".eggs/x",
    "uv.lock",
    "native/target/debug/x",
    "native/avrogen.so",
    "avrogen/native.abi3.so",
    "avrogen/native.pyd",
    "avrogen/__pycache__/x.cpython-311.pyc",
    ".coverage",
    ".coverage.host.1.x",
    "coverage.xml",
    "htmlcov/index.html",
    ".hypothesis/x",
    ".mypy_cache/x",
    ".pytest_cache/x",
    ".ruff_cache/x",
    ".benchmarks/x",
    ".DS_Store",
    "docs/.DS_Store",
    ".idea/x",
    ".vscode/settings.json",
    ".python-version",
    ".env",
    "tests/x.py.swp",
    "tests/x.py~",
    "node_modules/x",
    "npm-debug.log",
}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """The files that git tracks, relative to the top."""
    try:
        top = git("rev-parse", "--show-toplevel").strip()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this is no git checkout: {error}")
    if not ROOT.samefile(top):
        pytest.skip(f"this is no git checkout, but a folder in that of {top}")
    return git("ls-files", "-z").strip("\0").split("\0")


def git(*arguments: str, given: str | None = None) -> str:
    command = ["git", *arguments]
    run = subprocess.run(
        command, cwd=ROOT, input=given, capture_output=True, encoding="utf-8", check=True
    )
    return run.stdout


def too_large(root: Path, paths: list[str]) -> dict[str, int]:
    """Sizes of files that are larger than they may be."""
    sizes = {path: (root / path).lstat().st_size for path in paths if (root / path).is_file()}
    return {
        path: size
        for path, size in sizes.items()
        if size > LARGEST and not path.startswith(MAY_BE_LARGE)
    }


def test_no_tracked_file_is_large(tracked: list[str]) -> None:
    assert "pyproject.toml" in tracked
    assert too_large(ROOT, tracked) == {}, f"over {LARGEST} bytes, outside {MAY_BE_LARGE}"


def test_large_files_are_found(tmp_path: Path) -> None:
    for path, size in {"a.whl": 200_001, "b.py": 200_000, "docs/images/c.png": 200_001}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(bytes(size))
    assert too_large(tmp_path, ["a.whl", "b.py", "docs/images/c.png"]) == {"a.whl": 200_001}


def test_what_tools_leave_is_ignored(tracked: list[str]) -> None:
    ignored = git("check-ignore", "--no-index", "--stdin", given="\n".join(LEFT_BY_TOOLS))
    assert LEFT_BY_TOOLS - set(ignored.splitlines()) == set()


def test_nothing_tracked_is_ignored(tracked: list[str]) -> None:
    """A file that is both is missed by whoever adds one beside it."""
    assert git("ls-files", "--cached", "--ignored", "--exclude-standard").splitlines() == []
