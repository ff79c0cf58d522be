"""Hypothesis plugin: ``st.from_type`` and ``st.builds`` support generated classes.

Hypothesis infers the strategies of arguments from annotations. Those of generated classes are not
exact enough: an ``int`` that is an Avro int has 32 bits, and a ``datetime`` may have to be aware.
So once hypothesis is imported, the signatures of generated classes have annotations that carry
strategies, ``Annotated[datetime, strategy]``, which hypothesis heeds and everything else ignores.
A signature is made when it is asked for, class by class; without hypothesis nothing happens.

Hypothesis calls :func:`register` when it is imported, by the entry point of that name.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import partial
from typing import Annotated, Any, cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.codec.classes import AvroFixed, AvroRecord, AvroValue
from avrogen.codec.values import OWN_TYPES

__all__ = ["register"]


def register() -> None:
    """Register generated classes and avrogen's logical value types with hypothesis."""
    for base in (AvroRecord, AvroFixed):
        setattr(base, "__signature__", _Signature())  # noqa: B010 -- unknown to type checkers
    for own in OWN_TYPES:
        st.register_type_strategy(own, partial(_strategy_of, own))


class _Signature:
    """``__signature__`` of classes, which :func:`inspect.signature` and hypothesis ask for."""

    def __get__(self, instance: object, owner: type[AvroValue]) -> inspect.Signature:
        if instance is None and "__avro_schema__" in vars(owner):
            if issubclass(owner, AvroFixed):
                return _of_fixed(owner)
            if is_dataclass(owner):
                return _of_record(owner)
        raise AttributeError("__signature__")


def _of_record(owner: type[AvroValue]) -> inspect.Signature:
    own = inspect.signature(vars(owner)["__init__"])
    _, *parameters = own.parameters.values()  # self
    hints = _hints(vars(owner)["__init__"])
    return own.replace(
        parameters=[
            parameter.replace(
                annotation=Annotated[
                    hints.get(parameter.name, Any),
                    _of_field(owner, parameter.name),
                ]
            )
            for parameter in parameters
        ]
    )


def _hints(init: Any) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(init)
    except NameError:
        return {}  # the class is being made, or was made inside a function


def _of_field(owner: type[AvroValue], name: str) -> SearchStrategy[Any]:
    def strategy() -> SearchStrategy[Any]:
        from avrogen.testing.strategies.generated_classes import fields_of

        return fields_of(owner)[name]

    return st.deferred(strategy)


def _of_fixed(owner: type[AvroValue]) -> inspect.Signature:
    def strategy() -> SearchStrategy[Any]:
        from avrogen.testing.strategies.generated_classes import from_type

        return from_type(owner)

    annotation = Annotated[bytes, st.deferred(strategy)]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter("value", kind, annotation=annotation)])


def _strategy_of(own: type[Any], asked: type[Any]) -> SearchStrategy[Any]:
    """Return the strategy of exactly this type, not of its subclasses."""
    from avrogen.testing.strategies import leaves

    if asked is not own:
        # So hypothesis is told; its types do not know.
        return cast("SearchStrategy[Any]", NotImplemented)
    return leaves.OWN_TYPES[own]
