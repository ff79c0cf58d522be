"""Decoders of messages, by the schema id in front of them or in a header.

:class:`DecoderCache` fetches and compiles a decoder per writer's schema. :class:`ReaderTypes`
chooses the type that a schema is read as. The functions below :class:`SerializationContext` use the
context that confluent-kafka passes to serializers and deserializers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from avrogen.avro.model import Reference, Union
from avrogen.avro.resolution import names_match
from avrogen.avro.schema_json import type_json
from avrogen.codec.codec import Codec
from avrogen.codec.compilation import decoder_for
from avrogen.codec.schema import Schema
from avrogen.codec.varints import read_varint
from avrogen.errors import AvrogenError, DecodeError, RegistryError, UnknownTypeError
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.registry.caching import MISSING_LIFETIME, NEGATIVE_LIFETIME, TtlCache
from avrogen.kafka.registry.data_contracts import RuleDirection, require_executable
from avrogen.kafka.registry.deadline import time_limit, time_limit_of
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.kafka.single_flight import AsyncSingleFlight, SingleFlight
from avrogen.kafka.wire_format import (
    KEY_HEADER,
    VALUE_HEADER,
    as_bytes,
    last_header,
    unframe,
    unframe_with_header,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.avro.model import NamedType
    from avrogen.codec.schema import SchemaOwner
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Part
    from avrogen.kafka.wire_format import Headers, SchemaId

__all__ = [
    "MAX_DECODERS",
    "TOMBSTONE",
    "DecoderCache",
    "ReaderType",
    "ReaderTypes",
    "SerializationContext",
    "SkippedType",
    "TypeFilter",
    "TypeSelection",
    "name_of",
    "named_schema",
    "part_of",
    "place",
    "schema_of",
    "split",
]

MAX_DECODERS: Final = 1_000
"""Maximum number of cached decoders, for topics with ever new schemas."""


class DecoderCache:
    """Decoders by the bytes of a schema id: 5 or 17 of the message, or a header's value.

    Args:
        registry: registry of the writers' schemas.
        targets: types that messages are read as.
        selection: choice among them; None: all are read, and others are errors. With one, a
            decoder may be a :class:`TypeFilter`.
        ignore_contract_rules: accept schemas with rules that are active when values are read.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        targets: Sequence[ReaderType],
        selection: TypeSelection | None = None,
        *,
        ignore_contract_rules: bool = False,
    ) -> None:
        self._registry = registry
        self._ignore_contract_rules = ignore_contract_rules
        self._targets = ReaderTypes(targets)
        self._selection = selection
        self._renew_lock()
        renew_after_fork(self, DecoderCache._renew_lock)
        self._bound: dict[bytes, Callable[..., Any]] = {}
        self._failures: TtlCache[AvrogenError] = TtlCache(MAX_DECODERS)
        self._flights: SingleFlight[Callable[..., Any]] = SingleFlight()
        self._async_flights: AsyncSingleFlight[Callable[..., Any]] = AsyncSingleFlight()
        self.known = self._bound.get
        """Function from such bytes to the decoder; None for new and invalid ones."""

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def bind(self, key: bytes, schema: SchemaId) -> Callable[..., Any]:
        """Fetch a schema and compile its decoder. This blocks.

        Raises:
            DecodeError: none of the targets can read the schema.
            RegistryError: the registry does not return the schema, or it has an active rule.
        """
        return self._flights.call(key, lambda: self._bind(key, schema))

    async def bind_async(self, key: bytes, schema: SchemaId) -> Callable[..., Any]:
        """Call :meth:`bind` in a thread, once for all tasks that need the schema."""
        return await self._async_flights.call(key, lambda: self.bind(key, schema))

    def _bind(self, key: bytes, schema: SchemaId) -> Callable[..., Any]:
        found = self._bound.get(key)
        if found is not None:
            return found
        failure = self._failures.get(key)
        if failure is not None:
            raise copy(failure)
        try:
            decode = self._made(schema)
        except AvrogenError as error:
            if not (isinstance(error, RegistryError) and error.transient):
                absent = isinstance(error, RegistryError) and error.status == 404
                lifetime = MISSING_LIFETIME if absent else NEGATIVE_LIFETIME
                self._failures.put(key, copy(error), lifetime)
            raise
        with self._lock:
            self._bound[key] = decode
            if len(self._bound) > MAX_DECODERS:
                del self._bound[next(iter(self._bound))]
        return decode

    def _made(self, schema: SchemaId) -> Callable[..., Any]:
        with time_limit(time_limit_of(self._registry)):
            if isinstance(schema, int):
                text = self._registry.by_id(schema)
            else:
                text = self._registry.by_guid(schema)
            require_executable(
                text.contract, RuleDirection.READ, ignore=self._ignore_contract_rules, id=schema
            )
            try:
                name = f"schema {schema}"
                writer = resolve_references(self._registry, text, name)
            except RegistryError as error:
                error.id = schema
                raise
        if writer.tolerated:
            _log_tolerated(schema, writer)
        if self._selection is not None:
            types = self._targets.filter(writer, self._selection)
            if types is not None:
                return types
        return self._targets.decoder(writer)


ReaderType: TypeAlias = "SchemaOwner | Schema"
"""A generated class; a codec of a type without a class; a schema, which is read as plain values."""


def schema_of(target: ReaderType) -> Schema:
    """Return the schema of a target.

    Raises:
        TypeError: the object is not a target.
    """
    schema: object = (
        target if isinstance(target, Schema) else getattr(target, "__avro_schema__", None)
    )
    if not isinstance(schema, Schema):
        raise TypeError(f"expected a generated class, a Codec or a Schema, got {target!r}")
    return schema


def name_of(schema: Schema) -> str | None:
    """Return the full name of a schema's type; None if it has none."""
    return schema.type.name if isinstance(schema.type, Reference) else None


@dataclass(frozen=True, slots=True)
class TypeSelection:
    """Choice of the types of a topic that a consumer reads.

    Attributes:
        only: types that are read, messages of the others are skipped; None: all types of the topic.
        skip_unknown: true if messages of types that are none of the topic's are skipped.
        without_tombstones: true if tombstones are skipped.
    """

    only: tuple[ReaderType, ...] | None
    skip_unknown: bool
    without_tombstones: bool = False


class SkippedType(NamedTuple):
    """A type whose messages are skipped.

    Attributes:
        name: its full name.
        is_known: true if it is a type of the topic.
    """

    name: str
    is_known: bool


TOMBSTONE: Final = SkippedType("tombstone", is_known=True)
"""The type of messages without a value, where they are skipped."""


class TypeFilter:
    """The decoder of a writer's schema whose messages are skipped, or some of them.

    Args:
        found: what the selection says of the writer's type, or of branches of its union.
        decode: decodes the messages that are not skipped; None: all are skipped.
    """

    __slots__ = ("_decode", "_found")

    def __init__(
        self,
        found: Mapping[int, SkippedType | UnknownTypeError],
        decode: Callable[..., Any] | None,
    ) -> None:
        self._found = found
        self._decode = decode

    def skipped(self, data: bytes) -> SkippedType | None:
        """Return the type of a message that is skipped; None: it is to be decoded.

        Raises:
            UnknownTypeError: its type is unknown, and such messages are not skipped.
            DecodeError: the data end before the type.
        """
        index = 0 if self._decode is None else read_varint(data, 0, 64)[0]
        found = self._found.get(index)
        if isinstance(found, UnknownTypeError):
            raise copy(found)
        return found

    def __call__(self, data: bytes) -> Any:
        """Decode a message that is not skipped."""
        assert self._decode is not None, "all messages are skipped"
        return self._decode(data)


class ReaderTypes:
    """Types that the messages of a topic are read as, chosen by the name of the writer's schema.

    Args:
        targets: one, or several for several types of events.

    Raises:
        TypeError: no targets, or an object is not a target.
        ValueError: two targets have the same name.
    """

    def __init__(self, targets: Sequence[ReaderType]) -> None:
        if not targets:
            raise TypeError("expected at least one generated class, Codec or Schema")
        self._targets = tuple(targets)
        self._named: dict[str, ReaderType] = {}
        for target in targets:
            name = name_of(schema_of(target))
            if name is not None and self._named.setdefault(name, target) is not target:
                raise ValueError(f"two of the types have the name {name}")
        self._any: Codec[Any] | None = None

    def decoder(self, writer: Schema) -> Callable[..., Any]:
        """Return the function ``(data, *, limits=None)`` that decodes data of a writer's schema.

        A named type is read as the target with that full name, or with an alias of it, or as the
        only one with that short name. Any other type is read as a union of all targets.

        Raises:
            UnknownTypeError: no target has the name.
            DecodeError: several targets have the short name.
        """
        if isinstance(writer.type, Reference):
            return decoder_for(self._called(writer.types[writer.type.name], writer), writer)
        only = len(self._targets) == 1
        return decoder_for(self._targets[0] if only else self._union(), writer)

    def filter(self, writer: Schema, selection: TypeSelection) -> TypeFilter | None:
        """Return the decoder of a writer's schema whose messages are skipped, or some of them.

        None: the selection skips none of them.
        """
        is_union = isinstance(writer.type, Union)
        branches = writer.type.branches if isinstance(writer.type, Union) else (writer.type,)
        found: dict[int, SkippedType | UnknownTypeError] = {}
        for index, branch in enumerate(branches):
            if isinstance(branch, Reference):
                verdict = self._verdict(writer.types[branch.name], writer, selection)
                if verdict is not None:
                    found[index] = verdict
        if is_union:
            return TypeFilter(found, self.decoder(writer)) if found else None
        return TypeFilter(found, None) if isinstance(found.get(0), SkippedType) else None

    def _verdict(
        self, written: NamedType, writer: Schema, selection: TypeSelection
    ) -> SkippedType | UnknownTypeError | None:
        try:
            target = self._called(written, writer)
        except UnknownTypeError as error:
            skip = selection.skip_unknown
            return SkippedType(written.name, is_known=False) if skip else error
        except DecodeError:
            return None  # it is ambiguous, which decoding reports
        if selection.only is None or any(target is each for each in selection.only):
            return None
        return SkippedType(written.name, is_known=True)

    def _called(self, written: NamedType, writer: Schema) -> ReaderType:
        if len(self._targets) == 1 and not self._named:
            return self._targets[0]
        named = {name: _definition(target) for name, target in self._named.items()}
        chosen = (
            [name for name in named if name == written.name]
            or [name for name, own in named.items() if written.name in own.aliases]
            or [name for name, own in named.items() if names_match(own, written)]
        )
        if len(chosen) == 1:
            return self._named[chosen[0]]
        if chosen:
            raise DecodeError(
                f"ambiguous type: {written.name} was written, which may be "
                f"{' or '.join(chosen)}; add {written.name} to the aliases of one of them"
            )
        if any(isinstance(schema_of(target).type, Union) for target in self._targets):
            return self._union()
        from avrogen.avro.compat.checker import incompatibilities

        read = [schema_of(target) for target in self._targets]
        reasons = incompatibilities(read[0].type, read[0].types, writer.type, writer.types)
        raise UnknownTypeError(written.name, named, reasons if len(read) == 1 else ())

    def _union(self) -> Codec[Any]:
        """Return a codec for the union of the targets."""
        if self._any is None:
            branches: dict[str, None] = {}
            for target in self._targets:
                type_ = schema_of(target).type
                for branch in type_.branches if isinstance(type_, Union) else (type_,):
                    branches[json.dumps(type_json(branch))] = None
            owners: list[SchemaOwner] = [
                Codec[Any](each) if isinstance(each, Schema) else each for each in self._targets
            ]
            text = f"[{','.join(branches)}]"
            self._any = Codec(Schema.embedded(text, lambda: owners))
        return self._any


def _log_tolerated(id_: SchemaId, writer: Schema) -> None:
    """Log what is wrong with a writer's schema that is read nevertheless, once for a schema."""
    first, *more = writer.tolerated
    log_event(
        logging.WARNING,
        "schema.tolerated",
        schema_id=id_,
        code=first.code.id,
        problem=f"{first.location}: {first.message}",
        more=len(more) or None,
    )


def _definition(target: ReaderType) -> NamedType:
    schema = schema_of(target)
    assert isinstance(schema.type, Reference), "named targets have a definition"
    return schema.types[schema.type.name]


class SerializationContext(Protocol):
    """Used part of ``confluent_kafka.serialization.SerializationContext``."""

    @property
    def topic(self) -> str: ...

    @property
    def field(self) -> str: ...

    @property
    def headers(self) -> Headers: ...


def part_of(context: SerializationContext) -> Part:
    """Return the part of the message that a context is for."""
    return "key" if context.field == "key" else "value"


def split(data: Buffer, context: SerializationContext | None) -> tuple[bytes, bytes]:
    """Split a message into the bytes of its schema id and the body.

    The id is not checked: this runs for every message, and most have a known id.

    Raises:
        FramingError: the data are not a buffer.
    """
    data = as_bytes(data)
    header = _header(context)
    if header is not None:
        return header, data
    end = 17 if data[:1] == b"\x01" else 5
    return data[:end], data[end:]


def named_schema(data: Buffer, context: SerializationContext | None) -> SchemaId:
    """Return the schema id of a message.

    Raises:
        FramingError: the message has none.
    """
    header = _header(context)
    framed = unframe(data) if header is None else unframe_with_header(data, header)
    return framed.schema


def place(context: SerializationContext | None, schema: SchemaId) -> str:
    """Return the place of an error, for a note on it."""
    part = "message" if context is None else f"{part_of(context)} of topic {context.topic}"
    return f"in a {part}, written with schema {schema}"


def _header(context: SerializationContext | None) -> bytes | None:
    if context is None or not context.headers:
        return None
    name = KEY_HEADER if context.field == "key" else VALUE_HEADER
    return last_header(context.headers, name)
