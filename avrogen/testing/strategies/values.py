"""Strategies for values of a schema, with generated classes or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.codec import plan
from avrogen.codec.unions import choose_branch
from avrogen.testing.strategies.leaves import LONG_TEXTS, MOST_CHARACTERS, REPEATED, TEXTS, leaf
from avrogen.testing.strategies.walk import MOST_ITEMS, Walk

__all__ = ["ValueStrategies"]


class ValueStrategies(Walk):
    """Values, which write and are read back as equals."""

    def leaf(self, operation: plan.Operation) -> SearchStrategy[Any]:
        return leaf(operation)

    def array(
        self, item: SearchStrategy[Any], most: int, *, of_leaves: bool
    ) -> SearchStrategy[Any]:
        drawn = st.lists(_with_long_texts(item), max_size=most)
        return drawn.map(_lengthened) if of_leaves and most == MOST_ITEMS[0] else drawn

    def map(self, value: SearchStrategy[Any], most: int, *, of_leaves: bool) -> SearchStrategy[Any]:
        """Of each size as often. ``st.dictionaries`` asks after each entry if there is another."""
        sizes = [st.tuples(*[TEXTS, value] * size) for size in range(max(most, 2))]
        return st.one_of(sizes).map(_lengthened_map if of_leaves else _map)

    def empty(self, operation: plan.ArrayOperation | plan.MapOperation) -> SearchStrategy[Any]:
        made = list[Any] if isinstance(operation, plan.ArrayOperation) else dict[str, Any]
        return st.builds(made)

    def branch(
        self, union: plan.UnionOperation, index: int, drawn: SearchStrategy[Any]
    ) -> SearchStrategy[Any]:
        drawn = _with_long_texts(drawn)
        if self.plan.plain and len(union.branches) > 2:
            return drawn.map(self._forced_where_needed(union, index))
        return drawn

    def record(
        self, operation: plan.RecordOperation, fields: list[SearchStrategy[Any]]
    ) -> SearchStrategy[Any]:
        names = [field.attribute or field.name for field in operation.fields]
        named = dict(zip(names, fields, strict=True))
        if operation.type is None:
            return st.fixed_dictionaries(named)
        return st.builds(operation.type, **named)

    def _forced_where_needed(
        self, union: plan.UnionOperation, index: int
    ) -> Callable[[Any], tuple[str, Any] | Any]:
        """A plain value as it is, or with its branch if by itself it would be another's."""

        def forced(value: Any) -> Any:
            if choose_branch(union, value, self.plan.records) == index:
                return value
            return union.branches[index].name, value

        return forced


def _with_long_texts(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return LONG_TEXTS if strategy is TEXTS else strategy


def _lengthened(items: list[Any]) -> list[Any]:
    return items * REPEATED if len(items) == MOST_ITEMS[0] else items


def _map(entries: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(entries[::2], entries[1::2], strict=True))


def _lengthened_map(entries: tuple[Any, ...]) -> dict[str, Any]:
    """A first key of the greatest length stands for many, and for a long one."""
    made = _map(entries)
    if entries and len(entries[0]) == MOST_CHARACTERS:
        made |= {f"{entries[0]}{number}": entries[1] for number in range(4 * REPEATED)}
        made[entries[0] * REPEATED] = entries[1]
    return made
