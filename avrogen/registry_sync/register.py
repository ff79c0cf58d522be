"""Writing schemas to the registry: all are checked before the first is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from avrogen.avro import model
from avrogen.codec.schema import Schema
from avrogen.config.registry_connection import CommandError
from avrogen.config.topic_subjects import Subject, configured_subjects
from avrogen.errors import RegistryError
from avrogen.kafka.registry.protocol import SchemaReference, SchemaRegistry, SchemaText
from avrogen.kafka.registry.schema_references import split_schema
from avrogen.registry_sync.status import (
    LocalSchemas,
    SubjectState,
    SubjectStatus,
    is_fatal,
    subject_status,
)

__all__ = ["PlannedRegistration", "RegisterOutcome", "SubjectResult", "plan", "refused", "register"]


class RegisterOutcome(StrEnum):
    """What came of a subject."""

    NOTHING = "in step"
    """The schema was there."""
    REGISTERED = "registered"
    """The schema is there now."""
    FAILED = "failed"
    """The registry did not take it."""
    NOT_TRIED = "not tried"
    """Another one failed before it was its turn."""


@dataclass(frozen=True, slots=True)
class PlannedRegistration:
    """A schema that should be in the registry, and how it stands there."""

    schema: Schema
    standing: SubjectStatus


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """What came of one of them.

    Attributes:
        standing: how it stood before; the version that it is now, if it is known.
        result: what came of it.
        reasons: why it failed.
    """

    standing: SubjectStatus
    result: RegisterOutcome
    reasons: tuple[str, ...] = ()


def plan(
    registry: SchemaRegistry, local: LocalSchemas, *, references: bool
) -> list[PlannedRegistration]:
    """The schemas of all topics, in the order in which they are registered.

    Args:
        registry: where to ask how they stand.
        local: the schemas, without errors.
        references: whether types are registered under names of their own and referred to; then
            each stands after those that it refers to.

    Raises:
        RegistryError: the registry gives no answer.
        Problem: there are no topics.
    """
    subjects = configured_subjects(local.config, local.types)
    if not subjects:
        raise CommandError(
            "there are no topics, whose schemas would be registered",
            "list topics in avrogen.toml; see docs/registry-commands.md",
        )
    return [
        PlannedRegistration(
            schema, subject_status(registry, subject, schema, references=references)
        )
        for subject, schema in _all(local, subjects, references)
    ]


def refused(planned: Sequence[PlannedRegistration]) -> list[SubjectResult] | None:
    """What there is to be said if one of the plan may not come: nothing is written then.

    Returns:
        An outcome for each; None if all may come.
    """
    states = {each.standing.state for each in planned}
    if not states & {SubjectState.BROKEN, SubjectState.FAILED}:
        return None
    return [_refused(each.standing) for each in planned]


def register(
    registry: SchemaRegistry, planned: Sequence[PlannedRegistration], *, references: bool
) -> Iterator[SubjectResult]:
    """Write what is not there yet. What is there stays as it is, so that it can be done again.

    Args:
        registry: where to.
        planned: all of the plan, with nothing in it that may not come.
        references: as for the plan.

    Yields:
        What came of each, in that order. If the registry is gone, no more is tried.
    """
    gone = False
    versions: dict[str, int] = {}
    for each in planned:
        subject, registered = each.standing.subject, each.standing.registered
        text = _text(each.schema, versions, references)
        if registered is not None:
            versions[subject] = registered.version
            yield SubjectResult(each.standing, RegisterOutcome.NOTHING)
        elif gone or text is None:
            yield SubjectResult(each.standing, RegisterOutcome.NOT_TRIED)
        else:
            try:
                registered = registry.register(subject, text)
            except RegistryError as error:
                gone = is_fatal(error)
                yield SubjectResult(
                    each.standing, RegisterOutcome.FAILED, tuple(str(error).splitlines())
                )
            else:
                versions[subject] = registered.version
                yield SubjectResult(
                    replace(each.standing, registered=registered), RegisterOutcome.REGISTERED
                )


def _text(schema: Schema, versions: Mapping[str, int], references: bool) -> SchemaText | None:
    """A schema as it is sent; None if something that it refers to is not there.

    Args:
        schema: the schema.
        versions: of the subjects that are there.
        references: whether it refers to its types, or defines them.
    """
    if not references:
        return SchemaText(str(schema))
    *_, own = split_schema(schema)
    if any(need not in versions for need in own.needs):
        return None
    return SchemaText(
        own.text, tuple(SchemaReference(need, need, versions[need]) for need in own.needs)
    )


def _refused(found: SubjectStatus) -> SubjectResult:
    match found.state:
        case SubjectState.BROKEN | SubjectState.FAILED:
            return SubjectResult(found, RegisterOutcome.FAILED, found.reasons)
        case SubjectState.NEW | SubjectState.CHANGED:
            return SubjectResult(found, RegisterOutcome.NOT_TRIED)
        case SubjectState.IN_STEP | SubjectState.BEHIND:
            return SubjectResult(found, RegisterOutcome.NOTHING)
        case _:
            assert_never(found.state)


def _all(
    local: LocalSchemas, subjects: Sequence[Subject], references: bool
) -> Iterator[tuple[Subject, Schema]]:
    """Subjects with their schemas, each once."""
    seen: set[str] = set()
    for subject in subjects:
        schema = local.schema(subject.type)
        for needed in split_schema(schema)[:-1] if references else ():
            if needed.name not in seen:
                seen.add(needed.name)
                yield Subject(needed.name, model.Reference(needed.name)), needed.schema
        if subject.name not in seen:
            seen.add(subject.name)
            yield subject, schema
