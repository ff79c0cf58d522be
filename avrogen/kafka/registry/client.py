"""Registry client for Confluent's REST API: :class:`ConfluentRegistry`.

The functions below it parse the JSON of responses. A response is verified: it must have the types
of the API, and the id, subject and version of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from avrogen.avro.compat.levels import Level
from avrogen.errors import RegistryError
from avrogen.kafka.registry.data_contracts import DataContract, InvalidContract, parse_contract
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
    """SchemaRegistry over HTTP, with one request per call, no cache and no retries.

    :func:`avrogen.kafka.connect` adds retries and a cache.

    Args:
        config: configuration of confluent-kafka's SchemaRegistryClient: ``url`` (several separated
            by commas), credentials, TLS, OAuth and proxies. ``timeout`` is 10 seconds by default.

    Raises:
        MissingExtraError: the extra ``kafka`` is not installed.
        RegistryError: the configuration is invalid.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._rest = RestClient(config)
        self.time_limit = self._rest.timeout
        """Seconds for one exchange."""

    def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest(
            "look up the schema",
            path("subjects", subject),
            "POST",
            {"normalize": "false", "deleted": "false"},
            _request_body(schema),
            subject=subject,
        )
        body = self._rest.send(request)
        return (
            None
            if body is None
            else registered_schema(request, body, schema, context=self._rest.context)
        )

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest(
            "register the schema",
            path("subjects", subject, "versions"),
            "POST",
            {"normalize": "false"},
            {**_request_body(schema), **(schema.contract.members() if schema.contract else {})},
            subject=subject,
        )
        body = self._rest.send(request)
        if isinstance(body, dict) and "version" in body:
            return registered_schema(request, body, schema, context=self._rest.context)
        # Registries other than Confluent's from version 8 return the id only.
        registered = self.lookup(subject, schema)
        if registered is None:
            raise request.error(
                "the registry accepted the schema but does not find it",
                hint="its followers may lag behind its leader",
                transient=True,
            )
        return registered

    def by_id(self, id: int) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        return self._schema(RegistryRequest("get the schema", path("schemas", "ids", id), id=id))

    def by_guid(self, guid: UUID) -> SchemaText:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest("get the schema", path("schemas", "guids", guid), id=guid)
        try:
            return self._schema(request)
        except RegistryError as error:
            if error.status != 404 or (error.transient and not self._is_registry()):
                raise
            # Registries without GUIDs do not know the path, and may not say so with an error code.
            raise request.error(
                "the registry does not have the schema, or has no GUIDs",
                status=404,
                url=error.url,
                hint="only Confluent's registry has GUIDs, from version 8; "
                "the message may come from a topic of another registry",
            ) from None

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        """See :class:`SchemaRegistry`."""
        number = version if isinstance(version, int) else None
        request = RegistryRequest(
            f"get version {version}",
            path("subjects", subject, "versions", version),
            query={} if number is None else {"deleted": "true"},
            subject=subject,
        )
        body = self._rest.send(request)
        if body is None:
            return None
        return registered_schema(request, body, version=number, context=self._rest.context)

    def versions(self, subject: str) -> tuple[int, ...]:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest(
            "list the versions", path("subjects", subject, "versions"), subject=subject
        )
        body = self._rest.send(request)
        return () if body is None else versions(request, body)

    def subjects(self) -> tuple[str, ...]:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest("list the subjects", path("subjects"))
        names = subjects(request, self._rest.send(request))
        context = self._rest.context
        return tuple(name.removeprefix(context) for name in names) if context else names

    def compatibility(self, subject: str, schema: SchemaText) -> Compatibility:
        """See :class:`SchemaRegistry`."""
        against = path("compatibility", "subjects", subject, "versions")
        if not self._is_transitive(subject):
            # Apicurio would check against all versions at any level.
            against += f"/{LATEST}"
        request = RegistryRequest(
            "test the schema's compatibility",
            against,
            "POST",
            {"verbose": "true"},
            _request_body(schema),
            subject=subject,
        )
        body = self._rest.send(request)
        return Compatibility(True) if body is None else compatibility(request, body)

    def level(self, subject: str | None = None) -> Level:
        """See :class:`SchemaRegistry`."""
        request = RegistryRequest("get the compatibility level", path("config"))
        if subject is not None:
            own = replace(
                request,
                path=path("config", subject),
                query={"defaultToGlobal": "true"},
                subject=subject,
            )
            body = self._rest.send(own)
            if body is not None:
                return level(own, body)
        return level(request, self._rest.send(request))

    def close(self) -> None:
        """See :class:`SchemaRegistry`."""
        self._rest.close()

    def _is_transitive(self, subject: str) -> bool:
        try:
            return self.level(subject).is_transitive
        except RegistryError as error:
            if error.transient:
                raise
            return True  # without access to the level, the registry decides

    def _is_registry(self) -> bool:
        """Return True if a registry answers other requests."""
        try:
            self.level()
        except RegistryError as error:
            return error.code is not None
        return True

    def _schema(self, request: RegistryRequest) -> SchemaText:
        body = self._rest.send(request)
        if body is None:
            raise request.error(
                "the registry does not have the schema",
                status=404,
                hint="the message may come from a topic of another registry",
            )
        return schema_text(request, body)


def _request_body(schema: SchemaText) -> dict[str, Json]:
    body: dict[str, Json] = {"schema": schema.text, "schemaType": "AVRO"}
    if schema.references:
        body["references"] = [
            {"name": each.name, "subject": each.subject, "version": each.version}
            for each in schema.references
        ]
    return body


MAX_TEXT: Final = 2**20
"""Maximum characters of a schema. Confluent's registry stores each in a message of 1 MB at most."""


def schema_text(request: RegistryRequest, body: Json) -> SchemaText:
    """Parse an Avro schema.

    Raises:
        RegistryError: it is invalid, too large, or has another id or GUID than the request.
    """
    members = _object(request, body)
    kind = members.get("schemaType") or "AVRO"
    if kind != "AVRO":
        raise request.error(
            f"expected schema type AVRO, got {kind}",
            hint="read its messages with a deserializer for that type",
        )
    name = "guid" if isinstance(request.id, UUID) else "id"
    found = members.get(name)
    if None not in (request.id, found) and str(found).lower() != str(request.id):
        raise _mismatch(request, f"{name} {found}")
    text = members.get("schema")
    if not isinstance(text, str):
        raise _invalid(request, "schema", text)
    if len(text) > MAX_TEXT:
        raise request.error(f"the schema has {len(text):,} characters; the limit is {MAX_TEXT:,}")
    return SchemaText(text, _references(request, members), _contract(request, members))


def registered_schema(
    request: RegistryRequest,
    body: Json,
    sent: SchemaText | None = None,
    version: int | None = None,
    context: str = "",
) -> RegisteredSchema:
    """Parse a version of the request's subject.

    Args:
        request: the request.
        body: JSON of the response.
        sent: schema of the request. Some registries do not repeat it.
        version: number of the requested version; None for the latest or an unknown one.
        context: prefix of subjects in the context of the URL.

    Raises:
        RegistryError: it is invalid, or another version.
    """
    members = _object(request, body)
    number = _number(request, members, "version")
    subject = members.get("subject", request.subject)
    # A registry may prefix the subject with a context, as in ``:.context:name``.
    if not isinstance(subject, str) or not subject.endswith(request.subject or ""):
        raise _mismatch(request, f"subject {subject}")
    if version is not None and number != version:
        raise _mismatch(request, f"version {number}")
    if sent is None or "schema" in members:
        sent = schema_text(request, body)
    elif "ruleSet" in members:
        sent = replace(sent, contract=_contract(request, members))
    id_ = _number(request, members, "id")
    name = subject.removeprefix(context)
    return RegisteredSchema(name, number, id_, sent, _guid(request, members))


def versions(request: RegistryRequest, body: Json) -> tuple[int, ...]:
    """Parse numbers of versions; return them ascending."""
    if not isinstance(body, list):
        raise _invalid(request, "list of versions", body)
    numbers = [each for each in body if isinstance(each, int) and not isinstance(each, bool)]
    if len(numbers) != len(body):
        raise _invalid(request, "list of versions", body)
    return tuple(sorted(numbers))


def subjects(request: RegistryRequest, body: Json) -> tuple[str, ...]:
    """Parse names of subjects; return them sorted."""
    if not isinstance(body, list):
        raise _invalid(request, "list of subjects", body)
    names = [each for each in body if isinstance(each, str)]
    if len(names) != len(body):
        raise _invalid(request, "list of subjects", body)
    return tuple(sorted(names))


def compatibility(request: RegistryRequest, body: Json) -> Compatibility:
    """Parse the result of a compatibility check."""
    members = _object(request, body)
    verdict = members.get("is_compatible")
    messages = members.get("messages") or []
    if not isinstance(verdict, bool):
        raise _invalid(request, "is_compatible", verdict)
    if not isinstance(messages, list):
        raise _invalid(request, "messages", messages)
    return Compatibility(verdict, tuple(map(str, messages)))


def level(request: RegistryRequest, body: Json) -> Level:
    """Parse a compatibility level."""
    found = _object(request, body).get("compatibilityLevel")
    try:
        return Level(str(found))
    except ValueError:
        raise _invalid(request, "compatibilityLevel", found) from None


def _references(
    request: RegistryRequest, members: Mapping[str, Json]
) -> tuple[SchemaReference, ...]:
    listed = members.get("references") or []
    if not isinstance(listed, list):
        raise _invalid(request, "references", listed)
    return tuple(_reference(request, each) for each in listed)


def _contract(request: RegistryRequest, members: Mapping[str, Json]) -> DataContract | None:
    try:
        return parse_contract(members)
    except InvalidContract as error:
        raise _invalid(request, error.what, error.found) from None


def _reference(request: RegistryRequest, body: Json) -> SchemaReference:
    match body:
        case {"name": str(name), "subject": str(subject), "version": int(version)}:
            return SchemaReference(name, subject, version)
        case _:
            raise _invalid(request, "reference", body)


def _object(request: RegistryRequest, body: Json) -> Mapping[str, Json]:
    if not isinstance(body, dict):
        raise _invalid(request, "object", body)
    return body


def _number(request: RegistryRequest, members: Mapping[str, Json], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(request, name, value)
    return value


def _guid(request: RegistryRequest, members: Mapping[str, Json]) -> UUID | None:
    value = members.get("guid")
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        raise _invalid(request, "guid", value) from None


def _invalid(request: RegistryRequest, what: str, found: Json) -> RegistryError:
    return request.error(
        f"invalid {what} in the response: {found!r:.200}",
        hint="check the URL: the response may not come from a schema registry",
    )


def _mismatch(request: RegistryRequest, what: str) -> RegistryError:
    return request.error(
        f"the response is for another schema: {what}",
        hint="check proxies and caches between here and the registry",
    )
