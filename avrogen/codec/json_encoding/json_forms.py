"""The interface of a form of JSON: its leaves and its unions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeGuard

from avrogen.codec import plan
from avrogen.codec.interpreter.path_errors import PathError
from avrogen.message_text import shortened

__all__ = [
    "NON_FINITE",
    "BranchValue",
    "ExactNumber",
    "JsonFault",
    "JsonForm",
    "JsonStyle",
    "Place",
    "is_array",
    "is_object",
    "shown",
]

JsonStyle: TypeAlias = Literal["plain", "avro"]
"""A style of JSON texts."""

Place: TypeAlias = str | int
"""A step into a tree: the key of an object, or the index of an array's item."""

NON_FINITE: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""Floats that JSON has no numbers for, by the strings that stand for them."""


class ExactNumber(float):
    """A number of a JSON text, with its digits."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> ExactNumber:
        """Make the nearest float, which may be infinite."""
        self = super().__new__(cls, text)
        self.text = text
        return self


class JsonFault(PathError):
    """A fault in a tree.

    Attributes:
        places: steps to the faulty part of the tree, innermost first.
        key: key of the faulty entry in the object at ``places``; None: the part itself is faulty.
    """

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.places: list[Place] = []
        self.key = key


class BranchValue(NamedTuple):
    """The branch of a union that a tree is for.

    Attributes:
        position: position of the branch.
        tree: the tree of its value.
        places: steps from the union's tree to that of the value.
    """

    position: int
    tree: Any
    places: tuple[Place, ...] = ()


class JsonForm(ABC):
    """A form of values: a style of JSON, or plain Python values.

    Args:
        records: records of the plan.
    """

    def __init__(self, records: Mapping[str, plan.RecordOperation]) -> None:
        self._records = records

    @abstractmethod
    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        """Return the tree of a value without inner values.

        Args:
            operation: an operation of :meth:`base`.
            value: the value that it reads.
        """

    @abstractmethod
    def value(self, operation: plan.Operation, tree: Any) -> Any:
        """Return the value that a leaf stands for, which the operation encodes if it fits.

        Raises:
            JsonFault: it stands for none.
        """

    @abstractmethod
    def base(self, operation: plan.Operation) -> plan.Operation:
        """Return the operation of the values that the form shows: of base types, or of logical."""

    @abstractmethod
    def in_union(self, union: plan.UnionOperation, index: int, tree: Any) -> Any:
        """Return the tree of a union's value, of the tree of its branch's value."""

    @abstractmethod
    def branch(self, union: plan.UnionOperation, tree: Any) -> BranchValue:
        """Return the branch that the tree of a union's value is for.

        Raises:
            JsonFault: there is no such branch, or more than one.
        """

    @abstractmethod
    def is_tag(self, record: plan.RecordOperation, key: str, tree: Any) -> bool:
        """Tell if an entry of the object for a record names the record, and is no field."""


def is_object(tree: object) -> TypeGuard[dict[str, Any]]:
    """Tell if a tree is an object. Its keys may be of other types in plain Python values."""
    return isinstance(tree, dict)


def is_array(tree: object) -> TypeGuard[list[Any]]:
    """Tell if a tree is an array."""
    return isinstance(tree, list)


def shown(tree: Any) -> str:
    """Show a tree in a message, in JSON's words."""
    match tree:
        case None:
            return "null"
        case bool():
            return "true" if tree else "false"
        case ExactNumber():
            return tree.text if len(tree.text) <= 40 else f"{tree.text[:40]}..."
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return shortened(tree)
