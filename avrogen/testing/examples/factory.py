"""Factories: many objects that differ, without a random number in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar, overload

from avrogen.codec.classes import AvroValue
from avrogen.codec.codec import Codec
from avrogen.testing.examples.making import Examples, check_names

__all__ = ["Factory"]

V = TypeVar("V", bound=AvroValue)
T = TypeVar("T")

Override: TypeAlias = Callable[[int], object] | object
"""A value, or a function of an object's number. The one includes the other, but not to checkers
that want to know what a ``lambda`` takes."""


class Factory(Generic[T]):
    """Makes objects that differ from each other, and are the same in every run.

    Each has a number, from 1; the first is the one that :func:`avrogen.testing.example` gives. With
    the number, ids, names, timestamps and amounts change, and branches of unions and symbols of
    enums take turns.

        orders = Factory(OrderPlaced, note=None, order_id=lambda number: UUID(int=number))
        one, urgent, ten = orders(), orders(tags=["urgent"]), orders.batch(10)
    """

    @overload
    def __init__(self: Factory[V], of: type[V], /, **overrides: Override) -> None: ...

    @overload
    def __init__(self, of: Codec[T], /) -> None: ...

    def __init__(self, of: type[AvroValue] | Codec[Any], /, **overrides: Override) -> None:
        """A factory whose next object has the number 1.

        Args:
            of: a generated class, or the codec of a type that has none (``shop_event``).
            overrides: what all objects have: values, or functions that take an object's number,
                such as other factories.

        Raises:
            ValueError: no object can be made, as the schema contains itself without end.
            TypeError: the class has no such attribute.
        """
        check_names(of, overrides)
        self._examples = Examples(of)
        self._overrides = overrides
        self._next = 1

    def __call__(self, number: int | None = None, /, **overrides: Override) -> T:
        """An object.

        Args:
            number: which one; None: the next.
            overrides: what this one has, whatever the others have.

        Raises:
            TypeError: the class has no such attribute.
        """
        if number is None:
            number, self._next = self._next, self._next + 1
        values = {
            name: value(number) if callable(value) else value
            for name, value in {**self._overrides, **overrides}.items()
        }
        made: T = self._examples.make(number, values)
        return made

    def batch(self, count: int, /, **overrides: Override) -> list[T]:
        """The next so many objects; ``overrides`` as for one."""
        return [self(**overrides) for _ in range(count)]
