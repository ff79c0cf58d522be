"""What is said where the extra is missing that commands need."""

from __future__ import annotations

__all__ = ["CLI_EXTRA_MISSING"]

CLI_EXTRA_MISSING = "avrogen: the compiler needs an extra: pip install 'avrogen[cli]'"
