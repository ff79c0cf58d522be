"""``avrogen lint``: find what is valid in schemas and could be better, and fix some of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import (
    PROBLEM_FORMAT,
    SCHEMAS,
    Choice,
    FileError,
    cli_extra,
    configured_paths,
    counted,
    echo,
    echo_problems,
)
from avrogen.config.lint_section import CATEGORIES, STRICT
from avrogen.message_text import printable

if TYPE_CHECKING:
    from avrogen.avro.reports import Format
    from avrogen.lint.fixes import Fixed
    from avrogen.lint.linter import Lint

__all__ = ["lint"]


@click.command()
@SCHEMAS
@click.option(
    "--category",
    "categories",
    multiple=True,
    type=Choice([*CATEGORIES, STRICT]),
    metavar="CATEGORY",
    help="Category of rules: standard, compat, style, docs, privacy, or strict for all; can be "
    "repeated (default: those of avrogen.toml, else standard).",
)
@click.option(
    "--fix",
    "is_fixing",
    is_flag=True,
    help="Fix what can be fixed in the files, keeping layout and comments. The result is proved "
    "compatible (FULL).",
)
@PROBLEM_FORMAT
@click.option("-q", "--quiet", is_flag=True, help="Print no summary.")
def lint(
    schemas: tuple[Path, ...],
    categories: tuple[str, ...],
    is_fixing: bool,
    style: Format,
    quiet: bool,
) -> None:
    """Check SCHEMAS (files and folders) for style and safety beyond what is valid.

    Without SCHEMAS, it is the key schemas of avrogen.toml or pyproject.toml.

    \b
    Example:     avrogen lint schemas/
    Exit codes:  0 no findings, 1 findings or schema errors, 2 other failure
    """
    with cli_extra():
        from avrogen.compiler.discovery import no_schema_files
        from avrogen.lint.linter import lint_paths

    schemas = configured_paths(schemas, style).schemas
    chosen = CATEGORIES if STRICT in categories else categories
    found = lint_paths(schemas, chosen)
    if not found.sources and not found.findings:
        raise click.UsageError(printable(no_schema_files(schemas)))
    fixed = 0
    if is_fixing and not found.has_errors:
        result = _fix(found, chosen)
        found, fixed = result.lint, result.count
    echo_problems(found.diagnostics, style)
    if not quiet:
        echo(_summary(found, fixed))
    sys.exit(1 if found.findings else 0)


def _fix(found: Lint, categories: tuple[str, ...]) -> Fixed:
    from avrogen.compiler.output import rewrite
    from avrogen.lint.fixes import fix

    result = fix(found, categories)
    for path, text in result.texts.items():
        try:
            rewrite(Path(path), text)
        except OSError as error:
            raise FileError(error) from error
    return result


def _summary(found: Lint, fixed: int) -> str:
    files = counted(len(found.sources), "schema file")
    if found.has_errors:
        return f"{files}: {counted(len(found.findings), 'error')}, and no rule was applied"
    fixable = sum(each.is_fixable for each in found.findings)
    parts = [f"{fixed} fixed"] if fixed else []
    parts.append(counted(len(found.findings), "finding") if found.findings else "no findings")
    text = f"{files}: {', '.join(parts)}"
    return f"{text} (--fix may fix {fixable})" if fixable and not fixed else text
