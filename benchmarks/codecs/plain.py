"""Schemas and plain values as JSON modules and fastavro have them: dicts, lists and leaves."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

__all__ = ["Json", "is_list", "is_object", "unforced"]

Json: TypeAlias = Any


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is a dict."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether it is a list."""
    return isinstance(value, list)


def unforced(value: Any) -> Any:
    """A value without the names that force branches of unions."""
    if isinstance(value, tuple):
        return unforced(value[1])
    if is_object(value):
        return {key: unforced(item) for key, item in value.items()}
    if is_list(value):
        return [unforced(item) for item in value]
    return value
