"""The schemas and the configuration of a run, before anything is asked of a registry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro import model
from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema
from avrogen.compiler.checks import check_topics
from avrogen.compiler.discovery import read_sources
from avrogen.config.config import Config, read_config
from avrogen.errors import SchemaError

__all__ = ["Local", "read_local"]


@dataclass(frozen=True, slots=True)
class Local:
    """What is in the schema files.

    Attributes:
        types: every named type by full name.
        roots: what each file has at its top, by its path below the schema folder.
        config: the configuration.
    """

    types: Mapping[str, model.NamedType]
    roots: Mapping[str, model.AvroType]
    config: Config

    def schema(self, type_: model.AvroType) -> Schema:
        """A type as a schema that stands for itself, as generated code carries it."""
        tree = self_contained_json(type_, self.types)
        return Schema.parse(json.dumps(tree, ensure_ascii=False))


def read_local(paths: Sequence[Path]) -> Local:
    """Read schema files and the configuration that belongs to them.

    Args:
        paths: existing files and folders.

    Raises:
        SchemaError: there are mistakes in them.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    config = read_config(paths, diagnostics)
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    check_topics(config, parsed.types, diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(d for d in diagnostics if d.severity is Severity.ERROR)
    roots = {root.source.name: root.type for root in parsed.roots}
    return Local(parsed.types, roots, config)
