"""Codecs of types without a class: top-level unions, arrays, maps and primitives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Buffer

    from avrogen.codec.container.compression import CodecName
    from avrogen.codec.container.data_file_reader import DataFileReader
    from avrogen.codec.container.input_file import FileOpener, FilePath, ReadableFile
    from avrogen.codec.container.output_file import WritableFile
    from avrogen.codec.json_encoding.json_forms import JsonStyle
    from avrogen.codec.limits import Limits
    from avrogen.codec.schema import Schema
    from avrogen.codec.single_object import SchemaStore
    from avrogen.codec.type_conversions import TypeMapping

__all__ = ["Codec"]

T = TypeVar("T")


class Codec(Generic[T]):
    """Encodes and decodes values of the Python type ``T``.

    Generated code has them (``shop_event: Codec[ShopEvent]``). Named types that the schema refers
    to are decoded as the classes with their schemas.
    """

    __avro_schema__: Schema
    """Schema that values are encoded with."""

    __avro_types__: TypeMapping | None
    """Types of one's own in the values; None: there are none."""

    def __init__(self, schema: Schema, types: TypeMapping | None = None) -> None:
        self.__avro_schema__ = schema
        self.__avro_types__ = types
        # As functions have it, so that a codec can be pickled by its name there.
        caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- as namedtuple does
        self.__module__ = caller.f_globals.get("__name__", "__main__")

    def to_avro(self, value: T, *, limits: Limits | None = None) -> bytes:
        """Encode a value in Avro's binary encoding.

        Args:
            value: the value.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            EncodeError: a part of the value does not fit the schema; the error has its path.
        """
        encode: Callable[..., bytes] | None = self.__dict__.get("to_avro")
        if encode is None:
            from avrogen.codec.compilation import encoder_of, named

            encode = named(encoder_of(self), self.to_avro, self.__module__, self._name())
            # From now on, the compiled function is found first, unless this one was bound before.
            self.__dict__["to_avro"] = encode
        return encode(value, limits=limits)

    def from_avro(
        self, data: Buffer, *, writer: Schema | None = None, limits: Limits | None = None
    ) -> T:
        """Decode a value.

        Args:
            data: Avro's binary encoding of exactly one value, as bytes or any other buffer. The
                result never shares memory with it.
            writer: the schema that the data were written with, if it is not this one.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            DecodeError: the data are invalid; the error has the path and the offset.
            ResolutionError: these data of the writer's schema cannot be read as this one's.
        """
        decode: Callable[..., T] | None = self.__dict__.get("from_avro")
        if decode is None:
            from avrogen.codec.compilation import decoder_of, named

            decode = named(decoder_of(self), self.from_avro, self.__module__, self._name())
            self.__dict__["from_avro"] = decode
        return decode(data, writer=writer, limits=limits)

    def to_single_object(self, value: T) -> bytes:
        """Encode a value in single-object encoding: with its schema's fingerprint in front.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.single_object import header

        return header(self.__avro_schema__) + self.to_avro(value)

    def from_single_object(self, data: Buffer, *, store: SchemaStore | None = None) -> T:
        """Decode a value in single-object encoding.

        Args:
            data: exactly one value with its schema's fingerprint in front.
            store: schemas of other writers, by fingerprint.

        Raises:
            DecodeError: as :meth:`from_avro`, or the schema of the fingerprint is unknown.
        """
        from avrogen.codec.single_object import read

        return cast("T", read(self, self.__avro_schema__, data, store))

    def to_json(
        self,
        value: T,
        *,
        style: JsonStyle = "plain",
        indent: int | None = None,
        limits: Limits | None = None,
    ) -> str:
        """Return a value as JSON.

        Args:
            value: the value.
            style: ``plain``, for APIs and people; ``avro``: the specification's JSON encoding.
            indent: spaces of each level, on lines of their own; None: one line without spaces.
            limits: as of :meth:`to_avro`.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.json_encoding.json_codec import json_codec

        return json_codec(self).to_json(value, style=style, indent=indent, limits=limits)

    def from_json(
        self,
        text: str | Buffer,
        *,
        style: JsonStyle = "plain",
        allow_unknown_keys: bool = False,
        limits: Limits | None = None,
    ) -> T:
        """Return the value of a JSON text. Fields that it lacks get their defaults.

        Args:
            text: JSON, as text or in UTF-8.
            style: as of :meth:`to_json`.
            allow_unknown_keys: ignore keys that are no fields. False: those are an error.
            limits: as of :meth:`from_avro`.

        Raises:
            DecodeError: the text is not JSON, or a part of it does not fit the schema; the error
                has the path, the line and the column.
        """
        from avrogen.codec.json_encoding.json_codec import json_codec

        value: T = json_codec(self).from_json(
            text, style=style, allow_unknown_keys=allow_unknown_keys, limits=limits
        )
        return value

    def to_dict(self, value: T) -> Any:
        """Return a value as plain Python values, in the form of plain JSON.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.json_encoding.json_codec import json_codec

        return json_codec(self).to_dict(value)

    def from_dict(self, values: Any, *, allow_unknown_keys: bool = False) -> T:
        """Return the value of what :meth:`to_dict` returns, or of parsed JSON.

        Raises:
            DecodeError: a part of them does not fit the schema; the error has the path.
        """
        from avrogen.codec.json_encoding.json_codec import json_codec

        codec = json_codec(self)
        return cast("T", codec.from_dict(values, allow_unknown_keys=allow_unknown_keys))

    def read_file(
        self,
        file: FilePath | ReadableFile,
        *,
        start: int = 0,
        end: int | None = None,
        opener: FileOpener | None = None,
        limits: Limits | None = None,
    ) -> DataFileReader[T]:
        """Open a container file (``.avro``) and iterate over its values, block by block.

        The file may have been written with any schema that this one can read.

        Args:
            file: a path, or a file object that is open for reading in binary mode.
            start: read only the blocks whose sync marker begins at this byte or later.
            end: read only the blocks whose sync marker begins before this byte; None: all others.
            opener: opens the path in mode ``"rb"``, such as ``fs.open`` of an fsspec file system.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            OSError: the file cannot be opened.
            DecodeError: its header is invalid. Iterating raises it for blocks and values.
            ResolutionError: no values of the writer's schema can be read as this one's.
            MissingExtraError: its codec needs the extra ``files``.
        """
        from avrogen.codec.container.data_file_reader import DataFileReader

        return DataFileReader(self, file, start=start, end=end, opener=opener, limits=limits)

    def write_file(
        self,
        file: FilePath | WritableFile,
        values: Iterable[T],
        *,
        codec: CodecName | None = None,
        level: int | None = None,
        metadata: Mapping[str, str | bytes] | None = None,
        append: bool = False,
        sync_interval: int = 64_000,
        sync_marker: bytes | None = None,
        opener: FileOpener | None = None,
        limits: Limits | None = None,
    ) -> int:
        """Write values to a container file (``.avro``), block by block.

        At a path, the file appears when it is complete. If anything raises, there is what was there
        before.

        Args:
            file: a path, or a file object that is open for writing in binary mode.
            values: the values, which may be a generator.
            codec: ``null``, ``deflate``, ``bzip2``, ``xz``, ``zstandard`` or ``snappy``; None:
                ``deflate``, or the codec of the file to append to.
            level: level of the compression; None: the codec's default.
            metadata: the user's metadata. Keys must not begin with ``avro.``.
            append: append to the file, which may be missing.
            sync_interval: size from which on a block ends, in bytes before compression.
            sync_marker: 16 bytes; None: random ones, which they should be.
            opener: opens the path in mode ``"wb"``, such as ``fs.open`` of an fsspec file system.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Returns:
            The number of values that were written.

        Raises:
            EncodeError: a value does not fit the schema. The file remains as it was.
            ConfigurationError: an argument is invalid, or the file to append to has another schema
                or codec.
            DecodeError: the file to append to is not a container file, or is truncated.
            MissingExtraError: the codec needs the extra ``files``.
        """
        from avrogen.codec.container.data_file_writer import DataFileWriter

        with DataFileWriter(
            self,
            file,
            codec=codec,
            level=level,
            metadata=metadata,
            append=append,
            sync_interval=sync_interval,
            sync_marker=sync_marker,
            opener=opener,
            limits=limits,
        ) as writer:
            writer.write_all(values)
        return writer.count

    def _name(self) -> str | None:
        """Return the name of its variable in its module."""
        module = vars(sys.modules[self.__module__]) if self.__module__ in sys.modules else {}
        return next((name for name, value in module.items() if value is self), None)

    def __reduce__(self) -> str:
        name = self._name()
        if name is None:
            raise TypeError(
                "a codec is pickled by its name, and no module has this one as a variable"
            )
        return name

    def __copy__(self) -> Self:
        return self  # it never changes

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return f"Codec({self.__avro_schema__!r})"
