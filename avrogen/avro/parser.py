"""Schema files to the model (Avro 1.12, "Schema Declaration").

All files of a run are read together: what they define is collected first, then every file is taken
apart, and last come the checks that need all types at hand. Nothing is thrown; every problem is
reported, and what could be understood is kept, so that one mistake is not reported as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avrogen.avro.checks import check_types
from avrogen.avro.declarations import declared_names
from avrogen.avro.diagnostics import Diagnostic, Diagnostics
from avrogen.avro.json_text import UNREADABLE, read_json
from avrogen.avro.model import AvroType, Json, NamedType
from avrogen.avro.source import Origin, Source
from avrogen.avro.structure import BROKEN, Structure

__all__ = ["Parsed", "Root", "parse_schema", "parse_sources"]


@dataclass(frozen=True, slots=True)
class Root:
    """What a file has at its top."""

    source: Source
    type: AvroType


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read in a run.

    Attributes:
        types: every named type by full name, in the order of names.
        roots: what each file has at its top, in the order of files.
        diagnostics: every problem found, in the order of places. If errors are among them, types
            and roots are what is left.
    """

    types: Mapping[str, NamedType]
    roots: tuple[Root, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse_sources(sources: Iterable[Source]) -> Parsed:
    """Read schema files that may refer to each other; the order of files does not matter."""
    diagnostics = Diagnostics()
    documents: list[tuple[Source, Json]] = []
    for source in sorted(sources, key=lambda source: (source.name, source.path)):
        document = read_json(source, diagnostics)
        if document is not UNREADABLE:
            documents.append((source, document))
    declared: dict[str, Source] = {}
    for source, document in documents:
        for name in declared_names(document):
            declared.setdefault(name, source)
    structure = Structure(declared, diagnostics)
    roots: list[Root] = []
    for source, document in documents:
        type_ = structure.root(document, Origin(source))
        if type_ is not BROKEN:
            roots.append(Root(source, type_))
    types = dict(sorted(structure.types.items()))
    check_types(types, diagnostics)
    return Parsed(types, tuple(roots), tuple(diagnostics))


def parse_schema(text: str, path: str = "<schema>") -> Parsed:
    """Read a single schema that refers to nothing outside itself.

    Args:
        text: JSON.
        path: what diagnostics call it.
    """
    return parse_sources([Source(path, text, path)])
