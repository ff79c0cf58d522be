"""Files and folders of strangers: nothing blocks, nothing multiplies, nothing recurses."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from avrogen.regular_files import MAX_BYTES, FolderWalk, link_on_path, read_file


def test_a_file_and_a_link_to_it(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"text")
    link.symlink_to(file)
    assert read_file(file) == read_file(link) == b"text"
    assert read_file(file, limit=2) == b"te"
    with pytest.raises(OSError, match="a symbolic link"):
        read_file(link, links=False)


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "/dev/zero", "/dev/tty", "huge"])
@pytest.mark.parametrize("linked", [False, True])
def test_other_things_are_refused(
    kind: str, linked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(kind) if kind.startswith("/") else tmp_path / "thing"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            listening = socket.socket(socket.AF_UNIX)
            listening.bind("thing")  # paths of sockets are short
            listening.close()
        case "folder":
            path.mkdir()
        case "huge":
            with path.open("wb") as file:
                file.truncate(MAX_BYTES + 1)
        case _:
            assert path.exists()
    if linked:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"
    with pytest.raises(OSError) as caught:
        read_file(path)
    assert caught.value.filename == str(path)
    assert caught.value.strerror


def test_links_do_not_multiply_a_walk(tmp_path: Path) -> None:
    """Two links in each of 40 folders are a trillion paths to the last one."""
    for number in range(40):
        folder = tmp_path / f".{number}"
        folder.mkdir()
        (folder / "file").touch()
        if number:
            for name in ("a", "b"):
                (tmp_path / f".{number - 1}" / name).symlink_to(folder)
    loops: list[Path] = []
    walk = FolderWalk(links=True, loop=loops.append)
    assert len(list(walk.files(tmp_path / ".0"))) == 40
    assert loops == []
    assert list(walk.files(tmp_path / ".0")) == []


def test_a_loop_is_reported(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/back").symlink_to(tmp_path)
    loops: list[Path] = []
    assert list(FolderWalk(links=True, loop=loops.append).files(tmp_path)) == []
    assert loops == [tmp_path / "inner/back"]


def test_deep_folders_are_walked(tmp_path: Path) -> None:
    folders = [tmp_path]
    while len(str(folders[-1])) < 3500:
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    file = folders[-1] / "file"
    file.touch()
    try:
        assert len(folders) > 1500
        assert list(FolderWalk(links=False).files(tmp_path)) == [file]
    finally:
        file.unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_links_that_writing_would_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real/inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert link_on_path(Path("real/inner")) is None
    assert link_on_path(Path("link")) == Path("link")
    assert link_on_path(Path("link/inner")) == Path("link")
    assert link_on_path(tmp_path / "link/inner") == Path("link")
    # A link outside the current folder belongs to the machine, unless it is the path itself.
    monkeypatch.chdir(tmp_path / "real")
    assert link_on_path(tmp_path / "link/inner") is None
    assert link_on_path(tmp_path / "link") == tmp_path / "link"
