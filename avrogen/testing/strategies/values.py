"""Strategies for values of a schema, with generated classes or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, assert_never

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.avro import model
from avrogen.avro.references import references
from avrogen.codec import plan
from avrogen.codec.planning.leaves import Classes
from avrogen.codec.planning.own import Operations, plan_for
from avrogen.codec.unions import choose_branch
from avrogen.testing.least import TOO_MANY, LeastParts
from avrogen.testing.strategies.leaves import LONG_TEXTS, MOST_CHARACTERS, REPEATED, TEXTS, leaf

__all__ = ["ValueStrategies"]

_MOST_RECURSIONS: Final = 3
"""Records that contain themselves are so deep in each other before they end."""

_MOST_ITEMS: Final = (3, 2, 2, 1)
"""Items of arrays, by the collections around them; of maps, one less."""


class ValueStrategies:
    """Strategies for the types of one schema.

    Types are looked at by how deep they are: in recursive records, and in collections. There are
    few such depths, and for each and each record one strategy, so that what is made up is finite.
    """

    def __init__(
        self,
        type_: model.AvroType,
        types: Mapping[str, model.NamedType],
        classes: Classes | None,
    ) -> None:
        """Prepare.

        Args:
            type_: the schema.
            types: the named types that it leads to.
            classes: what stands for them in Python; None: plain values.

        Raises:
            ValueError: there are no values, as types contain themselves without end, or none that
                is small enough to be made.
        """
        self._type = type_
        self._types = types
        self._plan = plan_for(type_, types, classes)
        self._operations = Operations(types, classes or {})
        self._least = LeastParts(types)
        self._known: dict[tuple[str, int, int], SearchStrategy[Any]] = {}
        if self._least.of(type_) >= TOO_MANY:
            raise ValueError(
                "there are no values to draw: the schema contains itself, an empty union or far "
                "too much"
            )

    def root(self) -> SearchStrategy[Any]:
        """Values of the schema."""
        return self._of(self._type, 0, 0)

    def fields(self, name: str) -> dict[str, SearchStrategy[Any]]:
        """Values of the fields of a record, by attributes or, in plain values, by names."""
        return self._fields(name, int(self._plan.records[name].recursive), 0)

    def _fields(self, name: str, recursions: int, nesting: int) -> dict[str, SearchStrategy[Any]]:
        record = self._types[name]
        assert isinstance(record, model.Record), "only records have fields"
        parts = zip(record.fields, self._plan.records[name].fields, strict=True)
        return {
            operation.attribute or field.name: self._of(field.type, recursions, nesting)
            for field, operation in parts
        }

    def _of(self, type_: model.AvroType, recursions: int, nesting: int) -> SearchStrategy[Any]:
        match type_:
            case model.Primitive():
                return leaf(self._operations.of(type_))
            case model.Reference(name):
                key = (name, recursions, nesting)
                if key not in self._known:
                    self._known[key] = self._named(name, recursions, nesting)
                return self._known[key]
            case model.Array(items):
                if not self._may_have(items, recursions):
                    return st.builds(list)
                most = _MOST_ITEMS[min(nesting, len(_MOST_ITEMS) - 1)]
                return _arrays(
                    self._of(items, recursions, nesting + 1), most, is_leaf=self._is_leaf(items)
                )
            case model.Map(values):
                if not self._may_have(values, recursions):
                    return st.builds(dict)
                most = _MOST_ITEMS[min(nesting + 1, len(_MOST_ITEMS) - 1)]
                return _maps(
                    self._of(values, recursions, nesting + 1), most, is_leaf=self._is_leaf(values)
                )
            case model.Union(branches):
                return st.one_of(list(self._branches(type_, branches, recursions, nesting)))
            case _:
                assert_never(type_)

    def _named(self, name: str, recursions: int, nesting: int) -> SearchStrategy[Any]:
        operation = self._operations.of(model.Reference(name))
        if not isinstance(operation, plan.Call):
            return leaf(operation)
        record = self._plan.records[name]
        recursions = min(recursions + record.recursive, _MOST_RECURSIONS)
        fields = self._fields(name, recursions, nesting)
        if record.type is None:
            return st.fixed_dictionaries(fields)
        return st.builds(record.type, **fields)

    def _branches(
        self,
        union: model.Union,
        branches: tuple[model.AvroType, ...],
        recursions: int,
        nesting: int,
    ) -> Iterator[SearchStrategy[Any]]:
        possible = [index for index, b in enumerate(branches) if self._may_have(b, recursions)]
        if not possible:
            possible = [min(range(len(branches)), key=lambda i: self._least.of(branches[i]))]
        operation = self._operations.of(union)
        assert isinstance(operation, plan.UnionOperation), "that is the operation of unions"
        for index in possible:
            drawn = _with_long_texts(self._of(branches[index], recursions, nesting))
            if self._plan.plain and len(branches) > 2:
                drawn = drawn.map(self._forced_where_needed(operation, index))
            yield drawn

    def _forced_where_needed(
        self, union: plan.UnionOperation, index: int
    ) -> Callable[[Any], tuple[str, Any] | Any]:
        """A plain value as it is, or with its branch if by itself it would be another's."""

        def forced(value: Any) -> Any:
            if choose_branch(union, value, self._plan.records) == index:
                return value
            return union.branches[index].name, value

        return forced

    def _may_have(self, type_: model.AvroType, recursions: int) -> bool:
        """Whether a value that need not be there may be: not where recursion is to end."""
        if self._least.of(type_) >= TOO_MANY:
            return False
        records = self._plan.records
        return recursions < _MOST_RECURSIONS or not any(
            name in records and records[name].recursive for name in references(type_)
        )

    def _is_leaf(self, type_: model.AvroType) -> bool:
        match type_:
            case model.Primitive():
                return True
            case model.Reference(name):
                return not isinstance(self._types[name], model.Record)
            case _:
                return False


def _with_long_texts(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return LONG_TEXTS if strategy is TEXTS else strategy


def _arrays(item: SearchStrategy[Any], most: int, *, is_leaf: bool) -> SearchStrategy[list[Any]]:
    drawn = st.lists(_with_long_texts(item), max_size=most)
    if not is_leaf:
        return drawn
    return drawn.map(lambda items: items * REPEATED if len(items) == _MOST_ITEMS[0] else items)


def _maps(
    value: SearchStrategy[Any], most: int, *, is_leaf: bool
) -> SearchStrategy[dict[str, Any]]:
    """Of each size as often. ``st.dictionaries`` asks after each entry whether there is another."""
    sizes = (st.tuples(*[TEXTS, value] * size) for size in range(most + 1))
    return st.one_of(list(sizes)).map(_lengthened_map if is_leaf else _map)


def _map(entries: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(entries[::2], entries[1::2], strict=True))


def _lengthened_map(entries: tuple[Any, ...]) -> dict[str, Any]:
    """A first key of the greatest length stands for many, and for a long one."""
    made = _map(entries)
    if entries and len(entries[0]) == MOST_CHARACTERS:
        made |= {f"{entries[0]}{number}": entries[1] for number in range(4 * REPEATED)}
        made[entries[0] * REPEATED] = entries[1]
    return made
