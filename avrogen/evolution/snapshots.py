"""All schemas of a folder as they are, or were, at one time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from avrogen.avro.diagnostics import Diagnostic, Severity, one_line
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from avrogen.config.config import Topic

__all__ = ["NothingThere", "Snapshot", "WhereError", "snapshot"]


class WhereError(Exception):
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


class NothingThere(WhereError):
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
    topics: tuple[Topic, ...] = ()


def snapshot(name: str, sources: list[Source], topics: tuple[Topic, ...] = ()) -> Snapshot:
    """The schemas that there are at a place.

    Raises:
        NothingThere: there are none, or something is wrong with them.
    """
    if not sources:
        raise NothingThere(f"There are no schemas in {name}.")
    parsed = parse_sources(sources)
    errors = [d for d in parsed.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise NothingThere(
            f"The schemas in {name} cannot be compared with, as they are no valid schemas.",
            "compare with a version that builds",
            errors,
        )
    return Snapshot(name, parsed, topics)
