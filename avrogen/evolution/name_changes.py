"""Changes of Python names: what a change of schemas renames in the generated package.

Names depend on the names beside them: a field ``__deleted`` is the attribute ``deleted``, and
``deleted_`` as soon as there is a field ``deleted`` as well. Such a change may be compatible for
data and break code that uses the package. Both sides are named by the rules of the configuration as
it is now, so that a change of ``[names]`` itself is none of these changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.model import EnumType, NamedType, RecordType
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location, Origin, locate
from avrogen.compiler.checks import report_large_namespaces
from avrogen.compiler.package_layout import PackageLayout, PublicName, layout_package
from avrogen.compiler.python_names import ContentNames, content_names
from avrogen.config.config import NamesSection

__all__ = ["NameChange", "name_changes"]


@dataclass(frozen=True, slots=True)
class NameChange:
    """A Python name that is another one in the new version.

    Attributes:
        location: definition in the new schemas.
        subject: what has the name, such as ``the attribute of com.acme.Order.id``.
        old: its name before.
        new: its name now; None: it has none.
        type: full name of the type.
        setting: table of ``[names]`` that can keep the name.
    """

    location: Location
    subject: str
    old: str
    new: str | None
    type: str
    setting: str


@dataclass(frozen=True, slots=True)
class _Named:
    """The names of one version."""

    types: Mapping[str, NamedType]
    layout: PackageLayout
    contents: ContentNames
    at_the_top: frozenset[tuple[str, str]]


def name_changes(
    old: Parsed, new: Parsed, names: NamesSection, *, whole: bool
) -> Iterator[NameChange]:
    """Yield the changes of names of everything that both versions have.

    Args:
        old: schemas without errors.
        new: schemas without errors.
        names: names that the configuration sets.
        whole: both are whole folders; otherwise only names inside of classes are compared, as
            those of classes depend on all schemas.
    """
    before, after = _named(old, names), _named(new, names)
    if before is None or after is None:
        return
    both = [name for name in after.types if name in before.types]
    if whole:
        yield from _packages(both, before, after)
        for name in both:
            yield from _classes(name, before, after)
    for name in both:
        yield from _contents(name, before, after)


def _named(parsed: Parsed, names: NamesSection) -> _Named | None:
    """Return the names of a version; None: no package can be built of it."""
    problems = Diagnostics()
    report_large_namespaces(parsed.types, problems)
    if problems.has_errors:
        return None
    layout = layout_package(parsed, names)
    exports = layout.exports()[()]
    return _Named(
        # Types of other packages get their names there.
        {name: named for name, named in parsed.types.items() if name in layout.types},
        layout,
        content_names(parsed.types, layout, names),
        frozenset((export.name, export.module) for export in exports),
    )


def _packages(both: list[str], before: _Named, after: _Named) -> Iterator[NameChange]:
    """Yield packages that have another name, each once."""
    seen: set[tuple[str, str]] = set()
    for name in both:
        old, new = (".".join(side.layout.types[name].package) for side in (before, after))
        if old != new and (old, new) not in seen:
            seen.add((old, new))
            location = _location(after.types[name])
            yield NameChange(location, "the package of types", old, new, name, "namespaces")


def _classes(name: str, before: _Named, after: _Named) -> Iterator[NameChange]:
    location = _location(after.types[name])
    old, new = before.layout.types[name], after.layout.types[name]
    if old.name != new.name:
        yield NameChange(location, f"the class of {name}", old.name, new.name, name, "types")
    elif old.codec and new.codec and old.codec != new.codec:
        yield NameChange(location, f"the codec of {name}", old.codec, new.codec, name, "types")
    elif _is_at_the_top(old, before) and not _is_at_the_top(new, after):
        subject = f"the name of {name} in the top-level package"
        yield NameChange(location, subject, old.name, None, name, "types")


def _is_at_the_top(public: PublicName, side: _Named) -> bool:
    return (public.name, public.home.path) in side.at_the_top


def _contents(name: str, before: _Named, after: _Named) -> Iterator[NameChange]:
    match before.types[name], after.types[name]:
        case RecordType(), RecordType(fields=fields):
            was, now = before.contents.attributes[name], after.contents.attributes[name]
            for field in fields:
                if field.name in was and was[field.name] != now[field.name]:
                    assert field.origin is not None, "what was parsed has an origin"
                    yield NameChange(
                        locate(field.origin),
                        f"the attribute of {name}.{field.name}",
                        was[field.name],
                        now[field.name],
                        name,
                        "fields",
                    )
        case EnumType(), EnumType(symbols=symbols):
            members, members_now = before.contents.members[name], after.contents.members[name]
            for symbol in symbols:
                if symbol in members and members[symbol] != members_now[symbol]:
                    yield NameChange(
                        _location(after.types[name]),
                        f"the member of {name}.{symbol}",
                        members[symbol],
                        members_now[symbol],
                        name,
                        "symbols",
                    )
        case _:
            pass


def _location(named: NamedType) -> Location:
    origin: Origin | None = named.origin
    assert origin is not None, "what was parsed has an origin"
    return locate(origin)
