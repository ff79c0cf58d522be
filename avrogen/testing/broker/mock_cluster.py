"""librdkafka's mock cluster through its C functions (``rdkafka_mock.h``).

``confluent_kafka`` has no door to them, but the library that it loads exports them. A client with
``test.mock.num.brokers`` would bring a cluster of its own as well, only that topics could not be
made in it and nothing could be made to go wrong.

A wrong argument or a cluster that is gone would end the process: so arguments are checked before
they come here, and a lock keeps calls apart from the end.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

__all__ = ["SIGNATURES", "MockCluster", "load_library"]

_ALL_BROKERS: Final = -1
_PRODUCER: Final = 0  # RD_KAFKA_PRODUCER
_GROUP_DELAY_MS: Final = 1
"""Time for which a new group waits for further members. librdkafka's 3,000 ms are more than the
session timeout that tests want, and a member that waits so long is removed. 0: no timer at all."""
_HEARTBEAT_MS: Final = 100
"""Heartbeat interval of groups of the new protocol (KIP-848); 3,000 by default."""

_SETTLED_SECONDS: Final = 0.0005
"""Time that the cluster's thread needs from the answer to one call until it waits for another. One
that comes sooner can fail to wake it, and then takes up to a second."""

_SET_CONTROLLER: Final = "rd_kafka_mock_set_controller_id"
"""Younger than the others, and not necessary."""

_HANDLE = ctypes.c_void_p

SIGNATURES: Final[dict[str, tuple[type | None, list[type]]]] = {
    "rd_kafka_conf_new": (_HANDLE, []),
    "rd_kafka_conf_set": (
        ctypes.c_int,
        [_HANDLE, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t],
    ),
    "rd_kafka_new": (_HANDLE, [ctypes.c_int, _HANDLE, ctypes.c_char_p, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_HANDLE]),
    "rd_kafka_err2str": (ctypes.c_char_p, [ctypes.c_int]),
    "rd_kafka_mock_cluster_new": (_HANDLE, [_HANDLE, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_HANDLE]),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [_HANDLE]),
    "rd_kafka_mock_topic_create": (
        ctypes.c_int,
        [_HANDLE, ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
    ),
    "rd_kafka_mock_topic_set_error": (None, [_HANDLE, ctypes.c_char_p, ctypes.c_int]),
    "rd_kafka_mock_clear_request_errors": (None, [_HANDLE, ctypes.c_int16]),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        [_HANDLE, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
    ),
    "rd_kafka_mock_broker_set_down": (ctypes.c_int, [_HANDLE, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_up": (ctypes.c_int, [_HANDLE, ctypes.c_int32]),
    "rd_kafka_mock_broker_set_rtt": (ctypes.c_int, [_HANDLE, ctypes.c_int32, ctypes.c_int]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_HANDLE, ctypes.c_int32]),
    "rd_kafka_mock_set_group_consumer_heartbeat_interval_ms": (None, [_HANDLE, ctypes.c_int]),
}


@cache
def load_library() -> ctypes.CDLL:
    """The librdkafka that ``confluent_kafka`` uses, loaded once for both.

    Raises:
        ImportError: there is no ``confluent_kafka``.
        RuntimeError: its librdkafka does not let the functions be found.
    """
    if find_spec("confluent_kafka") is None:
        raise ImportError(
            "the embedded broker needs confluent-kafka: pip install 'avrogen[kafka]'",
            name="confluent_kafka",
        )
    extension = find_spec("confluent_kafka.cimpl")
    assert extension is not None and extension.origin is not None, "a package without its half"
    missing: list[str] = []
    for path in _places(Path(extension.origin)):
        library = ctypes.CDLL(str(path))
        missing = [name for name in SIGNATURES if not hasattr(library, name)]
        if not missing:
            for name, (result, arguments) in SIGNATURES.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
            if hasattr(library, _SET_CONTROLLER):
                set_controller = getattr(library, _SET_CONTROLLER)
                set_controller.restype, set_controller.argtypes = None, [_HANDLE, ctypes.c_int32]
            return library
    raise RuntimeError(
        "the embedded broker needs the wheel of confluent-kafka, with a librdkafka that exports "
        f"{missing[0]}: pip install --upgrade --only-binary :all: confluent-kafka"
    )


def _places(extension: Path) -> list[Path]:
    """Return the libraries that may export the functions.

    The loader also searches what the extension is linked with, except on Windows, where wheels
    keep those libraries in a folder of their own.
    """
    bundled = extension.parents[1] / "confluent_kafka.libs"
    return [extension, *sorted(bundled.glob("librdkafka*"))]


class MockCluster:
    """A running mock cluster. Thread-safe.

    Attributes:
        bootstrap_servers: its brokers, as clients want them.
    """

    bootstrap_servers: str

    def __init__(self, brokers: int) -> None:
        """Start the cluster.

        Args:
            brokers: how many, at least one; their numbers begin with 1.

        Raises:
            ImportError, RuntimeError: as :func:`load_library`.
        """
        self._library = library = load_library()
        self._lock = threading.Lock()
        self._last_call = time.monotonic()
        self._owner = self._new_owner()
        self._cluster: int | None = library.rd_kafka_mock_cluster_new(self._owner, brokers)
        if self._cluster is None:
            library.rd_kafka_destroy(self._owner)
            raise RuntimeError("librdkafka could not start its mock cluster: out of ports or files")
        servers: bytes = library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        self.bootstrap_servers = servers.decode("ascii")
        self._call("rd_kafka_mock_group_initial_rebalance_delay_ms", _GROUP_DELAY_MS)
        self._call("rd_kafka_mock_set_group_consumer_heartbeat_interval_ms", _HEARTBEAT_MS)
        # Without a controller, requests of the admin client wait for one until they time out. With
        # one, they are refused at once.
        if hasattr(library, _SET_CONTROLLER):
            self._call(_SET_CONTROLLER, 1)

    def close(self) -> None:
        """Stop the cluster with its threads and files. Idempotent."""
        with self._lock:
            cluster, self._cluster = self._cluster, None
            if cluster is not None:
                self._settle()
                self._library.rd_kafka_mock_cluster_destroy(cluster)
                self._library.rd_kafka_destroy(self._owner)

    def create_topic(self, name: str, partitions: int, replicas: int) -> None:
        """Create a topic.

        Raises:
            ValueError: there is one of that name.
        """
        self._call("rd_kafka_mock_topic_create", name.encode(), partitions, replicas)

    def set_topic_error(self, name: str, error: int) -> None:
        """Answer metadata requests of a topic with an error; 0 clears it."""
        self._call("rd_kafka_mock_topic_set_error", name.encode(), error)

    def push_errors(self, request: int, errors: Sequence[int]) -> None:
        """Answer the next requests of a kind with these errors, one each."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._call("rd_kafka_mock_push_request_errors_array", request, len(errors), array)

    def clear_errors(self, request: int) -> None:
        """Clear the errors for requests of a kind."""
        self._call("rd_kafka_mock_clear_request_errors", request)

    def set_up(self, up: bool, broker: int | None) -> None:
        """Start or stop a broker, dropping its connections; None means all brokers."""
        name = "rd_kafka_mock_broker_set_up" if up else "rd_kafka_mock_broker_set_down"
        self._call(name, _ALL_BROKERS if broker is None else broker)

    def set_delay(self, milliseconds: int, broker: int | None) -> None:
        """Delay all responses of a broker; None means all brokers."""
        which = _ALL_BROKERS if broker is None else broker
        self._call("rd_kafka_mock_broker_set_rtt", which, milliseconds)

    def _new_owner(self) -> int:
        """The client that librdkafka wants for a cluster: it has the threads. It connects to
        nothing, and would log that."""
        message = ctypes.create_string_buffer(512)
        settings: int = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(settings, b"log_level", b"0", message, len(message))
        owner: int | None = self._library.rd_kafka_new(_PRODUCER, settings, message, len(message))
        if owner is None:
            raise RuntimeError(f"librdkafka did not start: {message.value.decode()}")
        return owner

    def _call(self, function: str, *arguments: object) -> None:
        with self._lock:
            if self._cluster is None:
                raise RuntimeError("the embedded broker has been stopped")
            self._settle()
            error: int | None = getattr(self._library, function)(self._cluster, *arguments)
            self._last_call = time.monotonic()
        if error:
            text: bytes = self._library.rd_kafka_err2str(error)
            raise ValueError(text.decode())

    def _settle(self) -> None:
        wait = self._last_call + _SETTLED_SECONDS - time.monotonic()
        if wait > 0:
            time.sleep(wait)
