"""Changes that schema resolution allows and that change values all the same.

A checker of compatibility passes them, and so does the registry; the data are read without an error
and say something else than they did.
"""

from avrogen.avro.silent.changes import SilentChange, SilentKind
from avrogen.avro.silent.finding import SilentChanges, silent_changes

__all__ = ["SilentChange", "SilentChanges", "SilentKind", "silent_changes"]
