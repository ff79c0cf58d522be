"""Schemas at run time: :class:`Schema`, with or without generated classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from avrogen.fork_safety import load_before_fork

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.avro.compat.paths import Incompatibility
    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.model import AvroType, Json, NamedType
    from avrogen.avro.time_options import TimeOptions
    from avrogen.codec.classes import AvroValue
    from avrogen.codec.codec import Codec
    from avrogen.codec.limits import Limits
    from avrogen.codec.single_object import SchemaStore
    from avrogen.errors import SchemaError

__all__ = ["Schema", "SchemaOwner", "imported"]

load_before_fork(
    "avrogen.avro.canonical_form",
    "avrogen.avro.compat.checker",
    "avrogen.avro.parser",
    "avrogen.avro.schema_json",
    "avrogen.codec.codec",
    "avrogen.codec.compilation",
    "avrogen.codec.resolving_planner",
    "avrogen.codec.single_object",
    "difflib",
)

SchemaOwner: TypeAlias = "type[AvroValue] | Codec[Any]"
"""An object with a schema: a generated class, or the codec of a type without a class."""


def _no_owners() -> Iterable[SchemaOwner]:
    return ()


class Schema:
    """An Avro schema, with every named type that it refers to.

    Schemas are equal if their content is equal, with docs and custom attributes; the layout of
    their text does not matter. ``str(schema)`` is self-contained JSON: each named type is defined
    at its first use.
    """

    _text: str
    _owners: Callable[[], Iterable[SchemaOwner]]
    _is_tolerant: bool
    _title: str
    _tolerated: tuple[Diagnostic, ...]
    _has_lenient_names: bool
    _parsed: tuple[AvroType, Mapping[str, NamedType]] | None
    _reachable: Mapping[str, NamedType] | None
    _canonical_form: str | None
    _fingerprints: dict[str, bytes]
    times: TimeOptions | None
    """Options for dates and times in values; None: the defaults. They are no content."""

    def __init__(
        self,
        text: str,
        owners: Callable[[], Iterable[SchemaOwner]],
        times: TimeOptions | None = None,
        *,
        tolerant: bool = False,
        title: str = "",
    ) -> None:
        """Use :meth:`parse` instead."""
        self.times = times
        self._text = text
        self._owners = owners
        self._is_tolerant = tolerant
        self._title = title
        self._tolerated = ()
        self._has_lenient_names = False
        self._parsed = None
        self._reachable = None
        self._canonical_form = None
        self._fingerprints = {}

    @classmethod
    def parse(
        cls, text: str, *, times: TimeOptions | None = None, tolerant: bool = False
    ) -> Schema:
        """Parse a schema.

        Args:
            text: JSON of a schema that defines all types it refers to.
            times: options for dates and times in plain values; None: the defaults.
            tolerant: the schema is only read, such as the writer's schema of data from elsewhere.
                What violates the specification and has an unambiguous meaning is accepted, and
                listed in :attr:`tolerated`: names with hyphens or dots, for example. Defaults that
                do not fit their types count as none.

        Raises:
            SchemaError: the text is not a valid schema; it has all problems.
        """
        schema = cls(text, _no_owners, times, tolerant=tolerant)
        _ = schema.type
        return schema

    @classmethod
    def embedded(
        cls,
        text: str,
        owners: Callable[[], Iterable[SchemaOwner]] = _no_owners,
        *,
        times: TimeOptions | None = None,
    ) -> Schema:
        """Return a schema of generated code, which is parsed on first use.

        Args:
            text: JSON of a schema; types that it does not define are full names.
            owners: returns the objects with the schemas of those types.
            times: options for dates and times in values; None: the defaults.
        """
        schema = cls(text, owners, times)
        # Its names were checked when the package was generated.
        schema._has_lenient_names = True
        return schema

    @property
    def type(self) -> AvroType:
        """The parsed schema; a named type is a reference into :attr:`types`."""
        return self._parse()[0]

    @property
    def types(self) -> Mapping[str, NamedType]:
        """All named types that the schema refers to, also indirectly, in the order of first use."""
        if self._reachable is None:
            from avrogen.avro.model import reachable_types

            self._reachable = reachable_types(*self._parse())
        return self._reachable

    @property
    def tolerated(self) -> tuple[Diagnostic, ...]:
        """Violations of the specification that were accepted, each a warning with code AVR510.

        There are none unless the schema was parsed with ``tolerant=True``.
        """
        self._parse()
        return self._tolerated

    @property
    def canonical_form(self) -> str:
        """The Parsing Canonical Form, as JSON text (specification, "Parsing Canonical Form")."""
        if self._canonical_form is None:
            from avrogen.avro.canonical_form import canonical_form

            self._canonical_form = canonical_form(self.type, self.types)
        return self._canonical_form

    def fingerprint(
        self, algorithm: Literal["crc64-avro", "md5", "sha256"] = "crc64-avro"
    ) -> bytes:
        """Return a fingerprint of the canonical form (specification, "Schema Fingerprints").

        Returns:
            8, 16 or 32 bytes; CRC-64-AVRO in the byte order of single-object encoding.
        """
        found = self._fingerprints.get(algorithm)
        if found is None:
            from avrogen.avro.canonical_form import fingerprint

            found = self._fingerprints[algorithm] = fingerprint(self.canonical_form, algorithm)
        return found

    def can_read(self, writer: Schema) -> list[Incompatibility]:
        """List the incompatibilities with a writer's schema: none, if all of its data can be read.

        Each has a type, a message and its paths in both schemas, as Avro Java and Confluent's
        Schema Registry report them. Some data may be readable nevertheless, such as those without
        the symbol that an enum lacks.
        """
        from avrogen.avro.compat.checker import incompatibilities

        return list(incompatibilities(self.type, self.types, writer.type, writer.types))

    # --- plain values ----------------------------------------------------------------------------

    def to_avro(
        self,
        value: Any,
        *,
        limits: Limits | None = None,
        fill_defaults: bool = True,
        allow_unknown_keys: bool = True,
    ) -> bytes:
        """Encode plain Python values in Avro's binary encoding.

        Records are dicts by field names, enums are str, fixed types bytes; all other types are
        those of generated code. ``("full.Name", value)`` forces a union branch, and so does the
        key ``-type`` of a dict.

        Args:
            value: the value.
            limits: None: those of the process, see :func:`avrogen.set_limits`.
            fill_defaults: encode the default of a field that a dict lacks. False: that is an error.
            allow_unknown_keys: ignore keys of dicts that are no fields. False: those are an error.

        Raises:
            EncodeError: a part of the value does not fit the schema; the error has its path.
        """
        encode: Callable[..., bytes] | None = self.__dict__.get("to_avro")
        if encode is None:
            from avrogen.codec.compilation import encoder_of

            encode = encoder_of(self)
            # From now on, the compiled function is found first, unless this one was bound before.
            self.__dict__["to_avro"] = encode
        return encode(
            value,
            limits=limits,
            fill_defaults=fill_defaults,
            allow_unknown_keys=allow_unknown_keys,
        )

    def from_avro(
        self,
        data: Buffer,
        *,
        writer: Schema | None = None,
        limits: Limits | None = None,
        named_branches: bool = False,
    ) -> Any:
        """Decode plain Python values, as :meth:`to_avro` accepts them.

        The branch of a union is not part of such a value: where several branches fit it,
        :meth:`to_avro` may write another one than was read. ``named_branches=True`` keeps it.

        Args:
            data: Avro's binary encoding of exactly one value, as bytes or any other buffer. The
                result never shares memory with it.
            writer: the schema that the data were written with, if it is not this one.
            limits: None: those of the process, see :func:`avrogen.set_limits`.
            named_branches: return ``("full.Name", value)`` for values of unions that have several
                branches besides null.

        Raises:
            DecodeError: the data are invalid; the error has the path and the offset.
            ResolutionError: these data of the writer's schema cannot be read as this one's.
        """
        decode = self.__dict__.get("from_avro")
        if decode is None:
            from avrogen.codec.compilation import decoder_of

            decode = decoder_of(self)
            self.__dict__["from_avro"] = decode
        return decode(data, writer=writer, limits=limits, named_branches=named_branches)

    def to_single_object(
        self, value: Any, *, fill_defaults: bool = True, allow_unknown_keys: bool = True
    ) -> bytes:
        """Encode plain values in single-object encoding: with the schema's fingerprint in front.

        Args:
            value: the value.
            fill_defaults: as of :meth:`to_avro`.
            allow_unknown_keys: likewise.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        from avrogen.codec.single_object import header

        encoded = self.to_avro(
            value, fill_defaults=fill_defaults, allow_unknown_keys=allow_unknown_keys
        )
        return header(self) + encoded

    def from_single_object(
        self, data: Buffer, *, store: SchemaStore | None = None, named_branches: bool = False
    ) -> Any:
        """Decode plain values in single-object encoding.

        Args:
            data: exactly one value with its schema's fingerprint in front.
            store: schemas of other writers, by fingerprint.
            named_branches: as of :meth:`from_avro`.

        Raises:
            DecodeError: as :meth:`from_avro`, or the schema of the fingerprint is unknown.
        """
        from avrogen.codec.single_object import read

        return read(self, self, data, store, named_branches=named_branches)

    def closure(self) -> Iterator[tuple[SchemaOwner, Schema]]:
        """Yield the owners that the schema refers to, also indirectly, with their schemas."""
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
        from avrogen.avro.schema_json import self_contained_json

        return _dumped(self_contained_json(self.type, self.types))

    def __repr__(self) -> str:
        from avrogen.message_text import printable

        text = " ".join(self._text[:200].split())
        return f"<Schema {printable(text if len(text) <= 60 else f'{text[:57]}...')}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        if self is other:
            return True
        if self.type != other.type or dict(self.types) != dict(other.types):
            return False
        from avrogen.avro.schema_json import same_json

        return same_json(_definitions(self), _definitions(other))

    def __hash__(self) -> int:
        return hash(self.canonical_form)

    def __reduce__(
        self,
    ) -> tuple[Callable[..., Schema], tuple[str, list[str], TimeOptions | None, bool]]:
        # Type by type: one text of all might be nested more deeply than can be parsed.
        text, *definitions = map(_dumped, _definitions(self))
        return _unpickled, (text, definitions, self.times, self._is_tolerant)

    def _parse(self) -> tuple[AvroType, Mapping[str, NamedType]]:
        # Two threads may both do this; they come to the same.
        if self._parsed is None:
            from avrogen.avro.names import NameRules
            from avrogen.avro.parser import parse_sources
            from avrogen.avro.source import Source
            from avrogen.errors import SchemaError

            schemas = {id(schema): schema for _, schema in self.closure()}
            schemas[id(self)] = self
            lenient = any(schema._has_lenient_names for schema in schemas.values())
            names = NameRules.LENIENT if lenient else NameRules.SPECIFICATION
            sources: dict[Source, int] = {}
            for number, (key, schema) in enumerate(schemas.items(), 1):
                name = "<schema>" if schema is self else f"<schema {number}>"
                title = schema._title or name
                sources[Source(title, schema._text, name)] = key
            tolerant = any(schema._is_tolerant for schema in schemas.values())
            parsed = parse_sources(sources, tolerant=tolerant, names=names)
            if problems := [d for d in parsed.diagnostics if d.severity == "error"]:
                raise SchemaError(problems)
            self._tolerated = tuple(d for d in parsed.diagnostics if d.tolerated is not None)
            # Schemas within this one are parsed as well, and need not do it again.
            for root in parsed.roots:
                schema = schemas[sources[root.source]]
                if schema._parsed is None:
                    schema._parsed = (root.type, parsed.types)
        assert self._parsed is not None, "every source without errors has a root"
        return self._parsed


# --- types of other packages ----------------------------------------------------------------------

_Owner = TypeVar("_Owner", bound="SchemaOwner")

_same: set[tuple[object, str]] = set()
"""Owners of other packages whose types have the fingerprint."""


def imported(owner: _Owner, fingerprint: str) -> _Owner:
    """Return a class or codec of another package, for generated code that refers to it.

    Args:
        owner: the class or codec.
        fingerprint: fingerprint of its type when the generated code was built.

    Raises:
        SchemaError: the installed package has another definition of the type.
    """
    if (owner, fingerprint) not in _same:
        from avrogen.avro.differences import meaning_fingerprint
        from avrogen.avro.model import Reference

        schema = owner.__avro_schema__
        assert isinstance(schema.type, Reference), "imported types have names"
        if meaning_fingerprint(schema.type.name, schema.types) != fingerprint:
            raise _skew(owner, schema.type.name)
        _same.add((owner, fingerprint))
    return owner


def _skew(owner: SchemaOwner, name: str) -> SchemaError:
    from importlib.metadata import packages_distributions, version

    from avrogen.avro.diagnostics import Code, diagnostic
    from avrogen.avro.source import Location
    from avrogen.errors import SchemaError

    top = owner.__module__.partition(".")[0]
    found = [f"{each} {version(each)}" for each in packages_distributions().get(top, ())]
    package = f" ({', '.join(sorted(set(found)))})" if found else ""
    message = (
        f"{name}, or a type in it, is defined differently in the installed package {top}{package} "
        "than when this package was generated"
    )
    hint = f"install the version of {top} that it was generated with, or generate it again"
    place = Location(owner.__module__)
    return SchemaError([diagnostic(Code.PACKAGE_TYPES, place, message, hint)])


def _definitions(schema: Schema) -> list[Json]:
    """Return a schema as JSON, one named type at a time."""
    from avrogen.avro.schema_json import definition_json, type_json

    types = schema.types
    return [
        type_json(schema.type),
        *(definition_json(types[name], types) for name in sorted(types)),
    ]


def _dumped(tree: Json) -> str:
    from avrogen.avro.schema_json import compact_text

    return compact_text(tree)


def _unpickled(
    text: str, definitions: list[str], times: TimeOptions | None = None, tolerant: bool = False
) -> Schema:
    from avrogen.codec.codec import Codec

    owners: list[SchemaOwner] = [Codec(Schema.embedded(each)) for each in definitions]
    return Schema(text, lambda: owners, times, tolerant=tolerant)
