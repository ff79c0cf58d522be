"""What a check has to say: problems as diagnostics, with what tools want to know of them.

What a check has to say of types that are gone, or go by another name on a topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from avrogen.avro.compat.levels import Direction, confluent_description
from avrogen.avro.compat.paths import IncompatibilityType, SchemaPart
from avrogen.avro.compat.root_causes import RootCause
from avrogen.avro.compat.value_changes import ValueChange
from avrogen.avro.diagnostics import Code, Diagnostic, diagnostic
from avrogen.avro.source import Location, Origin, locate
from avrogen.evolution.breaking_messages import BreakingMessage, breaking_message, sides
from avrogen.evolution.comparison import Change
from avrogen.evolution.removals import NewSubject, Removal, RemovedFromTopic
from avrogen.evolution.units import ComparisonUnit, UnitKind
from avrogen.evolution.value_messages import (
    ValueChangeMessage,
    namespace_message,
    namespaces,
    path_message,
    value_change_message,
)

__all__ = [
    "UNREADABLE",
    "Finding",
    "as_error",
    "break_findings",
    "new_subject_finding",
    "refusal_finding",
    "removal_finding",
    "removed_from_topic_finding",
    "topics_message",
    "value_change_findings",
]

_MOST_NAMES = 5

UNREADABLE = "data written before cannot be read"
"""What it comes to when new readers cannot read."""

_UNREADING = "readers of the old schema cannot read new data"
_UNKNOWN_RULE = "it has rules beside the level of the subject, or reads schemas otherwise"
_NEITHER = "neither version can read what the other writes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say.

    Attributes:
        diagnostic: where and what, for people.
        type: what Avro Java calls it; None for what it has no name for.
        directions: who cannot read what, or reads it otherwise.
        new_path: the definition in the new schemas, and the path in it.
        old_path: likewise, in the old ones.
        registry: what Confluent's registry says of it, a sentence for each direction.
        affected: the types, files, topics and subjects that it has an effect on.
        previous: the earlier versions that it has to do with.
    """

    diagnostic: Diagnostic
    type: IncompatibilityType | None = None
    directions: tuple[Direction, ...] = ()
    new_path: str | None = None
    old_path: str | None = None
    registry: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()


def as_error(finding: Finding) -> Finding:
    """A warning as an error; an error as it is."""
    return replace(finding, diagnostic=replace(finding.diagnostic, is_raised=True))


# --- incompatibilities ----------------------------------------------------------------------------


def break_findings(problems: Iterable[Change[RootCause]]) -> Iterator[Finding]:
    """One finding for each change, whoever cannot read what because of it."""
    groups: dict[tuple[Code, str, Location], list[tuple[BreakingMessage, Change[RootCause]]]] = {}
    for problem in problems:
        words = breaking_message(problem)
        location = _location(words.new, problem.units[0])
        groups.setdefault((words.code, words.head, location), []).append((words, problem))
    for (code, head, location), group in groups.items():
        yield _break_finding(code, head, location, group)


def _break_finding(
    code: Code,
    head: str,
    location: Location,
    group: Sequence[tuple[BreakingMessage, Change[RootCause]]],
) -> Finding:
    words, problem = group[0]
    problems = [problem for _, problem in group]
    both = sides(problem)
    kind = problem.found.found.incompatibility.type
    directions = tuple(dict.fromkeys(problem.direction for problem in problems))
    title = both.unit.title
    new_path, old_path = path_message(both.new, title), path_message(both.old, title)
    registry = tuple(dict.fromkeys(map(_registry, problems)))
    units = [unit for problem in problems for unit in problem.units]
    affected, previous = _labels(units), _previous(problems)
    notes = [f"{kind}: new {new_path}, old {old_path}"]
    notes += [f"registry: {sentence}" for sentence in registry]
    notes += _notes("breaks", affected, units, previous)
    message = f"{head}: {_consequence(directions)}"
    return Finding(
        diagnostic(code, location, message, words.hint, notes),
        kind,
        directions,
        new_path,
        old_path,
        registry,
        affected,
        previous,
    )


def _registry(problem: Change[RootCause]) -> str:
    return confluent_description(problem.found.reported, problem.direction.reader)


def _consequence(directions: Sequence[Direction]) -> str:
    if len(directions) > 1:
        return _NEITHER
    return UNREADABLE if directions[0] is Direction.BACKWARD else _UNREADING


# --- changes of values ----------------------------------------------------------------------------


def value_change_findings(problems: Iterable[Change[ValueChange]]) -> Iterator[Finding]:
    """One finding for each change; one for all types of a namespace that was renamed."""
    moved: dict[tuple[str, str], list[Change[ValueChange]]] = {}
    for problem in problems:
        names = namespaces(problem.found)
        if names is None:
            yield _silent_finding(problem, value_change_message(problem), problem.units)
        else:
            moved.setdefault(names, []).append(problem)
    for together in moved.values():
        group = sorted(together, key=lambda problem: problem.found.new.owner)
        units = [unit for problem in group for unit in problem.units]
        yield _silent_finding(group[0], namespace_message(group), units)


def _silent_finding(
    problem: Change[ValueChange], words: ValueChangeMessage, units: Sequence[ComparisonUnit]
) -> Finding:
    change, title = problem.found, problem.units[0].title
    affected, previous = _labels(units), _previous([problem])
    return Finding(
        diagnostic(
            words.code,
            _location(change.new, problem.units[0]),
            words.message,
            words.hint,
            _notes("affects", affected, units, previous),
        ),
        None,
        (problem.direction,),
        path_message(change.new, title),
        path_message(change.old, title),
        affected=affected,
        previous=previous,
    )


# --- what only a registry knows ------------------------------------------------------------------


def refusal_finding(unit: ComparisonUnit, reasons: Sequence[str]) -> Finding:
    """What is said of a schema that only the registry knows to be wrong."""
    top = unit.top
    return Finding(
        diagnostic(
            Code.REGISTRY_REFUSES,
            top if isinstance(top, Location) else locate(top),
            f"the registry would refuse this schema for {unit.title}: {_UNKNOWN_RULE}",
            "its reasons are the registry's own: see its settings",
            [f"registry: {reason}" for reason in reasons],
        ),
        registry=tuple(reasons),
        affected=_labels([unit]),
        previous=tuple(previous.name for previous in unit.previous),
    )


# --- parts of them --------------------------------------------------------------------------------


def _location(part: SchemaPart, unit: ComparisonUnit) -> Location:
    top = unit.new.types[part.owner].origin if part.owner else unit.top
    assert top is not None, "what was parsed has an origin"
    if isinstance(top, Location):
        return top
    return locate(Origin(top.source, (*top.pointer, *part.pointer)))


def _labels(units: Iterable[ComparisonUnit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_label(unit) for unit in units))


def _label(unit: ComparisonUnit) -> str:
    if unit.kind is UnitKind.TYPE and unit.topics:
        return f"{unit.name} ({topics_message(unit.topics)})"
    return unit.title


def topics_message(names: Sequence[str]) -> str:
    """Topics by their names, one at least."""
    return f"topic {names[0]}" if len(names) == 1 else f"topics {_listed(names)}"


def _notes(
    verb: str, affected: Sequence[str], units: Sequence[ComparisonUnit], previous: Sequence[str]
) -> list[str]:
    notes = [f"{verb} {_listed(affected)}"]
    if any(unit.kind is UnitKind.SUBJECT for unit in units):
        notes.append(f"compared with {_listed(previous)}")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMES])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    *most, last = shown
    return f"{', '.join(most)} and {last}" if most else last


def _previous(
    problems: Iterable[Change[RootCause]] | Iterable[Change[ValueChange]],
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for problem in problems for name in problem.previous))


def removal_finding(removal: Removal, previous: str) -> Finding:
    """What is said of a type or a file that is gone."""
    name = removal.name if removal.what == "type" else f"the {removal.what} of {removal.name}"
    carry = "carries" if len(removal.topics) == 1 else "carry"
    carried = f", and {topics_message(removal.topics)} {carry} it" if removal.topics else ""
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


def removed_from_topic_finding(taken: RemovedFromTopic, previous: str) -> Finding:
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
