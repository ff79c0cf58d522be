"""Names and namespaces (Avro 1.12, "Names")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

from avrogen.avro.model import PrimitiveName

__all__ = [
    "PRIMITIVES",
    "full_name",
    "is_full_name",
    "is_name",
    "is_primitive",
    "is_tolerable",
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


def is_tolerable(text: str) -> bool:
    """Tell if a text can be a name in a schema that is only read.

    It is written as UTF-8, and shown in messages and logs: it has no surrogates, no controls, and
    nothing that changes lines or directions. Spaces of all kinds and byte order marks are in use.
    """
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
