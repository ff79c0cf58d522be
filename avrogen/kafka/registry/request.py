"""Requests, responses and errors of a registry's REST API.

The error of a response has a reason and a hint by its HTTP status (:func:`error_for`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Final, Literal
from urllib.parse import quote
from uuid import UUID

from avrogen.avro.model import Json
from avrogen.errors import RegistryError
from avrogen.kafka.wire_format import describe_bytes
from avrogen.message_text import printable

__all__ = [
    "CHECK_HINT",
    "TRANSIENT",
    "RegistryRequest",
    "RegistryResponse",
    "error_for",
    "is_foreign",
    "is_not_found",
    "path",
    "response_text",
    "without_credentials",
]


def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class RegistryRequest:
    """A request to a registry.

    Attributes:
        purpose: purpose of the request, to follow "cannot" in errors.
        path: quoted path below the registry's URL.
        method: HTTP method.
        query: query parameters.
        body: JSON to be sent; None for none.
        subject: subject of the request, for errors.
        id: id or GUID of the requested schema, for errors.
    """

    purpose: str
    path: str
    method: Literal["GET", "POST"] = "GET"
    query: Mapping[str, str] = field(default_factory=_nothing)
    body: Json = None
    subject: str | None = None
    id: int | UUID | None = None

    def error(
        self,
        reason: str,
        *,
        hint: str | None = None,
        url: str | None = None,
        status: int | None = None,
        code: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> RegistryError:
        """Return the error for this request."""
        return RegistryError(
            f"cannot {self.purpose}: {response_text(reason)}",
            hint=hint,
            url=None if url is None else without_credentials(url),
            subject=self.subject,
            id=self.id,
            status=status,
            code=code,
            transient=transient,
            retry_after=retry_after,
        )


def path(*parts: str | int | UUID) -> str:
    """Return the path of parts, which are quoted: subjects may have any characters."""
    return "/".join(quote(str(part), safe="") for part in parts)


_USERINFO: Final = re.compile(r"(?<=://)[^/?#\s]*@")


def without_credentials(text: str) -> str:
    """Return a text without the user names and passwords of its URLs."""
    return _USERINFO.sub("", text)


_MAX_PRINTED: Final = 2_000
"""Maximum characters of a text from a response in an error, which is logged."""


def response_text(text: str) -> str:
    """Return a text from a response as one printable line, shortened, without credentials."""
    text = without_credentials(" ".join(text.split()))
    return printable(text if len(text) <= _MAX_PRINTED else text[:_MAX_PRINTED] + "..")


CHECK_HINT: Final = (
    "avrogen check SCHEMAS --against URL explains the breaking changes and their fixes"
)
"""Hint for an incompatible schema."""

TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """A response of a registry.

    Attributes:
        url: URL of the request, without credentials.
        status: HTTP status.
        content: body.
        json: parsed body; None if it is not JSON.
        retry_after: value of the header Retry-After; empty if there is none.
        location: value of the header Location; empty if there is none.
    """

    url: str
    status: int
    content: bytes
    json: Json
    retry_after: str = ""
    location: str = ""

    @property
    def code(self) -> int | None:
        """Error code of the registry; None if there is none."""
        code = self.json.get("error_code") if isinstance(self.json, dict) else None
        return code if isinstance(code, int) else None

    @property
    def message(self) -> str | None:
        """Error message of the registry; None if there is none."""
        message = self.json.get("message") if isinstance(self.json, dict) else None
        return message if isinstance(message, str) else None


def is_not_found(response: RegistryResponse) -> bool:
    """Return True if the registry reports that the resource does not exist.

    Its error code distinguishes that from a 404 for a wrong path.
    """
    code = response.code
    return response.status == 404 and code is not None and 40400 <= code < 40500


def is_foreign(response: RegistryResponse) -> bool:
    """Return True for a 404 that is not a registry's, such as a load balancer's without backends.

    Registries send JSON with an error code.
    """
    return response.status == 404 and response.code is None


def error_for(request: RegistryRequest, response: RegistryResponse) -> RegistryError:
    """Return the error for a response with an error status.

    A foreign 404 for an id is transient: it says nothing about the schema, to which a message
    refers.
    """
    said = response.message or f"the response is {describe_bytes(response.content)}"
    reason, hint = _reason(response, said)
    return request.error(
        reason,
        hint=hint,
        url=response.url,
        status=response.status,
        code=response.code,
        transient=response.status in TRANSIENT or (request.id is not None and is_foreign(response)),
        retry_after=_seconds(response.retry_after),
    )


def _reason(response: RegistryResponse, said: str) -> tuple[str, str | None]:
    match response.status:
        case 301 | 302 | 303 | 307 | 308:
            where = response.location or "nowhere"
            return f"the registry redirects to {where}", "configure the URL that it redirects to"
        case 401:
            return (
                f"the registry rejects the credentials: {said}",
                "check basic.auth.user.info, or the bearer.auth properties, of its configuration",
            )
        case 403:
            return f"access denied by the registry: {said}", "ask its operator for access"
        case 404 | 405 if not is_not_found(response):
            return (
                f"no schema registry at this URL: {said}",
                "check the path of its URL; Apicurio's ends in /apis/ccompat/v7",
            )
        case 407:
            return f"the proxy rejects the credentials: {said}", "check the property proxy"
        case 409:
            return (
                f"the registry refuses the schema as incompatible: {said}",
                CHECK_HINT,
            )
        case 429:
            return f"rate limited by the registry (429): {said}", None
        case status if status in TRANSIENT:
            return f"server error of the registry: {said}", None
        case _:
            return f"the registry refuses: {said}", None


def _seconds(retry_after: str) -> float | None:
    """Parse seconds or a date (RFC 9110, 10.2.3); None if it is neither."""
    try:
        return max(0.0, float(int(retry_after)))
    except (ValueError, OverflowError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (ValueError, OverflowError):
        return None
