"""How all schemas of a run stand to the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avrogen.config.registry_connection import Problem
from avrogen.config.subjects import Subject, configured_subjects
from avrogen.kafka.registry.protocol import SchemaRegistry
from avrogen.sync.local import Local
from avrogen.sync.lock import LOCK_NAME, Lock, LockedSubject
from avrogen.sync.standing import Standing, State, standing

__all__ = ["demand_same_registry", "status"]


def status(
    registry: SchemaRegistry, local: Local, lock: Lock | None, *, references: bool
) -> list[Standing]:
    """How the subjects of all topics, and those that were pulled, stand to the registry.

    Args:
        registry: where to ask.
        local: the schemas, without errors.
        lock: what was pulled from that registry.
        references: whether schemas are registered with references.

    Raises:
        RegistryError: the registry gives no answer.
        Problem: there is nothing to be compared.
    """
    locked = {} if lock is None else dict(lock.subjects)
    subjects = {s.name: s for s in configured_subjects(local.config, local.types)}
    if not subjects and not locked:
        raise Problem(
            "there are no topics to compare, and nothing was pulled",
            "list topics in avrogen.toml, or pull schemas with avrogen registry pull",
        )
    found: list[Standing] = []
    for subject in subjects.values():
        found.append(
            _compare_subject(registry, local, subject, locked.pop(subject.name, None), references)
        )
    for entry in locked.values():
        root = local.roots.get(entry.files[0])
        if root is None:
            reason = f"{entry.files[0]}, which {LOCK_NAME} names, is not there"
            found.append(Standing(entry.name, "", State.FAILED, reasons=(reason,)))
        else:
            subject = Subject(entry.name, root)
            found.append(_compare_subject(registry, local, subject, entry, references))
    return found


def demand_same_registry(lock: Lock | None, url: str) -> None:
    """See that what was pulled is compared with the registry that it was pulled from.

    Raises:
        Problem: it is another one.
    """
    if lock is not None and lock.registry != url:
        raise Problem(
            f"{LOCK_NAME} is about the registry {lock.registry}, and this is {url}",
            f"ask that one, or remove {LOCK_NAME} and pull from this one",
        )


def _compare_subject(
    registry: SchemaRegistry,
    local: Local,
    subject: Subject,
    locked: LockedSubject | None,
    references: bool,
) -> Standing:
    schema = local.schema(subject.type)
    found = standing(registry, subject, schema, references=references)
    if locked is None:
        return found
    reasons = tuple(_not_as_locked(registry, found, locked))
    if reasons:
        found = replace(found, state=State.FAILED, reasons=(*reasons, *found.reasons))
    return replace(found, locked=locked.version)


def _not_as_locked(
    registry: SchemaRegistry, found: Standing, locked: LockedSubject
) -> Iterator[str]:
    """Why a subject cannot be the one that was pulled."""
    if found.state is State.FAILED:
        return
    version = registry.version(locked.name, locked.version)
    if version is None:
        yield f"version {locked.version}, which {LOCK_NAME} names, is not in the registry"
    elif version.id != locked.id:
        yield (
            f"version {locked.version} has the id {version.id}, and {locked.id} in {LOCK_NAME}: "
            "it is another registry, or it was filled anew"
        )
