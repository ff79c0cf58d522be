"""Successors of schemas, with what they are to their predecessors."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.codec.schema import Schema
from avrogen.testing.strategies.drafts import Change, Draft
from avrogen.testing.strategies.field_changes import field_changes
from avrogen.testing.strategies.type_changes import type_changes

__all__ = ["Evolution", "evolved"]


@dataclass(frozen=True, slots=True)
class Evolution:
    """What became of a schema.

    Attributes:
        schema: the successor.
        change: what was changed, in words.
        backward: whether the successor reads all data of its predecessor.
        forward: whether the predecessor reads all data of its successor. Both are as the
            specification and registries have it, for whom bytes are read as a string.
    """

    schema: Schema
    change: str
    backward: bool
    forward: bool


def evolved(schema: Schema, /) -> SearchStrategy[Evolution]:
    """Successors of a schema that differ in one thing, or in none.

    The verdict follows from the change and from the specification's rules ("Schema Resolution"),
    not from a comparison of the two: a registry or a check of one's own can be tested with it.
    Compatible and incompatible successors come about as often, as far as there are both.
    """
    draft = Draft(schema.type, schema.types)
    changes = [
        Change("nothing is changed", True, True, lambda: draft),
        *field_changes(draft),
        *type_changes(draft),
    ]
    verdicts = sorted({(c.backward, c.forward) for c in changes}, reverse=True)
    groups = [[c for c in changes if (c.backward, c.forward) == verdict] for verdict in verdicts]
    return st.one_of([st.sampled_from(group) for group in groups]).map(_done)


def _done(change: Change) -> Evolution:
    return Evolution(change.make().schema(), change.what, change.backward, change.forward)
