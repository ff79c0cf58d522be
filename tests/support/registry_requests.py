"""Requests by hand, for what Confluent's client does not ask or does not show."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

__all__ = ["ask", "path"]


def path(*parts: str | int) -> str:
    """A path of parts that may hold anything."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def ask(url: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and content of an answer: what its JSON says, or else its text.

    Args:
        url: with the path.
        method: of HTTP.
        body: what is sent as JSON; None for nothing.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, _content(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _content(error.read())


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
