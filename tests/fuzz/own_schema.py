"""What must hold for bytes and the schema that they are read with."""

from __future__ import annotations

from typing import Any

from avrogen import EncodeError
from tests.fuzz.outcomes import Failure, Find, Outcome, Value, outcome_of
from tests.fuzz.partner_faults import compare_with_partners
from tests.fuzz.subjects import Subject
from tests.support.dynamic import as_plain
from tests.support.strategies import is_same

__all__ = ["examine", "expect_same", "write_again"]


def examine(subject: Subject, data: bytes) -> Outcome:
    """Read bytes in every way there is.

    Returns:
        What came of them.

    Raises:
        Find: something must not be as it is.
    """
    outcome = outcome_of(lambda: subject.schema.from_avro(data), len(data))
    stepwise = outcome_of(lambda: subject.reader.read(data), len(data))
    expect_same(outcome, stepwise, "step by step")
    with_classes = outcome_of(lambda: subject.package.codec.from_avro(data), len(data))
    raw = outcome_of(lambda: subject.raw.from_avro(data), len(data))
    match outcome, with_classes, raw:
        case Value(value), Value(instance), Value():
            if not is_same(as_plain(instance), value):
                raise Find(f"with classes {instance!r:.200}, without {value!r:.200}")
            write_again(subject, value, instance)
        case Failure(), Failure(), _:
            if (outcome.message, outcome.offset) != (with_classes.message, with_classes.offset):
                raise Find(f"with classes {with_classes}, without {outcome}")
        case _, _, Failure():
            raise Find(f"{outcome}, but without logical types {raw}")
        case _:
            raise Find(f"with classes {with_classes}, without {outcome}")
    compare_with_partners(subject, data, raw)
    return outcome


def expect_same(one: Outcome, other: Outcome, how: str) -> None:
    """Raises :class:`Find` if two ways come to different things."""
    match one, other:
        case Value(left), Value(right) if is_same(left, right):
            return
        case Failure(), Failure() if one == other:
            return
        case _:
            raise Find(f"{one!r:.300}, but {how} {other!r:.300}")


def write_again(subject: Subject, value: Any, instance: Any) -> None:
    """What was read is written, and reads as the same; otherwise raises :class:`Find`."""
    codec = subject.package.codec
    try:
        written = codec.to_avro(instance)
    except EncodeError as error:
        if _is_read_only(error) and _is_refused(subject, value):
            return
        raise Find(f"{instance!r:.200} is not written: {error}") from error
    if not is_same(as_plain(codec.from_avro(written)), as_plain(instance)):
        raise Find(f"{instance!r:.200} is written as {written.hex():.200}, which reads otherwise")
    if codec.to_avro(codec.from_avro(written)) != written:
        raise Find(f"{written.hex():.200} is written otherwise")
    try:
        plainly = subject.schema.to_avro(value)
    except EncodeError as error:
        if subject.has_look_alike_dicts:
            return
        raise Find(f"{value!r:.200} is not written: {error}") from error
    if plainly != subject.writer.write(value):
        raise Find(f"{value!r:.200} is written otherwise step by step")
    if not subject.has_look_alikes and plainly != written:
        raise Find(f"{value!r:.200} is written as {plainly.hex():.200}, not {written.hex():.200}")


def _is_read_only(error: EncodeError) -> bool:
    """Decimals with more digits than their precision are read, and not written."""
    return "Decimal" in str(error)


def _is_refused(subject: Subject, value: Any) -> bool:
    try:
        subject.schema.to_avro(value)
    except EncodeError as error:
        return _is_read_only(error) or subject.has_look_alike_dicts
    return False
