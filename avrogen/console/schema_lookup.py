"""Schemas of the registry for commands: those of ids for reading, those of subjects for writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from avrogen.avro.model import Reference, Union, wire_name
from avrogen.errors import ConfigurationError, EncodeError, RegistryError
from avrogen.kafka.registry.data_contracts import RuleDirection, require_executable
from avrogen.kafka.registry.deadline import time_limit
from avrogen.kafka.registry.protocol import LATEST
from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.kafka.topic import Part, subject_name

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry
    from avrogen.kafka.wire_format import SchemaId

__all__ = ["GivenSchema", "SchemasById", "TopicSchemas", "WritableSchema", "is_about_schema"]


class SchemasById:
    """The schemas of ids, each fetched once.

    Args:
        registry: the registry.
        timeout: seconds for one schema with its references; None: those of the registry.
    """

    def __init__(self, registry: SchemaRegistry, timeout: float | None = None) -> None:
        self._registry = registry
        self._timeout = timeout
        self._found: dict[SchemaId, Schema | RegistryError] = {}

    def get(self, id_: SchemaId) -> Schema:
        """Return the schema of an id or a GUID.

        Raises:
            RegistryError: unknown id, a schema that is not usable, or no response.
        """
        found = self._found.get(id_)
        if found is None:
            try:
                found = self._fetched(id_)
            except RegistryError as error:
                found = error
            self._found[id_] = found
        if isinstance(found, RegistryError):
            raise found
        return found

    def _fetched(self, id_: SchemaId) -> Schema:
        with time_limit(self._timeout):
            if isinstance(id_, int):
                text = self._registry.by_id(id_)
            else:
                text = self._registry.by_guid(id_)
            require_executable(text.contract, RuleDirection.READ, ignore=False, id=id_)
            return resolve_references(self._registry, text, f"schema {id_}")


def is_about_schema(error: RegistryError) -> bool:
    """Return True if an error is about one schema, and not about the registry itself."""
    return not error.transient and error.status in (None, 404)


class GivenSchema(NamedTuple):
    """A schema of a topic that comes from a file.

    Attributes:
        subject: subject that it must be registered under.
        part: part of messages that it is for.
        schema: the schema.
    """

    subject: str
    part: Part
    schema: Schema


class WritableSchema(NamedTuple):
    """A schema that keys or values are encoded with.

    Attributes:
        id: its id.
        schema: the schema.
        title: name of its subject and version, to show.
    """

    id: int
    schema: Schema
    title: str


class TopicSchemas:
    """The schemas that keys and values of a topic are written with.

    Args:
        registry: the registry; None without one.
        topic: name of the topic.
        timeout: seconds for one schema with its references.
        given: schemas to use; by default, the latest of the subjects.
    """

    def __init__(
        self,
        registry: SchemaRegistry | None,
        topic: str,
        timeout: float,
        given: Sequence[GivenSchema] | None = None,
    ) -> None:
        self._registry = registry
        self._topic = topic
        self._timeout = timeout
        self._given = given
        self._found: dict[tuple[Part, str | None], WritableSchema | None] = {}
        self._subjects: dict[str, WritableSchema | None] = {}

    @property
    def titles(self) -> list[str]:
        """Names of the subjects and versions that were used."""
        return sorted({each.title for each in self._found.values() if each is not None})

    def value(self, type_: str | None) -> WritableSchema:
        """Return the schema of a value.

        Args:
            type_: full name of its type; None if the value does not name it.

        Raises:
            EncodeError: there is none.
            RegistryError: no response, or a schema with rules that are not executed.
        """
        found = self._get("value", type_)
        if found is None:
            tried = ", ".join(self._candidates("value", type_))
            if self._given is not None:
                names = ", ".join(_names(self._given)) or "none"
                raise EncodeError(f"no schema given for the value; types of {self._topic}: {names}")
            hint = "" if type_ else '; a value of several types names its own: {"$type": "a.Name"}'
            raise EncodeError(f"the registry has no subject {tried}{hint}")
        return found

    def key(self) -> WritableSchema | None:
        """Return the schema of keys; None if keys have no schema.

        Raises:
            RegistryError: as :meth:`value`.
        """
        return self._get("key", None)

    def _get(self, part: Part, type_: str | None) -> WritableSchema | None:
        key = part, type_
        if key not in self._found:
            with time_limit(self._timeout):
                self._found[key] = self._look_up(part, type_)
        return self._found[key]

    def _look_up(self, part: Part, type_: str | None) -> WritableSchema | None:
        if self._given is not None:
            return self._look_up_given(part, type_)
        if self._registry is None:
            if part == "key":
                return None
            raise ConfigurationError(
                "no schema registry configured, which has the schemas of values",
                hint="use --registry, or set AVROGEN_REGISTRY_URL; value_base64 needs none",
            )
        first, *others = self._candidates(part, type_)
        found = self._latest(first)
        if found is not None and (type_ is None or type_ in type_names(found.schema)):
            return found
        for subject in others:
            other = self._latest(subject)
            if other is not None:
                return other
        return found

    def _candidates(self, part: Part, type_: str | None) -> Iterator[str]:
        yield subject_name("topic", self._topic, part, None)
        if type_ is not None:
            yield subject_name("topic-record", self._topic, part, type_)
            yield subject_name("record", self._topic, part, type_)

    def _look_up_given(self, part: Part, type_: str | None) -> WritableSchema | None:
        given = [each for each in self._given or () if each.part == part]
        named = [each for each in given if type_ in type_names(each.schema)]
        fitting = named or (given if len(given) == 1 else [])
        if not fitting:
            return None
        if self._registry is None:
            raise ConfigurationError(
                "no schema registry configured, which has the ids of schemas",
                hint="use --registry, or set AVROGEN_REGISTRY_URL",
            )
        chosen = fitting[0]
        registered = find_or_register(self._registry, chosen.subject, chosen.schema)
        return WritableSchema(registered.id, chosen.schema, _title(registered))

    def _latest(self, subject: str) -> WritableSchema | None:
        if subject not in self._subjects:
            assert self._registry is not None, "checked before"
            version = self._registry.version(subject, LATEST)
            self._subjects[subject] = None if version is None else self._writable(version)
        return self._subjects[subject]

    def _writable(self, version: RegisteredSchema) -> WritableSchema:
        assert self._registry is not None, "checked before"
        require_executable(
            version.schema.contract,
            RuleDirection.WRITE,
            ignore=False,
            subject=version.subject,
            id=version.id,
        )
        schema = resolve_references(self._registry, version.schema, _title(version))
        return WritableSchema(version.id, schema, _title(version))


def _title(version: RegisteredSchema) -> str:
    return f"{version.subject} version {version.version}"


def type_names(schema: Schema) -> frozenset[str]:
    """Return the full names of the types that a value of a schema may have."""
    type_: Any = schema.type
    types: Mapping[str, Any] = schema.types
    branches = type_.branches if isinstance(type_, Union) else (type_,)
    return frozenset(
        wire_name(types[each.name]) for each in branches if isinstance(each, Reference)
    )


def _names(given: Sequence[GivenSchema]) -> list[str]:
    return sorted(
        {name for each in given if each.part == "value" for name in type_names(each.schema)}
    )
