"""How instances of frozen dataclasses are filled without their slow ``__init__``."""

from __future__ import annotations

from typing import Any

__all__ = ["twin_of"]


def twin_of(class_: type[object]) -> type[object]:
    """A class whose instances can be filled and then become instances of ``class_``.

    It has the same slots, but no ``__setattr__`` that refuses to set them; ``__class__`` can be
    assigned between the two because instances are laid out alike.

    Raises:
        TypeError: the classes are not that alike. Those of dataclasses always are.
    """
    namespace: dict[str, Any] = {
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
    trial.__class__ = class_
    return twin
