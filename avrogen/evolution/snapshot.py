"""Snapshots: all schemas of a folder, commit or package at one time, with their topics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Source
from avrogen.compiler.checks import check_definitions, check_topics
from avrogen.compiler.discovery import no_schema_files, parse_schemas, read_sources
from avrogen.config.config import Config, TopicConfig
from avrogen.config.run_config import read_config
from avrogen.message_text import printable

__all__ = ["BaselineError", "NewSchemas", "NoBaseline", "Snapshot", "read_new_schemas", "snapshot"]


class BaselineError(Exception):
    """A baseline, or the schemas to compare with it, cannot be read.

    Attributes:
        message: the problem.
        hint: its fix, if known.
        diagnostics: errors in the schemas of the baseline.
    """

    def __init__(
        self, message: str, hint: str | None = None, diagnostics: Iterable[Diagnostic] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        message = printable(self.message)
        return f"{message}\n  hint: {printable(self.hint)}" if self.hint else message


class NoBaseline(BaselineError):
    """The baseline has no schemas, or no valid ones: no change can be a breaking change."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The schemas of one place at one time.

    Attributes:
        name: name in reports.
        parsed: the schemas, without errors.
        topics: topics of the configuration.
    """

    name: str
    parsed: Parsed
    topics: tuple[TopicConfig, ...] = ()

    @property
    def tolerated(self) -> tuple[Diagnostic, ...]:
        """Violations of the specification that were tolerated in it."""
        return tuple(d for d in self.parsed.diagnostics if d.tolerated is not None)


def snapshot(name: str, sources: list[Source], config: Config) -> Snapshot:
    """Parse sources into a snapshot.

    Args:
        name: name in reports.
        sources: the schemas.
        config: configuration of that time, or of another time if that is unknown.

    Raises:
        NoBaseline: there are no sources, or they have errors.
    """
    if not sources:
        raise NoBaseline(f"no schemas in {name}")
    parsed = parse_schemas(sources, config, Diagnostics(), tolerant=True)
    errors = [d for d in parsed.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise NoBaseline(
            f"the schemas in {name} are invalid and cannot be a baseline",
            "compare with a version that builds",
            errors,
        )
    return Snapshot(name, parsed, config.topics)


@dataclass(frozen=True, slots=True)
class NewSchemas:
    """The schemas under check.

    Attributes:
        parsed: the schemas; incomplete if they have errors.
        config: the configuration; likewise.
        is_valid: True if the schemas have no errors.
        errors: errors in both. Warnings are reported by ``avrogen build``.
        noticed: warnings about configuration that is not read.
    """

    parsed: Parsed
    config: Config
    is_valid: bool
    errors: tuple[Diagnostic, ...]
    noticed: tuple[Diagnostic, ...] = ()

    def without_missing(self, types: Collection[str]) -> tuple[Diagnostic, ...]:
        """Return the errors without those of topics that carry one of the given removed types."""
        missing = {
            topic.locations.value("value", index)
            for topic in self.config.topics
            for index, name in enumerate(topic.value)
            if name in types
        } | {topic.locations.value("key") for topic in self.config.topics if topic.key in types}
        return tuple(
            error
            for error in self.errors
            if error.code is not Code.TOPIC_TYPE or error.location not in missing
        )


def read_new_schemas(paths: Sequence[Path]) -> NewSchemas:
    """Read the schemas under check and their configuration.

    Args:
        paths: existing files and folders.

    Raises:
        BaselineError: there are no schemas.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    if not sources and not diagnostics:
        raise BaselineError(no_schema_files(paths))
    config = read_config(paths, diagnostics, is_one_package=False)
    parsed = parse_schemas(sources, config, diagnostics)
    check_definitions(parsed.types, diagnostics)
    is_valid = not diagnostics.has_errors
    if is_valid:
        check_topics(config, parsed.types, diagnostics)
    errors = tuple(d for d in diagnostics if d.severity is Severity.ERROR)
    noticed = tuple(d for d in diagnostics if d.code is Code.CONFIG_BELOW)
    return NewSchemas(parsed, config, is_valid, errors, noticed)
