"""Where everything goes: the package, module and name of every type, settled before any code.

Every namespace is a package whose ``__init__`` offers the types of the namespace and loads each
on first use; every type, or circle of types, has a private module beside it. So importing one type
executes the modules of the types it mentions and no others.

Which types have to live in one module: those that need each other.

Modules import the types that their classes mention. Types that mention each other, directly or in
a circle, therefore share a module, and all imports stand at the top and never run in circles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from avrogen.avro import model
from avrogen.avro.parser import Parsed, Root
from avrogen.avro.references import mentions
from avrogen.compiler.expressions import Symbol
from avrogen.compiler.naming import (
    TOPICS_PACKAGE,
    ClassName,
    ModuleName,
    alias_name,
    class_names,
    module_names,
    package_parts,
    snake_case,
)
from avrogen.compiler.python_model import Export
from avrogen.compiler.type_mapping import has_class

__all__ = [
    "ModulePath",
    "PackageLayout",
    "PublicName",
    "layout_package",
    "split_name",
    "strongly_connected",
]


@dataclass(frozen=True, slots=True)
class ModulePath:
    """A private module.

    Attributes:
        package: names of the packages around it, from the generated package inwards.
        module: its own name.
    """

    package: tuple[ModuleName, ...]
    module: ModuleName

    @property
    def path(self) -> str:
        """As symbols have it: ``.com.acme._card``."""
        return "." + ".".join((*self.package, self.module))


@dataclass(frozen=True, slots=True)
class PublicName:
    """What a user imports for a type.

    Attributes:
        package: the package it is offered by.
        name: the class or the type alias.
        codec: the codec beside a type alias.
        home: the private module that defines it.
    """

    package: tuple[ModuleName, ...]
    name: ClassName
    codec: ClassName | None
    home: ModulePath

    def exports(self) -> tuple[Export, ...]:
        """What the public package offers."""
        names = (self.name, self.codec) if self.codec else (self.name,)
        return tuple(Export(name, self.home.path) for name in names)

    @property
    def owner(self) -> ClassName:
        """The name of what carries the schema."""
        return self.codec or self.name

    def symbol(self, name: ClassName, seen_from: ModulePath) -> Symbol:
        """One of the names, as a module imports it: from beside it, or from the public package."""
        if self.home == seen_from or self.home.package == seen_from.package:
            return Symbol(self.home.path, name)
        if self.home.package == self.package:
            return Symbol("." + ".".join(self.package), name)
        return Symbol(self.home.path, name)


@dataclass(frozen=True, slots=True)
class PackageLayout:
    """The plan of a generated package.

    Attributes:
        packages: package path of every namespace, and of those around one.
        types: by full name.
        aliases: what files have at their top beside definitions, with the file's root.
        modules: full names of the types in each private module.
    """

    packages: Mapping[str, tuple[ModuleName, ...]]
    types: Mapping[str, PublicName]
    aliases: tuple[tuple[Root, PublicName], ...]
    modules: Mapping[ModulePath, list[str]]

    def publics(self) -> Iterator[PublicName]:
        """Everything that a user can import."""
        yield from self.types.values()
        yield from (public for _, public in self.aliases)

    def subpackages(self, package: tuple[ModuleName, ...]) -> set[str]:
        """Names of the packages directly inside one."""
        return _subpackages(package, self.packages)


def split_name(full_name: str) -> tuple[str, str]:
    """Namespace (may be "") and unqualified name."""
    namespace, _, name = full_name.rpartition(".")
    return namespace, name


@dataclass(frozen=True, slots=True)
class _Names:
    name: ClassName
    codec: ClassName | None = None


def layout_package(parsed: Parsed) -> PackageLayout:
    """Give everything that was parsed its place."""
    namespaces: dict[str, list[str]] = {"": []}
    for full_name in sorted(parsed.types):
        namespaces.setdefault(split_name(full_name)[0], []).append(full_name)
    groups: dict[str, list[tuple[str, ...]]] = {}
    for group in strongly_connected(parsed.types):
        groups.setdefault(split_name(group[0])[0], []).append(group)
    packages = package_parts(namespaces)
    roots = [root for root in parsed.roots if not _is_definition(root, parsed)]

    names: dict[str, _Names] = {}
    homes: dict[str, ModulePath] = {}
    aliases: list[tuple[Root, PublicName]] = []
    for namespace, full_names in namespaces.items():
        package = packages[namespace]
        subpackages = _subpackages(package, packages)
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
        full_name: PublicName(packages[split_name(full_name)[0]], n.name, n.codec, homes[full_name])
        for full_name, n in names.items()
    }
    modules: dict[ModulePath, list[str]] = {}
    for full_name, home in homes.items():
        modules.setdefault(home, []).append(full_name)
    return PackageLayout(packages, types, tuple(aliases), modules)


def _subpackages(
    package: tuple[ModuleName, ...], packages: Mapping[str, tuple[ModuleName, ...]]
) -> set[str]:
    found: set[str] = {path[-1] for path in packages.values() if path and path[:-1] == package}
    # Reserved even where there are no topics yet: names should stay when they come.
    return found if package else found | {TOPICS_PACKAGE}


def _type_names(
    full_names: Iterable[str], types: Mapping[str, model.NamedType], taken: set[str]
) -> dict[str, _Names]:
    """Names for the types of one namespace, which are added to those taken."""
    full_names = list(full_names)
    classes = class_names([split_name(name)[1] for name in full_names], taken=taken)
    taken.update(classes.values())
    names: dict[str, _Names] = {}
    for full_name in full_names:
        name = classes[split_name(full_name)[1]]
        codec = None if has_class(types[full_name]) else _codec_name(name, taken)
        names[full_name] = _Names(name, codec)
    return names


def _root_names(roots: Iterable[Root], taken: set[str]) -> list[_Names]:
    """Names for what files have at their top, after the files."""
    names: list[_Names] = []
    for root in roots:
        name = _first_free(alias_name(PurePosixPath(root.source.name).stem), taken)
        names.append(_Names(name, _codec_name(name, taken)))
    return names


def _codec_name(name: ClassName, taken: set[str]) -> ClassName:
    return _first_free(snake_case(name), taken)


def _first_free(name: str, taken: set[str]) -> ClassName:
    free = class_names([name], taken=taken)[name]
    taken.add(free)
    return free


def _is_definition(root: Root, parsed: Parsed) -> bool:
    """Whether a file holds the definition of one named type and nothing else."""
    if not isinstance(root.type, model.Reference):
        return False
    origin = parsed.types[root.type.name].origin
    return origin is not None and origin.source == root.source and not origin.pointer


def strongly_connected(types: Mapping[str, model.NamedType]) -> list[tuple[str, ...]]:
    """The types in groups that need each other, sorted; most groups are one type.

    Kosaraju's algorithm: walk all edges and note when each type is finished; then walk the edges
    backwards from the type finished last, and what is reached is its group.
    """
    edges = {name: sorted(mentions(named)) for name, named in types.items()}
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
    """What can be reached and was not seen before, each after all that it leads to.

    The stack is a list of ours: chains of types may be longer than Python's.
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
