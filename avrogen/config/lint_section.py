"""The table ``[lint]``: categories of rules, and findings and warnings that are accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from avrogen.avro.diagnostics import Code, Severity
from avrogen.avro.source import Location, Pointer
from avrogen.config.keys import LINT_KEYS
from avrogen.config.toml_reader import TableReader, Toml, near

__all__ = [
    "ALL_RULES",
    "CATEGORIES",
    "STRICT",
    "AcceptScope",
    "AcceptedCode",
    "LintSection",
    "acceptable_code",
    "read_lint",
]

CATEGORIES: Final = ("standard", "compat", "style", "docs", "privacy")
"""Categories of rules; each rule is in one."""

STRICT: Final = "strict"
"""Name for all categories."""

ALL_RULES: Final = "all"
"""Word for every rule of lint, in place of a code."""

AcceptScope: TypeAlias = Literal["everywhere", "path", "type"]


@dataclass(frozen=True, slots=True)
class AcceptedCode:
    """A code that the configuration accepts.

    Attributes:
        scope: what is accepted in: all schemas, files or types.
        selector: pattern of paths, or full name of a type or field; "" for all schemas.
        code: the code; None: every rule of lint.
        location: place in the configuration.
        below: start of the paths of files that it is for; "" for all.
    """

    scope: AcceptScope
    selector: str
    code: Code | None
    location: Location
    below: str = ""


@dataclass(frozen=True, slots=True)
class LintSection:
    """The table ``[lint]``.

    Attributes:
        categories: categories of the rules that apply.
        accepted: accepted codes, in the order of the file.
    """

    categories: tuple[str, ...] = ("standard",)
    accepted: tuple[AcceptedCode, ...] = ()


def acceptable_code(text: str) -> Code | None:
    """Return the code of a rule or a warning of builds; None of any other text."""
    for code in Code:
        if code.id == text:
            is_build_warning = code.id.startswith("AVR5") and code is not Code.ACCEPTANCE_UNUSED
            return code if code.is_lint_rule or is_build_warning else None
    return None


def read_lint(value: Toml, at: Pointer, reader: TableReader) -> LintSection:
    """Read the table ``[lint]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
    """
    table = reader.described(value, at, LINT_KEYS)
    accepted = [
        AcceptedCode("everywhere", "", code, location)
        for code, location in _codes(table.get("accept", []), (*at, "accept"), reader)
    ]
    for key, scope in _SCOPES.items():
        entries = reader.table(table.get(key, {}), (*at, key), None)
        for selector, codes in entries.items():
            accepted += (
                AcceptedCode(scope, selector, code, location)
                for code, location in _codes(codes, (*at, key, selector), reader)
            )
    return LintSection(_categories(table, at, reader), tuple(accepted))


_SCOPES: Final[dict[str, AcceptScope]] = {"paths": "path", "types": "type"}


def _categories(table: dict[str, Toml], at: Pointer, reader: TableReader) -> tuple[str, ...]:
    if "categories" not in table:
        return ("standard",)
    pointer = (*at, "categories")
    names: list[str] = []
    for name, item in _texts(table["categories"], pointer, "a list of names", reader):
        if name in (*CATEGORIES, STRICT):
            names.append(name)
            continue
        reader.diagnostics.report(
            Code.WRONG_VALUE,
            reader.positions.value(item),
            f'unknown category "{name[:60]}"',
            hint=near(name, (*CATEGORIES, STRICT)),
        )
    return CATEGORIES if STRICT in names else tuple(dict.fromkeys(names))


def _codes(value: Toml, at: Pointer, reader: TableReader) -> Iterator[tuple[Code | None, Location]]:
    for text, pointer in _texts(value, at, "a list of codes", reader):
        location = reader.positions.value(pointer)
        code = acceptable_code(text)
        if code is not None or text == ALL_RULES:
            yield code, location
            continue
        known = {known.id: known for known in Code}
        if text not in known:
            message = f'unknown code "{text[:60]}"'
            hint = near(text, [id_ for id_ in known if acceptable_code(id_)])
            hint = hint if hint.startswith("did") else "list all codes: avrogen explain"
        else:
            kind = "an error" if known[text].severity is Severity.ERROR else "a finding of check"
            message = f"{text} is {kind}, which cannot be accepted"
            hint = "only rules of lint (AVR0xx) and warnings of build (AVR5xx) can"
        reader.diagnostics.report(Code.WRONG_VALUE, location, message, hint=hint)


def _texts(
    value: Toml, at: Pointer, expected: str, reader: TableReader
) -> Iterator[tuple[str, Pointer]]:
    """Yield the strings of a list with their positions."""
    if not isinstance(value, list):
        reader.wrong_value(at, expected, value)
        return
    for index, item in enumerate(value):
        if isinstance(item, str):
            yield item, (*at, index)
        else:
            reader.wrong_value(at, expected, value)
