"""Installation of avrogen: the errors for extras that are missing, and for foreign files."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from avrogen.errors import MissingExtraError

__all__ = ["BUILD_EXTRA_MISSING", "CLI_EXTRA_MISSING", "comes_with", "require_own_package"]

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


def require_own_package() -> None:
    """Require that the package ``avrogen`` that was imported is this one.

    The distribution avro-gen3, a part of DataHub's SDK, has a package of the same name. pip
    installs the files of both into one folder, where either overwrites or removes the other's.

    Raises:
        ImportError: ``avrogen/__init__.py`` is of another distribution, or is missing.
    """
    package = sys.modules["avrogen"]
    if "__version__" in vars(package) and "lazy_exports" in vars(package):
        return
    from importlib.metadata import packages_distributions  # reads all metadata: slow

    names = packages_distributions().get("avrogen", [])
    others = sorted({name for name in names if name != "avrogen"})
    culprit = " and ".join(others) or "another distribution, such as avro-gen3,"
    raise ImportError(
        f"avrogen: {culprit} has overwritten or removed files of the package avrogen; install them "
        "in separate environments, or repair this one: pip install --force-reinstall avrogen"
    )
