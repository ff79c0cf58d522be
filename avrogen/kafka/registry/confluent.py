"""A registry that speaks Confluent's REST API, over confluent-kafka's client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from avrogen.errors import RegistryError
from avrogen.kafka.registry import answers
from avrogen.kafka.registry.port import (
    LATEST,
    Compatibility,
    RegisteredSchema,
    SchemaText,
    Version,
)
from avrogen.kafka.registry.question import Question, path
from avrogen.kafka.registry.rest import Rest

if TYPE_CHECKING:
    from avrogen.avro.compat.levels import Level
    from avrogen.avro.model import Json

__all__ = ["ConfluentRegistry"]


class ConfluentRegistry:
    """Implements :class:`~avrogen.kafka.registry.port.SchemaRegistry` by one request for each call.

    It keeps nothing and tries nothing again. :func:`avrogen.kafka.registry.connect` puts layers
    around it that do.

    Args:
        config: the configuration of confluent-kafka's SchemaRegistryClient: ``url``, with several
            separated by commas, and all that is said there of credentials, TLS, OAuth and proxies.
            ``timeout`` is 10 seconds if nothing else is said.

    Raises:
        MissingExtraError: the extra ``kafka`` is not installed.
        RegistryError: the configuration is at fault.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._rest = Rest(config)

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        question = Question(
            "look up the schema",
            path("subjects", subject),
            "POST",
            {"normalize": "false", "deleted": "false"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        return None if answer is None else answers.registered_schema(question, answer, schema)

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        question = Question(
            "register the schema",
            path("subjects", subject, "versions"),
            "POST",
            {"normalize": "false"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        if isinstance(answer, dict) and "version" in answer:
            return answers.registered_schema(question, answer, schema)
        # Registries other than Confluent's from version 8 say no more than the id.
        registered = self.lookup(subject, schema)
        if registered is None:
            raise question.error("the registry has taken the schema and does not find it")
        return registered

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._schema(Question("get the schema", path("schemas", "ids", id), id=id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        question = Question("get the schema", path("schemas", "guids", guid), id=guid)
        try:
            return self._schema(question)
        except RegistryError as error:
            if error.status != 404:
                raise
            # Where there are no GUIDs, the path to them is an unknown one.
            raise question.error(
                "the registry has no such schema, or no GUIDs at all",
                status=404,
                url=error.url,
                hint="only Confluent's registry has GUIDs, from version 8; "
                "the message may come from a topic of another registry",
            ) from None

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        number = version if isinstance(version, int) else None
        question = Question(
            f"get version {version}",
            path("subjects", subject, "versions", version),
            query={} if number is None else {"deleted": "true"},
            subject=subject,
        )
        answer = self._rest.ask(question)
        if answer is None:
            return None
        return answers.registered_schema(question, answer, version=number)

    def versions(self, subject: str) -> tuple[int, ...]:
        """See :class:`SchemaRegistry`."""
        question = Question(
            "list the versions", path("subjects", subject, "versions"), subject=subject
        )
        answer = self._rest.ask(question)
        return () if answer is None else answers.versions(question, answer)

    def subjects(self) -> tuple[str, ...]:
        """See :class:`SchemaRegistry`."""
        question = Question("list the subjects", path("subjects"))
        return answers.subjects(question, self._rest.ask(question))

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        against = path("compatibility", "subjects", subject, "versions")
        if not self._is_transitive(subject):
            # Apicurio would test against all versions, whatever the level.
            against += f"/{LATEST}"
        question = Question(
            "test the schema's compatibility",
            against,
            "POST",
            {"verbose": "true"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        return Compatibility(True) if answer is None else answers.compatibility(question, answer)

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        question = Question("get the compatibility level", path("config"))
        if subject is not None:
            own = replace(
                question,
                path=path("config", subject),
                query={"defaultToGlobal": "true"},
                subject=subject,
            )
            answer = self._rest.ask(own)
            if answer is not None:
                return answers.level(own, answer)
        return answers.level(question, self._rest.ask(question))

    def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        self._rest.close()

    def _is_transitive(self, subject: str) -> bool:
        try:
            return self.level(subject).is_transitive
        except RegistryError as error:
            if error.transient:
                raise
            return True  # who may not know the level leaves it to the registry

    def _schema(self, question: Question) -> SchemaText:
        answer = self._rest.ask(question)
        if answer is None:
            raise question.error(
                "the registry has no such schema",
                status=404,
                hint="the message may come from a topic of another registry",
            )
        return answers.schema_text(question, answer)


def _body(schema: SchemaText) -> Json:
    body: dict[str, Json] = {"schema": schema.text, "schemaType": "AVRO"}
    if schema.references:
        body["references"] = [
            {"name": each.name, "subject": each.subject, "version": each.version}
            for each in schema.references
        ]
    return body
