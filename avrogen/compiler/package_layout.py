"""Layout of a generated package: package, module and name of every type.

Every namespace is a package whose ``__init__`` exports the types of the namespace and loads each on
first use; every type has a private module beside it. So importing one type executes the modules of
the types it mentions and no others.

Modules import the types that their classes mention. Types that mention each other, directly or in
a cycle, share a module: all imports are at the top, and none is circular.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from avrogen.avro import model
from avrogen.avro.model import mentions
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.parser import Parsed, Root, is_definition
from avrogen.compiler.expressions import Symbol
from avrogen.compiler.naming import (
    TOPICS_PACKAGE,
    ClassName,
    ModuleName,
    class_names,
    module_names,
    package_parts,
    snake_case,
)
from avrogen.compiler.python_model import Export
from avrogen.compiler.type_mapping import has_class
from avrogen.config.config import class_prefix

__all__ = ["ModulePath", "PackageLayout", "PublicName", "layout_package", "strongly_connected"]


@dataclass(frozen=True, slots=True)
class ModulePath:
    """The path of a private module.

    Attributes:
        package: names of the packages around it, from the generated package inwards.
        module: name of the module.
        root: import path of another package that it is in; "": the generated package.
    """

    package: tuple[ModuleName, ...]
    module: ModuleName
    root: str = ""

    @property
    def path(self) -> str:
        """The path as symbols have it: ``.com.acme._card``, or ``acme_common.com.acme._card``."""
        return f"{self.root}." + ".".join((*self.package, self.module))


@dataclass(frozen=True, slots=True)
class PublicName:
    """The public name of a type.

    Attributes:
        package: package that exports it.
        name: class or type alias.
        codec: codec of a type alias.
        home: private module that defines it.
    """

    package: tuple[ModuleName, ...]
    name: ClassName
    codec: ClassName | None
    home: ModulePath

    def exports(self) -> tuple[Export, ...]:
        """Return the exports of the public package for the type."""
        names = (self.name, self.codec) if self.codec else (self.name,)
        return tuple(Export(name, self.home.path) for name in names)

    @property
    def owner(self) -> ClassName:
        """Name of the object with the schema: the codec of an alias, or else the class."""
        return self.codec or self.name

    def symbol(self, name: ClassName, seen_from: ModulePath) -> Symbol:
        """Return one of the names as another module imports it: from its home or its package."""
        if self.home.root:
            return Symbol(".".join((self.home.root, *self.package)), name)
        if self.home == seen_from or self.home.package == seen_from.package:
            return Symbol(self.home.path, name)
        if self.home.package == self.package:
            return Symbol("." + ".".join(self.package), name)
        return Symbol(self.home.path, name)


@dataclass(frozen=True, slots=True)
class PackageLayout:
    """The layout of a generated package.

    Attributes:
        packages: package path of every namespace, and of those around one.
        types: public names by full name, also of types of other packages.
        aliases: roots of files that define no named type, with the public name of each.
        modules: full names of the types in each private module.
        inside: names of the packages directly inside each package.
    """

    packages: Mapping[str, tuple[ModuleName, ...]]
    types: Mapping[str, PublicName]
    aliases: tuple[tuple[Root, PublicName], ...]
    modules: Mapping[ModulePath, list[str]]
    inside: Mapping[tuple[ModuleName, ...], set[str]]

    def publics(self) -> Iterator[PublicName]:
        """Yield every public name of the package, without those of other packages."""
        yield from (public for public in self.types.values() if not public.home.root)
        yield from (public for _, public in self.aliases)

    def subpackages(self, package: tuple[ModuleName, ...]) -> set[str]:
        """Return the names of the packages directly inside one."""
        return self.inside.get(package, set())


@dataclass(frozen=True, slots=True)
class _Names:
    name: ClassName
    codec: ClassName | None = None


def layout_package(
    parsed: Parsed, imported: Mapping[str, PublicName] | None = None
) -> PackageLayout:
    """Lay out the package of everything that was parsed.

    Args:
        parsed: schemas without errors.
        imported: public names of types of other packages.
    """
    own = {name: named for name, named in parsed.types.items() if name not in parsed.imported}
    namespaces: dict[str, list[str]] = {"": []}
    for full_name in sorted(own):
        namespaces.setdefault(namespace_of(full_name), []).append(full_name)
    groups: dict[str, list[tuple[str, ...]]] = {}
    for group in strongly_connected(own):
        groups.setdefault(namespace_of(group[0]), []).append(group)
    packages = package_parts(namespaces)
    inside = _subpackages(packages.values())
    roots = [root for root in parsed.roots if not is_definition(root, parsed.types)]

    names: dict[str, _Names] = {}
    homes: dict[str, ModulePath] = {}
    aliases: list[tuple[Root, PublicName]] = []
    for namespace, full_names in namespaces.items():
        package = packages[namespace]
        subpackages = inside.get(package, set())
        taken = set(subpackages)
        names |= _type_names(full_names, parsed.types, taken)
        root_names = [] if namespace else _root_names(roots, taken)
        here = {names[group[0]].name: group for group in groups.get(namespace, ())}
        module = module_names([*here, *(n.name for n in root_names)], taken=subpackages)
        for name, group in here.items():
            homes |= dict.fromkeys(group, ModulePath(package, module[name]))
        if root_names:
            publics = (
                PublicName((), n.name, n.codec, ModulePath((), module[n.name])) for n in root_names
            )
            aliases.extend(zip(roots, publics, strict=True))

    types = {
        full_name: PublicName(packages[namespace_of(full_name)], n.name, n.codec, homes[full_name])
        for full_name, n in names.items()
    }
    modules: dict[ModulePath, list[str]] = {}
    for full_name, home in homes.items():
        modules.setdefault(home, []).append(full_name)
    types |= {name: public for name, public in (imported or {}).items() if name in parsed.types}
    return PackageLayout(packages, types, tuple(aliases), modules, inside)


def _subpackages(
    packages: Iterable[tuple[ModuleName, ...]],
) -> dict[tuple[ModuleName, ...], set[str]]:
    """Return the names of the packages directly inside each package that has some."""
    # Reserved even without topics, so that adding the first one renames nothing.
    inside: dict[tuple[ModuleName, ...], set[str]] = {(): {TOPICS_PACKAGE}}
    for path in packages:
        if path:
            inside.setdefault(path[:-1], set()).add(path[-1])
    return inside


def _type_names(
    full_names: Iterable[str], types: Mapping[str, model.NamedType], taken: set[str]
) -> dict[str, _Names]:
    """Return names for the types of one namespace, and add them to those taken."""
    full_names = list(full_names)
    classes = class_names([short_name(name) for name in full_names], taken=taken)
    taken.update(classes.values())
    names: dict[str, _Names] = {}
    for full_name in full_names:
        name = classes[short_name(full_name)]
        codec = None if has_class(types[full_name]) else _codec_name(name, taken)
        names[full_name] = _Names(name, codec)
    return names


def _root_names(roots: Iterable[Root], taken: set[str]) -> list[_Names]:
    """Return names for the roots of files, derived from the names of the files."""
    names: list[_Names] = []
    for root in roots:
        name = _first_free(class_prefix(PurePosixPath(root.source.name).stem), taken)
        names.append(_Names(name, _codec_name(name, taken)))
    return names


def _codec_name(name: ClassName, taken: set[str]) -> ClassName:
    return _first_free(snake_case(name), taken)


def _first_free(name: str, taken: set[str]) -> ClassName:
    free = class_names([name], taken=taken)[name]
    taken.add(free)
    return free


def strongly_connected(types: Mapping[str, model.NamedType]) -> list[tuple[str, ...]]:
    """Return the groups of types that mention each other, sorted; most groups are one type.

    Kosaraju's algorithm: walk all edges and note the order in which types are finished; then walk
    the edges backwards, beginning with the type finished last: the types reached are its group.
    """
    # Types of other packages mention none of these.
    edges = {
        name: sorted(each for each in mentions(named) if each in types)
        for name, named in types.items()
    }
    backwards: dict[str, list[str]] = {name: [] for name in types}
    for name in sorted(types):
        for mentioned in edges[name]:
            backwards[mentioned].append(name)

    seen: set[str] = set()
    finished = [name for start in sorted(types) for name in _walk(start, edges, seen)]
    grouped: set[str] = set()
    groups = (tuple(sorted(_walk(name, backwards, grouped))) for name in reversed(finished))
    return sorted(group for group in groups if group)


def _walk(start: str, edges: Mapping[str, list[str]], seen: set[str]) -> Iterator[str]:
    """Yield the types reachable from one and not seen before, in post-order.

    The stack is a list: chains of types can be deeper than Python's recursion limit.
    """
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(edges[start]))]
    while path:
        name, ahead = path[-1]
        for successor in ahead:
            if successor not in seen:
                seen.add(successor)
                path.append((successor, iter(edges[successor])))
                break
        else:
            path.pop()
            yield name
