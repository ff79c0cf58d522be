"""Schemas as Avro Java prints them and Confluent's registry stores them.

White space, the order of attributes and the way names are written do not survive that; docs,
defaults, aliases and custom attributes do. Two texts that print alike are one schema there.

Avro schemas as the registry takes them: parsed with what they refer to, and in one spelling. What
any version of Avro Java accepts since 1.8 is accepted, as registries keep what they once accepted;
aliases and orders are ignored if they are invalid, as registries do that are not written in Java.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Severity
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, is_name, namespace_of, short_name
from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source
from avrogen.avro.type_labels import declared_kind
from avrogen.testing.registry.api_errors import invalid_schema
from avrogen.testing.registry.store import AVRO, Content, Store, StoredReference

__all__ = ["AvroSchema", "java_text", "read_avro"]

_TYPE_NAMES = PRIMITIVES | {"record", "enum", "fixed", "array", "map", "union"}


def java_text(
    type_: model.AvroType,
    types: Mapping[str, model.NamedType],
    known: Collection[str] = (),
    *,
    normalize: bool = False,
) -> str:
    """Return the text of ``org.apache.avro.Schema.toString()`` (Avro Java 1.12).

    Args:
        type_: the schema.
        types: at least the named types that can be reached from it.
        known: full names of types that are defined elsewhere and only referred to.
        normalize: as ``normalize=true`` of Confluent's registry has it, with custom attributes
            and aliases in the order of the alphabet.
    """
    return _Printer(types, known, normalize).type(type_, "")


_RESERVED = frozenset(
    {"aliases", "doc", "fields", "items", "name", "namespace", "size", "symbols", "type", "values"}
)
"""Java takes these for no custom attributes, in whatever kind of schema they stand."""

_RESERVED_IN_FIELDS = frozenset({"aliases", "default", "doc", "name", "order", "type"})


class _Printer:
    def __init__(
        self, types: Mapping[str, model.NamedType], known: Collection[str], normalize: bool
    ) -> None:
        self._types = types
        self._printed = set(known)
        self._normalize = normalize

    def type(self, type_: model.AvroType, namespace: str) -> str:
        """Return a type as JSON inside a namespace."""
        match type_:
            case model.Primitive(name, logical, attributes):
                printed = self._attributes(attributes, logical)
                return _object({"type": f'"{name}"', **printed}) if printed else f'"{name}"'
            case model.Array(items, attributes):
                inner = {"type": '"array"', "items": self.type(items, namespace)}
                return _object({**inner, **self._attributes(attributes)})
            case model.Map(values, attributes):
                inner = {"type": '"map"', "values": self.type(values, namespace)}
                return _object({**inner, **self._attributes(attributes)})
            case model.Union(branches):
                return f"[{','.join(self.type(branch, namespace) for branch in branches)}]"
            case model.Reference(name):
                if name in self._printed:
                    return _json(_name_seen_from(namespace, name))
                self._printed.add(name)
                return self._definition(self._types[name], namespace)
            case _:
                assert_never(type_)

    def _definition(self, named: model.NamedType, around: str) -> str:
        own = namespace_of(named.name)
        members = {"type": f'"{declared_kind(named)}"', "name": _json(short_name(named.name))}
        if own != around:
            members["namespace"] = _json(own)
        if named.doc is not None and not (self._normalize and not named.doc):
            members["doc"] = _json(named.doc)
        logical: model.LogicalType | None = None
        match named:
            case model.RecordType(fields=fields):
                members["fields"] = f"[{','.join(self._field(field, own) for field in fields)}]"
            case model.EnumType(symbols=symbols, default=default):
                members["symbols"] = _json(list(symbols))
                if default is not None:
                    members["default"] = _json(default)
            case model.FixedType(size=size):
                logical = named.logical
                members["size"] = str(size)
            case _:
                assert_never(named)
        members.update(self._attributes(named.attributes, logical))
        if named.aliases:
            aliases = [
                _name_seen_from(own, alias.removeprefix("."))
                for alias in self._aliases(named.aliases)
            ]
            members["aliases"] = _json(list(aliases))
        return _object(members)

    def _field(self, field: model.Field, namespace: str) -> str:
        members = {"name": _json(field.name), "type": self.type(field.type, namespace)}
        if field.doc is not None:
            members["doc"] = _json(field.doc)
        if field.default is not model.NO_DEFAULT:
            members["default"] = _json(field.default)
        if field.order is not None and field.order is not model.Order.ASCENDING:
            members["order"] = f'"{field.order.value}"'
        if field.aliases:
            members["aliases"] = _json(list(self._aliases(field.aliases)))
        members.update(self._attributes(field.attributes, reserved=_RESERVED_IN_FIELDS))
        return _object(members)

    def _aliases(self, aliases: tuple[str, ...]) -> list[str]:
        """Return aliases, deduplicated, in source order."""
        once = list(dict.fromkeys(aliases))
        return sorted(once) if self._normalize else once

    def _attributes(
        self,
        attributes: model.Attributes,
        logical: model.LogicalType | None = None,
        reserved: frozenset[str] = _RESERVED,
    ) -> dict[str, str]:
        """Return custom attributes without those reserved in other kinds of schemas."""
        printed = {key: _json(value) for key, value in attributes.items() if key not in reserved}
        if not self._normalize:
            return printed
        leading = ("logicalType", "precision", "scale") if logical is not None else ()
        order = {key: printed[key] for key in leading if key in printed}
        return {**order, **dict(sorted(printed.items()))}


def _name_seen_from(namespace: str, name: str) -> str:
    """Return the short name inside its own namespace, unless it is reserved by Avro."""
    short = short_name(name)
    inside = namespace_of(name) == namespace and short not in _TYPE_NAMES
    return short if inside else name


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_json(key)}:{value}" for key, value in members.items()) + "}"


def _json(value: Json) -> str:
    """Return JSON as Jackson writes it."""
    match value:
        case bool() | int() | None:
            return json.dumps(value)
        case float():
            return _java_double(value)
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return re.sub(
                r"\\u00[01][a-f]", lambda escape: escape[0].upper().replace("U", "u"), text
            )
        case list():
            return f"[{','.join(map(_json, value))}]"
        case dict():
            return _object({key: _json(member) for key, member in value.items()})
        case _:
            assert_never(value)


def _java_double(value: float) -> str:
    """Format like ``Double.toString``: an exponent below 0.001 and from 10,000,000."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        # Python writes plain numbers from 0.0001 to 1e16, with the same shortest digits.
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), "JSON numbers are finite"
    first, *rest = map(str, digits)
    power = len(rest) + exponent
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{power}"


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """A parsed schema.

    Attributes:
        content: what is stored.
        type: what stands at its top.
        types: the named types that it leads to, references followed.
    """

    content: Content
    type: model.AvroType
    types: Mapping[str, model.NamedType]

    @property
    def resolved_text(self) -> str:
        """Schema text with references inlined."""
        return java_text(self.type, self.types)


def read_avro(
    text: str, references: Iterable[StoredReference], store: Store, *, normalize: bool = False
) -> AvroSchema:
    """Parse the text of a schema.

    Args:
        text: as a client sent it.
        references: what it refers to.
        store: where that is looked for.
        normalize: whether to store it as ``normalize=true`` does.

    Raises:
        Refused: it is no schema (422, 42201).
    """
    references = tuple(references)
    if normalize:
        references = tuple(sorted(set(references), key=lambda r: (r.name, r.subject, r.version)))
    own = Source("<schema>", text, "<schema>")
    others = list(_sources(references, store, set()))
    parsed = parse_sources([*others, own], tolerant=True)
    errors = [str(d) for d in parsed.diagnostics if d.severity is Severity.ERROR]
    errors += [str(d) for d in parsed.diagnostics if d.tolerated in _REFUSED]
    errors += map("Illegal name: {}".format, _illegal_names(parsed.types.values()))
    if errors:
        raise invalid_schema(
            f"Invalid schema of type {AVRO} with {len(references)} references, details: "
            + "; ".join(errors)
        )
    roots = {root.source: root.type for root in parsed.roots}
    known = [type_.name for s in others if isinstance(type_ := roots[s], model.Reference)]
    lost = {d.tolerated for d in parsed.diagnostics if d.location.path == own.path} & _AS_SENT
    printed = text if lost else java_text(roots[own], parsed.types, known, normalize=normalize)
    return AvroSchema(Content(printed, AVRO, references), roots[own], parsed.types)


_REFUSED = frozenset({Code.DUPLICATE_SYMBOL, Code.DUPLICATE_BRANCH})
"""Tolerated errors that no version of Avro Java accepts."""

_AS_SENT = frozenset({Code.DEFAULT_MISMATCH, Code.ENUM_DEFAULT, Code.WRONG_ATTRIBUTE})
"""Errors in parts of a schema that are missing from a text that is printed anew."""


def _illegal_names(types: Iterable[model.NamedType]) -> Iterator[str]:
    """Yield the names that Avro Java refuses. Up to 1.11 it looks at no namespace."""
    for named in types:
        parts: Iterable[str] = ()
        if isinstance(named, model.RecordType):
            parts = (field.name for field in named.fields)
        elif isinstance(named, model.EnumType):
            parts = named.symbols
        for name in (short_name(named.name), *parts):
            if not is_name(name) and not _is_java_name(name):
                yield name


def _is_java_name(name: str) -> bool:
    """Tell if a name has letters and digits of any script, each one char of Java."""
    letters = all(c == "_" or c.isalpha() or c.isdecimal() for c in name)
    return bool(name) and letters and not name[0].isdecimal() and max(name) <= "\uffff"


def _sources(
    references: Iterable[StoredReference], store: Store, seen: set[tuple[str, int]]
) -> Iterator[Source]:
    """Return the texts of references and their references, each once."""
    for reference in references:
        version = store.find(reference.subject, reference.version, deleted=True)
        if version is None:
            raise invalid_schema(
                f'No schema reference found for subject "{reference.subject}" and version '
                f"{reference.version}"
            )
        if (key := (version.subject, version.number)) not in seen:
            seen.add(key)
            yield from _sources(version.content.references, store, seen)
            place = f"{version.subject} version {version.number}"
            yield Source(place, version.content.text, place)
