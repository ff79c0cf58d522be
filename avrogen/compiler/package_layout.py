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
from avrogen.avro.names import namespace_of
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
from avrogen.config.config import NO_NAMES, NamesSection, class_prefix

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
        packages: Avro namespaces of every package, or the name of one around some.
        types: public names by full name, also of types of other packages.
        aliases: roots of files that define no named type, with the public name of each.
        modules: full names of the types in each private module.
        inside: names of the packages directly inside each package.
    """

    packages: Mapping[tuple[ModuleName, ...], tuple[str, ...]]
    types: Mapping[str, PublicName]
    aliases: tuple[tuple[Root, PublicName], ...]
    modules: Mapping[ModulePath, list[str]]
    inside: Mapping[tuple[ModuleName, ...], set[str]]

    def publics(self) -> Iterator[PublicName]:
        """Yield every public name of the package, without those of other packages."""
        yield from (public for public in self.types.values() if not public.home.root)
        yield from (public for _, public in self.aliases)

    def exports(self) -> dict[tuple[ModuleName, ...], list[Export]]:
        """Return the exports of every package; the top one has all unique short names as well."""
        exports: dict[tuple[ModuleName, ...], list[Export]] = {path: [] for path in self.packages}
        for public in self.publics():
            exports[public.package].extend(public.exports())
        exports[()] += self._short_names(exports[()])
        return exports

    def _short_names(self, own: Iterable[Export]) -> list[Export]:
        """Return the unique names of all namespaces that are free in the top package."""
        taken = {export.name for export in own} | self.subpackages(())
        offered: dict[str, list[Export]] = {}
        for public in self.publics():
            if public.package:
                for export in public.exports():
                    offered.setdefault(export.name, []).append(export)
        return [e for name, (e, *others) in offered.items() if not others and name not in taken]

    def subpackages(self, package: tuple[ModuleName, ...]) -> set[str]:
        """Return the names of the packages directly inside one."""
        return self.inside.get(package, set())


@dataclass(frozen=True, slots=True)
class _Names:
    name: ClassName
    codec: ClassName | None = None


def layout_package(
    parsed: Parsed,
    names: NamesSection = NO_NAMES,
    imported: Mapping[str, PublicName] | None = None,
) -> PackageLayout:
    """Lay out the package of everything that was parsed.

    Args:
        parsed: schemas without errors.
        names: names that the configuration sets.
        imported: public names of types of other packages.
    """
    own = {name: named for name, named in parsed.types.items() if name not in parsed.imported}
    namespaces: dict[str, list[str]] = {"": []}
    shown: dict[str, dict[str, None]] = {}
    for full_name in sorted(own):
        namespace = names.namespace(namespace_of(full_name))
        namespaces.setdefault(namespace, []).append(full_name)
        shown.setdefault(namespace, {})[namespace_of(full_name)] = None
    classes = {
        namespace: class_names(
            full_names, taken=() if namespace else {TOPICS_PACKAGE}, chosen=names.types
        )
        for namespace, full_names in namespaces.items()
    }
    beside = {namespace: given.values() for namespace, given in classes.items()}
    packages = package_parts(namespaces, beside)
    inside = _subpackages(packages.values())
    groups: dict[str, list[tuple[str, ...]]] = {}
    for group in strongly_connected(own):
        groups.setdefault(names.namespace(namespace_of(group[0])), []).append(group)
    roots = [root for root in parsed.roots if not is_definition(root, parsed.types)]

    given: dict[str, _Names] = {}
    homes: dict[str, ModulePath] = {}
    aliases: list[tuple[Root, PublicName]] = []
    for namespace in namespaces:
        package = packages[namespace]
        subpackages = inside.get(package, set())
        taken = subpackages | set(classes[namespace].values())
        given |= _with_codecs(classes[namespace], parsed.types, taken)
        root_names = [] if namespace else _root_names(roots, taken)
        here = {given[group[0]].name: group for group in groups.get(namespace, ())}
        module = module_names([*here, *(n.name for n in root_names)], taken=subpackages)
        for name, group in here.items():
            homes |= dict.fromkeys(group, ModulePath(package, module[name]))
        if root_names:
            publics = (
                PublicName((), n.name, n.codec, ModulePath((), module[n.name])) for n in root_names
            )
            aliases.extend(zip(roots, publics, strict=True))

    types = {
        full_name: PublicName(
            packages[names.namespace(namespace_of(full_name))], n.name, n.codec, homes[full_name]
        )
        for full_name, n in given.items()
    }
    modules: dict[ModulePath, list[str]] = {}
    for full_name, home in homes.items():
        modules.setdefault(home, []).append(full_name)
    types |= {name: public for name, public in (imported or {}).items() if name in parsed.types}
    documented = {path: tuple(shown.get(name, {name: None})) for name, path in packages.items()}
    return PackageLayout(documented, types, tuple(aliases), modules, inside)


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


def _with_codecs(
    classes: Mapping[str, ClassName], types: Mapping[str, model.NamedType], taken: set[str]
) -> dict[str, _Names]:
    """Return the names of the types of one package, and add those of codecs to those taken."""
    return {
        full_name: _Names(name, None if has_class(types[full_name]) else _codec_name(name, taken))
        for full_name, name in classes.items()
    }


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
