"""Avro schemas as the registry takes them: parsed with what they refer to, and in one spelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.diagnostics import Severity
from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source
from avrogen.testing.registry.java_text import java_text
from avrogen.testing.registry.refusals import invalid_schema
from avrogen.testing.registry.store import AVRO, Content, Reference, Store

__all__ = ["AvroSchema", "read_avro"]


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """A schema that was understood.

    Attributes:
        content: what is stored.
        type: what stands at its top.
        types: the named types that it leads to, references followed.
    """

    content: Content
    type: model.AvroType
    types: Mapping[str, model.NamedType]

    @property
    def resolved_text(self) -> str:
        """Its text with everything that it refers to in it."""
        return java_text(self.type, self.types)


def read_avro(
    text: str, references: Iterable[Reference], store: Store, *, normalize: bool = False
) -> AvroSchema:
    """Understand the text of a schema.

    Args:
        text: as a client sent it.
        references: what it refers to.
        store: where that is looked for.
        normalize: whether to store it as ``normalize=true`` does.

    Raises:
        Refused: it is no schema (422, 42201).
    """
    references = tuple(references)
    if normalize:
        references = tuple(sorted(set(references), key=lambda r: (r.name, r.subject, r.version)))
    own = Source("<schema>", text, "<schema>")
    others = list(_sources(references, store, set()))
    parsed = parse_sources([*others, own])
    errors = [str(d) for d in parsed.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise invalid_schema(
            f"Invalid schema of type {AVRO} with {len(references)} references, details: "
            + "; ".join(errors)
        )
    roots = {root.source: root.type for root in parsed.roots}
    known = [type_.name for s in others if isinstance(type_ := roots[s], model.Reference)]
    printed = java_text(roots[own], parsed.types, known, normalize=normalize)
    return AvroSchema(Content(printed, AVRO, references), roots[own], parsed.types)


def _sources(
    references: Iterable[Reference], store: Store, seen: set[tuple[str, int]]
) -> Iterator[Source]:
    """The texts of references, and of what those refer to, each once."""
    for reference in references:
        version = store.find(reference.subject, reference.version, deleted=True)
        if version is None:
            raise invalid_schema(
                f'No schema reference found for subject "{reference.subject}" and version '
                f"{reference.version}"
            )
        if (key := (version.subject, version.number)) not in seen:
            seen.add(key)
            yield from _sources(version.content.references, store, seen)
            place = f"{version.subject} version {version.number}"
            yield Source(place, version.content.text, place)
