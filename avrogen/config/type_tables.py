"""Tables of named types: own names of definitions, and types of other packages.

[definitions]   a class for each definition of one full name
[packages]      installed packages of generated code, and the types to import from them
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from avrogen.avro.diagnostics import Code
from avrogen.avro.names import is_full_name
from avrogen.avro.source import Location, Pointer
from avrogen.config.toml_reader import TableReader, Toml

__all__ = [
    "DefinitionNames",
    "PackageConfig",
    "class_prefix",
    "read_definitions",
    "read_packages",
]


def class_prefix(text: str) -> str:
    """Return the class-name form of a text: ``ShopOrdersV1`` for ``shop.orders.v1``."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words) or "Schema"
    return name if name[0].isalpha() else f"Schema{name}"


# --- own names ------------------------------------------------------------------------------------

_PLACEHOLDERS: Final = ("{file}", "{path}")
_EXAMPLE: Final = (
    'for example: "io.confluent.connect.avro.ConnectDefault" = "connect.{file}": '
    "the definition in topic_a.avsc is connect.TopicA"
)


def _no_templates() -> Mapping[str, str]:
    return {}


def _no_files() -> Mapping[str, Mapping[str, str]]:
    return {}


@dataclass(frozen=True, slots=True)
class DefinitionNames:
    """Own names of definitions in the package, by the files that contain them.

    Attributes:
        templates: names with a placeholder for the file, by full name.
        files: names by the path of the file below the schema folder, by full name.
    """

    templates: Mapping[str, str] = field(default_factory=_no_templates)
    files: Mapping[str, Mapping[str, str]] = field(default_factory=_no_files)

    def __call__(self, file: str, full_name: str) -> str | None:
        """Return the own name of a definition; None: it has its full name.

        Args:
            file: path of its file below the schema folder.
            full_name: full name in the schema.
        """
        template = self.templates.get(full_name)
        if template is not None:
            return _filled(template, PurePosixPath(file))
        return self.files.get(full_name, {}).get(file)

    @property
    def full_names(self) -> frozenset[str]:
        """The full names whose definitions have own names."""
        return frozenset((*self.templates, *self.files))


def _filled(template: str, file: PurePosixPath) -> str:
    path = file.with_suffix("").as_posix()
    return template.replace("{file}", class_prefix(file.stem)).replace("{path}", class_prefix(path))


def read_definitions(value: Toml, at: Pointer, reader: TableReader) -> DefinitionNames:
    """Read the table ``[definitions]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
    """
    templates: dict[str, str] = {}
    files: dict[str, dict[str, str]] = {}
    for full_name, names in reader.table(value, at, None).items():
        here = (*at, full_name)
        match names:
            case str():
                if _is_template(names, here, reader):
                    templates[full_name] = names
            case dict():
                own = {
                    file: name
                    for file, name in names.items()
                    if isinstance(name, str) and _is_own_name(name, name, (*here, file), reader)
                }
                wrong = [file for file, name in names.items() if not isinstance(name, str)]
                for file in wrong:
                    reader.wrong_value((*here, file), "a name such as shop.OrderKey", names[file])
                files[full_name] = own
            case _:
                reader.wrong_value(here, "a name with {file}, or a table of names by file", names)
    return DefinitionNames(templates, files)


def _is_template(text: str, at: Pointer, reader: TableReader) -> bool:
    if not any(placeholder in text for placeholder in _PLACEHOLDERS):
        reader.diagnostics.report(
            Code.OWN_NAME,
            reader.positions.value(at),
            f'"{text}" would be the name of every definition of {at[-1]}',
            f"add {{file}} or {{path}}; {_EXAMPLE}",
        )
        return False
    return _is_own_name(text, _filled(text, PurePosixPath("x.avsc")), at, reader)


def _is_own_name(text: str, name: str, at: Pointer, reader: TableReader) -> bool:
    if is_full_name(name):
        return True
    reader.diagnostics.report(
        Code.OWN_NAME, reader.positions.value(at), f'"{text}" is not a full name', _EXAMPLE
    )
    return False


# --- other packages -------------------------------------------------------------------------------

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_PATTERN = re.compile(r"\*|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\.\*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PackageConfig:
    """An installed package of generated code, and the types that come from it.

    Attributes:
        name: import path of the package.
        patterns: full names of types; ``com.acme.common.*`` is a namespace with those inside it.
        location: place in the configuration.
    """

    name: str
    patterns: tuple[str, ...]
    location: Location

    def provides(self, full_name: str) -> bool:
        """Tell if a type comes from the package, provided that the package has it."""
        return any(fnmatchcase(full_name, pattern) for pattern in self.patterns)


def read_packages(value: Toml, at: Pointer, reader: TableReader) -> tuple[PackageConfig, ...]:
    """Read the table ``[packages]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
    """
    found: list[PackageConfig] = []
    for name, types in reader.table(value, at, None).items():
        here = (*at, name)
        listed = types if isinstance(types, list) else [types]
        patterns = [p for p in listed if isinstance(p, str) and _PATTERN.fullmatch(p)]
        if not _IMPORT_PATH.fullmatch(name) or any(map(keyword.iskeyword, name.split("."))):
            reader.diagnostics.report(
                Code.PACKAGE_TYPES,
                reader.positions.key(here),
                f'"{name}" is not the import path of a package',
                'write it as in an import statement: "acme_common.events"',
            )
        elif not patterns or len(patterns) < len(listed):
            expected = 'a list of full names or namespaces, such as ["com.acme.common.*"]'
            reader.wrong_value(here, expected, types)
        else:
            found.append(PackageConfig(name, tuple(patterns), reader.positions.key(here)))
    return tuple(found)
