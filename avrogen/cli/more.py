"""Where problems are explained, said to people who have just seen some."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic, Format

__all__ = ["say_more"]


def say_more(diagnostics: Sequence[Diagnostic], style: Format) -> None:
    """After errors as text, on a terminal only: how to see what the first of them means."""
    errors = [d.code.id for d in diagnostics if d.severity == "error"]
    if errors and style == "text" and sys.stderr.isatty():
        click.echo(f"avrogen explain {errors[0]} says more", err=True)
