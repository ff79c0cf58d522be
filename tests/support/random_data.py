"""Random data for a schema, written by fastavro.

Values are raw, as fastavro has them, within what logical types allow; logical types are taken out
of the schema that fastavro gets, as it refuses some that the specification lets pass.
"""

from __future__ import annotations

import io
import random
import string
import struct
import uuid
from collections.abc import Mapping
from typing import Any

import fastavro

from tests.support.schema_meaning import PRIMITIVES, Json, Meaning, is_list, is_object

__all__ = ["Partner", "for_partners", "random_datum"]

_fastavro: Any = fastavro
"""Its types are too loose for a strict checker."""

_DEPTH = 4
_INT, _LONG = 1 << 31, 1 << 63
_DAY = 86_400
_SECONDS = (-62_135_596_800, 253_402_300_799)
"""The years 1 to 9999, as seconds from 1970."""
_PER_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}


class Partner:
    """A schema as fastavro sees it."""

    def __init__(self, found: Meaning) -> None:
        self._parsed = _fastavro.parse_schema(for_partners(found))

    def write(self, datum: Any) -> bytes:
        """One datum; branches of unions are given as ``(name, value)``."""
        buffer = io.BytesIO()
        _fastavro.schemaless_writer(buffer, self._parsed, datum)
        return buffer.getvalue()


def for_partners(found: Meaning) -> Json:
    """A schema that partners take and that lays data out alike."""
    return _inlined(found.type, found.definitions, set())


def _inlined(schema: Json, definitions: Mapping[str, Json], seen: set[str]) -> Json:
    """The schema in one piece, without logical types and what they bring."""
    if isinstance(schema, str):
        if schema not in definitions or schema in seen:
            return _partner_name(schema)
        seen.add(schema)
        own = {k: v for k, v in definitions[schema].items() if k in _KEPT}
        own["name"] = _partner_name(schema)
        if "fields" in own:
            own["fields"] = [
                {"name": f["name"], "type": _inlined(f["type"], definitions, seen)}
                for f in own["fields"]
            ]
        return own
    if is_list(schema):
        return [_inlined(branch, definitions, seen) for branch in schema]
    if schema["type"] == "array":
        return {"type": "array", "items": _inlined(schema["items"], definitions, seen)}
    if schema["type"] == "map":
        return {"type": "map", "values": _inlined(schema["values"], definitions, seen)}
    return _inlined(schema["type"], definitions, seen)


def _partner_name(name: str) -> str:
    """fastavro finds no type without a namespace from inside one, so here every type has one."""
    return name if "." in name or name in PRIMITIVES | {"array", "map"} else f"none.{name}"


_KEPT = {"type", "name", "fields", "symbols", "size"}


def random_datum(found: Meaning, source: random.Random) -> Any:
    """A raw value; collections are kept small where types are deep."""
    return _Maker(found.definitions, source).value(found.type, 0)


class _Maker:
    def __init__(self, definitions: Mapping[str, Json], source: random.Random) -> None:
        self._definitions = definitions
        self._random = source

    def value(self, schema: Json, depth: int) -> Any:
        if is_list(schema):
            return self._branch(schema, depth)
        own = self._definitions.get(schema, schema) if isinstance(schema, str) else schema
        if isinstance(own, str):
            return self._primitive(own, {})
        kind = own["type"]
        if kind in {"record", "error"}:
            return {f["name"]: self.value(f["type"], depth + 1) for f in own["fields"]}
        if kind == "enum":
            return self._random.choice(own["symbols"])
        if kind == "fixed":
            return self._fixed(own)
        if kind == "array":
            return [self.value(own["items"], depth + 1) for _ in range(self._length(depth))]
        if kind == "map":
            keys = [self._string() for _ in range(self._length(depth))]
            return {key: self.value(own["values"], depth + 1) for key in keys}
        if isinstance(kind, str) and kind in PRIMITIVES:
            return self._primitive(kind, own)
        return self.value(kind, depth)

    def _branch(self, branches: list[Json], depth: int) -> Any:
        """A branch by name; the plainest ones where types are deep, so that recursion ends."""
        if depth > _DEPTH:
            plain = [b for b in branches if isinstance(b, str) and b in PRIMITIVES]
            branches = plain or branches
        branch = self._random.choice(branches)
        value = self.value(branch, depth + 1)
        if branch == "null":
            return None
        return (self._branch_name(branch), value)

    def _branch_name(self, branch: Json) -> str:
        while is_object(branch):
            branch = branch["type"]
        return _partner_name(str(branch))

    def _length(self, depth: int) -> int:
        return 0 if depth > _DEPTH else self._random.choice((0, 1, 2, 3))

    def _string(self) -> str:
        letters = string.ascii_letters + "äß→𝄞\x00\n "
        return "".join(self._random.choice(letters) for _ in range(self._random.randrange(12)))

    def _fixed(self, own: Mapping[str, Json]) -> bytes:
        size, logical = own["size"], own.get("logicalType")
        if logical == "decimal":
            return self._decimal(own, size)
        return self._random.randbytes(size)

    def _decimal(self, own: Mapping[str, Json], size: int | None) -> bytes:
        """An unscaled number of at most so many digits, in the fewest bytes or in ``size``."""
        precision = own.get("precision")
        if not isinstance(precision, int) or not 0 < precision < 1000:
            return self._random.randbytes(4 if size is None else size)
        most = 10**precision - 1
        if size is not None:
            most = min(most, 2 ** (8 * size - 1) - 1)
        unscaled = self._random.randint(-most, most)
        length = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
        return unscaled.to_bytes(length if size is None else size, signed=True)

    def _primitive(self, name: str, own: Mapping[str, Json]) -> Any:
        logical = own.get("logicalType")
        if name in {"int", "long"} and isinstance(logical, str):
            return self._time(logical, name)
        if name == "bytes" and logical == "decimal":
            return self._decimal(own, None)
        if name == "bytes" and logical == "big-decimal":
            unscaled = self._decimal({"precision": 30}, None)
            return bytes([2 * len(unscaled), *unscaled, 2 * self._random.randrange(20)])
        if name == "string" and logical == "uuid":
            return str(uuid.UUID(bytes=self._random.randbytes(16)))
        match name:
            case "null":
                return None
            case "boolean":
                return self._random.random() < 0.5
            case "int" | "long":
                return self._integer(_INT if name == "int" else _LONG)
            case "float":
                return self._float()
            case "double":
                return self._random.uniform(-1e300, 1e300)
            case "bytes":
                return self._random.randbytes(self._random.randrange(20))
            case "string":
                return self._string()
            case _:
                raise AssertionError(f"{name} is no primitive type")

    def _time(self, logical: str, name: str) -> int:
        if logical == "date":
            return self._random.randint(_SECONDS[0] // _DAY, _SECONDS[1] // _DAY)
        base, _, unit = logical.rpartition("-")
        if base == "time" and unit in _PER_SECOND:
            return self._random.randrange(_DAY * _PER_SECOND[unit])
        if base in {"timestamp", "local-timestamp"} and unit in {"millis", "micros"}:
            each = _PER_SECOND[unit]
            return self._random.randint(_SECONDS[0] * each, _SECONDS[1] * each)
        return self._integer(_INT if name == "int" else _LONG)

    def _integer(self, bound: int) -> int:
        return self._random.choice(
            (0, -1, 1, 63, 64, -64, -65, bound - 1, -bound, self._random.randrange(-bound, bound))
        )

    def _float(self) -> float:
        (value,) = struct.unpack("<f", struct.pack("<f", self._random.uniform(-1e9, 1e9)))
        return float(value)
