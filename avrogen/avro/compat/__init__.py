"""Changes that schema resolution allows and that change values all the same.

A checker of compatibility passes them, and so does the registry; the data are read without an error
and say something else than they did.
"""

from avrogen.avro.compat.change_finder import ValueChangeFinder, value_changes
from avrogen.avro.compat.value_changes import ValueChange, ValueChangeKind

__all__ = ["ValueChange", "ValueChangeFinder", "ValueChangeKind", "value_changes"]
