"""``avrogen build --watch``: a build after each change, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import click

from avrogen.cli.common import cli_extra, echo

if TYPE_CHECKING:
    from avrogen.compiler.discovery import InputStamps
    from avrogen.compiler.output import Changes

__all__ = ["Build", "watch"]

_POLL_INTERVAL = 1000
"""Milliseconds between looks without an event of the watcher."""

_DEBOUNCE = 50
"""Milliseconds without a change that end a series of changes, such as a checkout."""


class Build(Protocol):
    """A build that prints problems, and a summary unless it is quiet."""

    def __call__(self, *, quiet: bool) -> Changes: ...


def watch(schemas: Sequence[Path], build: Build, *, quiet: bool) -> NoReturn:
    """Build, and rebuild after each change of the inputs.

    Args:
        schemas: files and folders, which may be removed and created again.
        build: the build.
        quiet: print problems only.

    Raises:
        SystemExit: 0, after Ctrl-C.
        UsageError: the watcher is not installed.
    """
    try:
        fingerprints = _fingerprints(schemas)
        before = None
        while True:
            # The output of a build is no input and leads to no other build; a change while the
            # build reads does.
            stamps = next(fingerprints)
            if stamps != before:
                _build(build, quiet)
            before = stamps
    except KeyboardInterrupt:
        # An interrupted build leaves a package that works; see compiler/output.py.
        sys.exit(0)


def _build(build: Build, quiet: bool) -> None:
    """Build once, and print the result in a line."""
    started = time.monotonic()
    try:
        changes = build(quiet=True)
    except SystemExit:
        done = "nothing written"
    except click.ClickException as error:
        echo(f"Error: {error.format_message()}", err=True)
        done = "nothing written"
    else:
        files = len(changes.write) + len(changes.unchanged)
        changed = len(changes.write) + len(changes.remove)
        done = f"built {files} files, {changed} changed"
    if not quiet:
        echo(f"{done}, in {time.monotonic() - started:.1f} s")


def _fingerprints(schemas: Sequence[Path]) -> Iterator[InputStamps]:
    """Yield the fingerprint of the inputs: at once, after each event, and every second.

    Polling covers changes without an event: a folder that is created again, the target of a link, a
    network share, a change before watching began.
    """
    with cli_extra():
        from watchfiles import watch as changes

        from avrogen.compiler.discovery import input_stamps
        from avrogen.config.config_files import config_files
        from avrogen.regular_files import identity_of

    while True:
        yield input_stamps(schemas)
        paths = dict.fromkeys((*schemas, *config_files(schemas)))
        watched = {path: identity_of(path) for path in paths}
        events = changes(
            *(path for path, identity in watched.items() if identity),
            watch_filter=None,
            step=_DEBOUNCE,
            rust_timeout=_POLL_INTERVAL,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        try:
            for _ in events:
                yield input_stamps(schemas)
                if any(identity_of(path) != identity for path, identity in watched.items()):
                    break  # a watched path was removed or replaced
        except (OSError, RuntimeError):
            # A path was just removed, or the system does not allow that many watches.
            time.sleep(_POLL_INTERVAL / 1000)
