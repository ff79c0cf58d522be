"""Python names for Avro names: the only module that derives them.

An Avro name keeps its spelling wherever Python allows it. Leading underscores are removed, as they
would make the name private. Characters that Python does not allow become underscores. A name that
is taken or has a meaning in Python gets a trailing underscore, and one more as long as it needs
one. The result never depends on the order of files: names that can stay keep their spelling, and
the others get theirs in a fixed order.

A name that the configuration chooses has precedence. The names are validated: a value of one of
these types is an identifier, safe in generated code.
"""

from __future__ import annotations

import hashlib
import keyword
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from avrogen.avro.names import short_name

__all__ = [
    "LATER_METHODS",
    "LATER_RECORD_METHODS",
    "RESERVED_ATTRIBUTES",
    "RESERVED_MEMBERS",
    "TOPICS_PACKAGE",
    "AttributeName",
    "ClassName",
    "FreeNames",
    "MemberName",
    "ModuleName",
    "TopicNames",
    "attribute_names",
    "class_names",
    "is_file_name",
    "is_package_name",
    "is_python_name",
    "member_names",
    "module_names",
    "package_parts",
    "public_attribute",
    "public_class",
    "public_member",
    "snake_case",
    "snake_case_attribute",
    "topic_names",
]


def is_python_name(text: str) -> bool:
    """Return True for an identifier that is not a keyword, in the form that Python compares."""
    return (
        text.isidentifier()
        and not keyword.iskeyword(text)
        and (text.isascii() or unicodedata.normalize("NFKC", text) == text)
    )


class _Identifier(str):
    """A text validated as a Python identifier that is not a keyword."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not is_python_name(text):
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
    """The name of a generated module or package, without the packages around it: ASCII."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not text.isascii():
            raise ValueError(f"not the name of a file: {text!r}")
        return super().__new__(cls, text)


# --- reserved names, by reason -------------------------------------------------------------------

_KEYWORDS = frozenset(keyword.kwlist)
"""Without soft keywords (match, case, type, _), which are ordinary names in generated code."""

_NONE_CHOSEN: Final[Mapping[str, str]] = {}
_NO_CLASSES: Final[Mapping[str, Collection[str]]] = {}

_RECORD_METHODS = frozenset({"to_avro", "from_avro", "to_single_object", "from_single_object"})
"""Methods of AvroRecord, which a field of that name would hide."""

LATER_METHODS: Final = frozenset({"to_json", "from_json", "to_dict", "from_dict"})
"""Methods that came when packages with fields of these names were in use: the fields hide them."""

LATER_RECORD_METHODS: Final = LATER_METHODS | {"read_file", "write_file"}
"""Those of records."""

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

RESERVED_ATTRIBUTES: Final = _KEYWORDS | _RECORD_METHODS | _PARAMETERS
"""Names that no dataclass field can have."""

RESERVED_MEMBERS: Final = _KEYWORDS | _ENUM_ATTRIBUTES | _STR_METHODS
"""Names that no enum member can have."""

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
    fields: Iterable[str],
    *,
    class_names: Collection[str] = (),
    chosen: Mapping[str, str] = _NONE_CHOSEN,
) -> dict[str, AttributeName]:
    """Return names of dataclass fields by the names of Avro fields, in the given order.

    Args:
        fields: the field names of one record, which are distinct.
        class_names: classes of the same module; in a class body, a field of such a name hides the
            class from the annotations that follow.
        chosen: Python names of some fields, which the configuration sets.
    """
    names = _distinct(
        fields, RESERVED_ATTRIBUTES, public_attribute, more_taken=class_names, chosen=chosen
    )
    return {k: AttributeName(v) for k, v in names.items()}


def member_names(
    symbols: Iterable[str], *, chosen: Mapping[str, str] = _NONE_CHOSEN
) -> dict[str, MemberName]:
    """Return names of enum members by the symbols of one enum, in the given order."""
    names = _distinct(symbols, RESERVED_MEMBERS, public_member, chosen=chosen)
    return {k: MemberName(v) for k, v in names.items()}


def class_names(
    names: Iterable[str],
    *,
    taken: Collection[str] = (),
    chosen: Mapping[str, str] = _NONE_CHOSEN,
) -> dict[str, ClassName]:
    """Return class names by the names of the types of one package.

    Args:
        names: names with or without namespace, which are distinct.
        taken: names that the package has already.
        chosen: Python names of some types, which the configuration sets.
    """
    given = _distinct(names, _KEYWORDS, public_class, more_taken=taken, chosen=chosen)
    return {k: ClassName(v) for k, v in given.items()}


def module_names(names: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, ModuleName]:
    """Return private module names (``_order_placed``) by class name, distinct in any case."""
    return {
        k: ModuleName(v)
        for k, v in _distinct(sorted(names), taken, _module_name, fold=True).items()
    }


def package_parts(
    namespaces: Iterable[str], classes: Mapping[str, Collection[str]] = _NO_CLASSES
) -> dict[str, tuple[ModuleName, ...]]:
    """Return the package path of every namespace, and of those around one, by its Avro name.

    Parts that are keywords or device names get a trailing underscore, as do those that differ from
    a sibling by case alone, and those that a class beside the package has as its name: a nested
    type whose namespace is the full name of a class does not rename that class. ``""`` maps to the
    empty path.

    Args:
        namespaces: Avro namespaces.
        classes: class names by the namespace that they are in.
    """
    paths: dict[str, tuple[ModuleName, ...]] = {"": ()}
    children: dict[str, set[str]] = {}
    for namespace in namespaces:
        inner = namespace
        while inner and inner not in children.setdefault(_around(inner), set()):
            children[_around(inner)].add(inner)
            inner = _around(inner)
    for parent in sorted(children, key=lambda name: (name.count(".") if name else -1, name)):
        taken = _KEYWORDS if parent else _KEYWORDS | {TOPICS_PACKAGE}
        names = _distinct(
            sorted(children[parent], key=lambda name: (_last_part(name), name)),
            taken,
            _package_name,
            fold=True,
            beside=frozenset(classes.get(parent, ())),
        )
        for namespace, name in names.items():
            paths[namespace] = (*paths[parent], ModuleName(name))
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
    return name.isascii() and is_python_name(name)


# --- rules ----------------------------------------------------------------------------------------

_MOST_UNDERSCORES: Final = 16


class FreeNames:
    """Names that are free, for many that want the same: ``x``, ``x_``, ``x__``, ..., ``x__17``.

    The search for a name goes on where it ended for an equal one. From the first candidate each
    time, thousands of equal names would take the square of the time, and long names.

    Args:
        is_used: tells if a name has been given.
        key: names with equal keys are equal.
    """

    def __init__(self, is_used: Callable[[str], bool], key: Callable[[str], str] = str) -> None:
        self._is_used = is_used
        self._key = key
        self._tried: dict[str, int] = {}

    def of(self, wanted: str) -> str:
        """Return a name, or that name with as many underscores as needed, or with a number."""
        tried = self._tried.get(self._key(wanted), 0)
        while self._is_used(name := _numbered(wanted, tried)):
            tried += 1
        self._tried[self._key(wanted)] = tried
        return name


def _numbered(name: str, number: int) -> str:
    if number <= _MOST_UNDERSCORES:
        return name + "_" * number
    return f"{name}{'_' * _MOST_UNDERSCORES}{number}"


def _distinct(
    names: Iterable[str],
    taken: Collection[str],
    ideal: Callable[[str], str],
    *,
    fold: bool = False,
    beside: Collection[str] = (),
    more_taken: Collection[str] = (),
    chosen: Mapping[str, str] = _NONE_CHOSEN,
) -> dict[str, str]:
    """Return the ideal name for each name, or that name with as many underscores as needed.

    Chosen names come first, then those that are their own ideal, so that ``class_`` stays where
    ``class`` changes. Ideal names begin with a letter or consist of underscores: none of them gets
    a meaning, as ``_x_`` has in enums, by further underscores.

    Args:
        names: Avro names, which are distinct.
        taken: names that none may have.
        ideal: returns the name that one would have alone.
        fold: names that differ by case alone are equal.
        beside: more names that none may have, never in another case.
        more_taken: likewise taken, in this case; they are not copied, as a record may be one of
            thousands in its module.
        chosen: names to use instead of the ideal ones.
    """
    key = str.lower if fold else str
    wanted = {name: chosen.get(name) or ideal(name) for name in names}
    used = {key(name) for name in taken}

    def is_taken(name: str) -> bool:
        return key(name) in used or name in more_taken

    def order(name: str) -> tuple[bool, bool]:
        alone = wanted[name]
        return name not in chosen, alone != short_name(name) or is_taken(alone)

    free = FreeNames(lambda name: is_taken(name) or name in beside, key)
    given: dict[str, str] = {}
    for name in sorted(wanted, key=order):
        candidate = free.of(wanted[name])
        used.add(key(candidate))
        given[name] = candidate
    return {name: given[name] for name in wanted}


def public_attribute(field: str) -> str:
    """Return the name that a field would have alone in its record."""
    return _public(field, "field")


def public_member(symbol: str) -> str:
    """Return the name that a symbol would have alone in its enum."""
    return _public(symbol, "symbol")


def public_class(name: str) -> str:
    """Return the name that a type would have alone in its package."""
    return _public(short_name(name), "Type")


def snake_case_attribute(field: str) -> str:
    """Return the name that a field would have alone in its record, in snake_case.

    That of ``orderId`` is ``order_id``, of ``userIDs`` ``user_ids``, of ``METADATA_ACTION``
    ``metadata_action``.
    """
    name = re.sub(r"[A-Z]{2,}s(?![a-z])", lambda found: found[0].capitalize(), _public(field, ""))
    return _public(re.sub("__+", "_", snake_case(name)), "field")


def _public(name: str, prefix: str) -> str:
    """Return a Python name that is not private: ``deleted`` for ``__deleted``.

    Args:
        name: the Avro name.
        prefix: beginning of the result where nothing else could be: ``field_1`` for ``_1``.
    """
    if not (name.isascii() and name.isidentifier()):
        name = unicodedata.normalize("NFKC", name)
        name = "".join(each if f"x{each}".isidentifier() else "_" for each in name)
    public = name.lstrip("_")
    if not public:
        return "_" if name else prefix
    return public if public.isidentifier() else f"{prefix}_{public}".lstrip("_")


def _around(namespace: str) -> str:
    return namespace.rpartition(".")[0]


def _last_part(namespace: str) -> str:
    return namespace.rpartition(".")[2]


def _module_name(class_name: str) -> str:
    name = f"_{snake_case(_ascii(class_name)).lstrip('_') or 'x'}"
    if len(name) <= _MAX_MODULE_NAME:
        return name
    digest = hashlib.sha256(class_name.encode()).hexdigest()[:12]
    return f"{name[:_MAX_MODULE_NAME]}_{digest}"


def _package_name(namespace: str) -> str:
    part = _public(_ascii(_last_part(namespace)), "ns")
    return f"{part}_" if part.lower() in _DEVICES else part


def _ascii(name: str) -> str:
    """Return a name in ASCII for files: without accents, other letters as ``u00df``."""
    if name.isascii():
        return name
    letters = (each for each in unicodedata.normalize("NFKD", name))
    return "".join(
        each if each.isascii() else f"u{ord(each):04x}"
        for each in letters
        if not unicodedata.combining(each)
    )
