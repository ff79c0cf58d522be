"""All schemas of a folder as they are, or were, at one time.

The schemas that are checked, with their configuration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity, one_line
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from avrogen.compiler.checks import check_topics
from avrogen.compiler.discovery import read_sources
from avrogen.config.config import Config, TopicConfig, read_config

__all__ = ["BaselineError", "NewSchemas", "NoBaseline", "Snapshot", "read_new_schemas", "snapshot"]


class BaselineError(Exception):
    """What schemas are to be compared with is not there, or cannot be read.

    Attributes:
        message: what is in the way.
        hint: what to do about it, where that is known.
        diagnostics: what is wrong with the schemas that are there.
    """

    def __init__(
        self, message: str, hint: str | None = None, diagnostics: Iterable[Diagnostic] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        message = one_line(self.message)
        return f"{message}\n  hint: {one_line(self.hint)}" if self.hint else message


class NoBaseline(BaselineError):
    """Where the schemas should be there are none, or none that are valid: nothing can break."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Schemas that belong together.

    Attributes:
        name: what reports call it.
        parsed: the schemas, without errors.
        topics: what the configuration says of topics.
    """

    name: str
    parsed: Parsed
    topics: tuple[TopicConfig, ...] = ()


def snapshot(name: str, sources: list[Source], topics: tuple[TopicConfig, ...] = ()) -> Snapshot:
    """The schemas that there are at a place.

    Raises:
        NothingThere: there are none, or something is wrong with them.
    """
    if not sources:
        raise NoBaseline(f"There are no schemas in {name}.")
    parsed = parse_sources(sources)
    errors = [d for d in parsed.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise NoBaseline(
            f"The schemas in {name} cannot be compared with, as they are no valid schemas.",
            "compare with a version that builds",
            errors,
        )
    return Snapshot(name, parsed, topics)


@dataclass(frozen=True, slots=True)
class NewSchemas:
    """What there is now.

    Attributes:
        parsed: the schemas, as far as they could be read.
        config: the configuration, likewise.
        is_valid: whether the schemas have no errors.
        errors: what is wrong with either. Warnings are left to ``avrogen build``.
    """

    parsed: Parsed
    config: Config
    is_valid: bool
    errors: tuple[Diagnostic, ...]

    def without_missing(self, types: Collection[str]) -> tuple[Diagnostic, ...]:
        """The errors, but for topics that carry one of these types, which there are no more."""
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
    """Read schemas and configuration.

    Args:
        paths: existing files and folders.

    Raises:
        WhereError: there are no schemas.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    if not sources and not diagnostics:
        raise BaselineError(f"There are no .avsc files in {' '.join(map(str, paths))}.")
    config = read_config(paths, diagnostics)
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    is_valid = not diagnostics.has_errors
    if is_valid:
        check_topics(config, parsed.types, diagnostics)
    errors = tuple(d for d in diagnostics if d.severity is Severity.ERROR)
    return NewSchemas(parsed, config, is_valid, errors)
