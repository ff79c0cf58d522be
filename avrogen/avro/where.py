"""Where in a file a schema stands, and what holds there."""

from __future__ import annotations

from typing import NamedTuple

from avrogen.avro.source import Origin

__all__ = ["Where"]


class Where(NamedTuple):
    """Carried along while schemas are taken apart.

    Attributes:
        origin: the JSON of the schema.
        namespace: the namespace that holds for the names in it.
        depth: how many types are around it.
        place: how messages name it: " in field Order.shipping", or nothing.
    """

    origin: Origin
    namespace: str = ""
    depth: int = 0
    place: str = ""

    def at(self, *steps: str | int) -> Where:
        """A part of the JSON."""
        origin = Origin(self.origin.source, (*self.origin.pointer, *steps))
        return self._replace(origin=origin)

    def inside(self, *steps: str | int) -> Where:
        """A schema inside this one."""
        return self.at(*steps)._replace(depth=self.depth + 1)
