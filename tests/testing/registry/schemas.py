"""Schemas for registries, and how they are compared."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryError

__all__ = ["avro", "name_of", "named", "record", "refused"]


def avro(schema: Any, *references: SchemaReference) -> Schema:
    """A schema as a client sends it."""
    return Schema(json.dumps(schema, separators=(",", ":")), "AVRO", list(references))


def record(
    *fields: dict[str, Any],
    name: str | None = None,
    references: Iterable[SchemaReference] = (),
    **more: Any,
) -> Schema:
    """A record; without a name it is one that no other test has."""
    namespace, _, short = (name or f"avrogen.tests.R{uuid.uuid4().hex}").rpartition(".")
    head = {"type": "record", "name": short, "namespace": namespace}
    return avro({**head, "fields": list(fields), **more}, *references)


def name_of(schema: Schema) -> str:
    """The full name of a record."""
    tree = json.loads(schema.schema_str or "")
    return f"{tree['namespace']}.{tree['name']}"


def named(schema: Schema) -> Any:
    """What a schema says, however it is laid out."""
    return json.loads(schema.schema_str or "")


def refused(ask: Callable[[], object]) -> tuple[int, int]:
    """Status and error code of a request that is refused."""
    with pytest.raises(SchemaRegistryError) as caught:
        ask()
    return caught.value.http_status_code, caught.value.error_code
