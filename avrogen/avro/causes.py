"""The causes of incompatibilities: what would have to change for them to go.

That a union lacks a branch for a type is what Avro Java says, too, where the branch is there and
cannot read the type. The cause is then inside the branch, which may be used in many places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.compatibility import Comparison
from avrogen.avro.counterparts import counterpart
from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType
from avrogen.avro.places import Found, Pair
from avrogen.avro.resolution import Types
from avrogen.avro.source import Pointer

__all__ = ["Cause", "CauseKey", "causes"]

CauseKey: TypeAlias = tuple[IncompatibilityType, str, str, Pointer, str, Pointer]


class Cause(NamedTuple):
    """What is in the way, where it is defined.

    Attributes:
        found: the incompatibility, and the parts of both schemas that it is about.
        reported: what Avro Java and Confluent's registry say of it about the schemas as a whole.
    """

    found: Found
    reported: Incompatibility

    @property
    def key(self) -> CauseKey:
        """What is equal for equal causes, whatever the schemas are that they were found in."""
        incompatibility, reader, writer = self.found
        return (
            incompatibility.type,
            incompatibility.message,
            reader.owner,
            reader.pointer,
            writer.owner,
            writer.pointer,
        )


def causes(
    comparison: Comparison,
    found: Sequence[Found],
    reader_types: Types,
    renames: Mapping[str, str] | None = None,
) -> Iterator[Cause]:
    """Every cause once, for what a comparison has found: at least one, if it found anything.

    Args:
        comparison: the comparison.
        found: what came of it.
        reader_types: the named types of the reader.
        renames: names of the writer's types that the reader's have by other names.
    """
    seen: set[CauseKey] = set()
    waiting = [Cause(one, one.incompatibility) for one in reversed(found)]
    while waiting:
        cause = waiting.pop()
        if cause.key in seen:
            continue
        seen.add(cause.key)
        inner = _inside(comparison, cause.found, reader_types, renames)
        if inner:
            waiting.extend(Cause(one, cause.reported) for one in reversed(inner))
        else:
            yield cause


def _inside(
    comparison: Comparison,
    found: Found,
    reader_types: Types,
    renames: Mapping[str, str] | None,
) -> Sequence[Found]:
    """What keeps the branch that is meant from reading the type."""
    union, writer = found.reader.type, found.writer.type
    if found.incompatibility.type is not IncompatibilityType.MISSING_UNION_BRANCH:
        return ()
    assert isinstance(union, model.Union), "it is unions that lack branches"
    index = counterpart(union, writer, reader_types, renames)
    if index is None:
        return ()
    # The two were compared before the union was said to lack a branch.
    return comparison.run(Pair(union.branches[index], writer))
