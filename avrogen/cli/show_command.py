"""``avrogen show``: print a schema file of any kind as the JSON of a schema."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import PROBLEM_FORMAT, cli_extra, echo, echo_problems
from avrogen.message_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.model import AvroType
    from avrogen.avro.parser import Parsed
    from avrogen.avro.reports import Format

__all__ = ["show"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("schemas", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--type", "name", metavar="NAME", help="Print this type only, by its full name.")
@PROBLEM_FORMAT
def show(file: Path, schemas: tuple[Path, ...], name: str | None, style: Format) -> None:
    """Print FILE (.avsc, .avdl, .avpr) as one self-contained schema.

    Types that it refers to are read from SCHEMAS (files and folders); without those, from the
    folder around FILE that has an avrogen.toml, or else its own. Several types are printed as an
    array, each defined once.

    \b
    Example:     avrogen show schemas/shop/order_placed.avsc
    Exit codes:  0 success, 1 schema errors, 2 other failure
    """
    with cli_extra():
        from avrogen.avro.diagnostics import Diagnostics
        from avrogen.avro.schema_json import self_contained_json
        from avrogen.avro.schema_text import file_text
        from avrogen.compiler.discovery import parse_schemas, read_sources
        from avrogen.config.run_config import read_config

    # Alone first: what else is in its folder may have problems that are none of this file's.
    folder = _configured_folder(file)
    found: list[Diagnostic] = []
    for paths in [(file, *schemas)] if schemas else [(file,), (file, folder)]:
        diagnostics = Diagnostics()
        config = read_config(schemas or (folder,), diagnostics)
        parsed = parse_schemas(read_sources(paths, diagnostics), config, diagnostics)
        type_ = _type(parsed, file, name)
        files = {file.as_posix(), *_files(parsed, type_)}
        found = [each for each in diagnostics if each.location.path in files]
        if type_ is not None and not _has_errors(found):
            echo(file_text(self_contained_json(type_, parsed.types)), nl=False)
            return
    echo_problems(found, style)
    if not _has_errors(found):
        place = printable(file.as_posix())
        what = "no types" if name is None else f"no type {printable(name)}, nor does its folder"
        raise click.UsageError(f"{place} defines {what}.")
    sys.exit(1)


def _has_errors(found: Iterable[Diagnostic]) -> bool:
    return any(each.severity == "error" for each in found)


def _configured_folder(file: Path) -> Path:
    """Return the nearest folder around a file with an ``avrogen.toml``, or else its own folder."""
    from avrogen.config.config_files import FILE_NAME

    for folder in file.parents:
        if (folder / FILE_NAME).is_file():
            return folder
    return file.parent


def _files(parsed: Parsed, type_: AvroType | None) -> set[str]:
    """Return the paths of the files that define what a type consists of."""
    from avrogen.avro.model import mentions, references

    files: set[str] = set()
    waiting = [*references(type_)] if type_ is not None else []
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in parsed.types and name not in seen:
            seen.add(name)
            named = parsed.types[name]
            if named.origin is not None:
                files.add(named.origin.source.path)
            waiting.extend(mentions(named))
    return files


def _type(parsed: Parsed, file: Path, name: str | None) -> AvroType | None:
    """Return the type of a file: that at its top, or else those that it defines; None: neither."""
    from avrogen.avro.model import Reference, Union

    real = os.path.realpath(file)
    defined = {
        full: named.origin.pointer
        for full, named in parsed.types.items()
        if named.origin is not None and os.path.realpath(named.origin.source.path) == real
    }
    if name is not None:
        return Reference(name) if name in parsed.types else None
    for root in parsed.roots:
        if os.path.realpath(root.source.path) == real:
            return root.type
    if not defined:
        return None
    if len(defined) == 1:
        return Reference(*defined)
    in_order = sorted(
        defined, key=lambda full: [step for step in defined[full] if isinstance(step, int)]
    )
    return Union(tuple(map(Reference, in_order)))
