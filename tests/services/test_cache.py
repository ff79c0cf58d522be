"""Downloads are made once, whole, and by one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.services import __main__ as downloads
from tests.services import cache, fixtures, java
from tests.services.cache import cached_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(cache, "_CACHE", tmp_path / "cache")
    yield tmp_path / "cache"


def test_it_is_made_once_however_many_want_it() -> None:
    made: list[Path] = []
    others = threading.Barrier(4)

    def make(draft: Path) -> None:
        made.append(draft)
        (draft / "file").write_text("whole")

    def want(_: int) -> str:
        others.wait()
        return (cached_folder("jars", "downloading", make) / "file").read_text()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(want, range(4))) == ["whole"] * 4
    assert len(made) == 1


def test_what_was_interrupted_is_made_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(draft: Path) -> None:
        (draft / "half").write_text("half")
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        cached_folder("jars", "downloading", fail)
    assert not (folder / "jars").exists()
    made = cached_folder("jars", "downloading", lambda draft: (draft / "whole").touch())
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert capsys.readouterr().err.count(f"==> downloading into {folder} (once)") == 2


def test_without_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = java.missing_tools()
    assert missing == "not installed: java, javac, mvn"
    monkeypatch.setenv("CI", "true")  # of a stranger
    monkeypatch.delenv(java.REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed: java"):
        fixtures.go_without(missing)
    downloads.main()
    assert "real broker and registry are skipped: not installed: java" in capsys.readouterr().err
    monkeypatch.setenv(java.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="not installed: java"):
        fixtures.go_without(missing)
    with pytest.raises(SystemExit, match=r"AVROGEN_REQUIRE_SERVICES is set.*installed: java"):
        downloads.main()
