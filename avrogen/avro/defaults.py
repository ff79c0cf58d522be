"""Defaults of fields against their types (Avro 1.12, "Complex Types", Records, "default").

A default is JSON. For bytes and fixed it is a string, each character a byte (ISO-8859-1). For a
union it fits one of the branches; readers use the first that it fits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.source import Pointer
from avrogen.avro.type_labels import json_label

__all__ = ["NOT_FINITE", "DefaultChecks", "Mismatch", "TooManyValues"]

NOT_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})
"""Defaults of fields of type float or double that JSON has no numbers for, as Avro Java writes and
reads them. In unions they are text."""

_MOST_COMPLETED = 64
"""Maximum depth of records that lack fields, each in the default of the one around it."""

_MOST_STEPS: Final = 100_000
_STEPS_PER_CHARACTER: Final = 2
"""Comparisons of values with types, in all defaults of a run."""

_MOST_MADE: Final = 20_000
"""Values that are made for fields that defaults leave out, in all defaults of a run or a plan."""

_MOST_WRITTEN: Final = 20_000
_ALWAYS_WRITTEN: Final = 10
"""Values in the Python code of all defaults of a build, beyond ten in each."""

_UNLIMITED: Final = 1 << 62
"""Also the count of values that stands for all larger ones."""

_TOO_DEEP = f"defaults complete each other more than {_MOST_COMPLETED} levels deep"
_TOO_MANY_VALUES = "defaults complete each other and make too many values"
_TOO_MUCH_CODE = f"the defaults have more than {_MOST_WRITTEN:,} values, too many for Python code"
_TOO_MANY_STEPS = "the defaults of the schemas take too many comparisons with their types"

_MOST_SHOWN = 3
"""Maximum number of them in a message."""

_LONGEST_NUMBER = 40
"""Characters of a number in a message."""

_BOUNDS = {"int": 1 << 31, "long": 1 << 63}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The reason why a default does not fit its type.

    Attributes:
        message: expected and found.
        pointer: path from the default to the value that does not fit.
        is_symbol: it would fit if its enum had one more symbol, as in some schemas in use.
    """

    message: str
    pointer: Pointer = ()
    is_symbol: bool = False


class _Fit(NamedTuple):
    """A default that fits.

    Attributes:
        values: number of values in it, with those of fields that it leaves out.
        made: number of those that it leaves out.
        levels: depth of the records in it that lack fields, each in the default of another.
    """

    values: int = 1
    made: int = 0
    levels: int = 0


_LEAF = _Fit()

_Node: TypeAlias = tuple[str, int]
"""A record, and the identity of an object in a default of it; 0: the object is empty."""


class _Unusable(Exception):
    """Too much is in a default, whatever branch of a union it may fit."""


class _Endless(_Unusable):
    """A default contains itself."""


class TooManyValues(ValueError):
    """Defaults are too large, or fill each other and would make too many values."""


class DefaultChecks:
    """Checks of defaults against the types of one run.

    Each object of a default is compared with each record once: without that, unions whose branches
    contain the next union, and records that contain the next one twice, each would take
    exponential time. The comparisons are counted, and so are the values that defaults are made of.

    Args:
        types: named types by full name. Those that are missing are invalid: any default fits them.
        size: characters of the schemas; None: they were checked before, and nothing is counted.

    Attributes:
        types: as above.
    """

    def __init__(self, types: Mapping[str, model.NamedType], size: int | None = None) -> None:
        self.types = types
        self._steps_left = _UNLIMITED
        if size is not None:
            self._steps_left = _MOST_STEPS + _STEPS_PER_CHARACTER * size
        self._made_left = _MOST_MADE
        self._written_left = _MOST_WRITTEN
        # Objects are kept: others must not get their identities.
        self._objects: dict[_Node, tuple[Json, _Fit | Mismatch | _Endless]] = {}
        self._own: dict[tuple[str, str], _Fit | Mismatch] = {}
        self._begun: dict[_Node, Json] = {}
        self._levels = 0

    def mismatch(self, type_: model.AvroType, default: Json) -> Mismatch | None:
        """Return the reason why a default does not fit a type; None if it fits."""
        found = self._whole(type_, default)
        return found if isinstance(found, Mismatch) else None

    def branch(self, union: model.Union, default: Json) -> int | None:
        """Return the index of the first branch that a default fits."""
        for index, branch in enumerate(union.branches):
            if not _is_text_of_number(branch, default) and self.mismatch(branch, default) is None:
                return index
        return None

    def completed(self, type_: model.AvroType, default: Json) -> Json:
        """Return a default that fits, completed with the defaults of fields that it leaves out.

        Raises:
            TooManyValues: so many have been made, for this one and those before.
        """
        found = self._whole(type_, default)
        if isinstance(found, _Fit):
            self._made_left -= found.made
            if self._made_left < 0:
                raise TooManyValues(_TOO_MANY_VALUES)
        return self._complete(type_, default)

    def completed_for_code(self, type_: model.AvroType, default: Json) -> Json:
        """Return a completed default as :meth:`completed` does, which is written as Python code.

        Raises:
            TooManyValues: so many have been made or written, for this one and those before.
        """
        completed = self.completed(type_, default)
        found = self._whole(type_, default)
        many = found.values - _ALWAYS_WRITTEN if isinstance(found, _Fit) else 0
        if many > self._written_left:
            raise TooManyValues(_TOO_MUCH_CODE)
        self._written_left -= max(many, 0)
        return completed

    def _complete(self, type_: model.AvroType, default: Json) -> Json:
        match type_:
            case model.Primitive():
                return default
            case model.Reference(name):
                named = self.types[name]
                if not isinstance(named, model.RecordType):
                    return default
                assert isinstance(default, dict)
                return {
                    f.name: self._complete(
                        f.type, default[f.name] if f.name in default else _own_default(f)
                    )
                    for f in named.fields
                }
            case model.Array(items):
                assert isinstance(default, list)
                return [self._complete(items, item) for item in default]
            case model.Map(values):
                assert isinstance(default, dict)
                return {key: self._complete(values, value) for key, value in default.items()}
            case model.Union(branches):
                index = self.branch(type_, default)
                return default if index is None else self._complete(branches[index], default)
            case _:
                assert_never(type_)

    def _whole(self, type_: model.AvroType, default: Json) -> _Fit | Mismatch:
        try:
            return self._check(type_, default)
        except _Unusable as reason:
            if isinstance(reason, _Endless):
                # So is every default that leads to it.
                self._objects |= {node: (value, reason) for node, value in self._begun.items()}
            self._begun.clear()
            self._levels = 0
            return Mismatch(str(reason))

    def _check(self, type_: model.AvroType, default: Json) -> _Fit | Mismatch:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise _Unusable(_TOO_MANY_STEPS)
        match type_:
            case model.Primitive(name):
                return _primitive(name, default) or _LEAF
            case model.Reference(name):
                return self._named(self.types[name], default) if name in self.types else _LEAF
            case model.Array(items):
                if not isinstance(default, list):
                    return _expected("an array", default)
                return self._all((i, items, v) for i, v in enumerate(default))
            case model.Map(values):
                if not isinstance(default, dict):
                    return _expected("an object", default)
                wrong = next((m for m in map(_text, default) if m), None)
                return wrong or self._all((k, values, v) for k, v in default.items())
            case model.Union(branches):
                return self._union(branches, default)
            case _:
                assert_never(type_)

    def _union(self, branches: tuple[model.AvroType, ...], default: Json) -> _Fit | Mismatch:
        soft: Mismatch | None = None
        for branch in branches:
            if _is_text_of_number(branch, default):
                continue
            found = self._check(branch, default)
            if isinstance(found, _Fit):
                return found
            if soft is None and found.is_symbol:
                soft = found
        if not branches:
            return _LEAF
        return soft or _expected("a value of one of the union's branches", default)

    def _all(self, parts: Iterable[tuple[str | int, model.AvroType, Json]]) -> _Fit | Mismatch:
        """Check the parts of a value; a mismatch has the step that leads to it."""
        values, made, levels = 1, 0, 0
        for step, type_, value in parts:
            found = self._check(type_, value)
            if isinstance(found, Mismatch):
                return Mismatch(found.message, (step, *found.pointer), found.is_symbol)
            values = min(values + found.values, _UNLIMITED)
            made = min(made + found.made, _UNLIMITED)
            levels = max(levels, found.levels)
        return _Fit(values, made, levels)

    def _named(self, named: model.NamedType, default: Json) -> _Fit | Mismatch:
        match named:
            case model.EnumType(symbols=symbols):
                if not isinstance(default, str):
                    return _expected("a symbol", default)
                if default in symbols:
                    return _LEAF
                return Mismatch(f'"{default}" is not a symbol of {named.name}', is_symbol=True)
            case model.FixedType(size=size):
                wrong = _bytes(default)
                if wrong:
                    return wrong
                if isinstance(default, str) and len(default) == size:
                    return _LEAF
                return Mismatch(f"expected {size} bytes, found {len(str(default))}")
            case model.RecordType():
                return self._record(named, default)
            case _:
                assert_never(named)

    def _record(self, record: model.RecordType, default: Json) -> _Fit | Mismatch:
        if not isinstance(default, dict):
            return _expected("an object", default)
        node = record.name, id(default) if default else 0
        if node in self._objects:
            found = self._objects[node][1]
            if isinstance(found, _Endless):
                raise found
            if isinstance(found, _Fit) and self._levels + found.levels > _MOST_COMPLETED:
                raise _Unusable(_TOO_DEEP)
            return found
        if node in self._begun:
            raise _Endless(f"the default of a field of {record.name} contains itself")
        self._steps_left -= len(record.fields)
        self._begun[node] = default
        found = self._fields(record, default)
        del self._begun[node]
        self._objects[node] = default, found
        return found

    def _fields(self, record: model.RecordType, default: dict[str, Json]) -> _Fit | Mismatch:
        given = self._all(
            (f.name, f.type, default[f.name]) for f in record.fields if f.name in default
        )
        if isinstance(given, Mismatch):
            return given
        values, made, levels = given
        for field in record.fields:
            if field.name in default:
                continue
            if field.default is model.NO_DEFAULT:
                return Mismatch(f'field "{field.name}" of {record.name} is missing')
            found = self._completed(record, field, field.default)
            if isinstance(found, Mismatch):
                return found
            values = min(values + found.values, _UNLIMITED)
            made = min(made + found.values, _UNLIMITED)
            levels = max(levels, found.levels)
        return _Fit(values, made, levels)

    def _completed(
        self, record: model.RecordType, field: model.Field, default: Json
    ) -> _Fit | Mismatch:
        """Check the default of a field that a default leaves out."""
        self._steps_left -= 1
        key = record.name, field.name
        own = self._own.get(key)
        if own is None:
            if self._levels >= _MOST_COMPLETED:
                raise _Unusable(_TOO_DEEP)
            self._levels += 1
            own = self._check(field.type, default)
            self._levels -= 1
            if isinstance(own, Mismatch):
                message = f"the default of {record.name}.{field.name} does not fit: {own.message}"
                shown = own.message if self._levels >= _MOST_SHOWN else message
                own = Mismatch(shown, is_symbol=own.is_symbol)
            else:
                own = own._replace(levels=own.levels + 1)
            self._own[key] = own
        elif isinstance(own, _Fit) and self._levels + own.levels > _MOST_COMPLETED:
            raise _Unusable(_TOO_DEEP)
        return own


def _own_default(field: model.Field) -> Json:
    assert field.default is not model.NO_DEFAULT, "the default was checked"
    return field.default


def _primitive(name: model.PrimitiveName, default: Json) -> Mismatch | None:
    match name:
        case "null":
            return None if default is None else _expected("null", default)
        case "boolean":
            return None if isinstance(default, bool) else _expected("true or false", default)
        case "int" | "long":
            return _integer(name, default)
        case "float" | "double":
            return _number(name, default)
        case "bytes":
            return _bytes(default)
        case "string":
            return _text(default) if isinstance(default, str) else _expected("a string", default)
        case _:
            assert_never(name)


def _integer(name: str, default: Json) -> Mismatch | None:
    if not isinstance(default, int) or isinstance(default, bool):
        return _expected("an integer", default)
    bound = _BOUNDS[name]
    return (
        None
        if -bound <= default < bound
        else Mismatch(f"{str(default)[:_LONGEST_NUMBER]} is out of range for {name}")
    )


def _is_text_of_number(branch: model.AvroType, default: Json) -> bool:
    return (
        isinstance(default, str)
        and isinstance(branch, model.Primitive)
        and branch.name in ("float", "double")
    )


def _number(name: str, default: Json) -> Mismatch | None:
    if isinstance(default, str) and default in NOT_FINITE:
        return None
    if not isinstance(default, int | float) or isinstance(default, bool):
        return _expected("a number", default)
    try:
        struct.pack("<f" if name == "float" else "<d", default)
    except OverflowError:
        return Mismatch(f"{str(default)[:_LONGEST_NUMBER]} is out of range for {name}")
    return None


def _text(default: str) -> Mismatch | None:
    if default.isascii() or not any("\ud800" <= char <= "\udfff" for char in default):
        return None
    return Mismatch("it contains a lone surrogate, which UTF-8 cannot encode")


def _bytes(default: Json) -> Mismatch | None:
    if not isinstance(default, str):
        return _expected("a string", default)
    if not default.isascii() and max(default) > "\xff":
        return Mismatch(f'"{max(default)}" is not a byte: write bytes as characters up to U+00FF')
    return None


def _expected(what: str, found: Json) -> Mismatch:
    return Mismatch(f"expected {what}, found {json_label(found)}")
