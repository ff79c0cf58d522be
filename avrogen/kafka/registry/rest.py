"""HTTP requests to a registry, over the connections of confluent-kafka's client.

That client implements credentials, TLS, OAuth and several URLs. Its handling of responses is not
sufficient: it drops Retry-After and the reasons of an incompatibility, reads bodies of any size,
and caches without a limit. So only its connections and credentials are used. They have had the same
private names since confluent-kafka 2.12.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from avrogen.errors import RegistryError
from avrogen.extras import comes_with
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.registry.deadline import DeadlineExceeded, keep_deadlines, time_limit
from avrogen.kafka.registry.request import (
    TRANSIENT,
    RegistryResponse,
    error_for,
    is_not_found,
    without_credentials,
)
from avrogen.kafka.wire_format import describe_bytes
from avrogen.registry_url import (
    Credentials,
    InvalidRegistryUrl,
    RegistryUrl,
    parse_registry_url,
    parse_registry_urls,
)

if TYPE_CHECKING:
    from avrogen.avro.model import Json
    from avrogen.kafka.registry.request import RegistryRequest

__all__ = ["MAX_BODY", "TIMEOUT", "RestClient"]

MAX_BODY: Final = 16 * 2**20
"""Maximum bytes of a response: a list of 100,000 subjects is smaller."""

TIMEOUT: Final = 10.0
"""Default of ``timeout``: seconds for a whole exchange, from the connection to the response's end.

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
        **auth: tuple[str, str],
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
        self._urls = _registry_urls(config)
        addresses = {"url": ",".join(each.address for each in self._urls)} if self._urls else {}
        settings = _without_userinfo({"timeout": TIMEOUT, **config, **addresses})
        self._connect = partial(_transport, settings)
        self._open: Transport | None = self._connect()
        renew_after_fork(self, RestClient._leave_connections)
        self._secrets = _secrets(config, self._urls)
        timeout = config.get("timeout", TIMEOUT)
        self.timeout = timeout if isinstance(timeout, int | float) else TIMEOUT

    @property
    def context(self) -> str:
        """Prefix of the subjects of the URL's context, ``:.prod:`` for ``/contexts/.prod``; or "".

        Confluent's registry accepts subjects without it there, and lists them with it.
        """
        address = self._urls[0].address if self._urls else ""
        before, _, name = address.rpartition("/contexts/")
        return f":{name}:" if before and "/" not in name else ""

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

    @property
    def _transport(self) -> Transport:
        transport = self._open
        if transport is None:
            transport = self._open = self._connect()
        return transport

    def _leave_connections(self) -> None:
        """Leave connections to the parent process, which uses them."""
        self._open = None

    def close(self) -> None:
        """Close connections."""
        self._transport.session.close()

    def _first_response(self, request: RegistryRequest) -> RegistryResponse:
        """Return the response of the first URL with an answer.

        A transient error is none, nor is a response that is not a registry's. A follower that does
        not have the schema of an id may lag: the next URL may have it.
        """
        *others, last = self._urls
        for base in others:
            try:
                response = self._send_to(base, request)
            except RegistryError as error:
                if not error.transient:
                    raise
            else:
                if _is_answer(request, response):
                    return response
        return self._send_to(last, request)

    def _send_to(self, base: RegistryUrl, request: RegistryRequest) -> RegistryResponse:
        url = f"{base.address}/{request.path}"
        try:
            with time_limit(self.timeout):
                return self._exchange(request, url, base.credentials or self._urls[0].credentials)
        except RegistryError:
            raise
        except DeadlineExceeded:
            reason = f"no response from the registry within the timeout of {self.timeout:g} s"
            hint = "check its URL, and that it runs"
            raise request.error(reason, hint=hint, url=url, transient=True) from None
        except Exception as error:
            # These exceptions contain a header that was not sent, which may be the credentials.
            kinds = {kind.__name__ for kind in type(error).__mro__}
            cause = None if kinds & {"LocalProtocolError", "UnicodeError"} else error
            raise _transport_error(request, url, error, self._hide) from cause

    def _exchange(
        self, request: RegistryRequest, url: str, credentials: Credentials | None
    ) -> RegistryResponse:
        body = request.body
        headers = _HEADERS if body is None else {**_HEADERS, **_BODY_HEADERS}
        content = None if body is None else json.dumps(body).encode()
        if self._transport.bearer_auth_credentials_source:
            headers = dict(headers)
            self._transport.handle_bearer_auth(headers)
        auth = {} if credentials is None else {"auth": (credentials.user, credentials.password)}
        deadline = monotonic() + self.timeout
        with self._transport.session.stream(
            request.method, url, params=request.query, headers=headers, content=content, **auth
        ) as response:
            content = b"".join(_chunks(request, url, response, deadline))
        if not 200 <= response.status_code <= 299:
            # Errors quote it, and a registry may return what it was sent.
            content = self._hide(content.decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            )
        return RegistryResponse(
            url,
            response.status_code,
            content,
            _parsed(content),
            response.headers.get("Retry-After", ""),
            self._hide(without_credentials(response.headers.get("Location", ""))),
        )

    def _hide(self, text: str) -> str:
        """Return a text without the secrets of the configuration."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


def _is_answer(request: RegistryRequest, response: RegistryResponse) -> bool:
    """Return False if another URL of the registry should be asked."""
    if response.status in (404, 405):
        return is_not_found(response) and request.id is None
    if 200 <= response.status <= 299:
        return response.json is not None
    return response.status not in TRANSIENT


def _registry_urls(config: Mapping[str, Any]) -> tuple[RegistryUrl, ...]:
    """Return the URLs of the configuration; none if it has none, which the transport reports."""
    url = config.get("url")
    if not isinstance(url, str) or not url:
        return ()
    if url.startswith("mock:"):
        raise RegistryError(
            "URLs with mock: are not supported: mock registries are internal to confluent-kafka",
            hint="in tests, use the registry of avrogen.testing",
        )
    try:
        urls = parse_registry_urls(url)
    except InvalidRegistryUrl as error:
        raise RegistryError(error.message, hint=error.hint) from None
    if "basic.auth.user.info" not in config:
        return urls
    if urls[0].credentials:
        raise RegistryError(
            "credentials are configured twice: basic.auth.user.info, and those in the URL",
            hint="keep one of them",
        )
    return tuple(RegistryUrl(each.address, None) for each in urls)


_ISSUER: Final = "bearer.auth.issuer.endpoint.url"


def _without_userinfo(config: dict[str, Any]) -> dict[str, Any]:
    """Remove credentials from the URL of the OAuth issuer, which client id and secret override.

    Raises:
        RegistryError: that URL or the proxy's is invalid. HTTP clients would show it.
    """
    for name in (_ISSUER, "proxy"):
        url = config.get(name)
        if not isinstance(url, str) or (name == "proxy" and url.startswith("socks5")):
            continue
        base, question, query = url.partition("?")
        try:
            # A question mark in a password would begin the query.
            parsed = parse_registry_url(url if "@" in query else base)
        except InvalidRegistryUrl:
            raise RegistryError(
                f"the property {name} is not a valid URL", hint="it begins with http:// or https://"
            ) from None
        if name == _ISSUER and parsed.credentials:
            config[name] = f"{parsed.address}{question}{query}"
    return config


_SHORTEST_SECRET: Final = 4
"""Characters from which on a secret is replaced in texts: a shorter one is part of many words."""


def _secrets(config: Mapping[str, Any], urls: tuple[RegistryUrl, ...]) -> tuple[str, ...]:
    """Return what errors must not quote: passwords and tokens, as they are and as they are sent."""
    texts: list[str] = []
    user, _, password = str(config.get("basic.auth.user.info", "")).partition(":")
    found = [each.credentials for each in urls if each.credentials]
    for each in (Credentials(user, password), *found):
        sent = b64encode(f"{each.user}:{each.password}".encode()).decode()
        texts += [sent, each.password, quote(each.password, safe="")]
    for name in ("bearer.auth.token", "bearer.auth.client.secret", "ssl.key.password"):
        texts.append(str(config.get(name) or ""))
    return tuple(dict.fromkeys(text for text in texts if len(text) >= _SHORTEST_SECRET))


def _transport(config: dict[str, Any]) -> Transport:
    with comes_with("kafka"):
        from confluent_kafka.schema_registry import SchemaRegistryClient
    try:
        client = SchemaRegistryClient(config)
    except (ValueError, TypeError, OSError) as error:
        # OSError: unreadable certificates and keys.
        reason = without_credentials(str(error))
        raise RegistryError(f"invalid configuration of the registry: {reason}") from None
    transport: Transport = vars(client)["_rest_client"]
    keep_deadlines(transport.session)
    keep_deadlines(getattr(getattr(transport, "bearer_field_provider", None), "client", None))
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


def _transport_error(
    request: RegistryRequest, url: str, error: Exception, hide: Callable[[str], str]
) -> RegistryError:
    """Return the error for an exception of the HTTP client."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    name = type(error).__name__
    text = "" if "LocalProtocolError" in kinds else str(error)
    what = hide(f"{name}: {text}" if text else name)
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
