"""A real HTTP server that answers as a test says, also as no registry should."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Call", "Reply", "Server", "as_json", "serving"]


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        body: what is sent.
        status: the HTTP status.
        headers: besides those that every answer has.
        claimed: the length that the headers claim, if it is not that of the body; the connection
            ends after the body.
        hang: wait for the server's end before anything is sent.
        die: end the connection before anything is sent.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    claimed: int | None = None
    hang: bool = False
    die: bool = False


Answer: TypeAlias = "Callable[[Call], Reply]"


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    """An answer as registries give them."""
    content = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value).encode(), status, {**content, **named})


class Server:
    """What a test sees of the server.

    Attributes:
        url: where it is.
        calls: the requests so far.
        answer: gives the answer to a request.
    """

    def __init__(self, answer: Answer) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.answer = answer
        self.end = threading.Event()


@contextmanager
def serving(
    *replies: Reply, answer: Answer | None = None, tls: ssl.SSLContext | None = None
) -> Generator[Server]:
    """Serves while the block runs.

    Args:
        replies: the answers, one after the other; the last again and again.
        answer: or what gives the answers.
        tls: speaks TLS with these certificates.
    """
    waiting = list(replies)

    def next_reply(call: Call) -> Reply:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    server = Server(answer or next_reply)
    handler = type("Handler", (_Handler,), {"scripted": server})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    if tls is not None:
        # A handshake in the thread of its connection: it may fail, or hang.
        httpd.socket = tls.wrap_socket(
            httpd.socket, server_side=True, do_handshake_on_connect=False
        )
        httpd.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    server.url = f"http{'' if tls is None else 's'}://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.end.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    scripted: ClassVar[Server]

    def _serve(self) -> None:
        server = self.scripted
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        call = Call(
            self.command,
            unquote(url.path),
            query,
            dict(self.headers.items()),
            json.loads(body) if body else None,
        )
        server.calls.append(call)
        reply = server.answer(call)
        if reply.hang:
            server.end.wait()
        if reply.hang or reply.die:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        claimed = len(reply.body) if reply.claimed is None else reply.claimed
        self.send_header("Content-Length", str(claimed))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.claimed is not None:
            self.close_connection = True

    do_GET = _serve
    do_POST = _serve

    def log_message(self, format: str, *args: object) -> None:
        pass
