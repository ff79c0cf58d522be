"""HTTP as values: what is asked of the registry and what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from avrogen.avro.model import Json

__all__ = ["CONTENT_TYPE", "Request", "Response", "json_response", "parse_request"]

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


def _no_headers() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: ``GET``, ``POST``, ``PUT`` or ``DELETE``.
        path: the parts of the path, decoded: ``("subjects", "orders-value", "versions")``.
        query: the parameters behind the question mark.
        headers: by name in lower case.
        body: as it came; empty if there was none.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=_no_headers)
    headers: Mapping[str, str] = field(default_factory=_no_headers)
    body: bytes = b""

    def flag(self, name: str) -> bool:
        """Whether a parameter is ``true``, in any case of letters."""
        return self.query.get(name, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    Attributes:
        status: of HTTP.
        body: as it is sent.
        headers: beside those that every answer has; ``Content-Type`` may be among them.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=_no_headers)


def json_response(value: Json, status: int = 200) -> Response:
    """An answer that is JSON."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def parse_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """The value of a request.

    Args:
        method: of HTTP.
        target: path and query, as they stand in the request line.
        headers: by name.
        body: empty if there is none.
    """
    path, _, query = target.partition("?")
    return Request(
        method,
        tuple(unquote(part) for part in path.split("/") if part),
        dict(parse_qsl(query, keep_blank_values=True)),
        {name.lower(): value for name, value in headers.items()},
        body,
    )
