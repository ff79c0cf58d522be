"""Python names of the contents of classes, and the names that a configuration sets.

Names of ``[names]`` are checked against the schemas before anything is named: each must belong to a
type, field or symbol, and two Avro names for one Python name are an error with both places. Names
without a setting never collide: they get underscores (:mod:`avrogen.compiler.naming`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.names import namespace_of
from avrogen.avro.source import Location, Origin, locate
from avrogen.compiler.naming import (
    RESERVED_ATTRIBUTES,
    RESERVED_MEMBERS,
    TOPICS_PACKAGE,
    AttributeName,
    MemberName,
    attribute_names,
    is_package_name,
    is_python_name,
    member_names,
    public_attribute,
    public_class,
    public_member,
    snake_case_attribute,
)
from avrogen.compiler.package_layout import PackageLayout
from avrogen.config.config import NamesSection

__all__ = ["ContentNames", "check_names", "content_names"]


@dataclass(frozen=True, slots=True)
class ContentNames:
    """Names inside of classes.

    Attributes:
        attributes: attributes by field name, by the full name of a record.
        members: members by symbol, by the full name of an enum.
    """

    attributes: Mapping[str, Mapping[str, AttributeName]]
    members: Mapping[str, Mapping[str, MemberName]]


def content_names(
    types: Mapping[str, model.NamedType], layout: PackageLayout, names: NamesSection
) -> ContentNames:
    """Return the names of all fields and symbols.

    Args:
        types: all named types by full name.
        layout: layout of their classes.
        names: names that the configuration sets, without errors.
    """
    attributes: dict[str, dict[str, AttributeName]] = {}
    members: dict[str, dict[str, MemberName]] = {}
    for full_names in layout.modules.values():
        classes = {layout.types[name].name for name in full_names}
        for full_name in full_names:
            match types[full_name]:
                case model.RecordType(fields=fields):
                    attributes[full_name] = attribute_names(
                        (f.name for f in fields),
                        class_names=classes,
                        chosen=_chosen_attributes(full_name, (f.name for f in fields), names),
                    )
                case model.EnumType(symbols=symbols):
                    chosen = _chosen(full_name, symbols, names.symbols)
                    members[full_name] = member_names(symbols, chosen=chosen)
                case model.FixedType():
                    pass
    return ContentNames(attributes, members)


def _chosen_attributes(
    record: str, fields: Iterable[str], names: NamesSection
) -> Mapping[str, str]:
    """Return the attributes that a setting names, one by one or by the style."""
    fields = list(fields)
    styled: dict[str, str] = {}
    if names.field_style == "snake_case":
        for name in fields:
            style = snake_case_attribute(name)
            if style != public_attribute(name):
                styled[name] = style
    return styled | _chosen(record, fields, names.fields)


def _chosen(owner: str, parts: Iterable[str], setting: Mapping[str, str]) -> dict[str, str]:
    return {part: setting[key] for part in parts if (key := f"{owner}.{part}") in setting}


# --- checks ---------------------------------------------------------------------------------------


def check_names(
    names: NamesSection, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
) -> None:
    """Report mistakes in ``[names]``, each at its position, and names that collide."""
    before = len(diagnostics)
    _NameCheck(names, types, diagnostics).run()
    if len(diagnostics) == before:
        _CollisionCheck(names, types, diagnostics).run()


class _Check:
    """Check of ``[names]`` against the types of a run."""

    def __init__(
        self, names: NamesSection, types: Mapping[str, model.NamedType], diagnostics: Diagnostics
    ) -> None:
        self._names = names
        self._types = types
        self._diagnostics = diagnostics


class _NameCheck(_Check):
    """Check of the settings one by one."""

    def run(self) -> None:
        names = self._names
        self._table("types", names.types, self._types, ())
        if names.fields:
            self._table("fields", names.fields, dict(self._fields()), RESERVED_ATTRIBUTES)
        if names.symbols:
            self._table("symbols", names.symbols, dict(self._symbols()), RESERVED_MEMBERS)
        for namespace, package in names.namespaces.items():
            self._package(namespace, package)

    def _fields(self) -> Iterator[tuple[str, None]]:
        for named in self._types.values():
            if isinstance(named, model.RecordType):
                yield from ((f"{named.name}.{f.name}", None) for f in named.fields)

    def _symbols(self) -> Iterator[tuple[str, None]]:
        for named in self._types.values():
            if isinstance(named, model.EnumType):
                yield from ((f"{named.name}.{symbol}", None) for symbol in named.symbols)

    def _table(
        self,
        table: str,
        chosen: Mapping[str, str],
        known: Mapping[str, object],
        reserved: Collection[str],
    ) -> None:
        for avro_name, name in chosen.items():
            if avro_name not in known:
                self._report(
                    self._names.locations.key(table, avro_name),
                    f'[names] {table}: no {table[:-1]} of the schemas is "{avro_name}"',
                    self._near(avro_name, known),
                )
            if not is_python_name(name) or name.startswith("_") or name in reserved:
                self._not_a_name(self._names.locations.value(table, avro_name), name)

    def _package(self, namespace: str, package: str) -> None:
        known = {namespace_of(name) for name in self._types}
        if not any(f"{name}.".startswith(f"{namespace}.") for name in known):
            self._report(
                self._names.locations.key("namespaces", namespace),
                f'[names] namespaces: no type has the namespace "{namespace}"',
                self._near(namespace, known),
            )
        at = self._names.locations.value("namespaces", namespace)
        for part in package.split(".") if package else []:
            if not is_package_name(part) or part.startswith("_"):
                self._not_a_name(at, package)
                break
        if package.partition(".")[0] == TOPICS_PACKAGE:
            self._report(at, f'"{TOPICS_PACKAGE}" is the package of topics', "choose another name")

    def _near(self, name: str, known: Collection[str]) -> str | None:
        found = self._diagnostics.similar(name, known)
        return f'did you mean "{found}"?' if found else None

    def _not_a_name(self, location: Location, name: str) -> None:
        self._report(
            location,
            f'"{name}" cannot be used as a name in Python',
            "use letters, digits and underscores, a letter first, and no keyword or method",
        )

    def _report(self, location: Location, message: str, hint: str | None) -> None:
        self._diagnostics.report(Code.NAME_SETTING, location, message, hint)


class _CollisionCheck(_Check):
    """Check of names that are set against each other, and against all others."""

    def run(self) -> None:
        names = self._names
        self._check_packages()
        packages: dict[str, list[str]] = {}
        for full_name in self._types:
            packages.setdefault(names.namespace(namespace_of(full_name)), []).append(full_name)
        for full_names in packages.values():
            moved = {name for name in full_names if names.mapped(namespace_of(name)) is not None}
            self._check(
                "class",
                full_names,
                names.types,
                public_class,
                lambda name: self._place("types", name, self._types[name].origin),
                moved,
            )
        for named in self._types.values():
            match named:
                case model.RecordType(fields=fields):
                    self._check_fields(named.name, fields)
                case model.EnumType(symbols=symbols) if names.symbols:
                    self._check_symbols(named, symbols)
                case _:
                    pass

    def _check_packages(self) -> None:
        """Report packages that are set and would be the names of classes."""
        classes = {
            f"{prefix}.{self._names.types.get(name) or public_class(name)}".lstrip("."): name
            for name in self._types
            for prefix in [self._names.namespace(namespace_of(name))]
        }
        for namespace, package in self._names.namespaces.items():
            parts = package.split(".")
            for depth in range(1, len(parts) + 1):
                name = classes.get(".".join(parts[:depth]))
                if name is not None:
                    self._diagnostics.report(
                        Code.NAME_COLLISION,
                        self._names.locations.value("namespaces", namespace),
                        f'the package "{".".join(parts[:depth])}" would hide the class of {name}',
                        f"the type is at {self._located(self._types[name].origin)}",
                    )

    def _check_fields(self, record: str, fields: tuple[model.Field, ...]) -> None:
        by_name = {f.name: f for f in fields}
        self._check(
            f"attribute of {record}",
            by_name,
            _chosen_attributes(record, by_name, self._names),
            public_attribute,
            lambda name: self._place("fields", f"{record}.{name}", by_name[name].origin, "name"),
        )

    def _check_symbols(self, enum: model.EnumType, symbols: tuple[str, ...]) -> None:
        self._check(
            f"member of {enum.name}",
            symbols,
            _chosen(enum.name, symbols, self._names.symbols),
            public_member,
            lambda name: self._place("symbols", f"{enum.name}.{name}", enum.origin),
        )

    def _check(
        self,
        what: str,
        avro_names: Iterable[str],
        chosen: Mapping[str, str],
        ideal: Callable[[str], str],
        place: Callable[[str], Location],
        moved: Collection[str] = (),
    ) -> None:
        """Report Avro names for one Python name, of which at least one is set."""
        if not chosen and not moved:
            return
        first: dict[str, str] = {}
        for avro_name in sorted(avro_names, key=lambda name: name not in chosen):
            name = chosen.get(avro_name) or ideal(avro_name)
            other = first.setdefault(name, avro_name)
            if other != avro_name and not {other, avro_name}.isdisjoint({*chosen, *moved}):
                self._diagnostics.report(
                    Code.NAME_COLLISION,
                    place(avro_name),
                    f'"{name}" would be the {what} for {other} and for {avro_name}',
                    f"the other is at {place(other)}; name one of them in [names]",
                )

    def _place(self, table: str, key: str, origin: Origin | None, *steps: str) -> Location:
        """Return the position of the setting, or else of the definition."""
        if key in getattr(self._names, table):
            return self._names.locations.key(table, key)
        return self._located(origin, *steps)

    def _located(self, origin: Origin | None, *steps: str) -> Location:
        assert origin is not None, "what was parsed has an origin"
        return locate(Origin(origin.source, (*origin.pointer, *steps)))
