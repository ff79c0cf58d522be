"""Where a run of the tests lists the blocks of the documentation that cannot run."""

from __future__ import annotations

__all__ = ["NOT_RUN"]

NOT_RUN = "block that is not run"
"""The property of a test's report that has the place of a block, and the reason."""
