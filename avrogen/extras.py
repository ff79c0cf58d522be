"""Extras of avrogen: the errors for dependencies that are not installed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from avrogen.errors import MissingExtraError

__all__ = ["BUILD_EXTRA_MISSING", "CLI_EXTRA_MISSING", "comes_with"]

CLI_EXTRA_MISSING = "avrogen: the command line needs the extra \"cli\": pip install 'avrogen[cli]'"
"""Message of commands."""

BUILD_EXTRA_MISSING = (
    'avrogen: the build needs the extra "cli": '
    'add "avrogen[cli]" to "requires" of [build-system] in pyproject.toml'
)
"""Message of the build backends."""


@contextmanager
def comes_with(extra: str) -> Generator[None]:
    """Guard imports of packages that an extra installs.

    Args:
        extra: name in ``pip install 'avrogen[extra]'``.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(extra) from error
