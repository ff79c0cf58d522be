"""URLs of schema registries, divided into an address and credentials where configuration is read.

An address may be logged, shown and pickled. Credentials are a value whose ``repr`` and ``str`` do
not show them; they go to the HTTP client and nowhere else. A URL that is wrong may have its
password anywhere, so errors quote no part of it that could be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

__all__ = [
    "Credentials",
    "InvalidRegistryUrl",
    "RegistryUrl",
    "parse_registry_url",
    "parse_registry_urls",
]


class InvalidRegistryUrl(ValueError):
    """A URL that is no registry's. Neither message nor hint contains credentials.

    Attributes:
        message: the mistake.
        hint: its fix.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """User name and password of basic authentication.

    Attributes:
        user: the user name.
        password: the password.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


@dataclass(frozen=True, slots=True)
class RegistryUrl:
    """A valid URL.

    Attributes:
        address: the URL without credentials and without a slash at the end.
        credentials: those of the URL; None if it has none.
    """

    address: str
    credentials: Credentials | None


_HOST: Final = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+(?:%\w+)?\])"
_PLACE: Final = re.compile(rf"({_HOST})(?::(\d{{1,5}}))?(/[^?#\\\s]*)?")
"""Host, port and path."""

_SHOWN: Final = re.compile(rf"(?:[A-Za-z]{{1,10}}://)?{_HOST}(?::\d{{1,5}})?(?:/[\w./-]*)?")
"""Invalid URL that is quoted in errors."""


def parse_registry_urls(text: str) -> tuple[RegistryUrl, ...]:
    """Parse the URLs of the nodes of one registry, separated by commas.

    Raises:
        InvalidRegistryUrl: one of them is invalid.
    """
    return tuple(map(parse_registry_url, text.split(",")))


def parse_registry_url(text: str) -> RegistryUrl:
    """Divide a URL into address and credentials.

    Raises:
        InvalidRegistryUrl: it has another scheme than http and https, no host, an invalid port,
            a query or fragment, or credentials with reserved characters.
    """
    text = text.strip().rstrip("/")
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise InvalidRegistryUrl(_invalid(text), "it must begin with http:// or https://")
    userinfo, _, place = rest.rpartition("@")
    found = _PLACE.fullmatch(place)
    if found is None or int(found[2] or 0) > 65535:
        raise InvalidRegistryUrl(
            _invalid(text), "it must have the form https://host:port/path, without a query"
        )
    if re.search(r"[/?#\\\s]", userinfo):
        where = f" of {place}" if _SHOWN.fullmatch(place) else ""
        raise InvalidRegistryUrl(
            f"the credentials in the URL{where} contain reserved characters",
            "write them percent-encoded: / as %2F, ? as %3F, # as %23 and a space as %20",
        )
    host, port, path = found[1], found[2], found[3]
    address = f"{scheme}://{host.lower()}{f':{port}' if port else ''}{path or ''}"
    user, _, password = userinfo.partition(":")
    credentials = Credentials(unquote(user), unquote(password)) if user or password else None
    return RegistryUrl(address, credentials)


def _invalid(text: str) -> str:
    """Return the message for a URL, which is quoted if it has no place for a password."""
    scheme, separator, rest = text.rpartition("://")
    shown = f"{scheme}{separator}{rest.rpartition('@')[2]}"
    return f"invalid registry URL {shown!r}" if _SHOWN.fullmatch(shown) else "invalid registry URL"
