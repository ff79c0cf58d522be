"""Parts of avrogen that need more than the standard library say what to install."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from avrogen.errors import MissingExtraError

__all__ = ["comes_with"]


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
