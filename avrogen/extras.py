"""Parts of avrogen that need more than the standard library say what to install.

What is said where the extra is missing that commands need.

What is said where the extra is missing that builds need.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from avrogen.errors import MissingExtraError

__all__ = ["BUILD_EXTRA_MISSING", "CLI_EXTRA_MISSING", "comes_with"]


@contextmanager
def comes_with(extra: str) -> Generator[None]:
    """Around imports of what an extra brings.

    Args:
        extra: its name in ``pip install 'avrogen[extra]'``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(extra) from error


CLI_EXTRA_MISSING = "avrogen: the compiler needs an extra: pip install 'avrogen[cli]'"


BUILD_EXTRA_MISSING = (
    "avrogen: generating a package needs an extra: "
    'write "avrogen[cli]" among the requires of [build-system] in pyproject.toml'
)
