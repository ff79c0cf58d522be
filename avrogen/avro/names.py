"""Names and namespaces (Avro 1.12, "Names")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import TypeGuard

from avrogen.avro.model import PrimitiveName

__all__ = [
    "PRIMITIVES",
    "NameRules",
    "full_name",
    "is_full_name",
    "is_name",
    "is_primitive",
    "namespace_of",
    "short_name",
    "similar",
]

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FULL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\Z")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_name(text: str) -> bool:
    """Tell if a text is a valid name of a field, a symbol or, without its namespace, a type."""
    return _NAME.match(text) is not None


def is_full_name(text: str) -> bool:
    """Tell if a text is a valid full name or namespace: names with dots between them."""
    return _FULL_NAME.match(text) is not None


class NameRules(Enum):
    """Rules for the names of a schema."""

    SPECIFICATION = auto()
    """Names start with a letter or underscore, followed by letters, digits and underscores."""
    LENIENT = auto()
    """Names are any text that can be shown in messages and written as UTF-8: without surrogates,
    controls, and what changes lines or directions. Some producers write spaces of all kinds and
    byte order marks, and registries accept them."""

    def allows_name(self, text: str) -> bool:
        """Tell if a text may be the name of a field, or a symbol."""
        return _is_text(text) if self is NameRules.LENIENT else is_name(text)

    def allows_full_name(self, text: str) -> bool:
        """Tell if a text may be the name of a type, with or without a namespace."""
        if self is NameRules.LENIENT:
            return _is_text(text) and short_name(text) != ""
        return is_full_name(text)

    def allows_namespace(self, text: str) -> bool:
        """Tell if a text may be a namespace."""
        return _is_text(text) if self is NameRules.LENIENT else is_full_name(text)


def _is_text(text: str) -> bool:
    return text.isprintable() or _CONTROL.search(text) is None


def is_primitive(text: str) -> TypeGuard[PrimitiveName]:
    """Tell if a text is the name of a primitive type."""
    return text in PRIMITIVES


def full_name(name: str, namespace: str) -> str:
    """Return a name with the namespace around it; a name with a dot has its own."""
    return name if "." in name or not namespace else f"{namespace}.{name}"


def namespace_of(full: str) -> str:
    """Return the namespace of a full name, "" if it has none."""
    return full.rpartition(".")[0]


def short_name(full: str) -> str:
    """Return a full name without its namespace."""
    return full.rpartition(".")[2]


def similar(name: str, known: Iterable[str]) -> str | None:
    """Return the known full name closest to a name: of that short name, or of a similar one."""
    import difflib

    known = sorted(known)
    short = short_name(name).lower()
    for candidate in known:
        if short_name(candidate).lower() == short:
            return candidate
    shorts = {short_name(candidate).lower(): candidate for candidate in reversed(known)}
    near = difflib.get_close_matches(short, shorts, n=1, cutoff=0.7)
    return shorts[near[0]] if near else None
