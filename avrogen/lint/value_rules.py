"""Rules for numbers, amounts of money, identifiers and defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import short_name
from avrogen.avro.source import Origin
from avrogen.lint.name_words import CURRENCIES, MONEY_WORDS, Words, last_word, word_set
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView
from avrogen.lint.text_edits import Edit, ReplaceValue

__all__ = [
    "boolean_types",
    "inexact_identifiers",
    "large_precisions",
    "money_types",
    "money_without_scale",
    "placeholder_defaults",
    "uuid_texts",
]

_MAX_PRECISION: Final = 38
"""Digits of the decimals of Spark, Hive, BigQuery's NUMERIC, Snowflake and SQL Server."""

_AMOUNTS: Final = frozenset({"amount", "balance"})
_NO_MONEY: Final = word_set(
    "impact normalized normalised predicted ratio relative score index compute path estimated "
    "water time function benefit lookup loss training sensor battery energy ink"
)
"""Words that make another thing of a price or a cost."""


def _is_money(words: Words, *, is_text: bool) -> bool:
    """Tell if a name is that of an amount of money."""
    if _NO_MONEY.intersection(words):
        return False
    if len(words) > 1 and words[-1] in CURRENCIES:
        return words[-2] in MONEY_WORDS or words[-2] in _AMOUNTS or words[-2] == "total"
    last = last_word(words)
    if last in MONEY_WORDS:
        return True
    around = set(words[:-1])
    of_money = around & (MONEY_WORDS | {"payment", "order", "invoice", "account", "total", "tax"})
    return (last in _AMOUNTS and bool(of_money)) or (words == ("amount",) and not is_text)


def money_types(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if an amount of money is a floating-point number or plain text."""
    type_ = view.primitive
    if type_ is None or type_.name not in ("float", "double", "string"):
        return
    if type_.attributes.keys() & {"logicalType", "connect.name"}:
        return  # another tool knows it
    if not _is_money(view.words, is_text=type_.name == "string"):
        return
    effect = (
        "cents are rounded" if type_.name != "string" else "every reader has to parse and check it"
    )
    yield RuleFinding(
        Code.MONEY_TYPE,
        view.type_origin,
        f"{view.label} looks like an amount of money, and is a {type_.name}: {effect}",
        'use {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}',
    )


def money_without_scale(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if an amount of money is a decimal without a scale, which is 0."""
    type_ = view.primitive
    if (
        type_ is not None
        and isinstance(type_.logical, model.Decimal)
        and "scale" not in type_.attributes
        and _is_money(view.words, is_text=False)
    ):
        yield RuleFinding(
            Code.MONEY_WITHOUT_SCALE,
            view.type_origin,
            f"the decimal {view.label} has no scale, which means 0: it has no cents",
            'add "scale": 2, or "scale": 0 if it is meant',
        )


def large_precisions(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield decimals with more digits than databases and Spark have."""
    for use in view.uses:
        if isinstance(use.type, model.Primitive):
            yield from _large_precision(use.type.logical, use.origin, use.place)
    for name, named in view.types.items():
        if isinstance(named, model.FixedType) and named.origin is not None:
            yield from _large_precision(named.logical, named.origin, short_name(name))


def _large_precision(
    logical: model.LogicalType | None, origin: Origin, place: str
) -> Iterator[RuleFinding]:
    if isinstance(logical, model.Decimal) and logical.precision > _MAX_PRECISION:
        yield RuleFinding(
            Code.LARGE_PRECISION,
            origin / "precision",
            f"the decimal of {place} has {logical.precision} digits; Spark and most databases have "
            f"{_MAX_PRECISION} at most",
            f'use "precision": {_MAX_PRECISION} or less',
        )


_IDENTIFIERS: Final = frozenset({"id", "uuid", "guid", "isbn", "iban", "ean", "sku"})


def inexact_identifiers(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if an identifier is a floating-point number."""
    type_ = view.primitive
    if (
        type_ is not None
        and type_.name in ("float", "double")
        and last_word(view.words) in _IDENTIFIERS
    ):
        digits = 7 if type_.name == "float" else 15
        yield RuleFinding(
            Code.INEXACT_IDENTIFIER,
            view.type_origin,
            f"the identifier {view.label} is a {type_.name}: it is exact to {digits} digits, and "
            "equal ones may differ",
            'use "long" or "string"',
        )


def uuid_texts(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a UUID has no logical type."""
    type_ = view.primitive
    if type_ is None or type_.name != "string" or "logicalType" in type_.attributes:
        return
    if last_word(view.words) in ("uuid", "guid"):
        yield RuleFinding(
            Code.UUID_TEXT,
            view.type_origin,
            f"{view.label} looks like a UUID, and is any string: readers have to check it",
            'use {"type": "string", "logicalType": "uuid"}',
        )


_QUESTIONS: Final = frozenset({"is", "has"})


def boolean_types(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if a flag is a number or text."""
    type_ = view.primitive
    if (
        type_ is not None
        and type_.name in ("int", "long", "string")
        and len(view.words) > 1
        and view.words[0] in _QUESTIONS
    ):
        yield RuleFinding(
            Code.BOOLEAN_TYPE,
            view.type_origin,
            f"{view.label} looks like a flag, and is of type {type_.name}",
            'use "boolean"',
        )


_PLACEHOLDERS: Final = frozenset({"null", "none", "nil", "n/a", "undefined", "todo", "tbd"})


def placeholder_defaults(view: FieldView) -> Iterator[RuleFinding]:
    """Yield a finding if the default of a string is a text that means that there is none."""
    default = view.field.default
    if isinstance(default, str) and default.lower() in _PLACEHOLDERS:
        type_, at = view.primitive, view.origin / "default"
        if type_ is None or type_.name != "string":
            return
        edits: tuple[Edit, ...] = ()
        if view.is_nullable and isinstance(view.field.type, model.Union):
            first = view.field.type.branches[0]
            if isinstance(first, model.Primitive) and first.name == "null":
                edits = (ReplaceValue(at, None),)
        yield RuleFinding(
            Code.PLACEHOLDER_DEFAULT,
            at,
            f'the default of {view.label} is the text "{default}", not a missing value',
            'use the type ["null", "string"] and "default": null',
            edits,
        )
