"""Rules for names of types, fields and symbols, and for namespaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import is_definition
from avrogen.avro.source import Origin
from avrogen.lint.name_words import RESERVED, name_words
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView

__all__ = [
    "field_cases",
    "folder_namespaces",
    "missing_namespaces",
    "reserved_names",
    "similar_fields",
    "symbol_cases",
    "type_cases",
]

_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*\Z")
_UPPER = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\Z")


def _origin(named: model.NamedType) -> Origin:
    assert named.origin is not None, "parsed types have an origin"
    return named.origin


def similar_fields(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield fields of a record whose names are the same words."""
    first: dict[tuple[str, str], FieldView] = {}
    for each in view.fields:
        name = each.field.name
        plain = "_" * name.startswith("_") + name.replace("_", "").lower()
        other = first.setdefault((each.record.name, plain), each)
        if other is not each and plain:
            yield RuleFinding(
                Code.SIMILAR_FIELDS,
                each.origin / "name",
                f"{each.label} and {other.field.name} are different fields, and their names differ "
                "only in style",
                "give one of them a name of its own, or remove it",
            )


def type_cases(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield types that are not in PascalCase."""
    for name, named in view.types.items():
        short = short_name(name)
        if not _PASCAL.match(short):
            words = "".join(word[:1].upper() + word[1:] for word in name_words(short))
            yield RuleFinding(
                Code.TYPE_CASE,
                _origin(named) / "name",
                f"the type {name} is not in PascalCase",
                f'name it "{words}", with the alias "{short}"',
            )


def field_cases(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield fields that are in another style than most others of their namespace."""
    for namespace, fields in view.namespaces.items():
        styles = Counter(_style(each.field.name) for each in fields)
        snake, camel = styles["snake_case"], styles["camelCase"]
        common = "snake_case" if snake > camel else "camelCase" if camel > snake else ""
        place = namespace or "types without a namespace"
        for each in fields:
            style = _style(each.field.name)
            if style == "":
                message = f"the field {each.label} is neither in snake_case nor in camelCase"
            elif style == "plain" or not common or style == common:
                continue
            else:
                message = f"the field {each.label} is in {style}, and most of {place} in {common}"
            name = _in_style(each.field.name, common or "snake_case")
            hint = f'name it "{name}", with the alias "{each.field.name}"'
            yield RuleFinding(Code.FIELD_CASE, each.origin / "name", message, hint)


def _style(name: str) -> str:
    name = name.lstrip("_")
    if name.islower() and name.isalnum():
        return "plain"
    if _SNAKE.match(name):
        return "snake_case"
    return "camelCase" if _CAMEL.match(name) else ""


def _in_style(name: str, style: str) -> str:
    words = name_words(name)
    if style == "snake_case":
        return "_".join(words)
    return "".join((*words[:1], *(word.capitalize() for word in words[1:])))


def symbol_cases(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield enums with symbols that are not in UPPER_CASE, once for each enum."""
    for name, named in view.types.items():
        if isinstance(named, model.EnumType):
            others = [symbol for symbol in named.symbols if not _UPPER.match(symbol)]
            if others:
                more = f" and {len(others) - 1} more" if len(others) > 1 else ""
                yield RuleFinding(
                    Code.SYMBOL_CASE,
                    _origin(named) / "symbols" / named.symbols.index(others[0]),
                    f"the symbol {others[0]}{more} of {name} not in UPPER_CASE",
                    f'use "{"_".join(name_words(others[0])).upper()}" in a new enum; symbols have '
                    "no aliases",
                )


def folder_namespaces(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield files in a folder with another name than the namespace of their type."""
    for root in view.parsed.roots:
        folder = root.source.name.split("/")[:-1]
        if not folder or not is_definition(root, view.parsed.types) or root.is_copy:
            continue
        assert isinstance(root.type, model.Reference), "definitions are references"
        named = view.parsed.types[root.type.name]
        parts = list(filter(None, namespace_of(model.wire_name(named)).split(".")))
        if not _is_end(folder, parts) and not _is_end(parts, folder):
            yield RuleFinding(
                Code.FOLDER_NAMESPACE,
                _origin(named) / "namespace",
                f"the {_namespace_label(parts)} does not match the folder {'/'.join(folder)}",
                f"move the file to {'/'.join(parts) or 'the top of the folder'}",
            )


def _namespace_label(parts: list[str]) -> str:
    return f"namespace {'.'.join(parts)}" if parts else "empty namespace"


def _is_end(end: list[str], parts: list[str]) -> bool:
    return bool(end) and parts[-len(end) :] == end


def missing_namespaces(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield types without a namespace."""
    for name, named in view.types.items():
        if "." not in name:
            yield RuleFinding(
                Code.NO_NAMESPACE,
                _origin(named),
                f"the type {name} has no namespace: its name may be that of another team's type",
                'add "namespace", such as "com.acme.shop"',
            )


def reserved_names(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield names that are reserved words of a language that has generators of its own."""
    seen: set[str] = set()
    # A namespace is reported where it is declared: at a definition around others.
    outside_first = sorted(view.types.items(), key=lambda item: len(_origin(item[1]).pointer))
    for name, named in outside_first:
        origin, short = _origin(named), short_name(name)
        yield from _reserved(short, f"the type {name}", origin / "name")
        namespace = namespace_of(name)
        if namespace not in seen:
            seen.add(namespace)
            for part in namespace.split("."):
                place = f'the part "{part}" of the namespace {namespace}'
                yield from _reserved(part, place, origin / "namespace")
        if isinstance(named, model.EnumType):
            for index, symbol in enumerate(named.symbols):
                at = origin / "symbols" / index
                yield from _reserved(symbol, f"the symbol {short}.{symbol}", at)
    for each in view.fields:
        yield from _reserved(each.field.name, f"the field {each.label}", each.origin / "name")


def _reserved(word: str, place: str, origin: Origin) -> Iterator[RuleFinding]:
    languages = [language for language, words in RESERVED.items() if word in words]
    if languages:
        yield RuleFinding(
            Code.RESERVED_NAME,
            origin,
            f"{place} is a reserved word in {', '.join(languages)}: generated code has another "
            "name",
            "choose another name, such as one with a second word",
        )
