"""Values to a container file, written block by block."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from avrogen.codec.compilation import block_encoder
from avrogen.codec.container.compression import compressor
from avrogen.codec.container.file_header import SYNC_SIZE, header_bytes, read_header
from avrogen.codec.container.input_file import InputFile, file_name
from avrogen.codec.container.output_file import OutputFile
from avrogen.codec.schema import Schema
from avrogen.codec.varints import encode_long
from avrogen.errors import ConfigurationError, DecodeError, EncodeError

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.container.compression import CodecName
    from avrogen.codec.container.file_header import FileHeader
    from avrogen.codec.container.input_file import FileOpener, FilePath
    from avrogen.codec.container.output_file import WritableFile
    from avrogen.codec.limits import Limits

__all__ = ["DataFileWriter"]

T = TypeVar("T")

_BATCH: Final = 100
"""Values that are encoded at once."""

_SYNC_INTERVAL: Final = 64_000
"""Bytes of a block, as of Avro Java."""


class DataFileWriter(Generic[T]):
    """Writes values to a container file (``.avro``). Use it as a context manager.

    A file is complete when the writer is closed. At a path, it appears then: until then, and if the
    ``with`` block raises, there is what was there before. It is for one thread.

    Args:
        owner: a generated class, a codec, or a schema, which encodes plain values.
        file: a path, or a file object that is open for writing in binary mode. A file object gets
            each block as soon as it is full, and stays open.
        codec: compression of the blocks; None: ``deflate``, or the codec of the file to append to.
        level: level of the compression; None: the codec's default.
        metadata: the user's metadata, bytes or texts. Keys must not begin with ``avro.``.
        append: append to the file, which may be missing, with its own sync marker. A file object
            must be open for reading and writing, and seekable.
        sync_interval: size from which on a block ends, in bytes before compression.
        sync_marker: 16 bytes; None: random ones, which they should be.
        opener: opens the path in mode ``"wb"``, or ``"r+b"`` to append, such as ``fs.open`` of an
            fsspec file system; None: a local file.
        limits: None: those of the process, see :func:`avrogen.set_limits`.
        fill_defaults: as of ``Schema.to_avro``, for plain values.
        allow_unknown_keys: likewise.

    Raises:
        OSError: the file cannot be created, or opened.
        ConfigurationError: an argument is invalid, or the file to append to has another schema or
            codec.
        DecodeError: the file to append to is not a container file, or is truncated.
        MissingExtraError: the codec needs the extra ``files``.

    Attributes:
        count: number of values that were written so far.
    """

    count: int

    def __init__(
        self,
        owner: type[T] | Codec[T] | Schema,
        file: FilePath | WritableFile,
        *,
        codec: CodecName | None = None,
        level: int | None = None,
        metadata: Mapping[str, str | bytes] | None = None,
        append: bool = False,
        sync_interval: int = _SYNC_INTERVAL,
        sync_marker: bytes | None = None,
        opener: FileOpener | None = None,
        limits: Limits | None = None,
        fill_defaults: bool = True,
        allow_unknown_keys: bool = True,
    ) -> None:
        if sync_interval < 1:
            message = f"sync_interval must be at least 1, not {sync_interval}"
            raise ConfigurationError(message, setting="sync_interval")
        of_values: Any = owner  # its type parameter has no bound
        schema: Schema = of_values if isinstance(owner, Schema) else of_values.__avro_schema__
        self._write_values, self._write_one = block_encoder(
            of_values, fill_defaults=fill_defaults, allow_unknown_keys=allow_unknown_keys
        )
        self._limits = limits
        self._sync_interval = sync_interval
        self._batch = 1
        self._parts: list[bytes] = []
        self._size = 0
        self._in_block = 0
        self.count = 0
        marker = os.urandom(SYNC_SIZE) if sync_marker is None else bytes(sync_marker)
        self._compress = compressor(codec or "deflate", level)
        header = header_bytes(schema, codec or "deflate", metadata or {}, marker)
        self._file = OutputFile(file, opener, append=append)
        try:
            if self._file.existing is not None:
                found = _header_to_append(self._file.existing, file_name(file))
                _check_same(found, schema, codec, metadata or {}, file_name(file))
                self._compress = compressor(found.codec, level)
                self._sync_marker = found.sync_marker
                self._file.seek_end()
            else:
                self._sync_marker = marker
                self._file.write(header)
        except BaseException:
            self._file.discard()
            raise

    def write(self, value: T) -> None:
        """Write a value.

        Raises:
            EncodeError: it does not fit the schema. It is not in the file, those before it are.
        """
        self._write_batch([value])

    def write_all(self, values: Iterable[T]) -> None:
        """Write values, of which few are in memory at once: a generator may yield any number.

        Raises:
            EncodeError: a value does not fit the schema. It is not in the file, those before it
                are.
        """
        iterator = iter(values)
        while batch := list(islice(iterator, self._batch)):
            self._write_batch(batch)

    def flush(self) -> None:
        """End the block, and flush the file, which is at its path only after :meth:`close`."""
        self._end_block()
        self._file.flush()

    def close(self) -> None:
        """Write the last block and complete the file. It appears at its path."""
        if not self._file.is_closed:
            try:
                self.flush()
            except BaseException:
                self._file.discard()
                raise
            self._file.close()

    def discard(self) -> None:
        """Close the writer without a file: what was at the path remains as it was.

        A file that is appended to gets its former size. A file object keeps the blocks that it has.
        """
        self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def __repr__(self) -> str:
        return f"<DataFileWriter of {self._file.name!r}, {self.count:,} values>"

    def _write_batch(self, values: list[Any]) -> None:
        pieces: list[bytes] = []
        error: EncodeError | None = None
        done = 0
        while done < len(values):
            done += self._write_values(values[done:], pieces, self._limits)
            if done < len(values):
                try:
                    pieces.append(self._write_one(values[done], self._limits))
                except EncodeError as raised:
                    error = raised
                    break
                done += 1
        data = b"".join(pieces)
        if len(data) > 2 * self._sync_interval and done > 1:
            # Much larger than those before: they are encoded again, for more than one block.
            half = done // 2
            self._write_batch(values[:half])
            self._write_batch(values[half:done])
        else:
            self._add(data, done)
        if error is not None:
            error.message = f"{self._file.name}, value {self.count:,}: {error.message}"
            error.args = (error.message, error.path)
            raise error

    def _add(self, data: bytes, count: int) -> None:
        """Add encoded values to the block, and end it if it is full."""
        self._parts.append(data)
        self._size += len(data)
        self._in_block += count
        self.count += count
        if self._size >= self._sync_interval:
            self._end_block()
        most = self._sync_interval * count // (len(data) + 1)
        self._batch = max(1, min(_BATCH, 2 * self._batch, most))

    def _end_block(self) -> None:
        if self._in_block:
            data = self._compress(b"".join(self._parts))
            frame = encode_long(self._in_block) + encode_long(len(data))
            self._parts, self._size, self._in_block = [], 0, 0
            self._file.write(b"".join((frame, data, self._sync_marker)))


def _header_to_append(file: Any, name: str) -> FileHeader:
    """Return the header of a file that is complete.

    Raises:
        DecodeError: the file is truncated, or no container file.
    """
    try:
        header = read_header(InputFile(file))
        size = file.seek(-SYNC_SIZE, os.SEEK_END) + SYNC_SIZE
        if file.read(SYNC_SIZE) != header.sync_marker:
            message = (
                "it does not end with its sync marker, so it is truncated or being written; read "
                "the values before its last block and write them to a new file"
            )
            raise DecodeError(message, offset=size)
    except DecodeError as error:
        error.message = f"cannot append to {name}: {error.message}"
        error.args = (error.message, error.path)
        raise
    return header


def _check_same(
    found: FileHeader,
    schema: Schema,
    codec: str | None,
    metadata: Mapping[str, str | bytes],
    name: str,
) -> None:
    """Check that a file can be appended to with these arguments.

    Raises:
        ConfigurationError: it has another schema, codec or other metadata.
    """
    difference = _difference(schema, found.schema)
    if difference is not None:
        raise ConfigurationError(
            f"cannot append to {name}: it has another schema: {difference}",
            hint="write a new file; read_file reads files of each of the two schemas",
        )
    if codec is not None and codec != found.codec:
        message = f"cannot append to {name} with {codec}: its codec is {found.codec}"
        hint = "leave the codec out, or write a new file"
        raise ConfigurationError(message, setting="codec", hint=hint)
    for key, value in metadata.items():
        content = value.encode() if isinstance(value, str) else value
        if found.metadata.get(key) != content:
            message = f"cannot append to {name}: its metadata have another value of {key!r}"
            hint = "leave the metadata out: they are a part of the header"
            raise ConfigurationError(message, setting="metadata", hint=hint)


def _difference(here: Schema, there: Schema) -> str | None:
    """Describe the first difference of two schemas that matters to data; None: there is none."""
    from avrogen.avro.differences import are_encoded_alike, first_difference

    if here == there:
        return None
    if here.type != there.type:
        return "the types are not the same"
    for name, mine in here.types.items():
        theirs = there.types.get(name)
        if theirs is None:
            return f"{name} is only here"
        if not are_encoded_alike(mine, theirs):
            return f"{name}: {first_difference(mine, theirs)}"
    return None
