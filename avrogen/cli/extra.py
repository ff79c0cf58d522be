"""What is said where the extra is missing that commands need."""

from __future__ import annotations

__all__ = ["EXTRA_MISSING"]

EXTRA_MISSING = "avrogen: the compiler needs an extra: pip install 'avrogen[cli]'"
