"""The JSON that requests carry, checked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from avrogen.avro.model import Json
from avrogen.testing.registry.exchange import Request
from avrogen.testing.registry.refusals import bad_request, not_offered
from avrogen.testing.registry.store import AVRO, Reference

__all__ = ["SentSchema", "json_object", "sent_schema"]


@dataclass(frozen=True, slots=True)
class SentSchema:
    """A schema in a request.

    Attributes:
        text: the schema; empty if there is none.
        schema_type: ``AVRO``, ``JSON``, ``PROTOBUF`` or whatever the client says.
        references: what it refers to; version -1 is the latest.
        id: the id it should get, where the client says so.
        version: the version it should become, likewise.
    """

    text: str
    schema_type: str
    references: tuple[Reference, ...]
    id: int | None
    version: int | None


def json_object(request: Request) -> dict[str, Json]:
    """The object that a request carries.

    Raises:
        Refused: it carries none (400).
    """
    try:
        value: Json = json.loads(request.body)
    except ValueError as error:
        raise bad_request(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise bad_request("the body is not a JSON object")
    return value


def sent_schema(request: Request) -> SentSchema:
    """The schema that a request carries.

    Raises:
        Refused: it carries none (400), or one with metadata or rules (501).
    """
    body = json_object(request)
    for name in ("metadata", "ruleSet"):
        if body.get(name):
            raise not_offered(f"{name} of schemas")
    references = body.get("references") or []
    if not isinstance(references, list):
        raise bad_request('"references" is not a list')
    return SentSchema(
        _text(body, "schema") or "",
        _text(body, "schemaType") or AVRO,
        tuple(map(_reference, references)),
        _number(body, "id"),
        _number(body, "version"),
    )


def _reference(value: Json) -> Reference:
    if isinstance(value, dict):
        name, subject = _text(value, "name"), _text(value, "subject")
        version = _number(value, "version")
        if name is not None and subject is not None and version is not None:
            return Reference(name, subject, version)
    raise bad_request('a reference has "name", "subject" and "version"')


def _text(body: dict[str, Json], key: str) -> str | None:
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value
    raise bad_request(f'"{key}" is no text')


def _number(body: dict[str, Json], key: str) -> int | None:
    value = body.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise bad_request(f'"{key}" is no number')
