"""From schemas, and the classes for their named types, to plans.

* ``own``: values of a schema are written, and read back.
* ``resolved``: data of a writer's schema are read as values of a reader's.

``leaves`` has the operations of types without inner types, and ``default_data`` says how a default
would have been written.
"""

from __future__ import annotations

from avrogen.codec.planning.own import plan_for
from avrogen.codec.planning.resolved import plan_to_read

__all__ = ["plan_for", "plan_to_read"]
