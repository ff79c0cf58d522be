"""Composition of strategies for the types of a schema.

Strategies for values of a schema, with generated classes or without.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, assert_never

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.avro import model
from avrogen.avro.model import references
from avrogen.codec import plan
from avrogen.codec.logical import MappedKind
from avrogen.codec.planner import Classes, PlanBuilder, field_overrides, plan_for
from avrogen.codec.unions import choose_branch, fit
from avrogen.examples.example_values import TOO_MANY, MinimumParts
from avrogen.testing.strategies.leaves import (
    LONG_TEXTS,
    MOST_CHARACTERS,
    REPEATED,
    TEXTS,
    leaf,
    of_mapped_class,
)

if TYPE_CHECKING:
    from avrogen.codec.type_conversions import RuntimeOverrides

__all__ = ["MOST_ITEMS", "SchemaWalker", "ValueStrategies"]

_MOST_RECURSIONS: Final = 3
"""Records that contain themselves are so deep in each other before they end."""

MOST_ITEMS: Final = (3, 2, 2, 1)
"""Items of collections, by the collections around them; at the end also of those further in."""


class SchemaWalker(ABC):
    """Strategies for the types of one schema.

    Types are looked at by how deep they are: in recursive records, and in collections. There are
    few such depths, and for each and each record one strategy, so that what is made up is finite.
    """

    def __init__(
        self,
        type_: model.AvroType,
        types: Mapping[str, model.NamedType],
        classes: Classes | None = None,
        overrides: RuntimeOverrides | None = None,
    ) -> None:
        """Prepare.

        Args:
            type_: the schema.
            types: the named types that it leads to.
            classes: what stands for them in Python; None: plain values.
            overrides: types of one's own outside of records.

        Raises:
            ValueError: there are no values, as types contain themselves without end, or none that
                is small enough to be made.
        """
        self._type = type_
        self._types = types
        self.plan = plan_for(type_, types, classes, overrides=overrides)
        self._overrides = overrides
        self._of_fields = partial(field_overrides, classes or {})
        self._operations = PlanBuilder(types, classes or {})
        self._least = MinimumParts(types)
        self._known: dict[tuple[str, str, int, int], SearchStrategy[Any]] = {}
        if self._least.of(type_) >= TOO_MANY:
            raise ValueError(
                "there are no values to draw: the schema contains itself, an empty union or far "
                "too much"
            )

    def root(self) -> SearchStrategy[Any]:
        """Strategy for the schema."""
        return self._of(self._type, 0, 0, self._overrides)

    def fields(self, name: str) -> list[SearchStrategy[Any]]:
        """Strategies for the fields of a top-level record."""
        return self._fields(name, int(self.plan.records[name].recursive), 0)

    # --- what is drawn ----------------------------------------------------------------------------

    @abstractmethod
    def leaf(self, operation: plan.Operation) -> SearchStrategy[Any]:
        """Return values of a leaf type."""

    @abstractmethod
    def array(
        self, item: SearchStrategy[Any], most: int, *, of_leaves: bool
    ) -> SearchStrategy[Any]:
        """Return arrays of up to ``most`` items."""

    @abstractmethod
    def map(self, value: SearchStrategy[Any], most: int, *, of_leaves: bool) -> SearchStrategy[Any]:
        """Return maps of up to ``most`` entries."""

    @abstractmethod
    def empty(self, operation: plan.ArrayOperation | plan.MapOperation) -> SearchStrategy[Any]:
        """Return the empty array or map."""

    @abstractmethod
    def branch(
        self, union: plan.UnionOperation, index: int, drawn: SearchStrategy[Any]
    ) -> SearchStrategy[Any]:
        """Return values of one union branch."""

    @abstractmethod
    def record(
        self, operation: plan.RecordOperation, fields: list[SearchStrategy[Any]]
    ) -> SearchStrategy[Any]:
        """Return values of a record."""

    # --- the way through the schema ---------------------------------------------------------------

    def _of(
        self,
        type_: model.AvroType,
        recursions: int,
        nesting: int,
        overrides: RuntimeOverrides | None,
    ) -> SearchStrategy[Any]:
        match type_:
            case model.Primitive():
                return self._mapped(self._operations.of(type_, overrides), None)
            case model.Reference(name):
                operation = self._operations.of(type_, overrides)
                if isinstance(operation, plan.LogicalOperation):
                    return self._mapped(
                        operation, lambda: self._of(type_, recursions, nesting, None)
                    )
                key = (name, type(operation).__name__, recursions, nesting)
                if key not in self._known:
                    self._known[key] = self._named(operation, recursions, nesting)
                return self._known[key]
            case model.Array(inner) | model.Map(inner):
                return self._collection(type_, inner, recursions, nesting, overrides)
            case model.Union(branches):
                operation = self._operations.of(type_, overrides)
                assert isinstance(operation, plan.UnionOperation), "that is what unions have"
                return st.one_of(
                    [
                        self.branch(
                            operation, i, self._of(branches[i], recursions, nesting, overrides)
                        )
                        for i in self._branches(branches, recursions)
                    ]
                )
            case _:
                assert_never(type_)

    def _mapped(
        self, operation: plan.Operation, record: Callable[[], SearchStrategy[Any]] | None
    ) -> SearchStrategy[Any]:
        """Return values of a leaf or of a type of one's own, made by its conversion."""
        if not isinstance(operation, plan.LogicalOperation):
            return self.leaf(operation)
        if not isinstance(operation.kind, MappedKind):
            return self.leaf(operation)
        base = operation.base
        if isinstance(base, plan.Call):
            assert record is not None, "calls are of references"
            return self.converted(operation, record())
        return self.converted(operation, self.leaf(base))

    def converted(
        self, operation: plan.LogicalOperation, base: SearchStrategy[Any]
    ) -> SearchStrategy[Any]:
        """Return values of a type of one's own."""
        raise AssertionError("there are none without classes")

    def _named(
        self, operation: plan.Operation, recursions: int, nesting: int
    ) -> SearchStrategy[Any]:
        if not isinstance(operation, plan.Call):
            return self.leaf(operation)
        record = self.plan.records[operation.key]
        recursions = min(recursions + record.recursive, _MOST_RECURSIONS)
        return self.record(record, self._fields(operation.key, recursions, nesting))

    def _fields(self, name: str, recursions: int, nesting: int) -> list[SearchStrategy[Any]]:
        record = self._types[name]
        assert isinstance(record, model.RecordType), "only records have fields"
        return [
            self._of(field.type, recursions, nesting, self._of_fields(name, field.name))
            for field in record.fields
        ]

    def _collection(
        self,
        type_: model.Array | model.Map,
        inner: model.AvroType,
        recursions: int,
        nesting: int,
        overrides: RuntimeOverrides | None,
    ) -> SearchStrategy[Any]:
        if not self._may_have(inner, recursions):
            operation = self._operations.of(type_, overrides)
            assert isinstance(operation, plan.ArrayOperation | plan.MapOperation), "as types are"
            return self.empty(operation)
        most = MOST_ITEMS[min(nesting, len(MOST_ITEMS) - 1)]
        drawn = self._of(inner, recursions, nesting + 1, overrides)
        make = self.array if isinstance(type_, model.Array) else self.map
        return make(drawn, most, of_leaves=self._is_leaf(inner))

    def _branches(self, branches: tuple[model.AvroType, ...], recursions: int) -> Iterator[int]:
        """Return the allowed branches, or the shallowest one."""
        possible = [i for i, branch in enumerate(branches) if self._may_have(branch, recursions)]
        if possible:
            yield from possible
        else:
            yield min(range(len(branches)), key=lambda i: self._least.of(branches[i]))

    def _may_have(self, type_: model.AvroType, recursions: int) -> bool:
        """Return True if an optional value may be present: not where recursion must end."""
        if self._least.of(type_) >= TOO_MANY:
            return False
        records = self.plan.records
        return recursions < _MOST_RECURSIONS or not any(
            name in records and records[name].recursive for name in references(type_)
        )

    def _is_leaf(self, type_: model.AvroType) -> bool:
        match type_:
            case model.Primitive():
                return True
            case model.Reference(name):
                return not isinstance(self._types[name], model.RecordType)
            case _:
                return False


_REFUSED: Final = object()
_SAMPLES: Final = ("", "0", "a", "a b", "\u00e4")
"""Texts that a conversion takes which takes all."""


class ValueStrategies(SchemaWalker):
    """Strategies for values that round-trip to equals."""

    def leaf(self, operation: plan.Operation) -> SearchStrategy[Any]:
        return leaf(operation)

    def converted(
        self, operation: plan.LogicalOperation, base: SearchStrategy[Any]
    ) -> SearchStrategy[Any]:
        """Return what base values are converted to; values that are refused are left out.

        Conversions that take few texts get values that hypothesis makes of the class.
        """
        kind, records = operation.kind, self.plan.records
        assert isinstance(kind, MappedKind), "others are leaves"

        def convert(value: Any) -> Any:
            try:
                return kind.from_base(value)
            except ValueError:
                return _REFUSED

        def returns(value: Any) -> bool:
            if value is _REFUSED:
                return False
            try:
                written = kind.to_base(value)
                fits = fit(operation.base, written, records) is not None
                return fits and bool(kind.from_base(written) == value)
            except Exception:  # of the user's functions and their ``==``
                return False

        if isinstance(operation.base, plan.StringOperation):
            own = of_mapped_class(kind)
            if own is not None and any(convert(text) is _REFUSED for text in _SAMPLES):
                return own.filter(returns)
        return base.map(convert).filter(returns)

    def array(
        self, item: SearchStrategy[Any], most: int, *, of_leaves: bool
    ) -> SearchStrategy[Any]:
        drawn = st.lists(_with_long_texts(item), max_size=most)
        return drawn.map(_lengthened) if of_leaves and most == MOST_ITEMS[0] else drawn

    def map(self, value: SearchStrategy[Any], most: int, *, of_leaves: bool) -> SearchStrategy[Any]:
        """Return maps with uniform sizes, unlike ``st.dictionaries``."""
        sizes = [st.tuples(*[TEXTS, value] * size) for size in range(max(most, 2))]
        return st.one_of(sizes).map(_lengthened_map if of_leaves else _map)

    def empty(self, operation: plan.ArrayOperation | plan.MapOperation) -> SearchStrategy[Any]:
        made = list[Any] if isinstance(operation, plan.ArrayOperation) else dict[str, Any]
        return st.builds(made)

    def branch(
        self, union: plan.UnionOperation, index: int, drawn: SearchStrategy[Any]
    ) -> SearchStrategy[Any]:
        drawn = _with_long_texts(drawn)
        others = [b for b in union.branches if not isinstance(b.operation, plan.NullOperation)]
        if self.plan.plain and len(others) > 1:
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
        """Return a plain value, with its branch forced where it would be ambiguous."""

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
    """Replace a sentinel first key by many entries or by a long key."""
    made = _map(entries)
    if entries and len(entries[0]) == MOST_CHARACTERS:
        made |= {f"{entries[0]}{number}": entries[1] for number in range(4 * REPEATED)}
        made[entries[0] * REPEATED] = entries[1]
    return made
