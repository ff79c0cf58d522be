"""JSON of requests and responses, validated.

What answers have in common: versions as JSON, numbers of versions, parts of lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from avrogen.avro.model import Json
from avrogen.testing.registry.api_errors import bad_request, invalid_version
from avrogen.testing.registry.avro_java import read_avro
from avrogen.testing.registry.http_server import Request
from avrogen.testing.registry.store import AVRO, Content, Store, StoredReference, StoredVersion

__all__ = [
    "SentSchema",
    "content_json",
    "json_object",
    "listed",
    "sent_schema",
    "version_json",
    "version_number",
]


@dataclass(frozen=True, slots=True)
class SentSchema:
    """A submitted schema.

    Attributes:
        text: the schema; empty if there is none.
        schema_type: ``AVRO``, ``JSON``, ``PROTOBUF`` or whatever the client says.
        references: what it refers to; version -1 is the latest.
        id: the id it should get, where the client says so.
        version: the version it should become, likewise.
        metadata: JSON of its metadata; None if it has none.
        rule_set: JSON of its rules; None if it has none.
    """

    text: str
    schema_type: str
    references: tuple[StoredReference, ...]
    id: int | None
    version: int | None
    metadata: str | None
    rule_set: str | None


def json_object(request: Request) -> dict[str, Json]:
    """Parse the JSON object of a request.

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
    """Parse the submitted schema of a request.

    Raises:
        Refused: it carries none (400).
    """
    body = json_object(request)
    references = body.get("references") or []
    if not isinstance(references, list):
        raise bad_request('"references" is not a list')
    return SentSchema(
        _text(body, "schema") or "",
        _text(body, "schemaType") or AVRO,
        tuple(map(_reference, references)),
        _number(body, "id"),
        _number(body, "version"),
        _object_text(body, "metadata"),
        _object_text(body, "ruleSet"),
    )


def _object_text(body: dict[str, Json], key: str) -> str | None:
    """Return an object as JSON, in which the order of members does not matter."""
    value = body.get(key)
    if value is None or isinstance(value, dict):
        return None if value is None else json.dumps(value, sort_keys=True)
    raise bad_request(f'"{key}" is no object')


def _reference(value: Json) -> StoredReference:
    if isinstance(value, dict):
        name, subject = _text(value, "name"), _text(value, "subject")
        version = _number(value, "version")
        if name is not None and subject is not None and version is not None:
            return StoredReference(name, subject, version)
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


def version_json(store: Store, version: StoredVersion, request: Request) -> dict[str, Json]:
    """Return a version with its schema."""
    return {
        "subject": version.subject,
        "version": version.number,
        "id": version.id,
        **content_json(store, version.content, request),
    }


def content_json(store: Store, content: Content, request: Request) -> dict[str, Json]:
    """Return a schema; a missing ``schemaType`` means Avro.

    Args:
        store: where its references lead.
        content: the schema.
        request: may ask for a text without references (``format=resolved``).
    """
    answer: dict[str, Json] = {"guid": content.guid, "schema": content.text}
    if content.schema_type != AVRO:
        answer["schemaType"] = content.schema_type
    elif request.query.get("format") == "resolved":
        answer["schema"] = read_avro(content.text, content.references, store).resolved_text
    if content.references:
        answer["references"] = [
            {"name": r.name, "subject": r.subject, "version": r.version} for r in content.references
        ]
    for name, text in (("metadata", content.metadata), ("ruleSet", content.rule_set)):
        if text is not None:
            answer[name] = json.loads(text)
    return answer


def version_number(text: str) -> int:
    """Parse a version in a path; -1 is the latest.

    Raises:
        Refused: it is none (422, 42202).
    """
    text = text.strip()
    if text.lower() == "latest":
        return -1
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else 0
    if number == -1 or 1 <= number < 2**31:
        return number
    raise invalid_version(text)


def listed(items: Iterable[Json], request: Request) -> list[Json]:
    """Return the page of a list selected by ``offset`` and ``limit``."""
    offset, limit = _query_number(request, "offset", 0), _query_number(request, "limit", -1)
    rest = list(items)[max(offset, 0) :]
    return rest[:limit] if limit >= 0 else rest


def _query_number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query[name])
    except (KeyError, ValueError):
        return default
