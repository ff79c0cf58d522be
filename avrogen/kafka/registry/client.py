"""A registry that speaks Confluent's REST API, over confluent-kafka's client.

A registry's JSON as values, or the error that says what is wrong with it.

What comes over the network is believed only as far as it is what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from avrogen.avro.compat.levels import Level
from avrogen.errors import RegistryError
from avrogen.kafka.registry.protocol import (
    LATEST,
    Compatibility,
    RegisteredSchema,
    SchemaReference,
    SchemaText,
    Version,
)
from avrogen.kafka.registry.request import RegistryRequest, path
from avrogen.kafka.registry.rest import RestClient

if TYPE_CHECKING:
    from avrogen.avro.model import Json

__all__ = [
    "MAX_TEXT",
    "ConfluentRegistry",
    "compatibility",
    "level",
    "registered_schema",
    "schema_text",
    "subjects",
    "versions",
]


class ConfluentRegistry:
    """Ask a registry once per call; a :class:`~avrogen.kafka.registry.protocol.SchemaRegistry`.

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
        self._rest = RestClient(config)

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest(
            "look up the schema",
            path("subjects", subject),
            "POST",
            {"normalize": "false", "deleted": "false"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        return None if answer is None else registered_schema(question, answer, schema)

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest(
            "register the schema",
            path("subjects", subject, "versions"),
            "POST",
            {"normalize": "false"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        if isinstance(answer, dict) and "version" in answer:
            return registered_schema(question, answer, schema)
        # Registries other than Confluent's from version 8 say no more than the id.
        registered = self.lookup(subject, schema)
        if registered is None:
            raise question.error("the registry has taken the schema and does not find it")
        return registered

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._schema(RegistryRequest("get the schema", path("schemas", "ids", id), id=id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest("get the schema", path("schemas", "guids", guid), id=guid)
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
        question = RegistryRequest(
            f"get version {version}",
            path("subjects", subject, "versions", version),
            query={} if number is None else {"deleted": "true"},
            subject=subject,
        )
        answer = self._rest.ask(question)
        if answer is None:
            return None
        return registered_schema(question, answer, version=number)

    def versions(self, subject: str) -> tuple[int, ...]:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest(
            "list the versions", path("subjects", subject, "versions"), subject=subject
        )
        answer = self._rest.ask(question)
        return () if answer is None else versions(question, answer)

    def subjects(self) -> tuple[str, ...]:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest("list the subjects", path("subjects"))
        return subjects(question, self._rest.ask(question))

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        against = path("compatibility", "subjects", subject, "versions")
        if not self._is_transitive(subject):
            # Apicurio would test against all versions, whatever the level.
            against += f"/{LATEST}"
        question = RegistryRequest(
            "test the schema's compatibility",
            against,
            "POST",
            {"verbose": "true"},
            _body(schema),
            subject=subject,
        )
        answer = self._rest.ask(question)
        return Compatibility(True) if answer is None else compatibility(question, answer)

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        question = RegistryRequest("get the compatibility level", path("config"))
        if subject is not None:
            own = replace(
                question,
                path=path("config", subject),
                query={"defaultToGlobal": "true"},
                subject=subject,
            )
            answer = self._rest.ask(own)
            if answer is not None:
                return level(own, answer)
        return level(question, self._rest.ask(question))

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

    def _schema(self, question: RegistryRequest) -> SchemaText:
        answer = self._rest.ask(question)
        if answer is None:
            raise question.error(
                "the registry has no such schema",
                status=404,
                hint="the message may come from a topic of another registry",
            )
        return schema_text(question, answer)


def _body(schema: SchemaText) -> Json:
    body: dict[str, Json] = {"schema": schema.text, "schemaType": "AVRO"}
    if schema.references:
        body["references"] = [
            {"name": each.name, "subject": each.subject, "version": each.version}
            for each in schema.references
        ]
    return body


MAX_TEXT: Final = 2**20
"""Characters of a schema. Confluent's registry keeps each in a message, of 1 MB at most."""


def schema_text(question: RegistryRequest, answer: Json) -> SchemaText:
    """An Avro schema.

    Raises:
        RegistryError: it is none, or too large, or of another id or GUID than the question's.
    """
    members = _object(question, answer)
    kind = members.get("schemaType") or "AVRO"
    if kind != "AVRO":
        raise question.error(
            f"it is a schema of type {kind}, not AVRO",
            hint="messages with it are for a deserializer of that type",
        )
    name = "guid" if isinstance(question.id, UUID) else "id"
    found = members.get(name)
    if None not in (question.id, found) and str(found).lower() != str(question.id):
        raise _other(question, f"{name} {found}")
    text = members.get("schema")
    if not isinstance(text, str):
        raise _unfit(question, "schema", text)
    if len(text) > MAX_TEXT:
        raise question.error(
            f"the schema has {len(text):,} characters, more than the {MAX_TEXT:,} that are read"
        )
    return SchemaText(text, _references(question, members))


def registered_schema(
    question: RegistryRequest,
    answer: Json,
    sent: SchemaText | None = None,
    version: int | None = None,
) -> RegisteredSchema:
    """A version of the question's subject.

    Args:
        question: what was asked.
        answer: the JSON.
        sent: the schema that was asked about. Some registries do not repeat it.
        version: the version that was asked for, if it was asked for by number.

    Raises:
        RegistryError: it is none, or another one.
    """
    members = _object(question, answer)
    number = _number(question, members, "version")
    subject = members.get("subject", question.subject)
    # A registry may put a context before the name of the subject, as in ``:.context:name``.
    if not isinstance(subject, str) or not subject.endswith(question.subject or ""):
        raise _other(question, f"subject {subject}")
    if version is not None and number != version:
        raise _other(question, f"version {number}")
    if sent is None or "schema" in members:
        sent = schema_text(question, answer)
    id_ = _number(question, members, "id")
    return RegisteredSchema(subject, number, id_, sent, _guid(question, members))


def versions(question: RegistryRequest, answer: Json) -> tuple[int, ...]:
    """Numbers of versions, ascending."""
    if not isinstance(answer, list):
        raise _unfit(question, "list of versions", answer)
    numbers = [each for each in answer if isinstance(each, int) and not isinstance(each, bool)]
    if len(numbers) != len(answer):
        raise _unfit(question, "list of versions", answer)
    return tuple(sorted(numbers))


def subjects(question: RegistryRequest, answer: Json) -> tuple[str, ...]:
    """Names of subjects, sorted."""
    if not isinstance(answer, list):
        raise _unfit(question, "list of subjects", answer)
    names = [each for each in answer if isinstance(each, str)]
    if len(names) != len(answer):
        raise _unfit(question, "list of subjects", answer)
    return tuple(sorted(names))


def compatibility(question: RegistryRequest, answer: Json) -> Compatibility:
    """A verdict."""
    members = _object(question, answer)
    verdict = members.get("is_compatible")
    messages = members.get("messages") or []
    if not isinstance(verdict, bool):
        raise _unfit(question, "is_compatible", verdict)
    if not isinstance(messages, list):
        raise _unfit(question, "messages", messages)
    return Compatibility(verdict, tuple(map(str, messages)))


def level(question: RegistryRequest, answer: Json) -> Level:
    """A compatibility level."""
    found = _object(question, answer).get("compatibilityLevel")
    try:
        return Level(str(found))
    except ValueError:
        raise _unfit(question, "compatibilityLevel", found) from None


def _references(
    question: RegistryRequest, members: Mapping[str, Json]
) -> tuple[SchemaReference, ...]:
    listed = members.get("references") or []
    if not isinstance(listed, list):
        raise _unfit(question, "references", listed)
    return tuple(_reference(question, each) for each in listed)


def _reference(question: RegistryRequest, answer: Json) -> SchemaReference:
    match answer:
        case {"name": str(name), "subject": str(subject), "version": int(version)}:
            return SchemaReference(name, subject, version)
        case _:
            raise _unfit(question, "reference", answer)


def _object(question: RegistryRequest, answer: Json) -> Mapping[str, Json]:
    if not isinstance(answer, dict):
        raise _unfit(question, "object", answer)
    return answer


def _number(question: RegistryRequest, members: Mapping[str, Json], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unfit(question, name, value)
    return value


def _guid(question: RegistryRequest, members: Mapping[str, Json]) -> UUID | None:
    value = members.get("guid")
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        raise _unfit(question, "guid", value) from None


def _unfit(question: RegistryRequest, what: str, found: Json) -> RegistryError:
    return question.error(
        f"the answer has no proper {what}: {found!r:.200}",
        hint="check the URL: something else than a schema registry may have answered",
    )


def _other(question: RegistryRequest, what: str) -> RegistryError:
    return question.error(
        f"the registry answers with another schema than it was asked for: {what}",
        hint="something between here and the registry, such as a cache, may be at fault",
    )
