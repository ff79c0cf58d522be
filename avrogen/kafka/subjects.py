"""Which subject a schema is registered under."""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

__all__ = ["Part", "SubjectStrategy", "needs_name", "subject_name"]

Part: TypeAlias = Literal["key", "value"]
"""What of a message is written with a schema."""

SubjectStrategy: TypeAlias = Literal["topic", "record", "topic-record"]
"""How subjects are named; Confluent's three strategies.

``topic``: the topic's name and ``-value`` or ``-key`` (``TopicNameStrategy``); ``record``: the
type's full name (``RecordNameStrategy``); ``topic-record``: the two with a hyphen between them
(``TopicRecordNameStrategy``).
"""


def needs_name(strategy: SubjectStrategy) -> bool:
    """Whether only types that have a name have a subject.

    Raises:
        ValueError: there is no such strategy.
    """
    known: tuple[SubjectStrategy, ...] = ("topic", "record", "topic-record")
    if strategy not in known:
        raise ValueError(f"a subject strategy is {', '.join(known)}, not {strategy!r}")
    return strategy != "topic"


def subject_name(strategy: SubjectStrategy, topic: str, part: Part, name: str | None) -> str:
    """The subject of a schema.

    Args:
        strategy: how subjects are named.
        topic: the topic.
        part: what of its messages is written with the schema.
        name: the full name of the type; None: it has none.

    Raises:
        ValueError: the strategy goes by names, and the type has none.
    """
    if strategy == "topic":
        return f"{topic}-{part}"
    if name is None:
        raise ValueError(f"the subject strategy {strategy} is for types that have a name")
    match strategy:
        case "record":
            return name
        case "topic-record":
            return f"{topic}-{name}"
        case _:
            assert_never(strategy)
