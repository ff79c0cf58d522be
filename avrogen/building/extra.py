"""What is said where the extra is missing that builds need."""

from __future__ import annotations

__all__ = ["BUILD_EXTRA_MISSING"]

BUILD_EXTRA_MISSING = (
    "avrogen: generating a package needs an extra: "
    'write "avrogen[cli]" among the requires of [build-system] in pyproject.toml'
)
