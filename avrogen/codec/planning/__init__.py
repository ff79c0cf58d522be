"""From schemas, and the classes for their named types, to plans.

* ``own``: values of a schema are written, and read back.
* ``resolved``: data of a writer's schema are read as values of a reader's.

``leaves`` has the operations of types without inner types, and ``default_data`` says how a default
would have been written. Each is imported by itself: who reads nothing of other writers need not
wait for what that takes.
"""
