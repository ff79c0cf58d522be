"""The schemas that are checked, with their configuration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.compiler.checks import check_topics
from avrogen.compiler.discovery import read_sources
from avrogen.config.config import Config, read_config
from avrogen.evolution.snapshots import WhereError

__all__ = ["NewSchemas", "read_new_schemas"]


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
            topic.place.value("value", index)
            for topic in self.config.topics
            for index, name in enumerate(topic.value)
            if name in types
        } | {topic.place.value("key") for topic in self.config.topics if topic.key in types}
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
        raise WhereError(f"There are no .avsc files in {' '.join(map(str, paths))}.")
    config = read_config(paths, diagnostics)
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    is_valid = not diagnostics.has_errors
    if is_valid:
        check_topics(config, parsed.types, diagnostics)
    errors = tuple(d for d in diagnostics if d.severity is Severity.ERROR)
    return NewSchemas(parsed, config, is_valid, errors)
