"""Files that commands write and read: their names, how they begin, and keys of settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import avrogen
from tests.frozen.public.scenes import Scene

__all__ = ["configuration_keys", "file_markers", "file_names"]

_TABLE = re.compile(r"^(?:# )?\[([^\]]+)\]$")
_KEY = re.compile(r"^(?:# )?([a-z-]+) = (.+)$")
_HEAD = 80


def configuration_keys() -> Mapping[str, list[str]]:
    """Return the keys of each table of ``avrogen.toml``; ``avrogen init`` writes all of them."""
    with Scene.opened() as scene:
        assert scene.run("init new").exit_code == 0
        text = Path("new/avrogen.toml").read_text("utf-8")
    found: dict[str, list[str]] = {}
    table = "at the top"
    for line in text.splitlines():
        if begun := _TABLE.match(line):
            table = re.sub(r'"[^"]+"', "NAME", begun[1])
        elif key := _KEY.match(line):
            found.setdefault(table, []).append(key[1])
    return found


def file_names() -> Mapping[str, list[str]]:
    """Return the files that commands write."""
    return {command: sorted(files) for command, files in _written().items()}


def file_markers() -> Mapping[str, Mapping[str, list[str]]]:
    """Return the first two lines of each file that commands write; of the site, the first.

    By these a command knows its own files, so that files of earlier versions are replaced.
    """
    return {
        command: {name: _head(text) for name, text in sorted(files.items())}
        for command, files in _written().items()
        if command != "init"  # its files are the user's from then on
    }


def _head(text: str) -> list[str]:
    first, _, rest = text.partition("\n")
    lines = [first] if first.startswith(("<", "/")) else [first, rest.partition("\n")[0]]
    return [line[:_HEAD].replace(avrogen.__version__, "VERSION") for line in lines if line]


@cache
def _written() -> Mapping[str, Mapping[str, str]]:
    with Scene.opened() as scene:
        assert scene.run("init new").exit_code == 0
        assert scene.run("build schemas -o built").exit_code == 0
        assert scene.run("docs schemas -o site").exit_code == 0
        with scene.registry() as url:
            assert scene.run("registry register schemas", "--url", url).exit_code == 0
            pull = scene.run("registry pull shop.orders-value -o pulled", "--url", url)
            assert pull.exit_code == 0, pull.output
            written = {
                command: _texts(scene.folder / folder)
                for command, folder in (
                    ("init", "new"),
                    ("build", "built"),
                    ("docs", "site"),
                    ("registry pull", "pulled"),
                )
            }
    return written


def _texts(folder: Path) -> Mapping[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
