"""Parts of schemas for rules: definitions, fields, types, with names in words and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import AvroType, Field, NamedType, RecordType
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import Parsed, Root
from avrogen.avro.source import Origin
from avrogen.config.config import Config
from avrogen.lint.name_words import Words, name_words
from avrogen.lint.text_edits import Edit

__all__ = ["FieldView", "RuleFinding", "SchemaView", "TypeUse", "plain_type", "type_uses"]


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """The finding of a rule.

    Attributes:
        code: the rule.
        origin: the JSON that it is about.
        message: what was found.
        hint: what to do.
        edits: edits of the text that fix it; none if that needs a decision.
        is_key: it is about the key of that value.
    """

    code: Code
    origin: Origin
    message: str
    hint: str
    edits: tuple[Edit, ...] = ()
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class TypeUse:
    """A type somewhere in a field or at the top of a file.

    Attributes:
        type: the type.
        origin: its JSON.
        place: field or file, for messages.
        is_root: the type is the top of a file.
    """

    type: AvroType
    origin: Origin
    place: str
    is_root: bool = False


class FieldView:
    """A field of a record.

    Attributes:
        record: the record.
        field: the field.
        origin: JSON of the field.
        words: its name in words.
        label: name for messages.
        type: its type; that of the other branch if it is a union of null and one more.
        type_origin: JSON of that type.
        is_nullable: its type is a union with null.
    """

    def __init__(self, record: RecordType, field: Field) -> None:
        assert field.origin is not None, "parsed types have an origin"
        self.record = record
        self.field = field
        self.origin = field.origin
        self.words: Words = name_words(field.name)
        self.label = f"{short_name(record.name)}.{field.name}"
        self.type, steps, self.is_nullable = plain_type(field.type)
        self.type_origin = field.origin.at("type", *steps)
        self.primitive = self.type if isinstance(self.type, model.Primitive) else None

    @property
    def doc(self) -> str:
        """The doc in lower case; "" without one."""
        return (self.field.doc or "").lower()


def plain_type(type_: AvroType) -> tuple[AvroType, tuple[int, ...], bool]:
    """Return a type without null, the steps to it, and whether there was a null."""
    if not isinstance(type_, model.Union):
        return type_, (), False
    others = [(index, b) for index, b in enumerate(type_.branches) if not is_null(b)]
    is_nullable = len(others) < len(type_.branches)
    if len(others) == 1:
        return others[0][1], (others[0][0],), is_nullable
    return type_, (), is_nullable


def is_null(type_: AvroType) -> bool:
    """Tell if a type is null."""
    return isinstance(type_, model.Primitive) and type_.name == "null"


@dataclass
class SchemaView:
    """All schemas of a run.

    Attributes:
        parsed: the schemas, without errors.
        config: the configuration.
        types: definitions in the files, by full name.
    """

    parsed: Parsed
    config: Config
    types: Mapping[str, NamedType] = field(init=False)

    def __post_init__(self) -> None:
        imported = self.parsed.imported
        self.types = {n: t for n, t in self.parsed.types.items() if n not in imported}

    @cached_property
    def fields(self) -> Sequence[FieldView]:
        """All fields of the files."""
        return [
            FieldView(named, each)
            for named in self.types.values()
            if isinstance(named, RecordType)
            for each in named.fields
        ]

    @cached_property
    def uses(self) -> Sequence[TypeUse]:
        """All types in fields and at the top of files, with those inside of them."""
        found: list[TypeUse] = []
        for view in self.fields:
            found += type_uses(view.field.type, view.origin / "type", view.label)
        for root in self.parsed.roots:
            top = Origin(root.source)
            found += type_uses(root.type, top, root.source.name, is_root=True)
        return found

    @cached_property
    def namespaces(self) -> Mapping[str, Sequence[FieldView]]:
        """Fields by the namespace of their record."""
        found: dict[str, list[FieldView]] = {}
        for view in self.fields:
            found.setdefault(namespace_of(view.record.name), []).append(view)
        return found

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Records of message keys by full name, with the reason that they are."""
        found = {
            topic.key: f"key of the topic {topic.topic}"
            for topic in self.config.topics
            if topic.key is not None and topic.key in self.types
        }
        values = {name for topic in self.config.topics for name in topic.value}
        for root in self.parsed.roots:
            if not isinstance(root.type, model.Reference) or not is_key_file(root):
                continue
            if root.type.name not in values and root.type.name in self.types:
                found.setdefault(root.type.name, f"key, by the name of {root.source.name}")
        return found


def is_key_file(root: Root) -> bool:
    """Tell by the name of a file that it has the schema of message keys."""
    stem = root.source.name.rpartition("/")[2].removesuffix(".avsc").lower()
    return stem == "key" or stem.endswith(("-key", "_key", ".key"))


def type_uses(
    type_: AvroType, origin: Origin, place: str, *, is_root: bool = False
) -> Iterator[TypeUse]:
    """Yield a type and the types inside of it, without following references."""
    yield TypeUse(type_, origin, place, is_root)
    match type_:
        case model.Array(items):
            yield from type_uses(items, origin / "items", place)
        case model.Map(values):
            yield from type_uses(values, origin / "values", place)
        case model.Union(branches):
            for index, branch in enumerate(branches):
                yield from type_uses(branch, origin / index, place)
        case _:
            return
