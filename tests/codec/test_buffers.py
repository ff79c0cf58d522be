"""Any buffer is read, and what is read has no part in it afterwards."""

from __future__ import annotations

import array
import ctypes
import mmap
from pathlib import Path
from typing import Any

import pytest

from avrogen import DecodeError
from tests.support.dynamic import Package
from tests.support.schemas import fixed, items, parsed, record_of

TEXT = record_of("Text", a="string", b="bytes", c=fixed(2), d=items("bytes"))
DATA = b"\x04ab\x06cde\x66\x67\x02\x02h\x00"
VALUE = {"a": "ab", "b": b"cde", "c": b"fg", "d": [b"h"]}


def test_any_buffer_is_read(tmp_path: Path) -> None:
    schema = parsed(TEXT)
    spaced = bytearray(2 * len(DATA))
    spaced[::2] = DATA
    backwards = memoryview(DATA[::-1])[::-1]
    wider = DATA + bytes(-len(DATA) % 4)
    ints = array.array("I", wider)
    buffers: list[Any] = [
        DATA,
        bytearray(DATA),
        memoryview(DATA),
        memoryview(b"__" + DATA + b"__")[2:-2],
        memoryview(spaced)[::2],
        backwards,
        memoryview(DATA).cast("c"),
        array.array("B", DATA),
        (ctypes.c_ubyte * len(DATA)).from_buffer_copy(DATA),
    ]
    for buffer in buffers:
        assert schema.from_avro(buffer) == VALUE
    for view in (memoryview(ints), memoryview(ints).cast("B").cast("I", (len(ints), 1))):
        with pytest.raises(DecodeError) as caught:
            schema.from_avro(view)
        assert caught.value.offset == len(DATA)
    (tmp_path / "data").write_bytes(DATA)
    with (
        (tmp_path / "data").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        assert schema.from_avro(mapped) == VALUE


def test_values_share_no_memory_with_what_was_read() -> None:
    schema = parsed(TEXT)
    package = Package(schema)
    data = bytearray(DATA)
    plain, instance = schema.from_avro(data), package.codec.from_avro(memoryview(data))
    data[:] = bytes(len(data))
    data.extend(b"not even locked")
    assert plain == VALUE
    assert (instance.field_0, instance.field_1, instance.field_2) == ("ab", b"cde", b"fg")


def test_what_is_no_buffer_is_a_mistake_of_the_caller() -> None:
    schema = parsed("bytes")
    released = memoryview(b"\x00")
    released.release()
    for wrong in ("\x00", None, 1, [0]):
        with pytest.raises(TypeError):
            schema.from_avro(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="released"):
        schema.from_avro(released)
