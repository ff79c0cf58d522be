"""Examples of schemas, generated classes and codecs.

Factories: many objects that differ, without a random number in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from avrogen.avro import model
from avrogen.codec.classes import AvroValue
from avrogen.codec.codec import Codec
from avrogen.codec.compilation import classes_of, overrides_of
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import field_overrides, own_overrides, plan_for
from avrogen.codec.schema import Schema
from avrogen.errors import DecodeError
from avrogen.examples.example_values import ExampleMaker

if TYPE_CHECKING:
    from avrogen.codec.type_conversions import RuntimeOverrides

__all__ = ["Examples", "Factory", "check_names", "example", "example_value"]

V = TypeVar("V", bound=AvroValue)
T = TypeVar("T")


def example_value(schema: Schema, *, number: int = 1) -> Any:
    """Return a realistic plain value of a schema. Deterministic.

    Fields have what their names and docs suggest; defaults that say something are kept, and what
    is empty by default is filled, for a reader to see what can be there. Recursion ends at once.

    Args:
        schema: the schema.
        number: which one of several that differ: 1 is the first.

    Returns:
        What :meth:`avrogen.Schema.from_avro` gives.

    Raises:
        ValueError: no value can be made, as the schema contains itself without end.
    """
    maker = ExampleMaker(schema.type, schema.types)
    return schema.from_avro(schema.to_avro(maker.make(number)))


@overload
def example(of: type[V], /, **overrides: object) -> V: ...


@overload
def example(of: Codec[T], /) -> T: ...


def example(of: type[AvroValue] | Codec[Any], /, **overrides: object) -> Any:
    """Return a realistic object of a generated class. Deterministic; see :func:`example_value`.

    Args:
        of: a generated class, or the codec of a type that has none (``shop_event``).
        overrides: values for attributes of a record, in place of what would be there.

    Raises:
        ValueError: no object can be made, as the schema contains itself without end.
        TypeError: the class has no such attribute.
    """
    return Examples(of).make(1, overrides)


class Examples:
    """Numbered examples of one class or codec."""

    def __init__(self, of: type[AvroValue] | Codec[Any]) -> None:
        """Prepare.

        Raises:
            ValueError: none can be made.
        """
        self._of = of
        self._schema = of.__avro_schema__
        self._classes = classes_of(of) or {}
        self._overrides = overrides_of(of)
        self._maker = self._example_maker(sparse=False)
        self._encode = self._encoder()

    def make(self, number: int, overrides: Mapping[str, object]) -> Any:
        """Return the n-th object, with some attributes overridden.

        Raises:
            TypeError: it has no such attribute.
        """
        check_names(self._of, overrides)
        # Written and read, as then it is of the right classes, and valid for certain.
        data = self._encode(self._maker.make(number))
        try:
            made: Any = self._of.from_avro(data)
        except DecodeError:
            data = self._encode(self._example_maker(sparse=True).make(number))
            try:
                made = self._of.from_avro(data)
            except DecodeError as error:
                made = self._without(data, overrides, error)
        return replace(made, **overrides) if overrides else made

    def _example_maker(self, *, sparse: bool) -> ExampleMaker:
        return ExampleMaker(
            self._schema.type,
            self._schema.types,
            None,
            self._overrides,
            partial(field_overrides, self._classes),
            sparse=sparse,
        )

    def _encoder(self) -> Callable[[Any], bytes]:
        """Return the encoder of the values that are made: base values of types of one's own."""
        has_types = self._overrides is not None or any(
            own_overrides(class_) for class_ in self._classes.values()
        )
        if not has_types:
            return self._schema.to_avro
        schema, overrides = self._schema, self._overrides
        plain = None if overrides is None else overrides.without_conversions()
        plan = plan_for(
            schema.type, schema.types, None, overrides=plain, of_fields=self._base_of_field
        )
        return InterpretedEncoder(plan).write

    def _base_of_field(self, record: str, field: str) -> RuntimeOverrides | None:
        overrides = field_overrides(self._classes, record, field)
        return None if overrides is None else overrides.without_conversions()

    def _without(self, data: bytes, overrides: Mapping[str, object], error: DecodeError) -> Any:
        """Decode an example whose overridden fields need no values of their types.

        Raises:
            ValueError: a type of one's own makes no value of what another field would have.
        """
        schema, type_ = self._schema, self._schema.type
        attributes: dict[str, str] = {}
        if isinstance(type_, model.Reference) and is_dataclass(self._of):
            record = schema.types[type_.name]
            assert isinstance(record, model.RecordType), "dataclasses are for records"
            names = (field.name for field in record.fields)
            attributes = dict(zip(names, (f.name for f in fields(self._of)), strict=True))

        def of_field(record: str, field: str) -> RuntimeOverrides | None:
            is_own = isinstance(type_, model.Reference) and record == type_.name
            if is_own and attributes.get(field) in overrides:
                return None
            return field_overrides(self._classes, record, field)

        plan = plan_for(
            type_, schema.types, self._classes, overrides=self._overrides, of_fields=of_field
        )
        try:
            return InterpretedDecoder(plan).read(data)
        except DecodeError:
            raise ValueError(
                f"no example of a type of your own can be made ({error}): "
                "give a value for the field, as in example(Order, amount=...), or quote one in its "
                'doc: such as "EUR 12.00"'
            ) from error


def check_names(of: type[AvroValue] | Codec[Any], overrides: Mapping[str, object]) -> None:
    """Raise TypeError unless a class has attributes of these names.

    Raises:
        TypeError: it has not; the message says which it has instead.
    """
    if not overrides:
        return
    if not isinstance(of, type) or not is_dataclass(of):
        raise TypeError(f"{of!r} is no record: it has no fields to override")
    names = [field.name for field in fields(of)]
    for name in overrides:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f': did you mean "{near[0]}"?' if near else f": it has {', '.join(names)}"
            raise TypeError(f'{of.__name__} has no field "{name}"{hint}')


Override: TypeAlias = Callable[[int], object] | object
"""A value, or a function of an object's number. The one includes the other, but not to checkers
that want to know what a ``lambda`` takes."""


class Factory(Generic[T]):
    """Creates distinct objects, the same ones in every run.

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
        """Start at object number 1.

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
        """Return the next object.

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
        """Return the next ``number`` objects; ``overrides`` as for one."""
        return [self(**overrides) for _ in range(count)]
