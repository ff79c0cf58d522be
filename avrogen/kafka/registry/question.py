"""One question to a registry's REST API, and the error that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote
from uuid import UUID

from avrogen.avro.model import Json
from avrogen.errors import RegistryError

__all__ = ["Question", "one_line", "path", "without_credentials"]


def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Question:
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
