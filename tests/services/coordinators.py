"""Waiting for what a fresh cluster makes on first use: the topics behind groups and transactions.

Asking for a coordinator creates them. Done by hand, as a client would ask again only every so
often (Kafka protocol, FindCoordinator version 1).
"""

from __future__ import annotations

import socket
import struct
import time

__all__ = ["wait_for_coordinators"]

_FIND_COORDINATOR = 10
_VERSION = 1
_GROUP, _TRANSACTION = 0, 1
_SECONDS = 30


def wait_for_coordinators(address: str) -> None:
    """Until groups and transactions have coordinators.

    Args:
        address: host and port of a broker.

    Raises:
        TimeoutError: they have none after a long time.
    """
    host, _, port = address.partition(":")
    deadline = time.monotonic() + _SECONDS
    with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
        for kind in (_GROUP, _TRANSACTION):
            while error := _error(connection, kind):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"FindCoordinator still answers error {error}")
                time.sleep(0.02)


def _error(connection: socket.socket, kind: int) -> int:
    """The error code of a FindCoordinator response, 0 if there is a coordinator."""
    key = b"avrogen-tests"
    header = struct.pack(">hhih", _FIND_COORDINATOR, _VERSION, 0, -1)  # no client id
    body = struct.pack(">h", len(key)) + key + struct.pack(">b", kind)
    connection.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
    (size,) = struct.unpack(">i", _receive(connection, 4))
    _correlation, _throttle, error = struct.unpack(">iih", _receive(connection, size)[:10])
    assert isinstance(error, int)
    return error


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("the broker closed the connection")
        received += part
    return received
