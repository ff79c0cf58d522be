"""Questions to a registry over HTTP, through confluent-kafka's client.

That client knows credentials, TLS, OAuth and several URLs. What it does with answers is not enough
for us: it drops Retry-After and the reasons for an incompatibility, reads bodies of any size, and
keeps all it ever saw. So its connections and credentials are taken from it, and the rest is here.
They have had the same names since confluent-kafka 2.12, but no public ones.
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
"""Bytes of an answer: a registry with 100,000 subjects lists them in less."""

TIMEOUT: Final = 10.0
"""Seconds to wait for a connection, and for an answer, where the configuration has no ``timeout``.

confluent-kafka waits for ever by default.
"""

_HEADERS: Final = {
    "Accept": "application/vnd.schemaregistry.v1+json, application/json",
    "Accept-Encoding": "identity",
}
_BODY_HEADERS: Final = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


class HttpResponse(Protocol):
    """What is used of an httpx response."""

    status_code: int
    headers: Mapping[str, str]

    def iter_raw(self) -> Iterator[bytes]: ...


class HttpSession(Protocol):
    """What is used of an httpx client."""

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
    """What is used of ``confluent_kafka.schema_registry``'s ``_RestClient``."""

    session: HttpSession
    base_urls: Sequence[str]
    bearer_auth_credentials_source: str | None

    def handle_bearer_auth(self, headers: dict[str, str]) -> None: ...


class RestClient:
    """Asks one registry, which may have several URLs.

    Args:
        config: the configuration of confluent-kafka's SchemaRegistryClient.

    Raises:
        MissingExtraError: confluent-kafka is not installed with what its registry client needs.
        RegistryError: the configuration is at fault.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._transport = _transport({"timeout": TIMEOUT, **config})
        timeout = config.get("timeout", TIMEOUT)
        self._patience = timeout if isinstance(timeout, int | float) else TIMEOUT

    def ask(self, question: RegistryRequest) -> Json:
        """Ask once.

        Returns:
            The JSON of the answer; None: the registry says that it is not there.

        Raises:
            RegistryError: there was no answer, or one that cannot be used.
        """
        answer = self._answer(question)
        if is_not_found(answer):
            return None
        if not 200 <= answer.status <= 299:
            raise error_for(question, answer)
        if answer.json is None:
            raise question.error(
                f"the answer is no JSON but {describe_bytes(answer.content)}",
                hint="check the URL: a proxy or a login page may have answered",
                url=answer.url,
                status=answer.status,
            )
        return answer.json

    def close(self) -> None:
        """Close connections."""
        self._transport.session.close()

    def _answer(self, question: RegistryRequest) -> RegistryResponse:
        """The answer of the first URL that is in a state to give one."""
        *others, last = self._transport.base_urls
        for base in others:
            try:
                answer = self._ask_at(base, question)
            except RegistryError as error:
                if not error.transient:
                    raise
            else:
                if answer.status not in TRANSIENT:
                    return answer
        return self._ask_at(last, question)

    def _ask_at(self, base: str, question: RegistryRequest) -> RegistryResponse:
        url = f"{base}/{question.path}"
        body = question.body
        try:
            headers = _HEADERS if body is None else {**_HEADERS, **_BODY_HEADERS}
            content = None if body is None else json.dumps(body).encode()
            if self._transport.bearer_auth_credentials_source:
                headers = dict(headers)
                self._transport.handle_bearer_auth(headers)
            deadline = monotonic() + self._patience
            with self._transport.session.stream(
                question.method, url, params=question.query, headers=headers, content=content
            ) as response:
                content = b"".join(_chunks(question, url, response, deadline))
        except RegistryError:
            raise
        except Exception as error:
            raise _no_answer(question, url, error) from error
        return RegistryResponse(
            without_credentials(url),
            response.status_code,
            content,
            _parsed(content),
            response.headers.get("Retry-After", ""),
            without_credentials(response.headers.get("Location", "")),
        )


def _transport(config: dict[str, Any]) -> Transport:
    with comes_with("kafka"):
        from confluent_kafka.schema_registry import SchemaRegistryClient
    url = config.get("url")
    if isinstance(url, str) and url.startswith("mock:"):
        raise RegistryError(
            f"{url} is no URL of a registry: mock registries are confluent-kafka's own",
            hint="use avrogen.testing's registry in tests",
        )
    try:
        client = SchemaRegistryClient(config)
    except (ValueError, TypeError, OSError) as error:
        # OSError: files with certificates and keys.
        reason = without_credentials(str(error))
        raise RegistryError(f"the registry's configuration is at fault: {reason}") from None
    transport: Transport = vars(client)["_rest_client"]
    return transport


def _chunks(
    question: RegistryRequest, url: str, response: HttpResponse, deadline: float
) -> Iterator[bytes]:
    """The body, as long as it is neither too long nor too slow."""
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > MAX_BODY:
            raise question.error(
                f"the answer has more than {MAX_BODY} bytes",
                url=url,
                status=response.status_code,
            )
        if monotonic() > deadline:
            raise question.error("the answer comes too slowly", url=url, transient=True)
        yield chunk


def _no_answer(question: RegistryRequest, url: str, error: Exception) -> RegistryError:
    """The error for an exception on the way there or back."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if any(map(_is_about_tls, _causes(error))):
        hint = "check the ssl properties of its configuration, and that its URL begins with https"
        return question.error(f"no secure connection to the registry: {what}", hint=hint, url=url)
    if "OAuthTokenError" in kinds:
        return question.error(f"there is no token for the registry: {what}", transient=True)
    # httpx's name for all that goes wrong between here and there; which of httpx and its
    # successor httpx2 it is from depends on the version of confluent-kafka.
    if "TransportError" in kinds and not kinds & {"UnsupportedProtocol", "LocalProtocolError"}:
        reason = f"the registry does not answer: {what}"
        hint = "check its URL, and that it runs"
        return question.error(reason, hint=hint, url=url, transient=True)
    return question.error(f"the registry cannot be asked: {what}", url=url)


def _is_about_tls(error: BaseException) -> bool:
    # A connection that ends while it is secured may be any trouble.
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
