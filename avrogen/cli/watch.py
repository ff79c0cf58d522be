"""``avrogen build --watch``: a build after each change, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import click

from avrogen.extras import CLI_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.compiler.discovery import InputStamps
    from avrogen.compiler.output import Changes

__all__ = ["Build", "watch"]

_LOOK = 1000
"""Milliseconds after which one looks without having been told of a change."""

_QUIET = 50
"""Milliseconds without a change after which a series of changes, such as a checkout, is over."""


class Build(Protocol):
    """A build that prints problems, and what was done unless it is quiet."""

    def __call__(self, *, quiet: bool) -> Changes: ...


def watch(schemas: Sequence[Path], build: Build, *, quiet: bool) -> NoReturn:
    """Build, and build again whenever something has changed that a build reads.

    Args:
        schemas: files and folders, which may go and come back.
        build: reads them.
        quiet: whether to print problems only.

    Raises:
        SystemExit: 0, after Ctrl-C.
        UsageError: the watcher is not installed.
    """
    try:
        looks = _looks(schemas)
        before = None
        while True:
            # What a build writes is no input, so it does not lead to the next one. What changes
            # while it reads does.
            stamps = next(looks)
            if stamps != before:
                _build(build, quiet)
            before = stamps
    except KeyboardInterrupt:
        # A build that is stopped leaves a package that works; see compiler/output.py.
        sys.exit(0)


def _build(build: Build, quiet: bool) -> None:
    """Build once, and say in a line what came of it."""
    started = time.monotonic()
    try:
        changes = build(quiet=True)
    except SystemExit:
        done = "nothing written"
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        done = "nothing written"
    else:
        files = len(changes.write) + len(changes.unchanged)
        changed = len(changes.write) + len(changes.remove)
        done = f"built {files} files, {changed} changed"
    if not quiet:
        click.echo(f"{done}, in {time.monotonic() - started:.1f} s")


def _looks(schemas: Sequence[Path]) -> Iterator[InputStamps]:
    """What a build would read: at once, after each change, and every second.

    Looking without being told makes good what no watcher sees: a folder that comes back, the
    target of a link, a network share, what has changed before it was watched.
    """
    try:
        from watchfiles import watch as changes

        from avrogen.compiler.discovery import file_identity, input_stamps
        from avrogen.config.config import config_files
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None

    while True:
        yield input_stamps(schemas)
        paths = dict.fromkeys((*schemas, *config_files(schemas)))
        places = {path: file_identity(path) for path in paths}
        told = changes(
            *(path for path, there in places.items() if there),
            watch_filter=None,
            step=_QUIET,
            rust_timeout=_LOOK,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        try:
            for _ in told:
                yield input_stamps(schemas)
                if any(file_identity(path) != there for path, there in places.items()):
                    break  # what is watched has gone, or is here no more
        except (OSError, RuntimeError):
            # It has just gone, or there is more to watch than the system allows.
            time.sleep(_LOOK / 1000)
