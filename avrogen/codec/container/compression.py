"""Compression codecs of container files (specification, "Required Codecs", "Optional Codecs").

Whatever a block claims, decompression makes no more bytes than a limit allows: the decompressors of
the standard library and of zstandard stop there, and snappy's blocks begin with their size.
"""

from __future__ import annotations

import sys
import zlib
from binascii import crc32
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

from avrogen.errors import ConfigurationError, DecodeError
from avrogen.extras import comes_with

__all__ = ["CODECS", "CodecName", "Compress", "Decompress", "compressor", "decompressor"]

CodecName: TypeAlias = Literal["null", "deflate", "bzip2", "xz", "zstandard", "snappy"]
"""Name of a compression codec, as ``avro.codec`` has it."""

CODECS: Final[tuple[CodecName, ...]] = get_args(CodecName)

Compress: TypeAlias = Callable[[bytes], bytes]
"""Compresses the data of a block."""

Decompress: TypeAlias = Callable[[bytes, int], bytes]
"""Decompresses the data of a block to at most a number of bytes, or raises DecodeError."""

_EXTRA: Final = "files"

_LEVELS: Final[Mapping[CodecName, tuple[int, int]]] = {
    "deflate": (0, 9),
    "bzip2": (1, 9),
    "xz": (0, 9),
    "zstandard": (-131_072, 22),
}
"""Lowest and highest levels of the codecs that have levels."""

_MAX_XZ_MEMORY: Final = 128 * 2**20
"""Memory for a dictionary of xz: level 9 has one of 64 MiB."""

_MAX_ADLER: Final = 4
"""Bytes after deflate's end that are ignored: writers in Python left parts of zlib's checksum."""


class _Stream(Protocol):
    """A decompressor of the standard library, or of zstandard."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def compressor(codec: str, level: int | None = None) -> Compress:
    """Return the function that compresses blocks.

    Args:
        codec: one of :data:`CODECS`.
        level: level of the compression; None: the codec's default.

    Raises:
        ConfigurationError: the codec is unknown, or does not have this level.
        MissingExtraError: the codec needs a package that is not installed.
    """
    if codec not in CODECS:
        raise ConfigurationError(
            f"unknown codec {codec!r}", setting="codec", hint=f"use one of {', '.join(CODECS)}"
        )
    lowest, highest = _LEVELS.get(codec, (0, -1))
    if level is not None and not lowest <= level <= highest:
        hint = f"use {lowest} to {highest}, or leave it out" if highest >= 0 else "leave it out"
        message = f"codec {codec} has no level {level}"
        raise ConfigurationError(message, setting="level", hint=hint)
    match codec:
        case "null":
            return lambda data: data
        case "deflate":
            chosen = zlib.Z_DEFAULT_COMPRESSION if level is None else level
            return lambda data: _deflated(data, chosen)
        case "bzip2":
            import bz2  # not every Python is built with it

            return lambda data: bz2.compress(data, 9 if level is None else level)
        case "xz":
            import lzma  # likewise

            return lambda data: lzma.compress(data, preset=level)
        case "zstandard":
            return _zstandard_compressor(level)
        case "snappy":
            snappy = _snappy()
            return lambda data: bytes(snappy.compress_raw(data)) + crc32(data).to_bytes(4, "big")
        case _:
            raise AssertionError("a codec was checked")


def decompressor(codec: str) -> Decompress:
    """Return the function that decompresses blocks.

    Raises:
        DecodeError: the codec is unknown.
        MissingExtraError: the codec needs a package that is not installed.
    """
    match codec:
        case "null":
            return lambda data, limit: data
        case "deflate":
            return _inflated
        case "bzip2":
            return _decompressed_bzip2
        case "xz":
            return _decompressed_xz
        case "zstandard":
            return _zstandard_decompressor()
        case "snappy":
            return _snappy_decompressor()
        case _:
            known = ", ".join(CODECS)
            raise DecodeError(f"unknown codec {codec!r}; avrogen has {known}")


def _deflated(data: bytes, level: int) -> bytes:
    # Without zlib's header and checksum: RFC 1951.
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


def _inflated(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise _invalid("deflate", error) from None
    return _complete("deflate", found, limit, stream, _MAX_ADLER)


def _decompressed_bzip2(data: bytes, limit: int) -> bytes:
    import bz2

    stream = bz2.BZ2Decompressor()
    try:
        found = stream.decompress(data, limit + 1)
    except (OSError, ValueError) as error:
        raise _invalid("bzip2", error) from None
    return _complete("bzip2", found, limit, stream)


def _decompressed_xz(data: bytes, limit: int) -> bytes:
    import lzma

    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_XZ_MEMORY)
    try:
        found = stream.decompress(data, limit + 1)
    except lzma.LZMAError as error:
        raise _invalid("xz", error) from None
    return _complete("xz", found, limit, stream)


def _complete(codec: str, found: bytes, limit: int, stream: _Stream, unused: int = 0) -> bytes:
    """Return the decompressed data, if they are complete and within the limit."""
    if len(found) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise DecodeError(f"truncated: the {codec} data of the block have no end")
    surplus = len(stream.unused_data)
    if surplus > unused:
        raise DecodeError(f"{surplus} bytes follow the {codec} data of the block")
    return found


def _too_large(limit: int) -> DecodeError:
    return DecodeError(
        f"the block is larger than {limit:,} bytes when it is decompressed; if you trust the "
        "file, pass limits=Limits(max_block_bytes=...)"
    )


def _invalid(codec: str, error: Exception) -> DecodeError:
    return DecodeError(f"invalid {codec} data: {error}")


# --- codecs of other packages ---------------------------------------------------------------------


def _zstd() -> Any:
    """Return the module for zstandard, which Python has from 3.14 on."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        with comes_with(_EXTRA):
            from backports import zstd  # pyright: ignore[reportMissingTypeStubs]
    return zstd


def _zstandard_compressor(level: int | None) -> Compress:
    zstd = _zstd()

    def compress(data: bytes) -> bytes:
        compressed: bytes = zstd.compress(data, level)
        return compressed

    return compress


def _zstandard_decompressor() -> Decompress:
    zstd = _zstd()

    def decompress(data: bytes, limit: int) -> bytes:
        stream = zstd.ZstdDecompressor()
        try:
            found: bytes = stream.decompress(data, limit + 1)
        except zstd.ZstdError as error:
            raise _invalid("zstandard", error) from None
        return _complete("zstandard", found, limit, stream)

    return decompress


def _snappy() -> Any:
    with comes_with(_EXTRA):
        from cramjam import snappy
    return snappy


def _snappy_decompressor() -> Decompress:
    snappy = _snappy()
    from cramjam import DecompressionError

    def decompress(data: bytes, limit: int) -> bytes:
        # The data are followed by the checksum of what they become.
        compressed, checksum = data[:-4], data[-4:]
        if not compressed:
            raise DecodeError("truncated: the block has no snappy data")
        try:
            if snappy.decompress_raw_len(compressed) > limit:
                raise _too_large(limit)
            found = bytes(snappy.decompress_raw(compressed))
        except DecompressionError as error:
            raise _invalid("snappy", error) from None
        if crc32(found).to_bytes(4, "big") != checksum:
            raise DecodeError("the block is corrupt: its snappy data have another checksum")
        return found

    return decompress
