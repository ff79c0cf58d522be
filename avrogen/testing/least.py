"""How little the values of types can be: what recursion ends with, and whether it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from avrogen.avro import model

__all__ = ["TOO_MANY", "LeastParts"]

TOO_MANY: Final = 100_000
"""So many parts, or more: nothing to look at. Values without end have as many."""


class LeastParts:
    """The fewest parts that values of types have: leaves, records, lists and maps."""

    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._types = types
        records = [named for named in types.values() if isinstance(named, model.Record)]
        self._parts = {record.name: TOO_MANY for record in records}
        self._parts |= {
            named.name: TOO_MANY
            for named in types.values()
            if isinstance(named, model.EnumType) and not named.symbols
        }
        changed = True
        while changed:
            changed = False
            # What is used comes after what uses it: backwards, one round is nearly always enough.
            for record in reversed(records):
                parts = min(TOO_MANY, 1 + sum(self.of(field.type) for field in record.fields))
                changed = changed or parts < self._parts[record.name]
                self._parts[record.name] = parts

    def of(self, type_: model.AvroType) -> int:
        """The fewest parts of a value, :data:`TOO_MANY` at most."""
        match type_:
            case model.Primitive() | model.Array() | model.Map():
                return 1
            case model.Reference(name):
                return self._parts.get(name, 1)
            case model.Union(branches):
                return min((self.of(branch) for branch in branches), default=TOO_MANY)
            case _:
                assert_never(type_)
