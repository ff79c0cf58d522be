"""The only module that writes: it makes an output folder equal to what a build says.

A file is ours if it begins as :class:`~avrogen.compiler.marks.Marks` say. Files that are not ours
are never changed or removed, and nothing is written through a symbolic link. New text is staged
beside the package first; then files take their places one by one, each at once, modules before the
packages that offer them, and what is no longer wanted goes last: a build that is stopped leaves
a package that can be imported.
"""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location
from avrogen.compiler.marks import PACKAGE_MARKS, Marks

__all__ = ["Changes", "apply", "compare", "create", "unified_diff"]

_STAGE_PREFIX = ".avrogen-"
_STAGE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Changes:
    """What it takes to make a folder current. Paths are relative to it, with ``/``.

    Attributes:
        write: text of the files that are missing or differ.
        remove: files of ours that the build does not make any more.
        unchanged: files that are current.
    """

    write: Mapping[str, str]
    remove: tuple[str, ...]
    unchanged: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def compare(
    out: Path,
    files: Mapping[str, str],
    diagnostics: Diagnostics,
    marks: Marks = PACKAGE_MARKS,
) -> Changes:
    """What differs between a folder, which need not exist, and the files of a build.

    Args:
        out: the folder.
        files: text by path in the folder.
        diagnostics: takes what stands in the way.
        marks: by which our files are known.
    """
    write: dict[str, str] = {}
    unchanged: list[str] = []
    for path, text in sorted(files.items()):
        reason = _reason_against(out, path, marks)
        if reason:
            diagnostics.report(
                Code.OUTPUT_BLOCKED,
                Location((out / path).as_posix()),
                f"cannot be written: {reason}",
                hint="move it away, or choose another output folder",
            )
        elif _read(out / path) == text:
            unchanged.append(path)
        else:
            write[path] = text
    stale = tuple(path for path in _ours(out, marks) if path not in files)
    return Changes(write, stale, tuple(unchanged))


def apply(out: Path, changes: Changes, marks: Marks = PACKAGE_MARKS) -> None:
    """Write and remove.

    Args:
        out: the folder.
        changes: what :func:`compare` found.
        marks: those it was given.

    Raises:
        OSError: the disk is full, or the folder is not ours to write to.
    """
    if not (changes.write or changes.remove):
        return
    out.mkdir(parents=True, exist_ok=True)
    _clear_old_stages(out)
    with tempfile.TemporaryDirectory(prefix=_STAGE_PREFIX, dir=out) as stage:
        order = sorted(changes.write, key=lambda path: _order(path, out, marks))
        for number, path in enumerate(order):
            Path(stage, str(number)).write_text(changes.write[path], "utf-8", newline="\n")
        for number, path in enumerate(order):
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(stage, str(number)), out / path)
    for path in changes.remove:
        (out / path).unlink(missing_ok=True)
    _remove_empty_folders(out, changes.remove)


def create(file: Path, text: str) -> bool:
    """Write a file, unless something is in its place.

    Returns:
        Whether it was written.

    Raises:
        OSError: the disk is full, or the folder is not ours to write to.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError:
        return False
    return True


def unified_diff(out: Path, changes: Changes) -> Iterator[str]:
    """Lines that show what a build would change, as ``diff -u`` does."""
    for path in sorted({*changes.write, *changes.remove}):
        name = (PurePosixPath(out.as_posix()) / path).as_posix()
        exists = (out / path).exists()
        old = (_read(out / path) or "") if exists else ""
        new = changes.write.get(path, "")
        yield from difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            name if exists else "/dev/null",
            name if path in changes.write else "/dev/null",
        )


# --- what is there --------------------------------------------------------------------------------


def _reason_against(out: Path, path: str, marks: Marks) -> str | None:
    """Why a path must not be written, if anything stands against it."""
    for parent in list(PurePosixPath(path).parents)[-2::-1]:
        folder = out / parent
        if folder.is_symlink():
            return f"{folder.as_posix()} is a symbolic link"
        if folder.exists() and not folder.is_dir():
            return f"{folder.as_posix()} is a file"
    target = out / path
    if target.is_symlink():
        return "it is a symbolic link"
    if target.is_dir():
        return "it is a folder"
    text = _read(target)
    header = marks.headers.get(target.suffix)
    if text and not (header and text.startswith(header)):
        return "it was not generated by avrogen"
    return None


def _read(path: Path) -> str | None:
    """The text of a file if there is one. Line ends do not count, as git may change them."""
    try:
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _ours(out: Path, marks: Marks) -> Iterator[str]:
    """Generated files in the folder, but for output that others have put inside it."""
    for folder, subfolders, names in os.walk(out):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and not _is_other_output(Path(folder, name), marks)
        )
        for name in sorted(names):
            path = Path(folder, name)
            header = marks.headers.get(path.suffix)
            if header and not path.is_symlink() and _begins(path, header):
                yield path.relative_to(out).as_posix()


def _begins(path: Path, head: str) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head.encode()


def _is_other_output(folder: Path, marks: Marks) -> bool:
    """Whether a folder is the top of an output of its own."""
    return (_read(folder / marks.root) or "").startswith(marks.root_head)


# --- how it is changed ----------------------------------------------------------------------------


def _order(path: str, out: Path, marks: Marks) -> tuple[bool, bool, str]:
    """New files first, then changed ones; what names the others (``__init__``) after both."""
    return PurePosixPath(path).name == marks.root, (out / path).exists(), path


def _clear_old_stages(out: Path) -> None:
    """Remove what a build left that was killed while it staged; younger ones may be at work."""
    for stage in out.glob(f"{_STAGE_PREFIX}*"):
        if time.time() - stage.stat().st_mtime > _STAGE_SECONDS:
            shutil.rmtree(stage, ignore_errors=True)


def _remove_empty_folders(out: Path, removed: Iterable[str]) -> None:
    """Remove the folders that removed files leave empty, but for Python's bytecode of them."""
    folders = {parent for path in removed for parent in list(PurePosixPath(path).parents)[:-1]}
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        path = out / folder
        if path.is_dir() and {entry.name for entry in path.iterdir()} <= {"__pycache__"}:
            shutil.rmtree(path)
