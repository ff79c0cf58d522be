"""An example of each type in JSON and Python: realistic, valid and deterministic.

Values as Python source that a reader can paste: constructor calls of the generated classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

import avrogen
from avrogen.avro import model
from avrogen.avro.defaults import DefaultChecks
from avrogen.avro.type_labels import short_label
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel
from avrogen.codec import plan
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.interpreter.path_errors import PathError
from avrogen.codec.json_encoding.json_plan import json_plan
from avrogen.codec.json_encoding.plain_form import PlainForm
from avrogen.codec.json_encoding.tree_reader import TreeReader, avro_tree, plain_tree
from avrogen.codec.planner import PlanBuilder, default_data
from avrogen.compiler.expressions import (
    RUNTIME,
    Expression,
    Import,
    ImportStatement,
    Scope,
    Symbol,
    grouped,
)
from avrogen.compiler.literals import bytes_literal, string_literal
from avrogen.compiler.python_model import EnumClass, RecordClass
from avrogen.compiler.type_mapping import (
    NO_OVERRIDES,
    converted,
    has_class,
    logical_value,
    python_name,
)
from avrogen.config.custom_types import BuildOverrides
from avrogen.errors import EncodeError
from avrogen.examples.example_values import ExampleMaker, MinimumParts

if TYPE_CHECKING:
    from avrogen.codec.type_conversions import RuntimeOverrides

__all__ = ["PACKAGE", "Example", "ExampleSnippets", "python_example"]


@dataclass(frozen=True, slots=True)
class Example:
    """One value as JSON and as Python source.

    Attributes:
        json: in Avro's JSON encoding.
        plain: in the plain style, as ``to_json`` writes it.
        python: a program that makes it.
    """

    json: model.Json
    plain: model.Json
    python: str


_MOST_PARTS: Final = 2_000
"""Parts of an example: larger ones are not read. Fields of the type itself come on top."""

_MOST_IN_ALL: Final = 100_000
_MOST_PER_TYPE: Final = 40
"""Parts of all examples of a catalogue: types that contain each other have many in each example."""


_MOST_DEFAULT_BYTES: Final = 4_096
"""Bytes of a default that is shown in the plain style, encoded and with all that it leaves out."""


class _DefaultForm(PlainForm):
    """The plain style, with bytes as they are in schemas: a character for each."""

    def leaf(self, operation: plan.Operation, value: Any) -> Any:
        if isinstance(operation, plan.BytesOperation | plan.FixedOperation):
            return value.decode("latin-1")
        return super().leaf(operation, value)


class ExampleSnippets:
    """Examples of all types of a catalogue.

    What they have in common is made once: types may all refer to each other, and there are
    thousands of them.
    """

    def __init__(self, catalogue: CatalogueModel) -> None:
        self._catalogue = catalogue
        self._least = MinimumParts(catalogue.types)
        self._parts_left = _MOST_IN_ALL + _MOST_PER_TYPE * len(catalogue.types)
        self._overrides = catalogue.overrides
        self._bases = catalogue.overrides.without_conversions()
        self._default_checks = DefaultChecks(catalogue.types)
        self._operations = PlanBuilder(catalogue.types, {}, self._base_of_field)
        self._records = self._operations.records(
            name for name, named in catalogue.types.items() if isinstance(named, model.RecordType)
        )

    def of(self, entry: CatalogueEntry) -> Example | None:
        """Return the example of a type, equal to :func:`avrogen.examples.example_value`.

        Returns:
            None if there is none that could be shown: the type has no values, they lie too deep, or
            they are too large.
        """
        types = self._catalogue.types
        least = self._least.of(entry.type)
        own = len(entry.named.fields) if isinstance(entry.named, model.RecordType) else 0
        if least > min(_MOST_PARTS + 2 * own, self._parts_left + own):
            return None
        self._parts_left -= max(least - own, 0)
        try:
            overrides, base = _own_overrides(entry, self._overrides), None
            if overrides is not None:
                base = self._bases
            # Nothing says which values the functions of a user's type take.
            maker = ExampleMaker(
                entry.type, types, self._least, overrides, self._of_field, sparse=True
            )
            made = maker.make(1)
            write = plan.Plan(self._operations.of(entry.type, base), self._records, plain=True)
            data = InterpretedEncoder(write).write(made)
            value = avro_tree(write, data)
            snippet = python_example(entry, value, self._catalogue)
            return Example(value, plain_tree(write, data), snippet)
        except (ValueError, EncodeError, RecursionError):
            return None

    def default(self, field: model.Field) -> model.Json:
        """Return a field's default as users read it: logical types in the plain style.

        Bytes without a logical type stay the text that they are in the schema, as does a default
        that is large, or has no value.
        """
        assert field.default is not model.NO_DEFAULT
        try:
            data = default_data(field.type, field.default, self._default_checks)
            if len(data) > _MOST_DEFAULT_BYTES:
                return field.default
            made = json_plan(
                plan.Plan(self._operations.of(field.type, self._bases), self._records, plain=True)
            )
            tree: model.Json = TreeReader(made, _DefaultForm(made.records)).read(data)
        except (ValueError, EncodeError, PathError, RecursionError):
            return field.default
        return tree

    def _of_field(self, record: str, field: str) -> BuildOverrides:
        return self._overrides.at_field(f"{record}.{field}")

    def _base_of_field(self, record: str, field: str) -> RuntimeOverrides:
        return self._bases.at_field(f"{record}.{field}")


def _own_overrides(entry: CatalogueEntry, overrides: BuildOverrides) -> BuildOverrides | None:
    """Return the overrides at the top of a type's values: a class stays what it is."""
    return overrides.inside(entry.id) if entry.public.codec else None


PACKAGE: Final = "pkg"
"""Name of the generated package in examples, as in all documentation."""

_WIDTH: Final = 88
"""Columns, as far as texts let themselves be held to them; black's default."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A bracketed expression: ``head``, prefixed items, ``tail``."""

    head: Expression
    items: tuple[tuple[Expression, _Tree], ...]
    tail: str


_Tree: TypeAlias = Expression | _Call


def python_example(entry: CatalogueEntry, value: model.Json, catalogue: CatalogueModel) -> str:
    """Return a program that creates a value and encodes it.

    Args:
        entry: of which type it is.
        value: the value in Avro's JSON encoding.
        catalogue: all types.
    """
    overrides = _own_overrides(entry, catalogue.overrides) or NO_OVERRIDES
    tree = _Writer(catalogue).of(entry.type, value, overrides)
    codec = entry.public.codec
    annotation = _symbol(entry, entry.public.name) if codec else None
    owner = _symbol(entry, codec) if codec else None
    used = [*_symbols(tree), *(symbol for symbol in (annotation, owner) if symbol)]
    scope = Scope("", used, {"value", "data"})
    declared = f"value: {scope.name(annotation)}" if annotation else "value"
    encoded = f"{scope.name(owner)}.to_avro(value)" if owner else "value.to_avro()"
    lines = [
        *_import_lines(scope.imports),
        *_lines(tree, scope, f"{declared} = ", "", ""),
        f"data = {encoded}",
    ]
    return "\n".join(lines)


def _symbol(entry: CatalogueEntry, name: str) -> Symbol:
    return Symbol(entry.module(PACKAGE), name)


class _Writer:
    def __init__(self, catalogue: CatalogueModel) -> None:
        self._entries = catalogue.entries
        self._types: Mapping[str, model.NamedType] = catalogue.types
        self._overrides = catalogue.overrides

    def of(self, type_: model.AvroType, value: model.Json, overrides: BuildOverrides) -> _Tree:
        match type_:
            case model.Primitive(name):
                found = overrides.of(type_)
                if found.logical:
                    base = logical_value(found.logical, _raw(name, value))
                else:
                    base = _leaf(name, value)
                return converted(base, found)
            case model.Reference(name):
                named = self._types[name]
                found = overrides.of(named)
                tree = self._named(named, value, found.logical)
                if found.conversion is None:
                    return tree
                if isinstance(tree, Expression):
                    return converted(tree, found)
                head = Expression.of(python_name(found.conversion.from_base), "(")
                return _call(head, [(Expression(()), tree)], ")")
            case model.Array(items):
                assert isinstance(value, list)
                nothing = Expression(())
                return _call("[", ((nothing, self.of(items, v, overrides)) for v in value), "]")
            case model.Map(values):
                assert isinstance(value, dict)
                pairs = (
                    (
                        Expression((f"{string_literal(key)}: ",)),
                        self.of(values, item, overrides),
                    )
                    for key, item in value.items()
                )
                return _call("{", pairs, "}")
            case model.Union(branches):
                if value is None:
                    return Expression(("None",))
                assert isinstance(value, dict)
                ((name, inner),) = value.items()
                branch = next(branch for branch in branches if short_label(branch) == name)
                return self.of(branch, inner, overrides)
            case _:
                assert_never(type_)

    def _named(
        self, named: model.NamedType, value: model.Json, logical: model.LogicalType | None
    ) -> _Tree:
        entry = self._entries[named.name]
        symbol = _symbol(entry, entry.public.name)
        match named:
            case model.RecordType(fields=fields):
                assert isinstance(value, dict) and isinstance(entry.definition, RecordClass)
                arguments = (
                    (
                        Expression((f"{python.name}=",)),
                        self.of(
                            field.type,
                            value[field.name],
                            self._overrides.at_field(f"{named.name}.{field.name}"),
                        ),
                    )
                    for field, python in zip(fields, entry.definition.fields, strict=True)
                )
                return _call(Expression.of(symbol, "("), arguments, ")")
            case model.EnumType():
                assert isinstance(entry.definition, EnumClass)
                members = {member.symbol: member.name for member in entry.definition.members}
                assert isinstance(value, str)
                return Expression.of(symbol, f".{members[value]}")
            case model.FixedType():
                assert isinstance(value, str)
                data = value.encode("latin-1")
                if logical:
                    return logical_value(logical, data)
                literal = Expression((bytes_literal(data),))
                if not has_class(named):
                    return literal
                return _call(Expression.of(symbol, "("), [(Expression(()), literal)], ")")
            case _:
                assert_never(named)


def _call(head: str | Expression, items: Iterable[tuple[Expression, _Tree]], tail: str) -> _Call:
    return _Call(Expression.of(head), tuple(items), tail)


def _leaf(name: model.PrimitiveName, value: model.Json) -> Expression:
    match name, value:
        case "bytes", str():
            return Expression((bytes_literal(value.encode("latin-1")),))
        case _, str():
            return Expression((string_literal(value),))
        case _:
            return Expression((repr(value),))


def _raw(name: model.PrimitiveName, value: model.Json) -> int | str | bytes:
    """Return source for a value of a primitive type, without its logical type."""
    assert isinstance(value, int | str)
    return value.encode("latin-1") if name == "bytes" and isinstance(value, str) else value


# --- text -----------------------------------------------------------------------------------------


def _symbols(tree: _Tree) -> Iterator[Symbol]:
    if isinstance(tree, Expression):
        yield from tree.symbols()
        return
    yield from tree.head.symbols()
    for before, item in tree.items:
        yield from before.symbols()
        yield from _symbols(item)


def _lines(tree: _Tree, scope: Scope, before: str, after: str, indent: str) -> Iterator[str]:
    """Lay out a value: on one line if it fits, else one line per item."""
    flat = f"{indent}{before}{_flat(tree, scope)}{after}"
    if isinstance(tree, Expression) or not tree.items or len(flat) <= _WIDTH:
        yield flat
        return
    yield f"{indent}{before}{scope.text(tree.head)}"
    for prefix, item in tree.items:
        yield from _lines(item, scope, scope.text(prefix), ",", f"{indent}    ")
    yield f"{indent}{tree.tail}{after}"


def _flat(tree: _Tree, scope: Scope) -> str:
    if isinstance(tree, Expression):
        return scope.text(tree)
    items = (f"{scope.text(before)}{_flat(item, scope)}" for before, item in tree.items)
    return f"{scope.text(tree.head)}{', '.join(items)}{tree.tail}"


_EXPORTED: Final = frozenset(avrogen.__all__)


def _import_lines(imports: Iterable[Import]) -> Iterator[str]:
    """Return import lines in groups, with an empty line after each group."""
    public = [
        Import("avrogen", i.name, i.alias) if i.module == RUNTIME and i.name in _EXPORTED else i
        for i in imports
    ]
    ours = [item for item in public if item.module.partition(".")[0] == PACKAGE]
    others = [item for item in public if item not in ours]
    for group in (*grouped(others, ()), *grouped(ours, ())):
        for statement in group:
            yield from _import(statement)
        yield ""


def _import(statement: ImportStatement) -> Iterator[str]:
    flat = f"from {statement.module} import {', '.join(statement.names)}"
    if len(flat) <= _WIDTH:
        yield flat
        return
    yield f"from {statement.module} import ("
    yield from (f"    {name}," for name in statement.names)
    yield ")"
