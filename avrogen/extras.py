"""Extras: a missing one is reported with the command that installs it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from avrogen.errors import MissingExtraError

__all__ = ["BUILD_EXTRA_MISSING", "CLI_EXTRA_MISSING", "comes_with"]

CLI_EXTRA_MISSING = 'avrogen: the command line needs the extra "cli": pip install \'avrogen[cli]\''
"""Message of commands without the extra ``cli``."""

BUILD_EXTRA_MISSING = (
    'avrogen: generating a package needs the extra "cli": '
    'add "avrogen[cli]" to requires of [build-system] in pyproject.toml'
)
"""Message of build plugins without the extra ``cli``."""


@contextmanager
def comes_with(extra: str) -> Generator[None]:
    """Guard imports of packages that an extra installs.

    Args:
        extra: name in ``pip install 'avrogen[extra]'``.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(extra) from error
