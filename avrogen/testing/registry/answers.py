"""What answers have in common: versions as JSON, numbers of versions, parts of lists."""

from __future__ import annotations

from collections.abc import Iterable

from avrogen.avro.model import Json
from avrogen.testing.registry.avro_schemas import read_avro
from avrogen.testing.registry.exchange import Request
from avrogen.testing.registry.refusals import invalid_version
from avrogen.testing.registry.store import AVRO, Content, Store, StoredVersion

__all__ = ["content_json", "listed", "version_json", "version_number"]


def version_json(store: Store, version: StoredVersion, request: Request) -> dict[str, Json]:
    """A version with its schema."""
    return {
        "subject": version.subject,
        "version": version.number,
        "id": version.id,
        **content_json(store, version.content, request),
    }


def content_json(store: Store, content: Content, request: Request) -> dict[str, Json]:
    """A schema; Avro is what it is if no type is named, as it was before there were others.

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
    return answer


def version_number(text: str) -> int:
    """The number that stands in a path; -1 is the latest.

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
    """The part of a list that ``offset`` and ``limit`` ask for."""
    offset, limit = _query_number(request, "offset", 0), _query_number(request, "limit", -1)
    rest = list(items)[max(offset, 0) :]
    return rest[:limit] if limit >= 0 else rest


def _query_number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query[name])
    except (KeyError, ValueError):
        return default
