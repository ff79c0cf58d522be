"""Python blocks of pages as modules, for type checkers.

Each block becomes a module of its own, so a page may define a name again, as ``handle`` or
``orders`` often are. A module imports the names that it uses and does not define from the last
earlier block that defines them, which lists them in ``__all__``; so a block that defines a name
again cannot use its former value. A block with a title is a file of the reader: it has no names of
other blocks, and later ones import it by its name.

The code is on the lines that it has on the page. The line of the fence, which is free, holds the
imports and ``__all__``. For instance, the block at line 43 of ``docs/kafka.md`` becomes
``pages/docs_kafka/line_43.py``, and line 50 of that file is line 50 of the page.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.conftest import ROOT, run_avrogen
from tests.docs.pages import Block, blocks, name, starts_empty
from tests.docs.shell import commands_of

__all__ = ["PACKAGE", "write_modules"]

PACKAGE = "pages"
"""The package of all pages."""


@dataclass(slots=True)
class _Module:
    """A module made of one block.

    Attributes:
        block: the block.
        path: dotted path.
        imports: statements for names of earlier blocks.
        exports: names that later blocks use.
    """

    block: Block
    path: str
    imports: list[str] = field(default_factory=list[str])
    exports: set[str] = field(default_factory=set[str])

    def text(self, own: Mapping[str, str]) -> str:
        """Return its source.

        Args:
            own: dotted paths of modules and packages that the reader made, by name.
        """
        exports = [f"__all__ = {sorted(self.exports)}"] if self.exports else []
        fence = "; ".join([*self.imports, *exports])
        code = _imported_by_path(self.block.code, own)
        return "\n" * (self.block.line - 1) + f"{fence}\n{code}"


def write_modules(
    pages: Iterable[Path], folder: Path, scene: Mapping[str, str]
) -> dict[Path, Block]:
    """Write the modules of pages.

    Blocks with a reason not to run are left out.

    Args:
        pages: Markdown files.
        folder: the folder that gets the package ``pages``.
        scene: dotted paths of modules by the names they provide to every page.

    Returns:
        The block of each module.
    """
    written: dict[Path, Block] = {}
    for page in pages:
        found = [b for b in blocks(page) if b.language == "python" and not b.reason]
        if not found:
            continue
        package = re.sub(r"\W", "_", PurePosixPath(name(page)).with_suffix("").as_posix())
        home = folder / PACKAGE / package
        home.mkdir(parents=True)
        modules = [_Module(block, f"{PACKAGE}.{package}.line_{block.line}") for block in found]
        _share_names(modules, scene)
        own = {each: f"{PACKAGE}.{package}.{each}" for each in _build_packages(page, home)}
        for module in modules:
            file = home / f"line_{module.block.line}.py"
            file.write_text(module.text(own), "utf-8")
            written[file] = module.block
            if module.block.title:
                own[PurePosixPath(module.block.title).stem] = module.path
    return written


def _share_names(modules: list[_Module], scene: Mapping[str, str]) -> None:
    """Let modules import the names of earlier ones."""
    defined_by: dict[str, _Module] = {}
    for module in modules:
        if module.block.title:
            continue
        defined, used = _names(module.block)
        for each in sorted(used - defined):
            if each in defined_by:
                module.imports.append(f"from {defined_by[each].path} import {each}")
                defined_by[each].exports.add(each)
            elif each in scene:
                module.imports.append(f"from {scene[each]} import {each}")
        defined_by |= dict.fromkeys(defined, module)


def _names(block: Block) -> tuple[set[str], set[str]]:
    """Return the global names that a block defines, and those that it uses."""
    table = symtable.symtable(block.code, block.place, "exec")
    symbols = table.get_symbols()
    defined = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
    return defined, set(_used(table))


def _used(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        is_global = table.get_type() == "module" or symbol.is_global()
        if symbol.is_referenced() and is_global:
            yield symbol.get_name()
    for child in table.get_children():
        yield from _used(child)


# --- what the reader makes ------------------------------------------------------------------------


def _build_packages(page: Path, home: Path) -> list[str]:
    """Build the packages of a page that writes schemas, as they are at its end.

    Args:
        page: the Markdown file.
        home: the folder for the page's modules and packages.

    Returns:
        The names of the packages.
    """
    found = blocks(page)
    if not any(block.title.endswith(".avsc") for block in found):
        return []
    if not starts_empty(page):
        shutil.copytree(ROOT / "schemas", home / "schemas")
    with contextlib.chdir(home):
        for block in found:
            if block.title and block.language != "python":
                file = Path(block.title)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.code, "utf-8")
            if block.language == "console" and not block.reason:
                for command, _ in commands_of(block.code):
                    if command.startswith("avrogen build "):
                        run_avrogen(*shlex.split(command)[1:])
    return [file.parent.name for file in home.glob("*/__init__.py")]


def _imported_by_path(code: str, own: Mapping[str, str]) -> str:
    """Replace names of the reader's own modules by dotted paths where they are imported."""
    for each, path in own.items():
        code = re.sub(rf"^( *from ){each}(?=[. ])", rf"\g<1>{path}", code, flags=re.MULTILINE)
        code = re.sub(rf"^( *import ){each}$", rf"\g<1>{path} as {each}", code, flags=re.MULTILINE)
    return code
