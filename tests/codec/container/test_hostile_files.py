"""Files that are broken or meant to do harm: DecodeErrors, in bounded memory and time."""

from __future__ import annotations

import bz2
import io
import lzma
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from backports import zstd  # pyright: ignore[reportMissingTypeStubs]
from cramjam import snappy

from avrogen import DataFileReader, DecodeError, Limits, Schema, SchemaError
from avrogen.codec.container.compression import CODECS, CodecName
from avrogen.codec.varints import encode_long
from tests.codec.container.shared_events import SCHEMA, events, file_of, plain, values_of

LONG = Schema.parse('"long"')
STRING = Schema.parse('"string"')
MARKER = bytes(range(16))


def header(metadata: dict[bytes, bytes], marker: bytes = MARKER) -> bytes:
    """Return a header with any metadata."""
    parts = [b"Obj\x01", encode_long(len(metadata)) if metadata else b""]
    for key, value in metadata.items():
        parts += encode_long(len(key)), key, encode_long(len(value)), value
    return b"".join([*parts, b"\x00", marker])


def of_schema(schema: bytes, codec: bytes = b"null") -> bytes:
    """Return the header of a file."""
    return header({b"avro.schema": schema, b"avro.codec": codec})


def block(count: int, data: bytes, marker: bytes = MARKER, size: int | None = None) -> bytes:
    """Return a block, which may lie about its size."""
    length = len(data) if size is None else size
    return encode_long(count) + encode_long(length) + data + marker


def refused(data: bytes, schema: Schema = LONG, limits: Limits | None = None) -> DecodeError:
    """Return the error for a file."""
    with pytest.raises(DecodeError) as caught:
        values_of(schema, data, limits=limits)
    return caught.value


LONG_HEADER = of_schema(b'"long"')


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an Avro container file: it is empty"),
        (b"Ob", "it ends within its header"),
        (b"PAR1....", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b'{"a": 1}', "JSON"),
        (b"Obj\x02abc", "it begins with 4f 62 6a 02"),
        (b"Obj\x01", "the data end within a number"),
        (b"Obj\x01\x02", "the data end within a number"),
        (b"Obj\x01" + b"\xff" * 20, "more than 64 bits"),
        (b"Obj\x01" + encode_long(2**40), "claims 1,099,511,627,776 metadata entries"),
        (b"Obj\x01\x02" + encode_long(2**62), "larger than 16,777,216 bytes"),
        (b"Obj\x01\x02" + encode_long(-5), "negative length"),
        (b"Obj\x01\x02\x02\xff\x00\x00" + MARKER, "invalid UTF-8"),
        (header({}), "no schema"),
        (header({b"avro.schema": b'"long"'})[:-1], "truncated"),
        (of_schema(b"\xff"), "the schema is invalid UTF-8"),
        (of_schema(b"{"), "the writer's schema is invalid"),
        (of_schema(b'"unknown"'), "the writer's schema is invalid"),
        (of_schema(b'{"type": "array", "items": ' * 5000), "the writer's schema is invalid"),
        (of_schema(b" " * (2**20 + 1)), "the limit is 1,048,576"),
        (of_schema(b'"long"', b"lzo"), "unknown codec 'lzo'; avrogen has null, deflate"),
        (of_schema(b'"long"', b"\xff\x1b[31m"), "unknown codec"),
        (LONG_HEADER + b"\x02", "block at byte 57: truncated: the data end within"),
        (LONG_HEADER + block(1, b"\x02", b"x" * 16), "sync marker is not where the block ends"),
        (LONG_HEADER + block(1, b"\x02")[:-1], "truncated: 16 bytes expected, 15 left"),
        (LONG_HEADER + block(-1, b"\x02"), "the count -1 is negative"),
        (LONG_HEADER + block(1, b"\x02", size=-1), "the size -1 is negative"),
        (LONG_HEADER + block(1, b"\x02", size=2**60), "Limits.max_block_bytes is 67,108,864"),
        (LONG_HEADER + block(1, b"\x02", size=2**26), "truncated: 67,108,864 bytes expected"),
        (LONG_HEADER + block(2**60, b"\x02"), "do not fit into its 1 bytes"),
        (LONG_HEADER + block(2, b"\x02"), "do not fit"),
        (LONG_HEADER + block(1, b"\x02\x02"), "1 bytes follow the last value"),
        (LONG_HEADER + block(0, b"\x02"), "1 bytes follow the last value"),
        (of_schema(b'"string"') + block(2, b"\x02a\x04b"), r"value 1 of those read: truncated"),
        (of_schema(b'"null"') + block(2**60, b""), "more than Limits.max_empty_items"),
    ],
)
def test_what_is_no_file(data: bytes, message: str) -> None:
    schema = {b'"null"': Schema.parse('"null"'), b'"string"': STRING}
    reader = next((found for text, found in schema.items() if text in data), LONG)
    with pytest.raises(DecodeError) as caught:
        values_of(reader, data)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert 0 <= caught.value.offset <= len(data)


def test_the_cause_of_an_invalid_schema_has_all_problems() -> None:
    error = refused(of_schema(b'{"type": "record"}'))
    assert isinstance(error.__cause__, SchemaError)


def test_values_before_a_fault_are_yielded() -> None:
    data = LONG_HEADER + block(3, b"\x02\x04\x06") + block(2, b"\x08\xff")
    found: list[int] = []
    with pytest.raises(DecodeError, match="value 4") as caught:
        found.extend(DataFileReader[int](LONG, io.BytesIO(data)))
    # ``extend`` keeps what it got.
    assert found == [1, 2, 3, 4]
    assert data[caught.value.offset - 1 :].startswith(b"\xff" + MARKER)


def test_a_fault_in_compressed_data_has_both_places() -> None:
    data = of_schema(b'"string"', b"deflate") + block(1, deflated(b"\x02\xff"))
    error = refused(data, STRING)
    assert error.offset == len(of_schema(b'"string"', b"deflate"))
    assert "byte 1 of its decompressed data, value 0" in str(error)


# --- decompression bombs --------------------------------------------------------------------------


def deflated(data: bytes) -> bytes:
    """Return raw deflate data."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def snapped(data: bytes) -> bytes:
    """Return a block of snappy."""
    return bytes(snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4, "big")


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "deflate": deflated,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstd.compress,
    "snappy": snapped,
}


@pytest.mark.parametrize("codec", COMPRESS)
def test_bombs(codec: str) -> None:
    bomb = COMPRESS[codec](bytes(30_000_000))
    data = of_schema(b'"long"', codec.encode()) + block(1, bomb)
    limits = Limits(max_block_bytes=2_000_000)
    tracemalloc.start()
    error = refused(data, limits=limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "Limits" in str(error)
    assert peak < 20_000_000  # xz has a dictionary of 8 MiB


@pytest.mark.parametrize("codec", COMPRESS)
def test_compressed_data_that_are_no_such_data(codec: str) -> None:
    compress = COMPRESS[codec]
    good = compress(b"\x02" * 1000)
    start = of_schema(b'"long"', codec.encode())
    assert values_of(LONG, start + block(1000, good)) == [1] * 1000
    for bad in (b"", b"\xff" * 40, good[:-1], good[:-6], good[1:], good + b"surplus", good + good):
        error = refused(start + block(1000, bad))
        assert error.offset == len(start), bad
    if codec in ("bzip2", "xz", "snappy"):  # they have checksums
        middle = len(good) // 2
        flipped = good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1 :]
        refused(start + block(1000, flipped))


def test_what_old_writers_left_after_deflate_is_ignored() -> None:
    """Apache's and fastavro's first versions wrote ``zlib.compress(data)[2:-1]``."""
    data = of_schema(b'"long"', b"deflate") + block(2, zlib.compress(b"\x02\x04")[2:-1])
    assert values_of(LONG, data) == [1, 2]


def test_a_schema_that_makes_much_of_little() -> None:
    fields = ", ".join(f'{{"name": "f{n}", "type": "null"}}' for n in range(2000))
    text = f'{{"type": "record", "name": "R", "fields": [{fields}]}}'
    reader = Schema.parse(text)
    data = of_schema(text.encode()) + block(50_000, b"")
    started = time.process_time()
    found = DataFileReader[Any](reader, io.BytesIO(data), limits=Limits(max_empty_items=50_000))
    assert len(next(found)) == 2000
    refused(data, reader, Limits(max_empty_items=49_999))
    refused(data, reader, Limits(max_values=100))
    assert time.process_time() - started < 20


# --- mutations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
def test_mutated_files(codec: CodecName) -> None:
    """Whatever happens to a file: values, or a DecodeError."""
    source = random.Random(f"mutations of {codec}")
    values = [plain(event) for event in events(60)]
    good = file_of(SCHEMA, values, codec=codec, sync_interval=800, sync_marker=MARKER)
    limits = Limits(max_block_bytes=1_000_000)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(250):
        data = mutated(good, source)
        start = source.choice([0, 0, source.randrange(len(good))])
        try:
            values_of(SCHEMA, data, limits=limits, start=start)
        except DecodeError as error:
            assert str(error).isprintable()
            assert error.offset >= 0
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert outcomes["refused"] > 50


def mutated(good: bytes, source: random.Random) -> bytes:
    """Return a file with some faults."""
    data = bytearray(good)
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(data) + 1)
        match source.randrange(6):
            case 0:
                del data[place:]
            case 1:
                data[place : place + 1] = bytes([source.randrange(256)])
            case 2:
                del data[place : place + source.randrange(1, 20)]
            case 3:
                data[place:place] = source.randbytes(source.randrange(1, 20))
            case 4:
                data[place : place + 9] = encode_long(source.choice([2**62, -(2**62), 2**30, -1]))
            case _:
                other = source.randrange(len(data) + 1)
                data[place:place] = data[other : other + source.randrange(1, 200)]
        if not data:
            break
    return bytes(data)
