"""Bases of generated classes: their methods to encode and decode, and their repr.

A class has its schema as ``__avro_schema__``. Its codec is compiled on first use and replaces the
inherited methods in the class itself: from then on, ``value.to_avro()`` calls the compiled
function directly.

Longer than 500 lines because one class has all that users do with a value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast

# Not only for checkers: ``typing.get_type_hints`` of a generated class asks for it.
from avrogen.codec.schema import Schema

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.container.compression import CodecName
    from avrogen.codec.container.data_file_reader import DataFileReader
    from avrogen.codec.container.input_file import FileOpener, FilePath, ReadableFile
    from avrogen.codec.container.output_file import WritableFile
    from avrogen.codec.json_encoding.json_codec import JsonCodec
    from avrogen.codec.json_encoding.json_forms import JsonStyle
    from avrogen.codec.limits import Limits
    from avrogen.codec.single_object import SchemaStore

__all__ = ["AvroEnum", "AvroFixed", "AvroRecord", "AvroValue"]


class AvroValue:
    """Base of all generated classes.

    Attributes:
        __avro_schema__: schema that values of the class are encoded with.
        __avro_types__: types of one's own in the fields, a ``TypeMapping``; None: there are none.
    """

    __slots__ = ()

    __avro_schema__: ClassVar[Schema]
    __avro_types__: ClassVar[object] = None

    def to_avro(self, *, limits: Limits | None = None) -> bytes:
        """Encode the value in Avro's binary encoding.

        Args:
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            EncodeError: a part of the value does not fit the schema; the error has its path.
        """
        # Such as for a method that was bound before the compiled one replaced it.
        own = type(self).__dict__
        encode: Callable[..., bytes] | None = own.get("__avro_encoder__")
        if encode is None or own.get("to_avro", _TO_AVRO) is _TO_AVRO:
            from avrogen.codec.compilation import install_encoder

            encode = install_encoder(type(self))
        return encode(self, limits=limits)

    @classmethod
    def from_avro(
        cls, data: Buffer, *, writer: Schema | None = None, limits: Limits | None = None
    ) -> Self:
        """Decode a value of this class.

        Args:
            data: Avro's binary encoding of exactly one value, as bytes or any other buffer. The
                result never shares memory with it.
            writer: the schema that the data were written with, if it is not this class's.
            limits: None: those of the process, see :func:`avrogen.set_limits`.

        Raises:
            DecodeError: the data are invalid; the error has the path and the offset.
            ResolutionError: these data of the writer's schema cannot be read as this class's.
        """
        decoders = cls.__dict__.get("__avro_decoders__")
        if decoders is None or cls.__dict__.get("from_avro", _FROM_AVRO) is _FROM_AVRO:
            from avrogen.codec.compilation import install_decoder

            return cast("Self", install_decoder(cls)(data, writer=writer, limits=limits))
        value: Self = decoders.own(data, writer=writer, limits=limits)
        return value

    def to_single_object(self) -> bytes:
        """Encode the value in single-object encoding: with its schema's fingerprint in front.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.single_object import header

        return header(self.__avro_schema__) + self.to_avro()

    @classmethod
    def from_single_object(cls, data: Buffer, *, store: SchemaStore | None = None) -> Self:
        """Decode a value in single-object encoding.

        Args:
            data: exactly one value with its schema's fingerprint in front.
            store: schemas of other writers, by fingerprint.

        Raises:
            DecodeError: as :meth:`from_avro`, or the schema of the fingerprint is unknown.
        """
        from avrogen.codec.single_object import read

        return cast("Self", read(cls, cls.__avro_schema__, data, store))

    def to_json(
        self,
        *,
        style: JsonStyle = "plain",
        indent: int | None = None,
        limits: Limits | None = None,
    ) -> str:
        """Return the value as JSON.

        Args:
            style: ``plain``, for APIs and people; ``avro``: the specification's JSON encoding.
            indent: spaces of each level, on lines of their own; None: one line without spaces.
            limits: as of :meth:`to_avro`.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        codec = type(self).__dict__.get("__avro_json__") or _json_codec(type(self))
        return codec.to_json(self, style, indent, limits)

    @classmethod
    def from_json(
        cls,
        text: str | Buffer,
        *,
        style: JsonStyle = "plain",
        allow_unknown_keys: bool = False,
        limits: Limits | None = None,
    ) -> Self:
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
        codec = cls.__dict__.get("__avro_json__") or _json_codec(cls)
        value: Self = codec.from_json(text, style, allow_unknown_keys, limits)
        return value

    def to_dict(self) -> Any:
        """Return the value as plain Python values, in the form of plain JSON.

        Records are dicts by the schema's names, enums are str and fixed types bytes; unions have
        the names of branches where JSON has them.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        return _json_codec(type(self)).to_dict(self)

    @classmethod
    def from_dict(cls, values: Any, *, allow_unknown_keys: bool = False) -> Self:
        """Return the value of what :meth:`to_dict` returns, or of parsed JSON.

        Args:
            values: a dict for a record. Parts may be instances of generated classes, too.
            allow_unknown_keys: as of :meth:`from_json`.

        Raises:
            DecodeError: a part of them does not fit the schema; the error has the path.
        """
        codec = _json_codec(cls)
        return cast("Self", codec.from_dict(values, allow_unknown_keys=allow_unknown_keys))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema that the class has in pydantic, which asks for it."""
        from avrogen.codec.json_encoding.pydantic_schema import value_schema

        return value_schema(cls)


def _json_codec(class_: type[AvroValue]) -> JsonCodec:
    from avrogen.codec.json_encoding.json_codec import json_codec

    return json_codec(class_)


_TO_AVRO: Final = AvroValue.__dict__["to_avro"]
_FROM_AVRO: Final = AvroValue.__dict__["from_avro"]


class _AvroFields:
    """Descriptor of ``__avro_fields__``, which is computed on first use in each class."""

    def __get__(self, instance: object, owner: type[AvroRecord]) -> Mapping[str, str]:
        fields = owner.__dict__.get("__avro_attributes__")
        if fields is None:
            fields = avro_fields(owner)
            setattr(owner, "__avro_attributes__", fields)  # noqa: B010 -- unknown to type checkers
        return cast("Mapping[str, str]", fields)


class AvroRecord(AvroValue):
    """Base of the dataclasses that are generated for records.

    Fields of the dataclass correspond to fields of the schema by position.

    Attributes:
        __avro_fields__: attributes by the names of the schema's fields, in their order.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        __avro_fields__: ClassVar[Mapping[str, str]]
    else:
        __avro_fields__ = _AvroFields()

    def __init_subclass__(cls) -> None:
        # A subclass of a generated class has a codec of its own: it must not inherit the compiled
        # functions of its base.
        for name in ("to_avro", "from_avro"):
            if name not in cls.__dict__:
                setattr(cls, name, AvroValue.__dict__[name])
        # A dataclass gets a repr unless its class body has one.
        if cls.__repr__ is AvroRecord.__repr__:
            setattr(cls, "__repr__", AvroRecord.__repr__)  # noqa: B010 -- a method to type checkers

    if TYPE_CHECKING:

        def to_dict(self) -> dict[str, Any]: ...

    def __repr__(self) -> str:
        """Return the repr of a dataclass, cut if it does not fit on a screen."""
        return _record_repr(self)

    @classmethod
    def read_file(
        cls,
        file: FilePath | ReadableFile,
        *,
        start: int = 0,
        end: int | None = None,
        opener: FileOpener | None = None,
        limits: Limits | None = None,
    ) -> DataFileReader[Self]:
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

        return DataFileReader(cls, file, start=start, end=end, opener=opener, limits=limits)

    @classmethod
    def write_file(
        cls,
        file: FilePath | WritableFile,
        values: Iterable[Self],
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
            cls,
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


class _UnlessField:
    """A method that is not there for classes with a field of its name.

    The methods of records grow with versions, and the names of fields are those of schemas. A
    dataclass would take a method of its base for the default of a field.
    """

    def __init__(self, method: Any, name: str) -> None:
        self._method = method
        self._name = name
        self.__doc__ = method.__doc__

    def __get__(self, instance: object, owner: type) -> Any:
        if _has_annotation(owner, self._name):
            raise AttributeError(f"{owner.__qualname__} has a field {self._name}")
        return self._method.__get__(instance, owner)


def _has_annotation(class_: type, name: str) -> bool:
    """Return whether a class that is not a dataclass yet has a field of this name."""
    namespace = vars(class_)
    if "__dataclass_fields__" in namespace:
        return False  # the field itself is found first
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return name in get_annotations(class_, format=Format.FORWARDREF)
    return name in namespace.get("__annotations__", ())


for _class, _names in (
    (AvroValue, ("to_json", "from_json", "to_dict", "from_dict")),
    (AvroRecord, ("read_file", "write_file")),
):
    for _name in _names:
        setattr(AvroRecord, _name, _UnlessField(vars(_class)[_name], _name))


def avro_fields(class_: type[AvroRecord]) -> Mapping[str, str]:
    """Return the attributes of a record by the names of the fields in its schema."""
    from dataclasses import fields
    from types import MappingProxyType

    from avrogen.avro import model

    schema = class_.__avro_schema__
    assert isinstance(schema.type, model.Reference), "a record's schema is its definition"
    record = schema.types[schema.type.name]
    assert isinstance(record, model.RecordType), f"{record.name} is not a record"
    attributes = (field.name for field in fields(cast("Any", class_)))
    return MappingProxyType(dict(zip((f.name for f in record.fields), attributes, strict=True)))


class AvroEnum(AvroValue, StrEnum):
    """Base of the enums that are generated for enums. A member's value is its symbol."""


class AvroFixed(AvroValue, bytes):
    """Base of the classes that are generated for fixed types.

    It has all methods of ``bytes``: ``value.hex()``, ``Sha256.fromhex(text)``.

    Raises:
        ValueError: the constructor is called with another number of bytes than the schema's.
    """

    __slots__ = ()

    size: ClassVar[int]
    """Number of bytes of a value."""

    def __new__(cls, value: Buffer) -> Self:
        """Copy ``value``, which must have the size of the schema.

        Raises:
            TypeError: it is not a buffer.
        """
        # ``bytes`` would also accept a number of zeros, or a list of numbers.
        self = super().__new__(cls, memoryview(value))
        try:
            size = cls.size
        except AttributeError:
            size = cls.size = fixed_size(cls.__avro_schema__)
        if len(self) != size:
            raise ValueError(f"{cls.__name__} has {size} bytes, not {len(self)}")
        return self

    def __repr__(self) -> str:
        return _fixed_repr(self)

    # That of bytes is not a repr of this class, and an error under ``python -bb``.
    __str__ = __repr__


def fixed_size(schema: Schema) -> int:
    """Return the size in the schema of a fixed."""
    from avrogen.avro import model

    match schema.type:
        case model.Reference(name):
            named = schema.types[name]
            assert isinstance(named, model.FixedType), f"{name} is not a fixed"
            return named.size
        case _:
            raise AssertionError("a class for a fixed has the schema of a fixed")


# --- repr ----------------------------------------------------------------------------------------
#
# That of dataclasses, as long as it fits on a screen. A longer one is cut where it is long: texts,
# lists and nested records show their beginning and the number of further parts.

_MOST: Final = 1000
"""Characters of the repr of a record: a dozen lines."""


class _Detail:
    """Limits of a repr: characters of a text, items, fields, and levels."""

    def __init__(self, text: int, items: int, fields: int, levels: int) -> None:
        self.text = text
        self.items = items
        self.fields = fields
        self.levels = levels


_DETAILS: Final = (
    _Detail(_MOST, _MOST, _MOST, 100),
    _Detail(60, 6, 30, 6),
    _Detail(30, 3, 20, 3),
    _Detail(12, 1, 8, 1),
)


def _record_repr(record: AvroRecord) -> str:
    """Return the repr of a record, in as much detail as fits."""
    text = ""
    for detail in _DETAILS:
        text = _joined(_record(record, detail, 0))
        if len(text) <= _MOST:
            return text
    return f"{text[:_MOST]}..."


def _joined(pieces: Iterable[str]) -> str:
    """Join pieces up to the first that is too much."""
    text: list[str] = []
    size = 0
    for piece in pieces:
        text.append(piece)
        size += len(piece)
        if size > _MOST:
            break
    return "".join(text)


def _value(value: Any, detail: _Detail, level: int) -> Iterator[str]:
    match value:
        case AvroRecord():
            yield from _record(value, detail, level)
        case list() | dict() if level > detail.levels:
            yield "[...]" if isinstance(value, list) else "{...}"
        case list():
            items = cast("list[Any]", value)  # type: ignore[redundant-cast]
            yield "["
            for position, item in enumerate(items[: detail.items]):
                yield ", " if position else ""
                yield from _value(item, detail, level + 1)
            yield f"{_more(len(items) - detail.items)}]"
        case dict():
            entries = cast("dict[Any, Any]", value)  # type: ignore[redundant-cast]
            yield "{"
            for position, (key, each) in enumerate(islice(entries.items(), detail.items)):
                yield ", " if position else ""
                yield from _value(key, detail, level + 1)
                yield ": "
                yield from _value(each, detail, level + 1)
            yield f"{_more(len(entries) - detail.items)}}}"
        case AvroFixed():
            yield _fixed(value, detail)
        case str() | bytes() if type(value) in (str, bytes):
            yield _text(value, detail)
        case _:
            text = repr(value)
            yield text if len(text) <= detail.text else f"{text[: detail.text]}..."


def _record(record: AvroRecord, detail: _Detail, level: int) -> Iterator[str]:
    from dataclasses import fields

    yield f"{type(record).__qualname__}("
    shown = [field.name for field in fields(cast("Any", record)) if field.repr]
    if level > detail.levels and shown:
        yield "..."
    else:
        for position, name in enumerate(shown[: detail.fields]):
            yield f"{', ' if position else ''}{name}="
            yield from _value(getattr(record, name), detail, level + 1)
        yield _more(len(shown) - detail.fields)
    yield ")"


def _fixed_repr(value: AvroFixed) -> str:
    """Return the repr of a fixed, all of it unless it is long."""
    return _fixed(value, _DETAILS[0] if len(value) <= _MOST // 4 else _DETAILS[1])


def _fixed(value: AvroFixed, detail: _Detail) -> str:
    return f"{type(value).__name__}({_text(bytes(value), detail)})"


def _text(value: str | bytes, detail: _Detail) -> str:
    rest = len(value) - detail.text
    return f"{value[: detail.text]!r}{f' ... {rest} more' if rest > 0 else ''}"


def _more(count: int) -> str:
    return f", ... {count} more" if count > 0 else ""
