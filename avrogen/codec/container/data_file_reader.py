"""Values of a container file, read block by block.

A block is read and decompressed as a whole; its values are decoded in batches, so that no more than
a block and a batch are in memory. Splits are those of Avro Java: a block belongs to the range of
bytes in which the sync marker before it begins, so that ranges that cover a file cover its blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from avrogen.codec.compilation import block_decoder
from avrogen.codec.container.compression import decompressor
from avrogen.codec.container.file_header import SYNC_SIZE, FileHeader, read_header
from avrogen.codec.container.input_file import InputFile
from avrogen.codec.limits import Limits, current_limits
from avrogen.errors import DecodeError

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.container.input_file import FileOpener, FilePath, ReadableFile
    from avrogen.codec.schema import Schema

__all__ = ["DataFileReader"]

T = TypeVar("T")

_BATCH: Final = 100
"""Values that are decoded at once."""


class DataFileReader(Generic[T]):
    """Iterates over the values of a container file (``.avro``).

    It closes the file after the last value, when it is garbage collected, or as a context manager.
    It is for one thread.

    Args:
        owner: a generated class, a codec, or a schema, which gives plain values.
        file: a path, or a file object that is open for reading in binary mode. It needs not be
            seekable, and is read from where it is.
        start: read only the blocks whose sync marker begins at this byte or later.
        end: read only the blocks whose sync marker begins before this byte; None: all others.
        opener: opens the path in mode ``"rb"``, such as ``fs.open`` of an fsspec file system; None:
            a local file.
        limits: None: those of the process, see :func:`avrogen.set_limits`.
        named_branches: as of ``Schema.from_avro``, for plain values.

    Raises:
        OSError: the file cannot be opened.
        DecodeError: its header is invalid.
        ResolutionError: no values of the writer's schema can be read as the owner's.
        MissingExtraError: its codec needs the extra ``files``.
    """

    def __init__(
        self,
        owner: type[T] | Codec[T] | Schema,
        file: FilePath | ReadableFile,
        *,
        start: int = 0,
        end: int | None = None,
        opener: FileOpener | None = None,
        limits: Limits | None = None,
        named_branches: bool = False,
    ) -> None:
        if start < 0 or (end is not None and end < 0):
            raise ValueError(f"start and end are bytes from 0 on, not {start} and {end}")
        input_file = InputFile(file, opener)
        self._blocks = _Blocks(input_file, end, limits)
        try:
            self._blocks.open(owner, named_branches=named_branches)
            self._blocks.skip_to(start)
        except BaseException:
            input_file.close()
            raise
        # The iterator does not refer to this object, so that nothing is left open in a cycle.
        self._values: Iterator[T] = chain.from_iterable(self._blocks.batches())

    @property
    def writer_schema(self) -> Schema:
        """The schema that the values were written with."""
        return self._blocks.header.schema

    @property
    def codec(self) -> str:
        """Name of the compression codec."""
        return self._blocks.header.codec

    @property
    def metadata(self) -> Mapping[str, bytes]:
        """Metadata of the header: the user's, and those of Avro, which begin with ``avro.``."""
        return self._blocks.header.metadata

    @property
    def sync_marker(self) -> bytes:
        """The 16 bytes after the header and each block."""
        return self._blocks.header.sync_marker

    def __iter__(self) -> Iterator[T]:
        """Return the iterator over the values that were not read yet.

        Iterating raises DecodeError at the first value that is invalid, and at the end of a file
        that is truncated. The values before it are yielded.
        """
        return self._values

    def __next__(self) -> T:
        return next(self._values)

    def close(self) -> None:
        """Close the file, unless it was passed as a file object. There are no more values then."""
        self._values = iter(())
        self._blocks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DataFileReader of {self._blocks.file.name!r}, codec {self.codec}>"


class _Blocks:
    """The blocks of an open file.

    Attributes:
        file: the file.
        header: its header, once it is open.
    """

    header: FileHeader

    def __init__(self, file: InputFile, end: int | None, limits: Limits | None) -> None:
        self.file = file
        self._end = end
        self._limits = limits or current_limits()
        self._count = 0

    def open(self, owner: Any, *, named_branches: bool) -> None:
        """Read the header and compile the decoder."""
        try:
            self.header = read_header(self.file)
            self._decompress = decompressor(self.header.codec)
            self._decoder = block_decoder(
                owner,
                self.header.schema,
                named_branches=named_branches,
                keep=self.header.is_small,
            )
        except DecodeError as error:
            self._locate(error, "header")
            raise

    def skip_to(self, start: int) -> None:
        """Continue with the first block whose sync marker begins at ``start`` or later."""
        if start > self.header.size - SYNC_SIZE:
            self.file.skip_to(max(start, self.header.size))
            self.file.skip_past(self.header.sync_marker)

    def batches(self) -> Iterator[list[Any]]:
        """Yield the values of all blocks, in lists."""
        try:
            while not self._is_past_end():
                yield from self._block()
        finally:
            self.close()

    def close(self) -> None:
        """Close the file, if it was opened here."""
        self.file.close()

    def __del__(self) -> None:
        self.close()

    def _is_past_end(self) -> bool:
        if self._end is not None and self.file.position - SYNC_SIZE >= self._end:
            return True
        return self.file.is_at_end()

    def _block(self) -> Iterator[list[Any]]:
        """Yield the values of the next block."""
        start = self.file.position
        where = f"block at byte {start:,}"
        try:
            count, size = self._sizes()
            content = self.file.position
            data = self._decompressed(self._stored(start, size), start)
            self._check_count(count, len(data), start)
        except DecodeError as error:
            self._locate(error, where)
            raise
        try:
            yield from self._decoded(count, data)
        except DecodeError as error:
            if self.header.codec == "null":
                error.offset += content
            else:
                where = f"{where}, byte {error.offset:,} of its decompressed data"
                error.offset = start
            self._locate(error, f"{where}, value {self._count:,} of those read")
            raise

    def _sizes(self) -> tuple[int, int]:
        """Read the number of values in a block, and its size."""
        start = self.file.position
        count, size = self.file.long(), self.file.long()
        if count < 0 or size < 0:
            wrong = f"the count {count:,}" if count < 0 else f"the size {size:,}"
            raise DecodeError(f"{wrong} is negative: the file is corrupt", offset=start)
        if size > self._limits.max_block_bytes:
            raise DecodeError(
                f"the block claims {size:,} bytes, Limits.max_block_bytes is "
                f"{self._limits.max_block_bytes:,}; if you trust the file, pass "
                "limits=Limits(max_block_bytes=...)",
                offset=start,
            )
        return count, size

    def _stored(self, start: int, size: int) -> bytes:
        """Read the data of a block as they are in the file, and the sync marker after them."""
        data = self.file.take(size)
        if self.file.take(SYNC_SIZE) != self.header.sync_marker:
            raise DecodeError(
                "the sync marker is not where the block ends: the file is corrupt; continue after "
                f"the block with start={start + 1}",
                offset=start,
            )
        return data

    def _decompressed(self, data: bytes, start: int) -> bytes:
        try:
            return self._decompress(data, self._limits.max_block_bytes)
        except DecodeError as error:
            error.offset = start
            raise

    def _check_count(self, count: int, size: int, start: int) -> None:
        least = self._decoder.least
        if count * least > size:
            message = f"the block claims {count:,} values, which do not fit into its {size:,} bytes"
            raise DecodeError(message, offset=start)
        if not least and count > self._limits.max_empty_items + size:
            message = f"{count:,} values without content: more than Limits.max_empty_items allows"
            raise DecodeError(message, offset=start)

    def _decoded(self, count: int, data: bytes) -> Iterator[list[Any]]:
        """Yield the values of a block."""
        read_values, read_one, _ = self._decoder
        text, position = data.decode("iso-8859-1"), 0
        while count:
            wanted = min(count, _BATCH)
            values, position = read_values(data, text, position, wanted, self._limits)
            self._count += len(values)
            count -= len(values)
            if values:
                yield values
            if len(values) < wanted:
                value, position = read_one(data, position, self._limits)
                self._count += 1
                count -= 1
                yield [value]
        if position != len(data):
            surplus = len(data) - position
            raise DecodeError(f"{surplus:,} bytes follow the last value", offset=position)

    def _locate(self, error: DecodeError, where: str) -> None:
        """Put the file and a place in it before the message of an error."""
        error.message = f"{self.file.name}, {where}: {error.message}"
        error.args = (error.message, error.path)
