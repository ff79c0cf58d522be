"""WHERE of the command line: what schemas are compared with.

Schemas in files and folders.

Schemas in a package of generated code, which is read and never run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.avro.source import Source
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.output import HEADER, ROOT_MARK, SOURCE_MARK
from avrogen.config.config import read_config
from avrogen.evolution.git_baseline import git_snapshot
from avrogen.evolution.snapshot import BaselineError, Snapshot, snapshot

__all__ = ["folder_snapshot", "is_generated", "is_registry", "old_snapshot", "package_snapshot"]

_GIT = "git:"


def is_registry(where: str) -> bool:
    """Whether it is the URL of a schema registry."""
    return re.match(r"https?://", where, re.IGNORECASE) is not None


def old_snapshot(where: str, schemas: Sequence[Path]) -> Snapshot:
    """The schemas at a place that is no registry.

    Args:
        where: a folder or a file with schemas, a generated package, or ``git:REF``.
        schemas: the new schemas, which git is asked for at that ref.

    Raises:
        WhereError: there is nothing to compare with.
    """
    if where.startswith(_GIT):
        return git_snapshot(where.removeprefix(_GIT), schemas)
    path = Path(where)
    if not path.exists():
        raise BaselineError(
            f"There is no {where}.",
            "name a folder, a generated package, a commit (git:main) or a registry (https://...)",
        )
    return package_snapshot(path) if is_generated(path) else folder_snapshot(path)


def folder_snapshot(path: Path) -> Snapshot:
    """The schemas of a folder or a file, with the topics of its configuration.

    A configuration that cannot be read is as good as none: it may be of another version.

    Raises:
        WhereError: there are no schemas, or something is wrong with them.
    """
    diagnostics = Diagnostics()
    sources = read_sources([path], diagnostics)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    name = path.as_posix()
    if errors:
        raise BaselineError(f"The schemas in {name} cannot be read.", diagnostics=errors)
    return snapshot(name, sources, read_config([path], Diagnostics()).topics)


_SOURCE = re.compile(rf"^{re.escape(SOURCE_MARK)}(.+)$", re.MULTILINE)


def is_generated(folder: Path) -> bool:
    """Whether a folder is a generated package, or a part of one."""
    return _read(folder / "__init__.py").startswith(HEADER)


def package_snapshot(folder: Path) -> Snapshot:
    """The schemas that a generated package carries.

    Raises:
        WhereError: it is only a part of a package, or something is wrong with it.
    """
    if not _read(folder / "__init__.py").startswith(f"{HEADER}\n{ROOT_MARK}"):
        raise BaselineError(
            f"{folder.as_posix()} is a part of a generated package.",
            "name the folder of the whole package: the one that holds py.typed",
        )
    return snapshot(folder.as_posix(), [s for p in _modules(folder) for s in _schemas(p)])


def _modules(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        if path.name != "__init__.py" and _read(path).startswith(HEADER):
            yield path


def _schemas(path: Path) -> Iterator[Source]:
    """Every schema that stands in a module as ``Schema.embedded(TEXT, ...)``.

    Modules may have another name for ``Schema``. The name of a source is that of the schema file,
    as far as the module says so: what a file has at its top, and is no named type, is known by it.
    """
    text = _read(path)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BaselineError(f"{path.as_posix()} is no Python that can be read: {error}") from None
    names = _SOURCE.findall(text[: text.find("\n\n")])
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
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return ""
