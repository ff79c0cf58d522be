"""HTTP requests to a registry, over the connections of confluent-kafka's client.

That client implements credentials, TLS, OAuth and several URLs. Its handling of responses is not
sufficient: it drops Retry-After and the reasons of an incompatibility, reads bodies of any size,
and caches without a limit. So only its connections and credentials are used. They have had the same
private names since confluent-kafka 2.12.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from avrogen.errors import RegistryError
from avrogen.extras import comes_with
from avrogen.kafka.registry.request import (
    TRANSIENT,
    RegistryResponse,
    error_for,
    is_not_found,
    without_credentials,
)
from avrogen.kafka.wire_format import describe_bytes

if TYPE_CHECKING:
    from avrogen.avro.model import Json
    from avrogen.kafka.registry.request import RegistryRequest

__all__ = ["MAX_BODY", "TIMEOUT", "RestClient"]

MAX_BODY: Final = 16 * 2**20
"""Maximum bytes of a response: a list of 100,000 subjects is smaller."""

TIMEOUT: Final = 10.0
"""Default of ``timeout``: seconds for a connection, and for a response.

confluent-kafka waits without a limit by default.
"""

_HEADERS: Final = {
    "Accept": "application/vnd.schemaregistry.v1+json, application/json",
    "Accept-Encoding": "identity",
}
_BODY_HEADERS: Final = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


class HttpResponse(Protocol):
    """Used part of an httpx response."""

    status_code: int
    headers: Mapping[str, str]

    def iter_raw(self) -> Iterator[bytes]: ...


class HttpSession(Protocol):
    """Used part of an httpx client."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> AbstractContextManager[HttpResponse]: ...

    def close(self) -> None: ...


class Transport(Protocol):
    """Used part of ``confluent_kafka.schema_registry``'s ``_RestClient``."""

    session: HttpSession
    base_urls: Sequence[str]
    bearer_auth_credentials_source: str | None

    def handle_bearer_auth(self, headers: dict[str, str]) -> None: ...


class RestClient:
    """Sends requests to one registry, which may have several URLs.

    Args:
        config: configuration of confluent-kafka's SchemaRegistryClient.

    Raises:
        MissingExtraError: confluent-kafka's extra for its registry client is not installed.
        RegistryError: the configuration is invalid.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._transport = _transport({"timeout": TIMEOUT, **config})
        timeout = config.get("timeout", TIMEOUT)
        self._timeout = timeout if isinstance(timeout, int | float) else TIMEOUT

    def send(self, request: RegistryRequest) -> Json:
        """Send a request once.

        Returns:
            JSON of the response; None if the registry reports that the resource does not exist.

        Raises:
            RegistryError: no response, or an invalid one.
        """
        response = self._first_response(request)
        if is_not_found(response):
            return None
        if not 200 <= response.status <= 299:
            raise error_for(request, response)
        if response.json is None:
            raise request.error(
                f"expected JSON in the response, got {describe_bytes(response.content)}",
                hint="check the URL: the response may come from a proxy or a login page",
                url=response.url,
                status=response.status,
            )
        return response.json

    def close(self) -> None:
        """Close connections."""
        self._transport.session.close()

    def _first_response(self, request: RegistryRequest) -> RegistryResponse:
        """Return the response of the first URL without a transient error."""
        *others, last = self._transport.base_urls
        for base in others:
            try:
                response = self._send_to(base, request)
            except RegistryError as error:
                if not error.transient:
                    raise
            else:
                if response.status not in TRANSIENT:
                    return response
        return self._send_to(last, request)

    def _send_to(self, base: str, request: RegistryRequest) -> RegistryResponse:
        url = f"{base}/{request.path}"
        body = request.body
        try:
            headers = _HEADERS if body is None else {**_HEADERS, **_BODY_HEADERS}
            content = None if body is None else json.dumps(body).encode()
            if self._transport.bearer_auth_credentials_source:
                headers = dict(headers)
                self._transport.handle_bearer_auth(headers)
            deadline = monotonic() + self._timeout
            with self._transport.session.stream(
                request.method, url, params=request.query, headers=headers, content=content
            ) as http_response:
                content = b"".join(_chunks(request, url, http_response, deadline))
        except RegistryError:
            raise
        except Exception as error:
            raise _transport_error(request, url, error) from error
        return RegistryResponse(
            without_credentials(url),
            http_response.status_code,
            content,
            _parsed(content),
            http_response.headers.get("Retry-After", ""),
            without_credentials(http_response.headers.get("Location", "")),
        )


def _transport(config: dict[str, Any]) -> Transport:
    with comes_with("kafka"):
        from confluent_kafka.schema_registry import SchemaRegistryClient
    url = config.get("url")
    if isinstance(url, str) and url.startswith("mock:"):
        raise RegistryError(
            f"{url} is not supported: mock registries are internal to confluent-kafka",
            hint="in tests, use the registry of avrogen.testing",
        )
    try:
        client = SchemaRegistryClient(config)
    except (ValueError, TypeError, OSError) as error:
        # OSError: unreadable certificates and keys.
        reason = without_credentials(str(error))
        raise RegistryError(f"invalid configuration of the registry: {reason}") from None
    transport: Transport = vars(client)["_rest_client"]
    return transport


def _chunks(
    request: RegistryRequest, url: str, response: HttpResponse, deadline: float
) -> Iterator[bytes]:
    """Yield the body; raise if it is too long or too slow."""
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > MAX_BODY:
            raise request.error(
                f"the response has more than {MAX_BODY} bytes",
                url=url,
                status=response.status_code,
            )
        if monotonic() > deadline:
            raise request.error("the response exceeds the timeout", url=url, transient=True)
        yield chunk


def _transport_error(request: RegistryRequest, url: str, error: Exception) -> RegistryError:
    """Return the error for an exception of the HTTP client."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if any(map(_is_about_tls, _causes(error))):
        hint = "check the ssl properties of its configuration, and that its URL begins with https"
        return request.error(f"TLS connection to the registry failed: {what}", hint=hint, url=url)
    if "OAuthTokenError" in kinds:
        return request.error(f"no OAuth token for the registry: {what}", transient=True)
    # httpx's base class of network errors. It is in httpx or its successor httpx2, depending on
    # the version of confluent-kafka.
    if "TransportError" in kinds and not kinds & {"UnsupportedProtocol", "LocalProtocolError"}:
        reason = f"no response from the registry: {what}"
        hint = "check its URL, and that it runs"
        return request.error(reason, hint=hint, url=url, transient=True)
    return request.error(f"the request was not sent: {what}", url=url)


def _is_about_tls(error: BaseException) -> bool:
    # An end of the connection during the handshake may have any cause.
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _parsed(content: bytes) -> Json:
    try:
        value: Json = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value
