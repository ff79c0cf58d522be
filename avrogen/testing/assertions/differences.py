"""Where two values differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

__all__ = ["differences"]


def differences(
    first: str, one: object, second: str, other: object, path: str = "$"
) -> Iterator[str]:
    """A line for each place where two values differ, down to fields, items and entries.

    Args:
        first: what the first is called.
        one: the first value.
        second: what the second is called.
        other: the second value.
        path: where they are.
    """
    inside = _members(one), _members(other)
    if type(one) is type(other) and inside[0] is not None and inside[1] is not None:
        for key in dict.fromkeys([*inside[0], *inside[1]]):
            if key not in inside[0]:
                yield f"{path}{key}: only {second} has it, {inside[1][key]!r}"
            elif key not in inside[1]:
                yield f"{path}{key}: only {first} has it, {inside[0][key]!r}"
            else:
                yield from differences(
                    first, inside[0][key], second, inside[1][key], f"{path}{key}"
                )
    elif not _is_same(one, other):
        yield f"{path}: {first} {one!r}, {second} {other!r}"


def _members(value: object) -> Mapping[str, Any] | None:
    """What is inside of a value, by what is added to its path; None: nothing."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f".{field.name}": getattr(value, field.name) for field in fields(value)}
    match value:
        case dict():
            entries = cast("dict[object, Any]", value)
            return {f"[{key!r}]": entry for key, entry in entries.items()}
        case list() | tuple():
            items = cast("Sequence[Any]", value)
            return {f"[{number}]": item for number, item in enumerate(items)}
        case _:
            return None


def _is_same(one: object, other: object) -> bool:
    """Equality, but NaN is itself, and True is not 1."""
    return (one == other and type(one) is type(other)) or repr(one) == repr(other)
