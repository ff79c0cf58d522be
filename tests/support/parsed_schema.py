"""One schema, read by avrogen's parser."""

from __future__ import annotations

from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source

__all__ = ["parse_schema"]


def parse_schema(text: str, path: str = "<schema>") -> Parsed:
    """Read a schema that refers to no other file.

    Args:
        text: JSON.
        path: its path in diagnostics.
    """
    return parse_sources([Source(path, text, path)])
