"""Findings of a check: changes and removals as diagnostics, with members for tools.

A finding contains the diagnostic that people see. Several changes may be one finding: the same
change breaks readers in both directions, or all types of a namespace were renamed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from avrogen.avro.compat.levels import Direction, Level, confluent_description
from avrogen.avro.compat.paths import IncompatibilityType, SchemaPart
from avrogen.avro.compat.root_causes import RootCause
from avrogen.avro.compat.value_changes import ValueChange
from avrogen.avro.diagnostics import Code, Diagnostic, diagnostic
from avrogen.avro.source import Location, Origin, locate
from avrogen.evolution.breaking_messages import BreakingMessage, breaking_message, sides_of
from avrogen.evolution.comparison import Change
from avrogen.evolution.name_changes import NameChange
from avrogen.evolution.part_labels import joined, part_path
from avrogen.evolution.removals import NewSubject, Removal, RemovedFromTopic, TopicChange
from avrogen.evolution.units import ComparisonUnit, UnitKind
from avrogen.evolution.value_messages import (
    ValueChangeMessage,
    namespace_message,
    renamed_namespace,
    value_change_message,
)

__all__ = [
    "Finding",
    "as_error",
    "breaking_change_findings",
    "name_change_finding",
    "new_subject_finding",
    "rejection_finding",
    "removal_finding",
    "removed_from_topic_finding",
    "topic_change_finding",
    "value_change_findings",
]

_OLD_DATA = "existing data cannot be read"
_NEW_DATA = "readers of the old schema cannot read new data"
_ALL_DATA = "neither version can read the data of the other"
_CONSUMERS_FIRST = "deploy consumers first: all of them, before producers send such messages"
_UNKNOWN_RULE = "it has rules besides the compatibility level, or parses schemas differently"


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic of a check, with members for tools.

    Attributes:
        diagnostic: code, place, message and hint.
        type: error type of Avro Java; None if it has none.
        directions: directions in which data cannot be read, or decode to other values.
        new_path: definition in the new schemas, and path in it.
        old_path: definition in the old schemas, and path in it.
        registry: messages of Confluent Schema Registry, one for each direction.
        affected: affected types, files, topics and subjects.
        previous: names of the earlier versions for which it was found.
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
    """Return a finding with its warning raised to an error.

    What was tolerated in an earlier version cannot be changed any more, and stays a warning.
    """
    if finding.diagnostic.tolerated is not None:
        return finding
    return replace(finding, diagnostic=replace(finding.diagnostic, is_raised=True))


# --- breaking changes -----------------------------------------------------------------------------


def breaking_change_findings(changes: Iterable[Change[RootCause]]) -> Iterator[Finding]:
    """Yield one finding for each change, even if it breaks readers in both directions."""
    groups: dict[tuple[Code, str, Location], list[tuple[BreakingMessage, Change[RootCause]]]] = {}
    for change in changes:
        message = breaking_message(change)
        location = _location(message.new, change.units[0])
        groups.setdefault((message.code, message.head, location), []).append((message, change))
    for (code, head, location), group in groups.items():
        yield _breaking_change_finding(code, head, location, group)


def _breaking_change_finding(
    code: Code,
    head: str,
    location: Location,
    group: Sequence[tuple[BreakingMessage, Change[RootCause]]],
) -> Finding:
    message, first = group[0]
    changes = [change for _, change in group]
    sides = sides_of(first)
    kind = first.found.found.type
    directions = tuple(dict.fromkeys(change.direction for change in changes))
    title = sides.unit.title
    new_path, old_path = part_path(sides.new, title), part_path(sides.old, title)
    registry = tuple(dict.fromkeys(map(_registry_message, changes)))
    units = [unit for change in changes for unit in change.units]
    affected, previous = _labels(units), _previous(changes)
    notes = [f"{kind}: new {new_path}, old {old_path}"]
    notes += [f"registry: {sentence}" for sentence in registry]
    notes += _notes("breaks", affected, units, previous)
    return Finding(
        diagnostic(code, location, f"{head}: {_consequence(directions)}", message.hint, notes),
        kind,
        directions,
        new_path,
        old_path,
        registry,
        affected,
        previous,
    )


def _registry_message(change: Change[RootCause]) -> str:
    return confluent_description(change.found.reported, change.direction.reader)


def _consequence(directions: Sequence[Direction]) -> str:
    if len(directions) > 1:
        return _ALL_DATA
    return _OLD_DATA if directions[0] is Direction.BACKWARD else _NEW_DATA


# --- value-changing changes -----------------------------------------------------------------------


def value_change_findings(changes: Iterable[Change[ValueChange]]) -> Iterator[Finding]:
    """Yield one finding for each change, and one for all types of a renamed namespace."""
    renamed: dict[tuple[str, str], list[Change[ValueChange]]] = {}
    for change in changes:
        names = renamed_namespace(change.found)
        if names is None:
            yield _value_change_finding(change, value_change_message(change), change.units)
        else:
            renamed.setdefault(names, []).append(change)
    for together in renamed.values():
        group = sorted(together, key=lambda change: change.found.new.owner)
        units = [unit for change in group for unit in change.units]
        yield _value_change_finding(group[0], namespace_message(group), units)


def _value_change_finding(
    change: Change[ValueChange], message: ValueChangeMessage, units: Sequence[ComparisonUnit]
) -> Finding:
    found, title = change.found, change.units[0].title
    affected, previous = _labels(units), _previous([change])
    return Finding(
        diagnostic(
            message.code,
            _location(found.new, change.units[0]),
            message.message,
            message.hint,
            _notes("affects", affected, units, previous),
        ),
        None,
        (change.direction,),
        part_path(found.new, title),
        part_path(found.old, title),
        affected=affected,
        previous=previous,
    )


# --- registries -----------------------------------------------------------------------------------


def rejection_finding(unit: ComparisonUnit, reasons: Sequence[str]) -> Finding:
    """Return the finding for a compatible schema that the registry would reject."""
    top = unit.top
    return Finding(
        diagnostic(
            Code.REGISTRY_REFUSES,
            top if isinstance(top, Location) else locate(top),
            f"the registry would reject this schema for {unit.title}: {_UNKNOWN_RULE}",
            "the reasons are the registry's own: see its configuration",
            [f"registry: {reason}" for reason in reasons],
        ),
        registry=tuple(reasons),
        affected=_labels([unit]),
        previous=tuple(previous.name for previous in unit.previous),
    )


# --- removals and renames -------------------------------------------------------------------------


def removal_finding(removal: Removal, previous: str) -> Finding:
    """Return the finding for a type or file that was removed."""
    name = removal.name if removal.kind == "type" else f"the {removal.kind} of {removal.name}"
    carry = "carries" if len(removal.topics) == 1 else "carry"
    carried = f", and {_topics_label(removal.topics)} {carry} it" if removal.topics else ""
    hint = "keep it as long as such data exist"
    if removal.kind == "type":
        hint += f'; if it was renamed, add to the new type "aliases": ["{removal.name}"]'
    return Finding(
        diagnostic(
            Code.TYPE_REMOVED,
            removal.location,
            f"{name} was removed{carried}: {_OLD_DATA}",
            hint,
        ),
        directions=(Direction.BACKWARD,),
        affected=(removal.name,),
        previous=(previous,),
    )


def removed_from_topic_finding(removal: RemovedFromTopic, previous: str) -> Finding:
    """Return the finding for a type that a topic no longer carries."""
    return Finding(
        diagnostic(
            Code.TYPE_OFF_TOPIC,
            removal.location,
            f"{removal.name} was removed from the topic {removal.topic}: its existing messages "
            "cannot be read",
            "keep it in the topic's values until those messages have expired",
        ),
        directions=(Direction.BACKWARD,),
        affected=(f"topic {removal.topic}",),
        previous=(previous,),
    )


def topic_change_finding(change: TopicChange, level: Level, previous: str) -> Finding | None:
    """Return the finding for a changed topic; None: the level allows it.

    It is an error if messages cannot be read in a direction of the level, and a warning if
    consumers can be deployed first.
    """
    broken = tuple(each for each in change.directions if each in level.directions)
    is_error = bool(broken)
    if not is_error and Direction.BACKWARD not in level.directions:
        return None
    hint = change.hint if is_error else _CONSUMERS_FIRST
    return Finding(
        replace(diagnostic(change.code, change.location, change.message, hint), is_raised=is_error),
        directions=broken or change.directions,
        affected=(f"topic {change.topic}",),
        previous=(previous,),
    )


def new_subject_finding(renamed: NewSubject, previous: str) -> Finding:
    """Return the finding for a renamed type on a topic whose subjects are named after types."""
    prefix = f"{renamed.topic.topic}-" if renamed.topic.subject_strategy == "topic-record" else ""
    return Finding(
        diagnostic(
            Code.SUBJECT_CHANGED,
            renamed.location,
            f"{renamed.old} was renamed to {renamed.new}, which changes its subject from "
            f"{prefix}{renamed.old} to {prefix}{renamed.new}: the registry does not compare it "
            "with earlier versions, and consumers that know only the old name cannot decode it",
            "keep the name, or update all consumers before producers use the new one",
        ),
        affected=(f"topic {renamed.topic.topic}",),
        previous=(previous,),
    )


def name_change_finding(change: NameChange, previous: str) -> Finding:
    """Return the finding for a changed name in the generated package."""
    now = f"is {change.new} in Python" if change.new else "is gone"
    was = f"was {change.old}" if change.new else f"it was {change.old}"
    return Finding(
        diagnostic(
            Code.PYTHON_NAME_CHANGED,
            change.location,
            f"{change.subject} {now}, and {was}: code that uses the old name breaks",
            f"[names] {change.setting} in avrogen.toml chooses names",
        ),
        affected=(change.type,),
        previous=(previous,),
    )


# --- parts of findings ----------------------------------------------------------------------------


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
        return f"{unit.name} ({_topics_label(unit.topics)})"
    return unit.title


def _topics_label(names: Sequence[str]) -> str:
    return f"topic {names[0]}" if len(names) == 1 else f"topics {joined(names)}"


def _notes(
    verb: str, affected: Sequence[str], units: Sequence[ComparisonUnit], previous: Sequence[str]
) -> list[str]:
    notes = [f"{verb} {joined(affected)}"]
    if any(unit.kind is UnitKind.SUBJECT for unit in units):
        notes.append(f"compared with {joined(previous)}")
    return notes


def _previous(
    changes: Iterable[Change[RootCause]] | Iterable[Change[ValueChange]],
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for change in changes for name in change.previous))
