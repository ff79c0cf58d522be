"""Schemas at run time: :class:`Schema`, with or without generated classes around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.avro.model import AvroType, NamedType
    from avrogen.codec.classes import AvroValue
    from avrogen.codec.codec import Codec

__all__ = ["Schema", "SchemaOwner"]

SchemaOwner: TypeAlias = "type[AvroValue] | Codec[Any]"
"""Whatever carries a schema: a generated class, or the codec of a type that has no class."""


def _no_owners() -> Iterable[SchemaOwner]:
    return ()


class Schema:
    """An Avro schema, with every named type that it refers to.

    Schemas are equal if they say the same, docs and custom attributes included, however their
    text is laid out. ``str(schema)`` is JSON that stands for itself: each named type is defined
    where it is first used.
    """

    _text: str
    _owners: Callable[[], Iterable[SchemaOwner]]
    _parsed: tuple[AvroType, Mapping[str, NamedType]] | None
    _reachable: Mapping[str, NamedType] | None

    def __init__(self, text: str, owners: Callable[[], Iterable[SchemaOwner]]) -> None:
        """Not to be called: see :meth:`parse`."""
        self._text = text
        self._owners = owners
        self._parsed = None
        self._reachable = None

    @classmethod
    def parse(cls, text: str) -> Schema:
        """Read a schema.

        Args:
            text: JSON of a schema that defines all types it refers to.

        Raises:
            SchemaError: the text is no schema; it says everything that is wrong.
        """
        schema = cls(text, _no_owners)
        _ = schema.type
        return schema

    @classmethod
    def embedded(
        cls, text: str, owners: Callable[[], Iterable[SchemaOwner]] = _no_owners
    ) -> Schema:
        """A schema in generated code, which is read when something is asked of it.

        Args:
            text: JSON of a schema; types that it does not define go by their full names.
            owners: gives whatever carries the schemas of those types.
        """
        return cls(text, owners)

    @property
    def type(self) -> AvroType:
        """The schema as a value; a named type is a reference into :attr:`types`."""
        return self._parse()[0]

    @property
    def types(self) -> Mapping[str, NamedType]:
        """All named types that the schema can lead to, by full name, in the order of first use."""
        if self._reachable is None:
            from avrogen.avro.references import reachable_types

            self._reachable = reachable_types(*self._parse())
        return self._reachable

    @property
    def canonical_form(self) -> str:
        """The Parsing Canonical Form, as JSON text (specification, "Parsing Canonical Form")."""
        from avrogen.avro.canonical import canonical_form

        return canonical_form(self.type, self.types)

    def fingerprint(
        self, algorithm: Literal["crc64-avro", "md5", "sha256"] = "crc64-avro"
    ) -> bytes:
        """A fingerprint of the canonical form (specification, "Schema Fingerprints").

        Returns:
            8, 16 or 32 bytes; CRC-64-AVRO in the byte order of single-object encoding.
        """
        from avrogen.avro.fingerprint import fingerprint

        return fingerprint(self.canonical_form, algorithm)

    def to_avro(self, value: Any) -> bytes:
        """Plain Python values in Avro's binary encoding.

        Records are dicts with exactly the fields as keys, enums are str, fixed types bytes; the
        others are what generated code uses. ``("full.Name", value)`` forces a union branch.

        Raises:
            EncodeError: something in the value does not fit the schema; it says what and where.
        """
        from avrogen.codec.compilation import plain_encoder

        encode = plain_encoder(self)
        # From now on, the compiled function is found first.
        self.__dict__["to_avro"] = encode
        return encode(value)

    def from_avro(self, data: Buffer) -> Any:
        """Read plain Python values, as :meth:`to_avro` takes them.

        Args:
            data: Avro's binary encoding of one value, and nothing else: bytes or any other
                buffer. The result never shares memory with it.

        Raises:
            DecodeError: it is not the encoding of such a value; it says what and where.
        """
        from avrogen.codec.compilation import plain_decoder

        decode = plain_decoder(self)
        self.__dict__["from_avro"] = decode
        return decode(data)

    def closure(self) -> Iterator[tuple[SchemaOwner, Schema]]:
        """What the schema refers to, directly and further on: owners with their schemas."""
        seen: set[int] = set()
        waiting = list(self._owners())
        while waiting:
            owner = waiting.pop()
            if id(owner) not in seen:
                seen.add(id(owner))
                schema = owner.__avro_schema__
                yield owner, schema
                waiting.extend(schema._owners())

    def __str__(self) -> str:
        import json

        from avrogen.avro.schema_json import self_contained_json

        tree = self_contained_json(self.type, self.types)
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))

    def __repr__(self) -> str:
        text = " ".join(self._text[:200].split())
        return f"<Schema {text if len(text) <= 60 else text[:57] + '...'}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return self is other or (self.type == other.type and dict(self.types) == dict(other.types))

    def __hash__(self) -> int:
        return hash(self.canonical_form)

    def __reduce__(self) -> tuple[Callable[[str], Schema], tuple[str]]:
        return Schema.parse, (str(self),)

    def _parse(self) -> tuple[AvroType, Mapping[str, NamedType]]:
        # Two threads may both do this; they come to the same.
        if self._parsed is None:
            from avrogen.avro.parser import parse_sources
            from avrogen.avro.source import Source
            from avrogen.errors import SchemaError

            schemas = {id(schema): schema for _, schema in self.closure()}
            schemas[id(self)] = self
            sources = {Source(f"<schema {key}>", schemas[key]._text): key for key in schemas}
            parsed = parse_sources(sources)
            if problems := [d for d in parsed.diagnostics if d.severity == "error"]:
                raise SchemaError(problems)
            # What was read along is read: schemas that lie within this one need not do it again.
            for root in parsed.roots:
                schema = schemas[sources[root.source]]
                if schema._parsed is None:
                    schema._parsed = (root.type, parsed.types)
        assert self._parsed is not None, "every source without errors has a root"
        return self._parsed
