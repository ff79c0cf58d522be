"""Data contracts: the rules and metadata of a registered schema.

Confluent's registry stores them with a version (``ruleSet``, ``metadata``), and Confluent's clients
execute the rules: encryption of fields (``ENCRYPT``), conditions and transformations (``CEL``),
migrations (``JSONATA``). avrogen has no rule engine. So it reads the rules, and
:func:`require_executable` refuses a schema with an active one.

The mode of a rule says when it is executed
(``docs.confluent.io/platform/current/schema-registry/fundamentals/data-contracts.html``):

    WRITE                       when values are written
    READ                        when values are read
    WRITEREAD                   both
    UPGRADE, DOWNGRADE, UPDOWN  when values of another version are read
    anything else               not defined: counts for both
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from avrogen.errors import RegistryError
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from avrogen.avro.model import Json

__all__ = [
    "ContractRule",
    "DataContract",
    "InvalidContract",
    "RuleDirection",
    "contract_json",
    "parse_contract",
    "require_executable",
]


class RuleDirection(Enum):
    """The work of a client that rules may be executed for."""

    WRITE = "written"
    READ = "read"


_READ_MODES: Final = frozenset({"READ", "WRITEREAD", "UPGRADE", "DOWNGRADE", "UPDOWN"})
_WRITE_MODES: Final = frozenset({"WRITE", "WRITEREAD"})


@dataclass(frozen=True, slots=True)
class ContractRule:
    """A rule of a data contract.

    Attributes:
        name: its name.
        group: member of the ``ruleSet`` that lists it, such as ``domainRules``.
        kind: ``TRANSFORM`` or ``CONDITION``.
        mode: when it is executed; see the table of this module.
        type: type of its executor, such as ``ENCRYPT``.
        tags: tags of the fields that it is for.
        on_failure: actions on failure, of writing and reading, such as ``ERROR,NONE``.
        disabled: True if it is not executed.
    """

    name: str
    group: str
    kind: str | None = None
    mode: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    on_failure: str | None = None
    disabled: bool = False

    def concerns(self, direction: RuleDirection) -> bool:
        """Return True if it is active in this direction.

        The actions on failure do not matter: with ``NONE``, values would pass that the rule did not
        see. A mode that is not defined counts for both directions.
        """
        if self.disabled:
            return False
        modes = _WRITE_MODES if direction is RuleDirection.WRITE else _READ_MODES
        return self.mode in modes or self.mode not in _WRITE_MODES | _READ_MODES

    def __str__(self) -> str:
        words = [word for word in (self.kind, self.mode, self.type) if word]
        words += [f"tags {', '.join(self.tags)}"] if self.tags else []
        words += [f"onFailure {self.on_failure}"] if self.on_failure else []
        words += ["disabled"] if self.disabled else []
        return f"rule {self.name} ({self.group}): {' '.join(words) or 'no mode'}"


@dataclass(frozen=True, slots=True)
class DataContract:
    """The rules and metadata of a registered schema.

    Attributes:
        rules: the rules, active and disabled ones.
        rule_set: ``ruleSet`` as the registry has it; None without one.
        metadata: ``metadata`` as the registry has it, likewise.
    """

    rules: tuple[ContractRule, ...] = ()
    rule_set: Mapping[str, Json] | None = field(default=None, hash=False)
    metadata: Mapping[str, Json] | None = field(default=None, hash=False)

    def active_rules(self, direction: RuleDirection) -> Sequence[ContractRule]:
        """Return the rules that a client must execute in a direction."""
        return [rule for rule in self.rules if rule.concerns(direction)]

    def members(self) -> dict[str, Json]:
        """Return the members of a registration that keeps the contract for a new version.

        The version number that some registries note in the metadata is left out.
        """
        members: dict[str, Json] = {}
        if self.rule_set is not None:
            members["ruleSet"] = dict(self.rule_set)
        if self.metadata is not None:
            metadata = dict(self.metadata)
            properties = metadata.get("properties")
            if isinstance(properties, dict):
                kept = {k: v for k, v in properties.items() if k != "confluent:version"}
                metadata["properties"] = kept
            members["metadata"] = metadata
        return members


def contract_json(contract: DataContract | None) -> dict[str, Json]:
    """Return rules and metadata as the registry has them; null for those that are missing."""
    found = contract or DataContract()
    return {
        "ruleSet": None if found.rule_set is None else dict(found.rule_set),
        "metadata": None if found.metadata is None else dict(found.metadata),
    }


class InvalidContract(ValueError):
    """A ``ruleSet`` or ``metadata`` of a response is invalid.

    Attributes:
        what: what is invalid.
        found: it, as JSON.
    """

    def __init__(self, what: str, found: Json) -> None:
        super().__init__(what, found)
        self.what = what
        self.found = found


def parse_contract(members: Mapping[str, Json]) -> DataContract | None:
    """Return the data contract of a schema's JSON; None if it has no rules and no metadata.

    Raises:
        InvalidContract: it cannot be told which rules there are.
    """
    rule_set, metadata = members.get("ruleSet"), members.get("metadata")
    if rule_set is not None and not isinstance(rule_set, dict):
        raise InvalidContract("ruleSet", rule_set)
    if metadata is not None and not isinstance(metadata, dict):
        raise InvalidContract("metadata", metadata)
    if not rule_set and not metadata:
        return None
    return DataContract(tuple(_rules(rule_set or {})), rule_set or None, metadata or None)


def _rules(rule_set: Mapping[str, Json]) -> Iterator[ContractRule]:
    """Yield the rules of all groups: those that are defined, and any that may be in future."""
    for group, listed in rule_set.items():
        if isinstance(listed, list):
            for each in listed:
                yield _rule(group, each)
        elif listed is not None and group.endswith("Rules"):
            raise InvalidContract(group, listed)


def _rule(group: str, rule: Json) -> ContractRule:
    if not isinstance(rule, dict):
        raise InvalidContract(f"rule of {group}", rule)
    texts = {name: value for name, value in rule.items() if isinstance(value, str)}
    tags = rule.get("tags")
    return ContractRule(
        texts.get("name", "without a name"),
        group,
        texts.get("kind"),
        texts.get("mode"),
        texts.get("type"),
        tuple(map(str, tags)) if isinstance(tags, list) else (),
        texts.get("onFailure"),
        rule.get("disabled") is True,
    )


def require_executable(
    contract: DataContract | None,
    direction: RuleDirection,
    *,
    ignore: bool,
    subject: str | None = None,
    id: int | UUID | None = None,
) -> None:
    """Refuse a schema with rules that are active in a direction.

    Args:
        contract: contract of the schema; None without one.
        direction: direction of the client.
        ignore: log the rules instead, and go on as if there were none.
        subject: subject of the schema.
        id: id or GUID of the schema.

    Raises:
        RegistryError: there are such rules. It names them.
    """
    rules = () if contract is None else contract.active_rules(direction)
    if not rules:
        return
    names = ", ".join(rule.name for rule in rules)
    if ignore:
        log_event(
            logging.WARNING, "schema.rules_ignored", subject=subject, schema_id=id, rules=names
        )
        return
    listed = "; ".join(map(str, rules))
    raise RegistryError(
        f"values cannot be {direction.value}: the schema's data contract has rules that avrogen "
        f"does not execute: {listed}",
        hint="use a client of Confluent that executes them; or, if that is done elsewhere, set "
        "ignore-contract-rules = true for the topic in avrogen.toml, or ignore_contract_rules=True "
        "for a Serializer or Deserializer",
        subject=subject,
        id=id,
    )
