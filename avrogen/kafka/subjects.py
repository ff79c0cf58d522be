"""Names of the subjects that schemas are registered under (Confluent's strategies)."""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

__all__ = ["Part", "SubjectStrategy", "needs_name", "subject_name"]

Part: TypeAlias = Literal["key", "value"]
"""Part of a message that a schema is for."""

SubjectStrategy: TypeAlias = Literal["topic", "record", "topic-record"]
"""Naming of subjects; Confluent's three strategies.

``topic``: the topic's name with ``-value`` or ``-key`` (``TopicNameStrategy``); ``record``: the
type's full name (``RecordNameStrategy``); ``topic-record``: both, joined by a hyphen
(``TopicRecordNameStrategy``).
"""


def needs_name(strategy: SubjectStrategy) -> bool:
    """Return True if the strategy needs types with a name.

    Raises:
        ValueError: unknown strategy.
    """
    known: tuple[SubjectStrategy, ...] = ("topic", "record", "topic-record")
    if strategy not in known:
        raise ValueError(f"subject strategy must be one of {', '.join(known)}, got {strategy!r}")
    return strategy != "topic"


def subject_name(strategy: SubjectStrategy, topic: str, part: Part, name: str | None) -> str:
    """Return the subject of a schema.

    Args:
        strategy: naming of subjects.
        topic: name of the topic.
        part: part of its messages that the schema is for.
        name: full name of the type; None if it has none.

    Raises:
        ValueError: the strategy needs a name, and the type has none.
    """
    if strategy == "topic":
        return f"{topic}-{part}"
    if name is None:
        raise ValueError(f"subject strategy {strategy} needs a named type: record, enum or fixed")
    match strategy:
        case "record":
            return name
        case "topic-record":
            return f"{topic}-{name}"
        case _:
            assert_never(strategy)
