"""The schema that Duration and timestamps in nanoseconds have in pydantic: strings."""

from __future__ import annotations

from typing import Any

__all__ = ["text_schema"]


def text_schema(class_: Any, format_: str) -> Any:
    """Return the core schema of a type of values with texts in ISO 8601.

    Args:
        class_: the type, with ``fromisoformat`` and ``isoformat``.
        format_: format of its strings in JSON Schema.
    """
    from pydantic_core import core_schema

    def validate(value: Any) -> Any:
        if isinstance(value, class_):
            return value
        if not isinstance(value, str):
            raise ValueError(f"expected a string in ISO 8601 for {class_.__name__}")
        return class_.fromisoformat(value)

    def serialize(value: Any) -> str:
        text: str = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else text

    def schema(_: Any, __: Any) -> Any:
        return {"type": "string", "format": format_}

    return core_schema.no_info_plain_validator_function(
        validate,
        metadata={"pydantic_js_functions": [schema]},
        # In Python as well: pydantic makes dicts and ints of what it does not know.
        serialization=core_schema.plain_serializer_function_ser_schema(serialize),
    )
