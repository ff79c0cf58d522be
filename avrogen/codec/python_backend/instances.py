"""How instances of immutable classes are filled without their slow ``__init__``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

__all__ = ["UNSET_UUID", "stand_in_for", "twin_of"]

UNSET_UUID: Final = type(
    "UnsetUuid",
    (UUID,),
    {"__slots__": (), "__init__": object.__init__, "__setattr__": object.__setattr__},
)
"""A class whose instances become UUIDs once ``int`` and ``is_safe`` are set.

A twin would not do, as UUIDs have weak references; a subclass that adds nothing is laid out alike.
"""


def twin_of(class_: type[object]) -> type[object] | None:
    """A class whose instances can be filled and then become instances of ``class_``.

    It has the same slots, but no ``__setattr__`` that refuses to set them; ``__class__`` can be
    assigned between the two because instances are laid out alike.

    Returns:
        The twin; None if instances are not laid out alike, as where there are weak references.
    """
    namespace: dict[str, Any] = {
        "__new__": object.__new__,
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        "__module__": class_.__module__,
        "__qualname__": f"{class_.__qualname__}Twin",
    }
    if "__slots__" in class_.__dict__:
        namespace["__slots__"] = class_.__dict__["__slots__"]
    # ``type`` and not the class's metaclass: this is not to be known as a subclass.
    twin = type(f"{class_.__name__}Twin", class_.__bases__, namespace)
    trial: Any = object.__new__(twin)
    try:
        trial.__class__ = class_
    except TypeError:
        return None
    return twin


def stand_in_for(
    class_: type[object], attributes: tuple[str, ...]
) -> tuple[type[object], Callable[[Any], Any]]:
    """A class to be filled instead where there is no twin, and what makes instances of it then."""
    stand_in = type("StandIn", (), {"__slots__": attributes})

    def instance(filled: Any) -> Any:
        made = object.__new__(class_)
        for name in attributes:
            object.__setattr__(made, name, getattr(filled, name))
        return made

    return stand_in, instance
