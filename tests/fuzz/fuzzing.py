"""One turn of a schema: messages that are valid, and others; read as its own, and as another's."""

from __future__ import annotations

import random
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.fuzz.evolving import evolved
from tests.fuzz.mutators import mutated
from tests.fuzz.outcomes import Find, Outcome, Value
from tests.fuzz.own_schema import examine
from tests.fuzz.pairs import Pair
from tests.fuzz.schema_texts import examine_text, mutated_text
from tests.fuzz.subjects import Subject
from tests.fuzz.watchdog import TooSlow, watched

__all__ = ["Tally", "fuzz", "pair_of", "reproduce"]

SECONDS_PER_MESSAGE = 60
"""Hundreds of times what the slowest takes."""


LONGEST_TEXT = 20_000
"""Characters of the schemas whose text is changed: others take long to parse."""


@dataclass
class Tally:
    """What there was so far."""

    messages: int = 0
    values: int = 0
    finds: int = 0


def fuzz(subject: Subject, seed: str, tally: Tally, per_turn: int = 12) -> Iterator[str]:
    """Try some messages of a schema, and of a pair of its versions.

    Yields:
        For each find a line of arguments that reproduces it, and one that tells what is wrong.
    """
    source = random.Random(seed)
    valid = subject.messages(source, 2)
    for data in _with_mutants(valid, source, per_turn):
        found = _try(partial(examine, subject, data), tally)
        if found:
            yield f"--reproduce {shlex.quote(subject.name)} {data.hex() or repr('')}\n    {found}"
    if len(subject.text) < LONGEST_TEXT:
        for _ in range(per_turn // 4):
            text = mutated_text(subject.text, source)
            found = _try(partial(examine_text, text), tally)
            if found:
                yield f"--schema {shlex.quote(text)}\n    {found}"
    pair = pair_of(subject, seed)
    for data in _with_mutants(pair.writer.messages(source, 2), source, per_turn):
        found = _try(partial(pair.examine, data), tally)
        if found:
            arguments = f"--evolved {shlex.quote(seed)} --reproduce {shlex.quote(subject.name)}"
            yield f"{arguments} {data.hex() or repr('')}\n    {found}"


def pair_of(subject: Subject, seed: str) -> Pair:
    """A reader and a writer, one or both of which are changed."""
    source = random.Random(f"{seed} evolved")
    other = Subject(subject.name, evolved(subject.text, source))
    match source.randrange(3):
        case 0:
            return Pair(subject, other)
        case 1:
            return Pair(other, subject)
        case _:
            return Pair(other, Subject(subject.name, evolved(other.text, source)))


def reproduce(subject: Subject, seed: str | None, data: bytes) -> Outcome:
    """What comes of one message; raises :class:`Find` if that must not be.

    Args:
        subject: a schema.
        seed: of the pair of its versions; None: the schema reads its own.
        data: a message.
    """
    return examine(subject, data) if seed is None else pair_of(subject, seed).examine(data)


def _with_mutants(valid: Sequence[bytes], source: random.Random, count: int) -> list[bytes]:
    return [*valid, *(mutated(source.choice(valid), source, valid) for _ in range(count))]


def _try(run: Callable[[], Outcome | bool], tally: Tally) -> str | None:
    """Count what comes of a message; say what is wrong if that must not be."""
    tally.messages += 1
    try:
        with watched(SECONDS_PER_MESSAGE):
            outcome = run()
    except (Find, TooSlow, MemoryError) as find:
        tally.finds += 1
        return f"{type(find).__name__}: {find}"
    tally.values += isinstance(outcome, Value) or outcome is True
    return None
