"""Messages that confluent-kafka cannot send: librdkafka's own functions, called directly."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from avrogen.testing.broker.mock_cluster import load_library

__all__ = ["produce_bytes"]

_PRODUCER = 0
_FLUSH_MS = 10_000
_TEXT = 512

# rd_kafka_vtype_t
_END, _TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _HEADERS = 0, 1, 3, 4, 5, 7, 10
_COPY = 2  # RD_KAFKA_MSG_F_COPY


def produce_bytes(
    bootstrap_servers: str,
    topic: str,
    value: bytes,
    *,
    key: bytes = b"raw",
    headers: Sequence[tuple[bytes, bytes | None]] = (),
    partition: int = 0,
) -> None:
    """Produce one message whose header names may be any bytes, and wait until it is delivered."""
    library = load_library()
    handle, size = ctypes.c_void_p, ctypes.c_size_t
    library.rd_kafka_headers_new.restype = handle
    library.rd_kafka_headers_new.argtypes = [size]
    library.rd_kafka_header_add.argtypes = [
        handle,
        ctypes.c_char_p,
        ctypes.c_ssize_t,
        ctypes.c_char_p,
        ctypes.c_ssize_t,
    ]
    library.rd_kafka_flush.argtypes = [handle, ctypes.c_int]
    text = ctypes.create_string_buffer(_TEXT)
    settings = library.rd_kafka_conf_new()
    servers = bootstrap_servers.encode()
    assert library.rd_kafka_conf_set(settings, b"bootstrap.servers", servers, text, _TEXT) == 0
    producer = library.rd_kafka_new(_PRODUCER, settings, text, _TEXT)
    assert producer is not None, text.value
    made = library.rd_kafka_headers_new(len(headers))
    for name, content in headers:
        length = -1 if content is None else len(content)
        assert library.rd_kafka_header_add(made, name, len(name), content, length) == 0
    number = ctypes.c_int
    refused = library.rd_kafka_producev(
        *(handle(producer), number(_TOPIC), ctypes.c_char_p(topic.encode())),
        *(number(_PARTITION), ctypes.c_int32(partition)),
        *(number(_VALUE), ctypes.c_char_p(value), size(len(value))),
        *(number(_KEY), ctypes.c_char_p(key), size(len(key))),
        *(number(_FLAGS), number(_COPY), number(_HEADERS), handle(made), number(_END)),
    )
    assert refused == 0, refused
    assert library.rd_kafka_flush(producer, _FLUSH_MS) == 0
    library.rd_kafka_destroy(producer)
