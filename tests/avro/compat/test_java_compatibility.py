"""What keeps data from being read is what Avro Java says it is, on random schemas."""

from __future__ import annotations

import itertools
import json

from avrogen.avro.compat.checker import incompatibilities
from avrogen.avro.diagnostics import Severity
from avrogen.avro.parser import Parsed
from tests.avro.compat.random_versions import random_pairs
from tests.services.avro_java import AvroJava
from tests.support.parsed_schema import parse_schema

PAIRS = 6000


def parsed(text: str) -> Parsed | None:
    """A schema, if it is valid."""
    found = parse_schema(text)
    return None if any(d.severity is Severity.ERROR for d in found.diagnostics) else found


def test_types_paths_and_messages_are_java_s(avro_java: AvroJava) -> None:
    texts = [
        (json.dumps(reader), json.dumps(writer))
        for reader, writer in itertools.islice(random_pairs(seed=1), PAIRS)
    ]
    compared = incompatible = 0
    wrong: list[tuple[str, str]] = []
    for (reader, writer), expected in zip(texts, avro_java.compare(texts), strict=True):
        mine, theirs = parsed(reader), parsed(writer)
        # Java throws where a field has the name and the alias of two.
        if mine is None or theirs is None or expected is None:
            continue
        found = [
            (str(one.type), one.path, one.message)
            for one in incompatibilities(
                mine.roots[0].type, mine.types, theirs.roots[0].type, theirs.types
            )
        ]
        compared += 1
        incompatible += bool(found)
        if found != expected:
            wrong.append((reader, writer))
    assert wrong == []
    assert compared > PAIRS / 2
    assert incompatible > PAIRS / 5
