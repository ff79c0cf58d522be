"""HTTP server of the registry: one thread per connection, all joined on stop.

HTTP as values: what is asked of the registry and what it answers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from avrogen.avro.model import Json

__all__ = [
    "CONTENT_TYPE",
    "RegistryServer",
    "Request",
    "Respond",
    "Response",
    "json_response",
    "parse_request",
]

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


def _no_headers() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

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
        """Return True if a query parameter is ``true``, case-insensitively."""
        return self.query.get(name, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response.

    Attributes:
        status: of HTTP.
        body: as it is sent.
        headers: beside those that every answer has; ``Content-Type`` may be among them.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=_no_headers)


def json_response(value: Json, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def parse_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Parse a request.

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


Respond: TypeAlias = Callable[[Request], Response | None]
"""Answers a request; None closes the connection without an answer. Called in many threads."""

_POLL_SECONDS = 0.02
"""Interval at which the server checks for its stop."""


class RegistryServer:
    """A running server on 127.0.0.1."""

    def __init__(self, port: int, respond: Respond) -> None:
        """Start the server.

        Args:
            port: where; 0 for any that is free.
            respond: what to do with requests.

        Raises:
            OSError: something else is on that port.
        """
        self._server = _Server(port, respond)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="embedded registry",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Base URL of the server."""
        _host, port = self._server.server_address[:2]
        return port

    def stop(self) -> None:
        """Close the port and all connections, pending ones too."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.disconnect()


class _Server(socketserver.ThreadingTCPServer):
    # Not http.server.HTTPServer: that one asks the resolver for the name of its host.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Respond) -> None:
        self.respond = respond
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection and track both."""
        arguments = (request, client_address)
        thread = threading.Thread(
            target=self.process_request_thread, args=arguments, daemon=self.daemon_threads
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Forget a finished connection."""
        super().shutdown_request(request)
        with self._lock:
            self._connections.pop(request, None)

    def disconnect(self) -> None:
        """Close all connections and join their threads."""
        with self._lock:
            connections = dict(self._connections)
        for connection, thread in connections.items():
            with contextlib.suppress(OSError):  # the thread may have closed it by now
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece

    def do_GET(self) -> None:
        """Respond to a request."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411, "the embedded registry needs a Content-Length")
            return
        body = self.rfile.read(int(length))
        assert isinstance(self.server, _Server)
        headers = dict(self.headers.items())
        response = self.server.respond(parse_request(self.command, self.path, headers, body))
        if response is None:
            self.close_connection = True
            return
        self.send_response(response.status)
        answered = {"Content-Type": CONTENT_TYPE, **response.headers}
        for name, value in {**answered, "Content-Length": str(len(response.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""
