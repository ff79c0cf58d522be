"""Versioned names of avrogen that generated code imports.

    v1    version 1 of the runtime

Names may be added to ``v1`` and are never changed or removed, so that a generated package works
with every later avrogen.
"""

from __future__ import annotations

from avrogen.extras import require_own_package

require_own_package()
