"""Baselines: the schemas that ``--against`` names, read from a folder, a package or git.

A generated package is parsed and never imported. Registries are in
:mod:`avrogen.evolution.registry_baseline`: their subjects have versions, not snapshots.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.avro.source import Source
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.literals import comment_text
from avrogen.compiler.output import HEADER, ROOT_MARK, SOURCE_MARK
from avrogen.config.config import Config
from avrogen.config.run_config import read_config
from avrogen.evolution.git_baseline import git_snapshot
from avrogen.evolution.snapshot import BaselineError, Snapshot, snapshot
from avrogen.regular_files import FolderWalk, read_file

__all__ = ["is_registry", "read_baseline"]

_GIT = "git:"

_SOURCE = re.compile(rf"^{re.escape(SOURCE_MARK)}(.+)$", re.MULTILINE)


def is_registry(baseline: str) -> bool:
    """Return whether a baseline is the URL of a schema registry."""
    return re.match(r"https?://", baseline, re.IGNORECASE) is not None


def read_baseline(baseline: str, schemas: Sequence[Path]) -> Snapshot:
    """Read the schemas of a baseline that is not a registry.

    Args:
        baseline: a folder or file with schemas, a generated package, or ``git:REF``.
        schemas: paths of the new schemas; git is asked for the same paths at that ref.

    Raises:
        BaselineError: there is nothing to compare with.
    """
    if baseline.startswith(_GIT):
        return git_snapshot(baseline.removeprefix(_GIT), schemas)
    path = Path(baseline)
    if not path.exists():
        raise BaselineError(
            f"path does not exist: {_without_userinfo(baseline)}",
            "name a folder, a generated package, a commit (git:main) or a registry (https://...)",
        )
    if _is_generated(path):
        # The package does not contain its configuration.
        return _package_snapshot(path, read_config(schemas, Diagnostics(), is_one_package=False))
    return _folder_snapshot(path)


def _without_userinfo(baseline: str) -> str:
    """Remove what may be the password of a misspelled URL."""
    userinfo, at, place = baseline.rpartition("@")
    return f"...@{place}" if at and ":" in userinfo else baseline


# --- folders --------------------------------------------------------------------------------------


def _folder_snapshot(path: Path) -> Snapshot:
    """Read the schemas of a folder or file, with the topics of its configuration.

    An unreadable configuration is ignored: it may be of another version of avrogen.

    Raises:
        BaselineError: there are no schemas, or they have errors.
    """
    diagnostics = Diagnostics()
    sources = read_sources([path], diagnostics)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    name = path.as_posix()
    if errors:
        raise BaselineError(f"cannot read the schemas in {name}", diagnostics=errors)
    return snapshot(name, sources, read_config([path], Diagnostics()))


# --- generated packages ---------------------------------------------------------------------------


def _is_generated(folder: Path) -> bool:
    """Return whether a folder is a generated package or a subpackage of one."""
    return _read(folder / "__init__.py").startswith(HEADER)


def _package_snapshot(folder: Path, config: Config) -> Snapshot:
    """Read the schemas that are embedded in a generated package.

    Raises:
        BaselineError: the folder is a subpackage, or a module of it cannot be parsed.
    """
    if not _read(folder / "__init__.py").startswith(f"{HEADER}\n{ROOT_MARK}"):
        raise BaselineError(
            f"{folder.as_posix()} is a subpackage of a generated package",
            "name the folder of the whole package: the one that contains py.typed",
        )
    sources = [source for path in _modules(folder) for source in _schemas(path)]
    return snapshot(folder.as_posix(), sources, replace(config, topics=()))


def _modules(folder: Path) -> Iterator[Path]:
    modules = FolderWalk(links=False).files(folder)
    for path in sorted(path for path in modules if path.suffix == ".py"):
        if path.name != "__init__.py" and _read(path).startswith(HEADER):
            yield path


def _schemas(path: Path) -> Iterator[Source]:
    """Yield every schema that a module embeds as ``Schema.embedded(TEXT, ...)``.

    Modules may import ``Schema`` under another name. A source is named after its schema file if the
    module states it: the root type of a file is identified by that name unless it is a named type.
    """
    text = _read(path)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BaselineError(f"cannot parse {path.as_posix()} as Python: {error}") from None
    names = list(map(comment_text, _SOURCE.findall(text[: text.find("\n\n")])))
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(), attr="embedded"),
                args=[ast.Constant(str(schema)), *_],
            ):
                yield Source(path.as_posix(), schema, names[0] if names else path.name)
            case _:
                pass


def _read(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return ""
