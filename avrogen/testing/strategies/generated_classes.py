"""Strategies for generated classes, codecs and plain values of schemas."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast, overload

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.avro import model
from avrogen.codec.classes import AvroValue
from avrogen.codec.codec import Codec
from avrogen.codec.compilation import classes_of, overrides_of
from avrogen.codec.schema import Schema
from avrogen.examples.factory import check_names
from avrogen.testing.strategies.value_strategies import ValueStrategies

__all__ = ["fields_of", "from_schema", "from_type"]

V = TypeVar("V", bound=AvroValue)
T = TypeVar("T")


@overload
def from_type(of: type[V], /, **overrides: SearchStrategy[Any]) -> SearchStrategy[V]: ...


@overload
def from_type(of: Codec[T], /) -> SearchStrategy[T]: ...


def from_type(
    of: type[AvroValue] | Codec[Any], /, **overrides: SearchStrategy[Any]
) -> SearchStrategy[Any]:
    """Return objects of a generated class that round-trip to equal objects.

    Every branch of unions comes, every symbol, both ends of every range, empty and long
    collections; NaN does not, as it equals nothing. Recursion ends.

    Args:
        of: a generated class, or the codec of a type that has none (``shop_event``).
        overrides: strategies for attributes of a record, in place of those that they have.

    Raises:
        ValueError: there are no objects, as the schema contains itself without end.
        TypeError: the class has no such attribute, or what is given for it is no strategy.
    """
    check_names(of, overrides)
    for name, strategy in overrides.items():
        if not isinstance(strategy, SearchStrategy):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"{name} must be a strategy, such as st.just({strategy!r})")
    if not overrides:
        return _strategies(of).root()
    assert isinstance(of, type), "other overrides were refused"
    return st.builds(of, **{**fields_of(of), **overrides})


def from_schema(schema: Schema, /) -> SearchStrategy[Any]:
    """Return plain values of a schema, as :meth:`avrogen.Schema.to_avro` accepts them.

    They are as those of :func:`from_type`. A value in a union that by itself would be written as
    another branch than the one that it was drawn for comes with its branch: ``("Name", value)``.

    Raises:
        ValueError: there are no values, as the schema contains itself without end.
    """
    return ValueStrategies(schema.type, schema.types, None).root()


def fields_of(of: type[AvroValue]) -> dict[str, SearchStrategy[Any]]:
    """Return strategies for a record class's attributes, by name."""
    type_ = of.__avro_schema__.type
    assert isinstance(type_, model.Reference), "generated classes stand for named types"
    strategies = _strategies(of)
    attributes = [field.attribute for field in strategies.plan.records[type_.name].fields]
    return {str(a): s for a, s in zip(attributes, strategies.fields(type_.name), strict=True)}


def _strategies(of: type[AvroValue] | Codec[Any]) -> ValueStrategies:
    return _kept(cast("Hashable", of))  # mypy takes a class for one of its objects here


@lru_cache(maxsize=256)
def _kept(of: Hashable) -> ValueStrategies:
    owner = cast("type[AvroValue] | Codec[Any]", of)
    schema = owner.__avro_schema__
    return ValueStrategies(schema.type, schema.types, classes_of(owner), overrides_of(owner))
