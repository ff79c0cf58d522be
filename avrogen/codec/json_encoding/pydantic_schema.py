"""Schemas that generated classes have in pydantic: fields of models, bodies of FastAPI.

pydantic asks a class for them (``__get_pydantic_core_schema__``), so that this module, and pydantic
itself, are imported only where pydantic is used.

An object that pydantic writes of a record always has its type (``$type``): a class cannot know if
it is in a union of Python, in which an object of another class might look the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avrogen.codec.classes import AvroRecord, AvroValue
from avrogen.codec.compilation import classes_of
from avrogen.codec.json_encoding.json_codec import JsonCodec, json_codec
from avrogen.codec.json_encoding.json_schema import JsonSchemas
from avrogen.codec.json_encoding.plain_form import TYPE_TAG, VALUE_TAG
from avrogen.errors import DecodeError, EncodeError

__all__ = ["value_schema"]


def value_schema(class_: type[AvroValue]) -> Any:
    """Return the core schema of a generated class."""
    from pydantic_core import PydanticCustomError, PydanticSerializationUnexpectedValue, core_schema

    codec = json_codec(class_)
    tag = _tag(class_, codec)

    def validate(value: Any) -> Any:
        if isinstance(value, class_):
            return value
        try:
            return codec.from_dict(value)
        except DecodeError as error:
            details = {"path": error.path, "message": error.message}
        raise PydanticCustomError("avro", "{path}: {message}", details)

    def serialize(value: Any, info: Any) -> Any:
        if not isinstance(value, class_):
            raise PydanticSerializationUnexpectedValue(f"expected {class_.__qualname__}")
        try:
            tree = (
                codec.to_tree(value) if info.mode == "json" else codec.to_dict(value, standard=True)
            )
        except EncodeError as error:
            raise ValueError(str(error)) from error
        return tree if tag is None else {TYPE_TAG: tag, **tree}

    return core_schema.no_info_plain_validator_function(
        validate,
        ref=f"{class_.__module__}.{class_.__qualname__}:{id(class_)}",
        metadata={"pydantic_js_functions": [_json_schema(class_, codec)]},
        serialization=core_schema.plain_serializer_function_ser_schema(serialize, info_arg=True),
    )


def _tag(class_: type[AvroValue], codec: JsonCodec) -> str | None:
    """Return the name that objects of a class have; None: they are none, or have a field for it."""
    if not issubclass(class_, AvroRecord):
        return None
    (record,) = (r for r in codec.plan.records.values() if r.type is class_)
    is_free = not any(field.name in (TYPE_TAG, VALUE_TAG) for field in record.fields)
    return record.name if is_free else None


def _classes(class_: type[AvroValue]) -> dict[str, type[object]]:
    """Return the classes of the types that a class refers to, and of its own, by full name."""
    return {**(classes_of(class_) or {})}


def _json_schema(class_: type[AvroValue], codec: JsonCodec) -> Callable[[Any, Any], Any]:
    """Return the function that pydantic calls for the JSON Schema of a class."""

    def whole(_: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        begun: set[str] = set()
        classes = _classes(class_)

        def refer_to(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
            owner = classes.get(name)
            if owner is None:
                return make()
            ref = f"{owner.__module__}.{owner.__qualname__}:{id(owner)}"
            if name in begun:
                return generated(core_schema.definition_reference_schema(ref))
            begun.add(name)
            if owner is class_:
                return make()

            def inner(_: Any, __: Any) -> Any:
                return make()

            metadata = {"pydantic_js_functions": [inner]}
            return generated(core_schema.any_schema(ref=ref, metadata=metadata))

        def generated(schema: Any) -> dict[str, Any]:
            # A handler generates what is inside of a schema with all that belongs to it.
            found: dict[str, Any] = handler(core_schema.list_schema(schema))["items"]
            return found

        return JsonSchemas(class_.__avro_schema__.types, codec.plan, refer_to).whole()

    return whole
