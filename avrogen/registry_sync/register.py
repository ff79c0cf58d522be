"""Registration of schemas: all subjects are checked before the first is written.

Each schema gets a planned registration with the status of its subject; if the status of one forbids
registration, nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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

__all__ = [
    "PlannedRegistration",
    "RegisterOutcome",
    "SubjectResult",
    "plan_registration",
    "register",
    "rejected_results",
]


class RegisterOutcome(StrEnum):
    """The outcome for a subject; values are part of the JSON output."""

    UNCHANGED = "in step"
    """The schema was registered before."""
    REGISTERED = "registered"
    """The schema was registered now."""
    FAILED = "failed"
    """The registry rejected the schema."""
    NOT_TRIED = "not tried"
    """Another subject failed before."""


@dataclass(frozen=True, slots=True)
class PlannedRegistration:
    """A schema to be registered, and the status of its subject."""

    schema: Schema
    status: SubjectStatus


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """The result for one subject.

    Attributes:
        status: status before registration; after it, with the registered version.
        outcome: outcome of the registration.
        reasons: reasons of a failure.
    """

    status: SubjectStatus
    outcome: RegisterOutcome
    reasons: tuple[str, ...] = ()


def plan_registration(
    registry: SchemaRegistry,
    local: LocalSchemas,
    *,
    references: bool,
    pulled: Collection[str] = (),
) -> list[PlannedRegistration]:
    """Return the schemas of all topics in the order of registration.

    Args:
        registry: registry to compare with.
        local: local schemas, without errors.
        references: register each named type as a subject of its own; referenced types come first.
        pulled: subjects whose schemas were pulled, and are in step with what they were pulled from.

    Raises:
        RegistryError: the registry does not respond.
        CommandError: there are no topics.
    """
    subjects = configured_subjects(local.config, local.types)
    if not subjects:
        raise CommandError(
            "no schemas to register: no topics are configured",
            "list topics in avrogen.toml; see docs/registry-commands.md",
        )
    return [
        PlannedRegistration(
            schema,
            subject_status(
                registry, subject, schema, references=references, pulled=subject.name in pulled
            ),
        )
        for subject, schema in _all_schemas(local, subjects, references)
    ]


def rejected_results(planned: Sequence[PlannedRegistration]) -> list[SubjectResult] | None:
    """Return the results of a plan that is rejected as a whole; None if all may be registered."""
    states = {each.status.state for each in planned}
    if not states & {SubjectState.BROKEN, SubjectState.FAILED}:
        return None
    return [_rejected_result(each.status) for each in planned]


def register(
    registry: SchemaRegistry, planned: Sequence[PlannedRegistration], *, references: bool
) -> Iterator[SubjectResult]:
    """Register the schemas that are not registered yet; repeating it changes nothing.

    A new version keeps the rules and metadata of the latest one, as Confluent's registry does by
    itself.

    Args:
        registry: registry to write to.
        planned: a whole plan that is not rejected.
        references: as for the plan.

    Yields:
        Results in the order of the plan. After a fatal error, the rest is not tried.
    """
    is_unavailable = False
    versions: dict[str, int] = {}
    for each in planned:
        subject, registered = each.status.subject, each.status.registered
        text = _text(each.schema, versions, references)
        if registered is not None:
            versions[subject] = registered.version
            yield SubjectResult(each.status, RegisterOutcome.UNCHANGED)
        elif is_unavailable or text is None:
            yield SubjectResult(each.status, RegisterOutcome.NOT_TRIED)
        else:
            try:
                registered = registry.register(
                    subject, replace(text, contract=each.status.contract)
                )
            except RegistryError as error:
                is_unavailable = is_fatal(error)
                yield SubjectResult(
                    each.status, RegisterOutcome.FAILED, tuple(str(error).splitlines())
                )
            else:
                versions[subject] = registered.version
                yield SubjectResult(
                    replace(each.status, registered=registered), RegisterOutcome.REGISTERED
                )


def _text(schema: Schema, versions: Mapping[str, int], references: bool) -> SchemaText | None:
    """Return a schema as it is sent; None if a referenced subject is not registered.

    Args:
        schema: the schema.
        versions: versions of the registered subjects.
        references: reference named types instead of defining them.
    """
    if not references:
        return SchemaText(str(schema))
    *_, own = split_schema(schema)
    if any(need not in versions for need in own.needs):
        return None
    return SchemaText(
        own.text, tuple(SchemaReference(need, need, versions[need]) for need in own.needs)
    )


def _rejected_result(found: SubjectStatus) -> SubjectResult:
    match found.state:
        case SubjectState.BROKEN | SubjectState.FAILED:
            return SubjectResult(found, RegisterOutcome.FAILED, found.reasons)
        case SubjectState.NEW | SubjectState.CHANGED:
            return SubjectResult(found, RegisterOutcome.NOT_TRIED)
        case SubjectState.IN_STEP | SubjectState.BEHIND:
            return SubjectResult(found, RegisterOutcome.UNCHANGED)
        case _:
            assert_never(found.state)


def _all_schemas(
    local: LocalSchemas, subjects: Sequence[Subject], references: bool
) -> Iterator[tuple[Subject, Schema]]:
    """Yield the subjects with their schemas, each once."""
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
