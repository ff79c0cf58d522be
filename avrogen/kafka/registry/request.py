"""One question to a registry's REST API, and the error that names it.

What HTTP statuses of a registry mean, and what to do about them.
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

__all__ = [
    "RegistryRequest",
    "RegistryResponse",
    "error_for",
    "is_not_found",
    "one_line",
    "path",
    "without_credentials",
]


def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class RegistryRequest:
    """What is asked.

    Attributes:
        doing: what for, as it goes on after "cannot".
        path: below the registry's URL, quoted.
        method: the HTTP method.
        query: what stands after the path.
        body: JSON to be sent.
        subject: the subject that it is about.
        id: the id or the GUID of the schema that it is about.
    """

    doing: str
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
        """The error for a question that got no answer, or none that can be used."""
        return RegistryError(
            f"cannot {self.doing}: {one_line(reason)}",
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
    """A path of parts that may have any characters in them, such as names of subjects."""
    return "/".join(quote(str(part), safe="") for part in parts)


_USERINFO: Final = re.compile(r"(?<=://)[^/?#\s]*@")


def without_credentials(text: str) -> str:
    """A text with user names and passwords taken out of the URLs in it."""
    return _USERINFO.sub("", text)


_LONGEST = 2_000
"""Characters of such a text: it goes to logs."""


def one_line(text: str) -> str:
    """A text from elsewhere in one line that terminals can print, without credentials."""
    text = without_credentials(" ".join(text.split()))
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + ".."
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that say nothing about the question: the same may be answered in a moment."""


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """What came back.

    Attributes:
        url: from where.
        status: the HTTP status.
        content: the body.
        json: the body, if it is JSON; else None.
        retry_after: the header of that name, or nothing.
        location: the header of that name, or nothing.
    """

    url: str
    status: int
    content: bytes
    json: Json
    retry_after: str = ""
    location: str = ""

    @property
    def code(self) -> int | None:
        """The registry's own error code."""
        code = self.json.get("error_code") if isinstance(self.json, dict) else None
        return code if isinstance(code, int) else None

    @property
    def message(self) -> str | None:
        """The registry's own words."""
        message = self.json.get("message") if isinstance(self.json, dict) else None
        return message if isinstance(message, str) else None


def is_not_found(answer: RegistryResponse) -> bool:
    """Whether the registry says that what was asked for is not there.

    Its code tells that from a 404 that the wrong path gets.
    """
    code = answer.code
    return answer.status == 404 and code is not None and 40400 <= code < 40500


def error_for(question: RegistryRequest, answer: RegistryResponse) -> RegistryError:
    """The error for an answer that says no."""
    said = answer.message or f"the answer is {describe_bytes(answer.content)}"
    reason, hint = _reason(answer, said)
    return question.error(
        reason,
        hint=hint,
        url=answer.url,
        status=answer.status,
        code=answer.code,
        transient=answer.status in TRANSIENT,
        retry_after=_seconds(answer.retry_after),
    )


def _reason(answer: RegistryResponse, said: str) -> tuple[str, str | None]:
    match answer.status:
        case 301 | 302 | 303 | 307 | 308:
            where = answer.location or "nowhere"
            return f"the registry redirects to {where}", "configure the URL that it redirects to"
        case 401:
            return (
                f"the registry wants other credentials: {said}",
                "check basic.auth.user.info, or the bearer.auth properties, of its configuration",
            )
        case 403:
            return f"the registry does not allow it: {said}", "ask who runs it for access"
        case 404 | 405 if not is_not_found(answer):
            return (
                f"no schema registry answers there: {said}",
                "check the path of its URL; Apicurio's ends in /apis/ccompat/v7",
            )
        case 407:
            return f"the proxy wants other credentials: {said}", "check the property proxy"
        case 409:
            return (
                f"the registry refuses the schema as incompatible: {said}",
                "avrogen check SCHEMAS --against URL says what is in the way and how to mend it",
            )
        case 429:
            return f"the registry is asked too much: {said}", None
        case status if status in TRANSIENT:
            return f"the registry fails: {said}", None
        case _:
            return f"the registry refuses: {said}", None


def _seconds(retry_after: str) -> float | None:
    """Seconds, or a date (RFC 9110, 10.2.3); None: it is neither."""
    try:
        return max(0.0, float(int(retry_after)))
    except (ValueError, OverflowError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (ValueError, OverflowError):
        return None
