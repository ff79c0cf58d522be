"""Methods of records that came when packages with fields of their names were in use."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["UnlessField"]


class UnlessField:
    """A method that is not there for classes with a field of its name.

    The methods of records grow with versions, and the names of fields are those of schemas. A
    dataclass would take a method of its base for the default of a field.
    """

    def __init__(self, method: Any, name: str) -> None:
        self._method = method
        self._name = name
        self.__doc__ = method.__doc__

    def __get__(self, instance: object, owner: type) -> Any:
        if _has_annotation(owner, self._name):
            raise AttributeError(f"{owner.__qualname__} has a field {self._name}")
        return self._method.__get__(instance, owner)


def _has_annotation(class_: type, name: str) -> bool:
    """Return whether a class that is not a dataclass yet has a field of this name."""
    namespace = vars(class_)
    if "__dataclass_fields__" in namespace:
        return False  # the field itself is found first
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return name in get_annotations(class_, format=Format.FORWARDREF)
    return name in namespace.get("__annotations__", ())
