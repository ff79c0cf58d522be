"""The table ``[types]``: types of one's own for logical types, ``connect.name`` and single fields.

Names of Python objects are checked as text. Nothing is imported: the build runs no code that a
configuration names; generated code imports it.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.logical_types import LOGICAL_TYPES
from avrogen.avro.source import Location, Pointer
from avrogen.avro.type_overrides import (
    RAW,
    TypeOverride,
    TypeOverrides,
    connect_selector,
    field_selector,
    logical_selector,
)
from avrogen.config.keys import TYPE_KEYS, TYPES_KEYS
from avrogen.config.toml_reader import TableReader, Toml, near

__all__ = [
    "PRESETS",
    "BuildOverrides",
    "CustomTypes",
    "PythonName",
    "TypeConversion",
    "read_types",
]


@dataclass(frozen=True, slots=True)
class PythonName:
    """An object by its name.

    Attributes:
        module: module that is imported from; ``builtins`` for a builtin.
        path: name in that module, with dots for attributes of a class.
    """

    module: str
    path: str


@dataclass(frozen=True, slots=True)
class TypeConversion:
    """A type of one's own.

    Attributes:
        type: the type.
        from_base: function that converts a value that was read.
        to_base: function that converts a value to write; None: values are base values already.
    """

    type: PythonName
    from_base: PythonName
    to_base: PythonName | None


BuildOverrides: TypeAlias = TypeOverrides[TypeConversion]


@dataclass(frozen=True, slots=True)
class CustomTypes:
    """Overrides of Python types.

    Attributes:
        overrides: overrides by selector; fields are selected by the full name of their record and
            their own.
        locations: positions of the overrides of the file, by selector; presets have none.
    """

    overrides: TypeOverrides[TypeConversion] = field(
        default_factory=lambda: TypeOverrides[TypeConversion]({})
    )
    locations: Mapping[str, Location] = field(default_factory=dict[str, Location])

    def __bool__(self) -> bool:
        return bool(self.overrides.entries)

    def is_acknowledged(self, attributes: model.Attributes, field: str) -> bool:
        """Tell if an override applies to a schema with a logical type, which needs no warning then.

        Args:
            attributes: attributes of the schema.
            field: full name of the field that it is in, or "".
        """
        type_ = model.Primitive("bytes", attributes=attributes)
        return self.overrides.at_field(field).of(type_).selector is not None


_ZONED: Final = TypeConversion(
    PythonName("datetime", "datetime"),
    PythonName("avrogen.runtime.v1", "zoned_datetime_from_text"),
    PythonName("avrogen.runtime.v1", "zoned_datetime_to_text"),
)

PRESETS: Final[Mapping[str, Mapping[str, TypeOverride[TypeConversion]]]] = {
    "debezium": {
        "io.debezium.data.Uuid": TypeOverride("uuid", None),
        "io.debezium.time.Date": TypeOverride("date", None),
        "io.debezium.time.MicroTime": TypeOverride("time-micros", None),
        "io.debezium.time.MicroTimestamp": TypeOverride("local-timestamp-micros", None),
        "io.debezium.time.NanoTimestamp": TypeOverride("local-timestamp-nanos", None),
        "io.debezium.time.Time": TypeOverride("time-millis", None),
        "io.debezium.time.Timestamp": TypeOverride("local-timestamp-millis", None),
        "io.debezium.time.ZonedTimestamp": TypeOverride(RAW, _ZONED),
    },
    "connect": {
        "org.apache.kafka.connect.data.Date": TypeOverride("date", None),
        "org.apache.kafka.connect.data.Decimal": TypeOverride("decimal", None),
        "org.apache.kafka.connect.data.Time": TypeOverride("time-millis", None),
        "org.apache.kafka.connect.data.Timestamp": TypeOverride("timestamp-millis", None),
    },
}
"""Overrides by preset and ``connect.name``."""

_SELECTORS: Final[Mapping[str, Callable[[str], str]]] = {
    "logical": logical_selector,
    "connect": connect_selector,
    "fields": field_selector,
}
"""Selectors by table of ``[types]``."""


def read_types(value: Toml, at: Pointer, reader: TableReader) -> CustomTypes:
    """Read the table ``[types]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
    """
    table = reader.described(value, at, TYPES_KEYS)
    entries: dict[str, TypeOverride[TypeConversion]] = {}
    for preset in _presets(table, (*at, "presets"), reader):
        entries |= {connect_selector(name): entry for name, entry in PRESETS[preset].items()}
    locations: dict[str, Location] = {}
    for kind, selector in _SELECTORS.items():
        overrides = reader.table(table.get(kind, {}), (*at, kind), None)
        for name, each in overrides.items():
            override = _override(each, (*at, kind, name), reader)
            if override is not None:
                entries[selector(name)] = override
                locations[selector(name)] = reader.positions.key((*at, kind, name))
    return CustomTypes(TypeOverrides(entries), locations)


def _presets(table: Mapping[str, Toml], at: Pointer, reader: TableReader) -> list[str]:
    value = table.get("presets", [])
    if not isinstance(value, list):
        reader.wrong_value(at, "a list of names", value)
        return []
    known: list[str] = []
    for index, name in enumerate(value):
        if isinstance(name, str) and name in PRESETS:
            known.append(name)
        else:
            reader.diagnostics.report(
                Code.TYPE_OVERRIDE,
                reader.positions.value((*at, index)),
                f'unknown preset "{name}"',
                hint=near(str(name), PRESETS),
            )
    return known


def _override(value: Toml, at: Pointer, reader: TableReader) -> TypeOverride[TypeConversion] | None:
    if isinstance(value, str):
        base = _base(value, at, reader)
        return TypeOverride(base, None) if base is not None else None
    if not isinstance(value, dict):
        reader.wrong_value(at, 'a logical type, "raw" or a table', value)
        return None
    table = reader.described(value, at, TYPE_KEYS)
    text = reader.text(table, "base", at)
    base = _base(text, (*at, "base"), reader) if text is not None else None
    if text is not None and base is None:
        return None
    if "type" not in table:
        reader.diagnostics.report(
            Code.MISSING_KEY,
            reader.positions.key(at),
            f'"{at[-1]}" has no "type"',
            hint=f"add the type of its values: {TYPE_KEYS['type'].example}",
        )
        return None
    names = {key: _python_name(table, key, at, reader) for key in ("type", "from-base", "to-base")}
    type_, from_base, to_base = names.values()
    if type_ is None or any(key in table and name is None for key, name in names.items()):
        return None
    if from_base is not None and to_base is None:
        reader.diagnostics.report(
            Code.MISSING_KEY,
            reader.positions.key(at),
            f'"{at[-1]}" has "from-base" and no "to-base"',
            hint=f"add the function for the way back: {TYPE_KEYS['to-base'].example}",
        )
        return None
    return TypeOverride(base, TypeConversion(type_, from_base or type_, to_base))


def _base(text: str, at: Pointer, reader: TableReader) -> str | None:
    known = [RAW, "decimal", *LOGICAL_TYPES]
    if text in known:
        return text
    reader.diagnostics.report(
        Code.TYPE_OVERRIDE,
        reader.positions.value(at),
        f'unknown logical type "{text}"',
        hint=f"{near(text, known)}; a type of your own is a table: {{ type = ... }}",
    )
    return None


_DOTTED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_LONGEST: Final = 200


def _python_name(
    table: dict[str, Toml], key: str, at: Pointer, reader: TableReader
) -> PythonName | None:
    text = reader.text(table, key, at)
    if text is None:
        return None
    module, colon, path = text.partition(":")
    if not colon:
        module, _, path = text.rpartition(".")
    parts = f"{module}.{path}" if module else path
    words = parts.split(".")
    if (
        len(parts) > _LONGEST
        or not _DOTTED.fullmatch(parts)
        or (colon and not (module and path))
        or any(keyword.iskeyword(word) for word in words)
        or any(word.startswith("__") for word in words)
    ):
        reader.diagnostics.report(
            Code.TYPE_OVERRIDE,
            reader.positions.value((*at, key)),
            f'"{text}" is not the name of a Python object',
            hint=f"name a module and an object in it: {TYPE_KEYS[key].example}",
        )
        return None
    return PythonName(module or "builtins", path)
