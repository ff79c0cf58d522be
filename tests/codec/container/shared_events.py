"""Values that the tests of files write: typed and plain, of one schema."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from avrogen import DataFileReader, DataFileWriter, Schema
from avrogen.runtime.v1 import AvroRecord

__all__ = ["SCHEMA", "SCHEMA_JSON", "Event", "events", "file_of", "plain", "values_of"]

SCHEMA_JSON: Any = {
    "type": "record",
    "name": "Event",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": "double"},
        {"name": "tags", "type": {"type": "map", "values": "string"}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
SCHEMA = Schema.parse(json.dumps(SCHEMA_JSON))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(AvroRecord):
    """As generated code has it."""

    id: str
    at: datetime
    amount: float
    tags: dict[str, str] = field(default_factory=dict[str, str])
    note: str | None = None

    __avro_schema__: ClassVar[Schema] = Schema.embedded(json.dumps(SCHEMA_JSON))


def events(count: int) -> list[Event]:
    """Return different events: some with long texts, or texts that are not ASCII."""
    start = datetime(2026, 11, 25, tzinfo=UTC)
    return [
        Event(
            id=f"o-{number}" if number % 5 else f"bestellung-ä-{number}-{'x' * (number % 300)}",
            at=start + timedelta(seconds=number),
            amount=number / 4,
            tags={f"k{n}": "wert ß" if n % 2 else "value" for n in range(number % 4)},
            note=None if number % 3 else f"note {number}",
        )
        for number in range(count)
    ]


def plain(event: Event) -> dict[str, Any]:
    """Return an event as a plain value."""
    return {
        "id": event.id,
        "at": event.at,
        "amount": event.amount,
        "tags": event.tags,
        "note": event.note,
    }


def file_of(schema: Schema, values: list[Any], **arguments: Any) -> bytes:
    """Return the content of a file with plain values."""
    file = io.BytesIO()
    with DataFileWriter[Any](schema, file, **arguments) as writer:
        writer.write_all(values)
    return file.getvalue()


def values_of(schema: Schema, data: bytes, **arguments: Any) -> list[Any]:
    """Return the plain values in the content of a file."""
    return list(DataFileReader[Any](schema, io.BytesIO(data), **arguments))
