"""What a check has to say of types that are gone, or go by another name on a topic."""

from __future__ import annotations

from avrogen.avro.compat.levels import Direction
from avrogen.avro.diagnostics import Code, diagnostic
from avrogen.evolution.findings import UNREADABLE, Finding, topics_words
from avrogen.evolution.removals import NewSubject, Removal, TakenOff

__all__ = ["new_subject_finding", "removal_finding", "taken_off_finding"]


def removal_finding(removal: Removal, previous: str) -> Finding:
    """What is said of a type or a file that is gone."""
    name = removal.name if removal.what == "type" else f"the {removal.what} of {removal.name}"
    carry = "carries" if len(removal.topics) == 1 else "carry"
    carried = f", and {topics_words(removal.topics)} {carry} it" if removal.topics else ""
    hint = "keep it as long as there are such data"
    if removal.what == "type":
        hint += f'; if it has another name now, say so there: "aliases": ["{removal.name}"]'
    return Finding(
        diagnostic(
            Code.TYPE_REMOVED,
            removal.location,
            f"{name} was removed{carried}: {UNREADABLE}",
            hint,
        ),
        directions=(Direction.BACKWARD,),
        affected=(removal.name,),
        previous=(previous,),
    )


def taken_off_finding(taken: TakenOff, previous: str) -> Finding:
    """What is said of a type that a topic does not carry any more."""
    return Finding(
        diagnostic(
            Code.TYPE_OFF_TOPIC,
            taken.location,
            f"{taken.name} was taken off the topic {taken.topic}: messages of it that are there "
            "cannot be read",
            "keep it among the topic's values until they have expired",
        ),
        directions=(Direction.BACKWARD,),
        affected=(f"topic {taken.topic}",),
        previous=(previous,),
    )


def new_subject_finding(renamed: NewSubject, previous: str) -> Finding:
    """What is said of a type by another name on a topic whose subjects are named after types."""
    prefix = f"{renamed.topic.topic}-" if renamed.topic.subject_strategy == "topic-record" else ""
    return Finding(
        diagnostic(
            Code.SUBJECT_CHANGED,
            renamed.location,
            f"{renamed.old} is called {renamed.new}, which changes its subject from "
            f"{prefix}{renamed.old} to {prefix}{renamed.new}: the registry compares it with no "
            "earlier version, and consumers that know the old name do not know it",
            "keep the name; or update all consumers before anything is written by the new one",
        ),
        affected=(f"topic {renamed.topic.topic}",),
        previous=(previous,),
    )
