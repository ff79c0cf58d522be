"""Python names for Avro names: the only module that derives them.

An Avro name keeps its spelling wherever Python allows it. Otherwise it gets a trailing underscore,
and one more as long as the name is taken. The result never depends on the order of files: names
that can stay keep their spelling, and the others get theirs in a fixed order.

The names are validated: a value of one of these types is an identifier, safe in generated code.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, Self

__all__ = [
    "TOPICS_PACKAGE",
    "AttributeName",
    "ClassName",
    "MemberName",
    "ModuleName",
    "TopicNames",
    "attribute_names",
    "class_names",
    "is_file_name",
    "is_package_name",
    "member_names",
    "module_names",
    "package_parts",
    "snake_case",
    "topic_names",
]


class _Identifier(str):
    """A text validated as a Python identifier that is not a keyword."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not (text.isascii() and text.isidentifier()) or keyword.iskeyword(text):
            raise ValueError(f"not a Python name: {text!r}")
        return super().__new__(cls, text)


class ClassName(_Identifier):
    """The name of a class, a type alias or a codec in a generated module."""

    __slots__ = ()


class AttributeName(_Identifier):
    """The name of a dataclass field."""

    __slots__ = ()


class MemberName(_Identifier):
    """The name of an enum member."""

    __slots__ = ()


class ModuleName(_Identifier):
    """The name of a generated module or package, without the packages around it."""

    __slots__ = ()


# --- reserved names, by reason -------------------------------------------------------------------

_KEYWORDS = frozenset(keyword.kwlist)
"""Without soft keywords (match, case, type, _), which are ordinary names in generated code."""

_RECORD_METHODS = frozenset({"to_avro", "from_avro", "to_single_object", "from_single_object"})
"""Methods of AvroRecord, which a field of that name would hide."""

_PARAMETERS = frozenset({"self"})
"""First parameter of the ``__init__`` of a dataclass."""

_ENUM_ATTRIBUTES = frozenset({"name", "value", "mro"}) | _RECORD_METHODS
"""Attributes of every enum class or member, and methods of AvroEnum."""

# fmt: off
_STR_METHODS = frozenset({
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find",
    "format", "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
    "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
    "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix",
    "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
    "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper",
    "zfill",
})
# fmt: on
"""Methods of ``str``, the base of enum members. A fixed list, as they differ between Pythons."""

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789"}
)
"""File names that Windows reserves, in any case and with any extension."""

TOPICS_PACKAGE: Final = ModuleName("topics")
"""The package of topics inside a generated package; not a namespace."""

_MAX_MODULE_NAME = 120
"""Characters; file systems allow 255 bytes, and ``.cpython-313.opt-1.pyc`` comes on top."""


# --- one function for each kind of name ----------------------------------------------------------


def attribute_names(
    fields: Iterable[str], *, class_names: Collection[str] = ()
) -> dict[str, AttributeName]:
    """Return names of dataclass fields by the names of Avro fields, in the given order.

    Args:
        fields: the field names of one record, which are distinct.
        class_names: classes of the same module; in a class body, a field of such a name hides the
            class from the annotations that follow.
    """
    taken = _KEYWORDS | _RECORD_METHODS | _PARAMETERS | frozenset(class_names)
    return {k: AttributeName(v) for k, v in _distinct(fields, taken, _without_mangling).items()}


def member_names(symbols: Iterable[str]) -> dict[str, MemberName]:
    """Return names of enum members by the symbols of one enum, in the given order."""
    taken = _KEYWORDS | _ENUM_ATTRIBUTES | _STR_METHODS
    return {k: MemberName(v) for k, v in _distinct(symbols, taken, _as_member).items()}


def class_names(names: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, ClassName]:
    """Return class names by the unqualified names of the types of one namespace.

    Args:
        names: unqualified names, which are distinct.
        taken: names that the package of the namespace has already, such as subpackages.
    """
    reserved = _KEYWORDS | frozenset(taken)
    return {k: ClassName(v) for k, v in _distinct(names, reserved, _without_mangling).items()}


def module_names(names: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, ModuleName]:
    """Return private module names (``_order_placed``) by class name, distinct in any case."""
    return {
        k: ModuleName(v)
        for k, v in _distinct(sorted(names), taken, _module_name, fold=True).items()
    }


def package_parts(namespaces: Iterable[str]) -> dict[str, tuple[ModuleName, ...]]:
    """Return the package path of every namespace, and of those around one, by its Avro name.

    Parts that are keywords, dunder names or device names get a trailing underscore, as do those
    that differ from a sibling by case alone. ``""`` maps to the empty path.
    """
    paths: dict[str, tuple[ModuleName, ...]] = {"": ()}
    children: dict[str, set[str]] = {}
    for namespace in namespaces:
        parts = namespace.split(".") if namespace else []
        for depth, part in enumerate(parts):
            children.setdefault(".".join(parts[:depth]), set()).add(part)
    for parent in sorted(children, key=lambda name: (name.count(".") if name else -1, name)):
        taken = _KEYWORDS if parent else _KEYWORDS | {TOPICS_PACKAGE}
        names = _distinct(sorted(children[parent]), taken, _package_name, fold=True)
        for part, name in names.items():
            full_name = f"{parent}.{part}" if parent else part
            paths[full_name] = (*paths[parent], ModuleName(name))
    return paths


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Names of a topic module: the declaration, aliases of types, the classes of clients."""

    declaration: ClassName
    value: ClassName
    message: ClassName
    producer: ClassName
    consumer: ClassName
    async_producer: ClassName
    async_consumer: ClassName

    def all(self) -> tuple[ClassName, ...]:
        """Return each of them."""
        return (
            self.declaration,
            self.value,
            self.message,
            self.producer,
            self.consumer,
            self.async_producer,
            self.async_consumer,
        )


def topic_names(prefixes: Iterable[str]) -> dict[str, TopicNames]:
    """Return names for the topics of a package by the prefixes of their classes (``Orders``).

    One package exports them all, so they are distinct: a topic ``AsyncOrders`` gives way to the
    asyncio classes of ``Orders``.
    """
    wanted: dict[str, str] = {}
    prefixes = sorted(prefixes)
    for prefix in prefixes:
        wanted |= {
            f"{prefix} declaration": snake_case(prefix).upper(),
            f"{prefix} value": f"{prefix}Value",
            f"{prefix} message": f"{prefix}Message",
            f"{prefix} producer": f"{prefix}Producer",
            f"{prefix} consumer": f"{prefix}Consumer",
            f"{prefix} async producer": f"Async{prefix}Producer",
            f"{prefix} async consumer": f"Async{prefix}Consumer",
        }
    given = _distinct(wanted, _KEYWORDS, wanted.__getitem__)
    return {
        prefix: TopicNames(
            declaration=ClassName(given[f"{prefix} declaration"]),
            value=ClassName(given[f"{prefix} value"]),
            message=ClassName(given[f"{prefix} message"]),
            producer=ClassName(given[f"{prefix} producer"]),
            consumer=ClassName(given[f"{prefix} consumer"]),
            async_producer=ClassName(given[f"{prefix} async producer"]),
            async_consumer=ClassName(given[f"{prefix} async consumer"]),
        )
        for prefix in prefixes
    }


def snake_case(name: str) -> str:
    """Return ``order_placed`` for ``OrderPlaced``, ``http_status2`` for ``HTTPStatus2``."""
    name = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def is_file_name(stem: str) -> bool:
    """Return False for names that Windows reserves for devices, with any extension."""
    return stem.partition(".")[0].lower() not in _DEVICES


def is_package_name(name: str) -> bool:
    """Return True if a folder of this name can be imported as a package."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


# --- rules ----------------------------------------------------------------------------------------


def _distinct(
    names: Iterable[str],
    taken: Collection[str],
    ideal: Callable[[str], str],
    *,
    fold: bool = False,
) -> dict[str, str]:
    """Return the ideal name for each name, or that name with as many underscores as needed.

    Names that are their own ideal come first, so that ``class_`` stays where ``class`` changes.
    """
    key = str.lower if fold else str
    wanted = {name: ideal(name) for name in names}
    used = {key(name) for name in taken}
    given: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: wanted[name] != name or key(name) in used):
        candidate = wanted[name]
        while key(candidate) in used:
            candidate += "_"
        used.add(key(candidate))
        given[name] = candidate
    return {name: given[name] for name in wanted}


def _without_mangling(name: str) -> str:
    """Avoid ``__x``, which Python mangles in classes, and ``__x__``, which has a meaning."""
    return "_" + name.lstrip("_") if name.startswith("__") else name


def _as_member(symbol: str) -> str:
    """Avoid ``_x_`` as well, which has a meaning in enums."""
    name = _without_mangling(symbol)
    is_sunder = len(name) > 2 and name[0] == name[-1] == "_" and "_" not in (name[1], name[-2])
    return f"{name}_" if is_sunder else name


def _module_name(class_name: str) -> str:
    name = f"_{snake_case(class_name).lstrip('_') or 'x'}"
    if len(name) <= _MAX_MODULE_NAME:
        return name
    digest = hashlib.sha256(class_name.encode()).hexdigest()[:12]
    return f"{name[:_MAX_MODULE_NAME]}_{digest}"


def _package_name(part: str) -> str:
    is_dunder = part.startswith("__") and part.endswith("__")
    return f"{part}_" if is_dunder or part.lower() in _DEVICES else part
