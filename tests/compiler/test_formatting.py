"""The cache of formatted text: its text becomes code, so it is the user's own or is not used."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from avrogen.compiler.formatting import FormatCache
from tests.conftest import run_avrogen, run_python, write_schemas
from tests.support.folders import snapshot

FILE = "formatted-1.sqlite3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "caches" / "avrogen"


@pytest.fixture(params=[0o022, 0o002, 0o000, 0o077])
def mask(request: pytest.FixtureRequest) -> Iterator[int]:
    mask: int = request.param
    before = os.umask(mask)
    yield mask
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("mask")
def test_it_is_private(folder: Path) -> None:
    cache = FormatCache(folder)
    cache.keep({"x=1": "x = 1\n"}, "1")
    assert cache.find(["x=1", "y=1"], "1") == {"x=1": "x = 1\n"}
    assert cache.find(["x=1"], "2") == {}
    assert mode(folder) & 0o077 == 0
    assert mode(folder / FILE) == 0o600


@pytest.mark.parametrize("shared", [0o777, 0o775, 0o707, 0o1777])
def test_what_others_could_write_is_dropped(folder: Path, shared: int) -> None:
    cache = FormatCache(folder)
    cache.keep({"x=1": "evil()\n"}, "1")
    folder.chmod(shared)
    assert cache.find(["x=1"], "1") == {}
    assert mode(folder) == 0o700
    cache.keep({"x=1": "x = 1\n"}, "1")
    assert cache.find(["x=1"], "1") == {"x=1": "x = 1\n"}


@pytest.mark.parametrize("shared", [0o666, 0o620, 0o602])
def test_a_file_that_others_could_write_is_dropped(folder: Path, shared: int) -> None:
    cache = FormatCache(folder)
    cache.keep({"x=1": "evil()\n"}, "1")
    (folder / FILE).chmod(shared)
    assert cache.find(["x=1"], "1") == {}


def test_a_link_to_a_cache_is_not_used(folder: Path, tmp_path: Path) -> None:
    FormatCache(folder).keep({"x=1": "evil()\n"}, "1")
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert FormatCache(link).find(["x=1"], "1") == {}
    (folder / FILE).rename(folder / "elsewhere")
    (folder / FILE).symlink_to("elsewhere")
    assert FormatCache(folder).find(["x=1"], "1") == {}


def test_the_cache_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FormatCache(folder).keep({"x=1": "evil()\n"}, "1")
    before = snapshot(folder)
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    cache = FormatCache(folder)
    assert cache.find(["x=1"], "1") == {}
    cache.keep({"x=1": "x = 1\n"}, "1")
    assert snapshot(folder) == before


def test_nothing_is_cached_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that is unknown gives paths such as ``~/.cache``, which a repository may have."""
    monkeypatch.chdir(tmp_path)
    FormatCache(tmp_path / "~").keep({"x=1": "evil()\n"}, "1")
    assert FormatCache(Path("~")).find(["x=1"], "1") == {}
    FormatCache(Path("here")).keep({"x=1": "x = 1\n"}, "1")
    assert not Path("here").exists()


def test_a_user_without_a_home(tmp_path: Path) -> None:
    """``docker run --user 12345`` with an empty environment: no entry of the user, no variable."""
    schemas = write_schemas(tmp_path / "in", {"i.avsc": '"int"'})
    code = (
        "import os, pwd\n"
        "for name in ('HOME', 'XDG_CACHE_HOME'): os.environ.pop(name, None)\n"
        "def unknown(*_): raise KeyError\n"
        "pwd.getpwuid = unknown\n"
        "from avrogen.cli import main; main()\n"
    )
    run = run_python("-c", code, "build", schemas, "-o", tmp_path / "built", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "in"]


def test_values_of_another_type_are_misses(folder: Path) -> None:
    cache = FormatCache(folder)
    cache.keep({"x=1": "x = 1\n"}, "1")
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute("UPDATE formatted SET text = x'ff'")
    connection.close()
    assert cache.find(["x=1"], "1") == {}


@pytest.mark.parametrize("broken", ["text", "a folder", "the folder is a file", "a pipe", "a loop"])
def test_a_build_goes_on_without_a_cache(
    broken: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / FILE
    (folder.parent if broken == "the folder is a file" else folder).mkdir(parents=True)
    match broken:
        case "text":
            file.write_text("no database")
        case "a folder":
            (file / "inner").mkdir(parents=True)
        case "the folder is a file":
            folder.touch()
        case "a pipe":
            os.mkfifo(file)
        case _:
            file.symlink_to(file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    schemas = write_schemas(tmp_path / "in", {"i.avsc": '"int"'})
    result = run_avrogen("build", schemas, "-o", tmp_path / "built")
    assert (result.exit_code, result.stderr) == (0, "")
