"""Schema resolution once more, as plainly as can be: a model to compare avrogen with.

It reads valid data of base types. It knows nothing of avrogen: schemas are what
:mod:`tests.support.schema_meaning` makes of JSON. Where the specification leaves something open, it
follows docs/decisions.md.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

from tests.fuzz.default_model import Unresolvable, default_value, kind_of
from tests.support.schema_meaning import PRIMITIVES, Meaning, is_list

__all__ = ["NO_TEXT", "LyingBlock", "Model"]

Json: TypeAlias = Any

_PROMOTIONS = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}


NO_TEXT = "bytes that are no UTF-8"
"""What may come of bytes read as a string, although the schemas match."""


class LyingBlock(Exception):
    """A block has other bytes than it says: whether that counts depends on who reads it."""


class Model:
    """Reads data of one schema as values of another."""

    def __init__(self, writer: Meaning, reader: Meaning) -> None:
        self._writers = writer.definitions
        self._readers = reader.definitions
        self._writer = writer.type
        self._reader = reader.type

    def read(self, data: bytes) -> Any:
        """The value of a valid datum.

        Raises:
            Unresolvable: the reader's schema has no place for it.
            LyingBlock: there is no saying what is right.
        """
        value, end = self._read(self._writer, data, 0)
        assert end == len(data), "the datum is valid"
        return self._resolved(value, self._writer, self._reader)

    # --- what is written: (branch, value) for unions, lists of values for records ----------------

    def _read(self, type_: Json, data: bytes, at: int) -> tuple[Any, int]:
        if is_list(type_):
            index, at = _varint(data, at)
            value, at = self._read(type_[index], data, at)
            return (index, value), at
        kind, own = kind_of(type_, self._writers)
        match kind:
            case "null":
                return None, at
            case "boolean":
                return data[at] == 1, at + 1
            case "int" | "long":
                return _varint(data, at)
            case "float":
                return struct.unpack_from("<f", data, at)[0], at + 4
            case "double":
                return struct.unpack_from("<d", data, at)[0], at + 8
            case "bytes" | "string":
                size, at = _varint(data, at)
                return data[at : at + size], at + size
            case "fixed":
                return data[at : at + own["size"]], at + own["size"]
            case "enum":
                index, at = _varint(data, at)
                return own["symbols"][index], at
            case "record" | "error":
                values: list[Any] = []
                for field in own["fields"]:
                    value, at = self._read(field["type"], data, at)
                    values.append(value)
                return values, at
            case _:
                return self._read_blocks(own, data, at)

    def _read_blocks(self, own: Json, data: bytes, at: int) -> tuple[Any, int]:
        items: list[Any] = []
        while True:
            count, at = _varint(data, at)
            if count == 0:
                return items, at
            end = None
            if count < 0:
                size, at = _varint(data, at)
                end = at + size
            for _ in range(abs(count)):
                key = None
                if own["type"] == "map":
                    key, at = self._read("string", data, at)
                value, at = self._read(own.get("items", own.get("values")), data, at)
                items.append((key, value))
            if end not in (None, at):
                raise LyingBlock

    # --- what the reader makes of it -------------------------------------------------------------

    def _resolved(self, value: Any, writer: Json, reader: Json) -> Any:
        if is_list(writer):
            index, inner = value
            return self._resolved(inner, writer[index], reader)
        if is_list(reader):
            return self._resolved(value, writer, self._branch(writer, reader))
        if not self._is_readable(writer, reader, frozenset()):
            raise Unresolvable(f"{writer} as {reader}")
        (wrote, theirs), (read, mine) = kind_of(writer, self._writers), kind_of(
            reader, self._readers
        )
        match read:
            case "float":
                return struct.unpack("<f", struct.pack("<f", value))[0] if wrote != read else value
            case "double":
                return float(value)
            case "string":
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    raise Unresolvable(NO_TEXT) from None
            case "enum":
                return self._symbol(value, mine)
            case "array":
                return [self._resolved(v, theirs["items"], mine["items"]) for _, v in value]
            case "map":
                inner = theirs["values"], mine["values"]
                return {key.decode(): self._resolved(v, *inner) for key, v in value}
            case "record" | "error":
                return self._record(value, theirs, mine)
            case _:
                return value

    def _symbol(self, symbol: str, mine: Json) -> str:
        if symbol in mine["symbols"]:
            return symbol
        if "default" in mine:
            return str(mine["default"])
        raise Unresolvable(symbol)

    def _record(self, values: list[Any], theirs: Json, mine: Json) -> dict[str, Any]:
        sources = _sources(theirs, mine)
        out: dict[str, Any] = {}
        for position, field in enumerate(mine["fields"]):
            index = sources[position]
            if index is not None:
                written = theirs["fields"][index]["type"]
                out[field["name"]] = self._resolved(values[index], written, field["type"])
            elif "default" in field:
                out[field["name"]] = default_value(field["default"], field["type"], self._readers)
            else:
                raise Unresolvable(field["name"])
        return out

    def _branch(self, writer: Json, reader: list[Json]) -> Json:
        """The same type, else the first that the writer's can be read as."""
        fitting = [b for b in reader if self._is_readable(writer, b, frozenset())]
        same = [branch for branch in fitting if self._is_same(writer, branch)]
        for branch in (*same, *fitting):
            return branch
        raise Unresolvable(f"no branch for {writer}")

    def _is_same(self, writer: Json, reader: Json) -> bool:
        if isinstance(writer, str) and writer in self._writers:
            return bool(writer == reader)
        return kind_of(writer, self._writers)[0] == kind_of(reader, self._readers)[0]

    def _is_readable(self, writer: Json, reader: Json, pairs: frozenset[tuple[str, str]]) -> bool:
        """Whether there are data of one that can be read as the other."""
        if is_list(writer):
            return not writer or any(self._is_readable(b, reader, pairs) for b in writer)
        if is_list(reader):
            return any(self._is_readable(writer, branch, pairs) for branch in reader)
        (wrote, theirs), (read, mine) = kind_of(writer, self._writers), kind_of(
            reader, self._readers
        )
        if wrote in PRIMITIVES or read in PRIMITIVES:
            return wrote == read or (wrote, read) in _PROMOTIONS
        if {wrote, read} <= {"record", "error"}:
            wrote = read
        if wrote != read:
            return False
        match read:
            case "array":
                return self._is_readable(theirs["items"], mine["items"], pairs)
            case "map":
                return self._is_readable(theirs["values"], mine["values"], pairs)
            case _:
                pass
        if not _names_match(theirs["name"], mine):
            return False
        if read == "fixed":
            return bool(theirs["size"] == mine["size"])
        if read == "enum" or (theirs["name"], mine["name"]) in pairs:
            return True
        pairs |= {(theirs["name"], mine["name"])}
        claims = _claims(theirs, mine)
        return all(
            (
                "default" in field
                if index is None
                else self._is_readable(theirs["fields"][index]["type"], field["type"], pairs)
            )
            for field, index in zip(mine["fields"], claims, strict=True)
        )


def _names_match(writer: str, mine: Json) -> bool:
    aliases = mine.get("aliases", ())
    return writer.rpartition(".")[2] == mine["name"].rpartition(".")[2] or writer in aliases


def _claims(theirs: Json, mine: Json) -> list[int | None]:
    """Which written field each of the reader's would be read from, by name and alias."""
    written = {field["name"]: index for index, field in enumerate(theirs["fields"])}
    return [
        next((written[n] for n in (f["name"], *f.get("aliases", ())) if n in written), None)
        for f in mine["fields"]
    ]


def _sources(theirs: Json, mine: Json) -> list[int | None]:
    """Likewise, where no two are read from one: the one of the same name is, else the first."""
    claims = _claims(theirs, mine)
    names = [field["name"] for field in mine["fields"]]
    taken: dict[int, int] = {}
    for position, index in enumerate(claims):
        if index is not None and (
            index not in taken or names[position] == theirs["fields"][index]["name"]
        ):
            taken[index] = position
    return [
        index if index is not None and taken[index] == position else None
        for position, index in enumerate(claims)
    ]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return (number >> 1) ^ -(number & 1), at
