"""The configuration of a run: that of one file, or of several schema folders together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location, Pointer
from avrogen.avro.type_overrides import TypeOverrides
from avrogen.config.config import (
    Config,
    NamesSection,
    TopicConfig,
    TopicLocations,
    parse_config,
)
from avrogen.config.config_files import FILE_NAME, config_files
from avrogen.config.custom_types import CustomTypes
from avrogen.config.lint_section import AcceptedCode, LintSection
from avrogen.config.toml_reader import TomlPositions
from avrogen.config.type_tables import DefinitionNames
from avrogen.regular_files import read_file

__all__ = ["joined_config", "read_config"]

K = TypeVar("K")
V = TypeVar("V")


def read_config(
    schema_paths: Iterable[Path], diagnostics: Diagnostics, *, is_one_package: bool = True
) -> Config:
    """Read the configuration of a run; see :mod:`avrogen.config.config_files` for its files.

    Without a file, it is the defaults. Topics apply to whole folders: a run over single files has
    none.

    Args:
        schema_paths: files and folders of the command line.
        diagnostics: receives every mistake in the files.
        is_one_package: one package is generated, or one registry asked, so that settings of
            several files must agree; otherwise those of the first count.
    """
    paths = list(schema_paths)
    files = config_files(paths)
    read = [(file.as_posix(), _read(file, diagnostics)) for file in files]
    config = joined_config(read, diagnostics, is_one_package=is_one_package)
    if any(path.is_dir() for path in paths):
        return config
    return replace(config, topics=(), is_whole=False)


def _read(file: Path, diagnostics: Diagnostics) -> Config:
    path = file.as_posix()
    try:
        data = read_file(file)
    except OSError as error:
        diagnostics.report(
            Code.UNREADABLE_FILE, Location(path), f"cannot be read: {error.strerror or error}"
        )
        return Config()
    return parse_config(path, data, diagnostics)


def joined_config(
    configs: Sequence[tuple[str, Config]], diagnostics: Diagnostics, *, is_one_package: bool
) -> Config:
    """Return the configuration of several files together.

    Topics and tables by name are those of all files. A setting is for the whole run; accepted
    findings are for the folder of their file.

    Args:
        configs: paths and contents of the files.
        diagnostics: receives what contradicts each other.
        is_one_package: see :func:`read_config`.
    """
    if len(configs) < 2:
        return configs[0][1] if configs else Config()
    joining = _Joining(configs, diagnostics, is_one_package)
    each = [config for _, config in configs]
    return Config(
        strict=any(config.strict for config in each),
        topics=joining.topics(),
        registry=joining.setting("registry", lambda config: config.registry),
        times=joining.setting("times", lambda config: config.times),
        definitions=DefinitionNames(
            joining.table(("definitions",), lambda config: config.definitions.templates),
            joining.table(("definitions",), lambda config: config.definitions.files),
        ),
        names=joining.names(),
        packages=tuple(
            {(p.name, p.patterns): p for config in reversed(each) for p in config.packages}.values()
        ),
        types=CustomTypes(
            TypeOverrides(joining.table(("types",), lambda config: config.types.overrides.entries)),
            _union(config.types.locations for config in each),
        ),
        defaults=joining.setting("defaults", lambda config: config.defaults),
        lint=joining.lint(),
        catalogue=joining.setting("catalogue", lambda config: config.catalogue),
        is_one_package=is_one_package,
    )


class _Joining:
    """Parts of several configurations together."""

    def __init__(
        self,
        configs: Sequence[tuple[str, Config]],
        diagnostics: Diagnostics,
        is_one_package: bool,
    ) -> None:
        self._configs = configs
        self._diagnostics = diagnostics
        self._is_one_package = is_one_package

    def topics(self) -> tuple[TopicConfig, ...]:
        topics: dict[str, TopicConfig] = {}
        for _, config in self._configs:
            for topic in config.topics:
                first = topics.setdefault(topic.topic, topic)
                if replace(topic, locations=first.locations) != first:
                    self._diagnostics.report(
                        Code.SEVERAL_CONFIGS,
                        topic.locations.key(),
                        f'topic "{topic.topic}" is different in {first.locations.key()}',
                        hint="keep one of the two tables, or make them equal",
                    )
        return tuple(topics.values())

    def setting(self, name: str, of: Callable[[Config], V]) -> V:
        """Return the setting of the first file that has it; report another that differs."""
        default = of(Config())
        first: tuple[str, V] | None = None
        for path, config in self._configs:
            value = of(config)
            if value == default:
                continue
            if first is None:
                first = path, value
            elif value != first[1] and self._is_one_package:
                self._report_difference(path, (name,), first[0])
        return default if first is None else first[1]

    def table(self, at: Pointer, of: Callable[[Config], Mapping[K, V]]) -> dict[K, V]:
        """Return the entries of all files; report one that differs."""
        entries: dict[K, V] = {}
        paths: dict[K, str] = {}
        for path, config in self._configs:
            for key, value in of(config).items():
                if entries.setdefault(key, value) != value:
                    self._report_difference(path, (*at, str(key)), paths[key])
                paths.setdefault(key, path)
        return entries

    def names(self) -> NamesSection:
        sections = [config.names for _, config in self._configs]
        return NamesSection(
            any(section.lenient for section in sections),
            self.setting("names", lambda config: config.names.field_style),
            self.table(("names", "namespaces"), lambda config: config.names.namespaces),
            self.table(("names", "types"), lambda config: config.names.types),
            self.table(("names", "fields"), lambda config: config.names.fields),
            self.table(("names", "symbols"), lambda config: config.names.symbols),
            _first_that_has([section.locations for section in sections]),
        )

    def lint(self) -> LintSection:
        sections = [config.lint for _, config in self._configs]
        categories = dict.fromkeys(name for section in sections for name in section.categories)
        accepted = [
            _in_folder(found, path)
            for path, config in self._configs
            for found in config.lint.accepted
        ]
        return LintSection(tuple(categories), tuple(accepted))

    def _report_difference(self, path: str, at: Pointer, first: str) -> None:
        self._diagnostics.report(
            Code.SEVERAL_CONFIGS,
            _positions(path).key(at),
            f'"{".".join(map(str, at))}" is different in {_positions(first).key(at)}',
            hint="one package has one of it: make them equal, or run the folders one by one",
        )


def _positions(path: str) -> TomlPositions:
    try:
        return TomlPositions(path, read_file(Path(path)).decode("utf-8"))
    except (OSError, ValueError):  # a file of a commit
        return TomlPositions(path, "")


def _in_folder(accepted: AcceptedCode, path: str) -> AcceptedCode:
    folder = path.removesuffix(FILE_NAME)
    return replace(accepted, below="" if ".." in folder.split("/") else folder)


def _union(tables: Iterable[Mapping[K, V]]) -> dict[K, V]:
    return {key: value for table in tables for key, value in table.items()}


class _Joined(TomlPositions):
    """Positions in several files: an entry is in the first that has it."""

    def __init__(self, positions: Sequence[TopicLocations]) -> None:
        super().__init__("", "")
        self._files = positions

    def key(self, pointer: Pointer) -> Location:
        """Return the position of a key."""
        return self._file(pointer).key(*pointer)

    def value(self, pointer: Pointer) -> Location:
        """Return the position of a value."""
        return self._file(pointer).value(*pointer)

    def _file(self, pointer: Pointer) -> TopicLocations:
        have = (file for file in self._files if file.positions.has((*file.pointer, *pointer)))
        return next(have, self._files[0])


def _first_that_has(locations: Sequence[TopicLocations]) -> TopicLocations:
    return TopicLocations(_Joined(locations), ())
