"""Which subject a schema is registered under."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias, assert_never

__all__ = ["Part", "SubjectStrategy", "subject_name"]

Part: TypeAlias = Literal["key", "value"]
"""What of a message is written with a schema."""


class SubjectStrategy(StrEnum):
    """How subjects are named; Confluent's three strategies, as ``avrogen.toml`` calls them."""

    TOPIC = "topic"
    """``{topic}-key``, ``{topic}-value``: one type on a topic (``TopicNameStrategy``)."""
    RECORD = "record"
    """``{full name}``: a type has the same schema on all topics (``RecordNameStrategy``)."""
    TOPIC_RECORD = "topic-record"
    """``{topic}-{full name}``: several types on a topic (``TopicRecordNameStrategy``)."""

    @property
    def needs_name(self) -> bool:
        """Whether only types that have a name have a subject."""
        return self is not SubjectStrategy.TOPIC


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
    if strategy is SubjectStrategy.TOPIC:
        return f"{topic}-{part}"
    if name is None:
        raise ValueError(f"the subject strategy {strategy} is for types that have a name")
    match strategy:
        case SubjectStrategy.RECORD:
            return name
        case SubjectStrategy.TOPIC_RECORD:
            return f"{topic}-{name}"
        case _:
            assert_never(strategy)
