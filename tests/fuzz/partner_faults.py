"""fastavro and Apache avro beside avrogen, where they are right.

They read base types of one schema. A value is compared with theirs, and a refusal with theirs. Each
fault of theirs that is known has a name and a reason here; what is not excused by one is a find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from avrogen import ResolutionError
from avrogen.codec import plan as plans
from tests.fuzz.outcomes import Failure, Find, Outcome, Value
from tests.fuzz.subjects import Subject
from tests.support.schema_meaning import is_list, is_object
from tests.support.strategies import is_same

__all__ = ["MOST_BYTES", "Resolved", "compare_with_partners", "resolution_fault"]


@dataclass(frozen=True)
class Leniency:
    """Bytes that a partner takes although they are no datum.

    Attributes:
        name: what it takes.
        refusal: what avrogen says of such bytes, as a regular expression.
        reason: why avrogen is right.
    """

    name: str
    refusal: str
    reason: str

    def excuses(self, failure: Failure) -> bool:
        """Whether it is why a partner reads what avrogen refuses."""
        return re.search(self.refusal, failure.message) is not None


TRAILING: Final = Leniency(
    "bytes after the datum",
    r"^\d+ trailing bytes? after the value(;|$)",
    "a message is one datum and nothing else",
)
WIDE_INT: Final = Leniency(
    "ints, enum and union indexes of more than 32 bits",
    r"^the number has more than 32 bits$",
    'specification, "Primitive Types": int is 32-bit signed',
)
BOOLEAN: Final = Leniency(
    "booleans of any byte",
    r"^a boolean must be 0 or 1",
    'specification, "Primitive Types": a boolean is a byte whose value is 0 or 1',
)
NEGATIVE_INDEX: Final = Leniency(
    "negative indexes, which count from the end in Python",
    r"^(symbol -\d+ of .*|union branch -\d+) does not exist",
    'specification, "Enums" and "Unions": the position, from zero',
)
NEGATIVE_LENGTH: Final = Leniency(
    "negative lengths", r"^negative length -\d+$", "nothing has fewer bytes than none"
)
BLOCK_SIZE: Final = Leniency(
    "block sizes beyond the end",
    r"^(negative length -\d+|truncated: length prefix \d+, only \d+ bytes left)$",
    "avrogen passes over a wrong size of a block only if it stays within the bytes",
)
WIDE_LONG: Final = Leniency(
    "longs of more than 64 bits, which lose those above",
    r"^the number has more than 64 bits$",
    'specification, "Primitive Types": long is 64-bit signed',
)
LEAST_COUNT: Final = Leniency(
    "a block of -2**63 items, whose opposite does not fit 64 bits",
    r"^truncated: a block of 9223372036854775808 items",
    "so many items are not there",
)

FASTAVRO: Final[Sequence[Leniency]] = (
    TRAILING,
    WIDE_INT,
    BOOLEAN,
    NEGATIVE_INDEX,
    NEGATIVE_LENGTH,
    BLOCK_SIZE,
    WIDE_LONG,
    LEAST_COUNT,
)
APACHE: Final[Sequence[Leniency]] = (TRAILING, WIDE_INT, BOOLEAN, NEGATIVE_INDEX, BLOCK_SIZE)

MOST_BYTES: Final = 4000
"""A partner's stack or patience ends with longer messages of recursive records."""


MOST_TYPES: Final = 40
"""Named types of a schema that Apache avro is asked about."""


def compare_with_partners(subject: Subject, data: bytes, own: Outcome) -> None:
    """Raises :class:`Find` if a partner comes to something else and is not known to be wrong."""
    if len(data) > MOST_BYTES or (isinstance(own, Failure) and _is_dangerous(subject, own)):
        return
    _compare("fastavro", FASTAVRO, lambda: subject.fastavro.read(data), own)
    if _apache_takes(subject):
        _compare("Apache avro", APACHE, lambda: subject.apache.read(data), own)


def _is_dangerous(subject: Subject, failure: Failure) -> bool:
    """Whether reading might not end, or end the process.

    fastavro makes as many items without bytes as a message claims. Neither has a limit for depth,
    but no message here is long enough to reach their ends.
    """
    return subject.has_empty_items or "Limits." in failure.message


def _apache_takes(subject: Subject) -> bool:
    """Whether Apache avro reads a schema, and in time.

    It refuses fixed types of no bytes (the specification does not). It works out the least size of
    an item anew for each block, with all that a type leads to, on every way that leads there.
    """
    return '"size": 0' not in subject.text and len(subject.schema.types) <= MOST_TYPES


def _compare(name: str, known: Sequence[Leniency], read: Callable[[], Any], own: Outcome) -> None:
    try:
        theirs = read()
    except Exception as error:  # whatever it is: their exceptions are many
        if isinstance(own, Value):
            message = (
                f"{own.value!r:.200}, but {name} raises {type(error).__name__}: {error!s:.200}"
            )
            raise Find(message) from error
        return
    match own:
        case Value(value):
            if not is_same(value, theirs):
                raise Find(f"{value!r:.200}, but {name} reads {theirs!r:.200}")
        case Failure():
            if not any(leniency.excuses(own) for leniency in known):
                raise Find(f"{own}, but {name} reads {theirs!r:.200}")


# --- reading what others wrote -------------------------------------------------------------------


@dataclass(frozen=True)
class Resolved:
    """A valid datum that was read as another schema's.

    Attributes:
        reader: the schema that it was read as, as JSON.
        plan: for base types, or why there is none.
        own: what avrogen makes of it, without logical types.
        theirs: what fastavro makes of it, or raises.
    """

    reader: Any
    plan: plans.Plan | ResolutionError
    own: Outcome
    theirs: object


def resolution_fault(resolved: Resolved) -> str | None:
    """The fault of fastavro's that explains that it comes to something else."""
    for name, explains in _RESOLUTION_FAULTS.items():
        if explains(resolved):
            return name
    return None


def _has_defaults(resolved: Resolved) -> bool:
    plan = resolved.plan
    return isinstance(plan, plans.Plan) and any(r.defaults for r in plan.records.values())


def _is_unreadable(resolved: Resolved) -> bool:
    at_the_datum = isinstance(resolved.own, Failure) and bool(resolved.own.incompatibilities)
    return isinstance(resolved.plan, ResolutionError) or at_the_datum


def _is_unknown_type(resolved: Resolved) -> bool:
    return type(resolved.theirs).__name__ == "UnknownType"


def _is_refused_schema(resolved: Resolved) -> bool:
    return type(resolved.theirs).__name__ == "SchemaParseException"


def _has_number_of_32_bits(resolved: Resolved) -> bool:
    return '"float"' in json.dumps(resolved.reader)


def _has_union_of_promotable(resolved: Resolved) -> bool:
    return any(
        len(kinds & branches) > 1
        for branches in _unions(resolved.reader)
        for kinds in ({"int", "long", "float", "double"}, {"string", "bytes"})
    )


def _unions(schema: Any) -> Iterator[set[str]]:
    """Primitive types that stand in a union together."""
    inner = list(schema.values()) if is_object(schema) else schema if is_list(schema) else []
    if is_list(schema):
        names = [
            branch["type"] if is_object(branch) and "type" in branch else branch
            for branch in schema
        ]
        yield {name for name in names if isinstance(name, str)}
    for each in inner:
        yield from _unions(each)


_RESOLUTION_FAULTS: Final[Mapping[str, Callable[[Resolved], bool]]] = {
    "defaults are the JSON of the schema: text for bytes, ints for doubles, records with holes": (
        _has_defaults
    ),
    "what is in the way is found out only where there are data for it": _is_unreadable,
    "types are not found under the names that they have in the reader's schema": _is_unknown_type,
    "a type that is defined twice, identically, is refused": _is_refused_schema,
    "what is promoted to float is not rounded to 32 bits": _has_number_of_32_bits,
    "a union's first branch that matches is taken before one of the same type": (
        _has_union_of_promotable
    ),
}
