"""Where the embedded registry and Apicurio differ: each row of the table in ``docs/testing.md``.

The embedded one does as Confluent's in all of these. A difference that is gone fails here, too.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.registry_requests import ask, path
from tests.testing.registry.conftest import AnyRegistry

A = {"name": "a", "type": "int"}
B = {"name": "b", "type": "int"}
WITH_DEFAULT = {**B, "default": 1}


class Asker:
    """A registry and a subject in it with one version, a record with the field ``a``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.subject = f"s{uuid.uuid4().hex}"
        self.name = f"R{uuid.uuid4().hex}"
        self.id: int = self.register(self.record(A))[1]["id"]

    def record(self, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": "record", "name": self.name, "fields": list(fields), **more}

    def get(self, *parts: str | int, query: str = "") -> tuple[int, Any]:
        return ask(f"{self.url}{path(*parts)}?{query}")

    def send(self, method: str, body: Any, *parts: str | int, query: str = "") -> tuple[int, Any]:
        return ask(f"{self.url}{path(*parts)}?{query}", method, body)

    def register(
        self, schema: Any, *, subject: str = "", query: str = "", **more: Any
    ) -> tuple[int, Any]:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        body = {"schema": text, **more}
        return self.send("POST", body, "subjects", subject or self.subject, "versions", query=query)

    def delete(self, *parts: str | int, query: str = "") -> tuple[int, Any]:
        return self.send("DELETE", None, "subjects", *parts, query=query)

    def versions(self) -> Any:
        return self.get("subjects", self.subject, "versions")[1]


def code(answer: tuple[int, Any]) -> Any:
    """Status and error code of an answer; the status alone where there is no code."""
    status, content = answer
    return (status, content["error_code"]) if status != 200 and content else status


@dataclass(frozen=True, slots=True)
class Difference:
    """One row.

    Attributes:
        what: the first cell of the row.
        observe: what can be seen of it.
        embedded: what is seen at the embedded registry.
        apicurio: what is seen at Apicurio.
        canonical: what is seen at Apicurio with ``use-canonical-hash``, if that is another thing.
    """

    what: str
    observe: Callable[[Asker], Any]
    embedded: Any
    apicurio: Any
    canonical: Any = None


DIFFERENCES: list[Difference] = []


def difference(
    what: str, embedded: Any, apicurio: Any, canonical: Any = None
) -> Callable[[Callable[[Asker], Any]], Callable[[Asker], Any]]:
    """Make a row of a function that observes it."""

    def add(observe: Callable[[Asker], Any]) -> Callable[[Asker], Any]:
        DIFFERENCES.append(Difference(what, observe, embedded, apicurio, canonical))
        return observe

    return add


# --- identity -------------------------------------------------------------------------------------


@difference("white space, order of attributes, `namespace` against full name", [1], [1, 2, 3], [1])
def layout(asker: Asker) -> Any:
    schema = asker.record(A)
    asker.register(json.dumps(schema, indent=2))
    asker.register(dict(reversed(schema.items())))
    return asker.versions()


@difference("`doc` and `aliases`", [1, 2, 3], [1, 2, 3], [1])
def documentation(asker: Asker) -> Any:
    asker.register(asker.record(A, doc="a record"))
    asker.register(asker.record(A, aliases=["Q"]))
    return asker.versions()


@difference("`normalize=true`", 1, 2, 1)
def normalizing(asker: Asker) -> Any:
    """The version that is found, where another with a doc is there as well."""
    asker.register(asker.record(A, doc="a record"))
    body = {"schema": json.dumps(asker.record(A), indent=2)}
    found = asker.send("POST", body, "subjects", asker.subject, query="normalize=true")
    return found[1]["version"]


@difference("response to a registration", ["guid", "id", "schema", "subject", "version"], ["id"])
def registration(asker: Asker) -> Any:
    return sorted(asker.register(asker.record(A))[1])


@difference("`id` and `version` in a registration", [(422, 42205), (422, 42201)], [200, 200])
def chosen_numbers(asker: Asker) -> Any:
    schema = asker.record(A, WITH_DEFAULT)
    answers = [asker.register(schema, id=77), asker.register(schema, version=7)]
    return list(map(code, answers))


@difference("`metadata` and `ruleSet` in a registration", True, False)
def metadata(asker: Asker) -> Any:
    asker.register(asker.record(A), metadata={"properties": {"owner": "me"}})
    return "metadata" in asker.get("subjects", asker.subject, "versions", "latest")[1]


# --- schemas --------------------------------------------------------------------------------------


@difference("reasons why a schema is invalid", True, False)
def reasons(asker: Asker) -> Any:
    return "nonsense" in asker.register('{"type": "nonsense"}')[1]["message"]


@difference(
    "a namespace such as `a-b`, a default that does not fit", [200, 200], [(422, 42201)] * 2
)
def broken_rules(asker: Asker) -> Any:
    answers = [asker.register(asker.record(A, namespace="a-b"))]
    answers.append(asker.register(asker.record({**A, "default": None})))
    return list(map(code, answers))


@difference("a registration without a schema", (422, 42201), (500, 0))
def without_schema(asker: Asker) -> Any:
    return code(asker.send("POST", {}, "subjects", asker.subject, "versions"))


@difference("a JSON Schema without `$schema`", 200, 422)
def json_schema(asker: Asker) -> Any:
    other = f"{asker.subject}-json"
    return asker.register({"type": "object"}, subject=other, schemaType="JSON")[0]


# --- compatibility --------------------------------------------------------------------------------


@difference("default level", "BACKWARD", "NONE")
def default_level(asker: Asker) -> Any:
    return asker.get("config")[1]["compatibilityLevel"]


@difference("level of a subject without its own level", (404, 40408), 200)
def level_not_set(asker: Asker) -> Any:
    return code(asker.get("config", asker.subject))


@difference("level of a subject that does not exist", (404, 40408), (404, 40401))
def level_of_nothing(asker: Asker) -> Any:
    return code(asker.get("config", f"{asker.subject}-nowhere"))


@difference("setting level NONE for a subject without a level", 200, 404)
def level_none(asker: Asker) -> Any:
    return asker.send("PUT", {"compatibility": "NONE"}, "config", f"{asker.subject}-nowhere")[0]


@difference("a level that does not exist", (422, 42203), (500, 0))
def unknown_level(asker: Asker) -> Any:
    return code(asker.send("PUT", {"compatibility": "SOME"}, "config", asker.subject))


@difference("`verbose=true`", ["is_compatible", "messages"], ["is_compatible"])
def verbose(asker: Asker) -> Any:
    asker.send("PUT", {"compatibility": "BACKWARD"}, "config", asker.subject)
    body = {"schema": json.dumps(asker.record(A, B))}
    where = ("compatibility", "subjects", asker.subject, "versions", "latest")
    return sorted(asker.send("POST", body, *where, query="verbose=true")[1])


@difference("checking against all versions under a non-transitive level", True, False)
def against_all(asker: Asker) -> Any:
    """Version 1 lacks ``b``, version 2 has it with a default, the new one has it without."""
    asker.register(asker.record(A, WITH_DEFAULT))
    asker.send("PUT", {"compatibility": "BACKWARD"}, "config", asker.subject)
    body = {"schema": json.dumps(asker.record(A, B))}
    where = ("compatibility", "subjects", asker.subject, "versions")
    return asker.send("POST", body, *where)[1]["is_compatible"]


@difference("checking a schema with references under a level", True, (422, 42201))
def with_references(asker: Asker) -> Any:
    """Registering it works, and is held to the level."""
    outer = f"{asker.subject}-outer"
    references = [{"name": asker.name, "subject": asker.subject, "version": 1}]
    fields = [{"name": "inner", "type": asker.name}]
    schema = {"type": "record", "name": f"{asker.name}Outer", "fields": fields}
    assert asker.register(schema, subject=outer, references=references)[0] == 200
    asker.send("PUT", {"compatibility": "BACKWARD"}, "config", outer)
    broken = {**schema, "fields": [*fields, A]}
    assert asker.register(broken, subject=outer, references=references)[0] == 409
    body = {"schema": json.dumps(schema), "references": references}
    answer = asker.send("POST", body, "compatibility", "subjects", outer, "versions")
    return code(answer) if answer[0] != 200 else answer[1]["is_compatible"]


# --- deleting -------------------------------------------------------------------------------------


@difference(
    "permanent delete before a soft delete, deleting twice",
    [(404, 40407), (404, 40405), (404, 40406)],
    [(409, 40407), (409, 40405), (409, 40406)],
)
def deleting(asker: Asker) -> Any:
    asker.register(asker.record(A, WITH_DEFAULT))
    version = (asker.subject, "versions", 1)
    answers = [
        asker.delete(*version, query="permanent=true"),
        asker.delete(asker.subject, query="permanent=true"),
    ]
    asker.delete(*version)
    return list(map(code, [*answers, asker.delete(*version)]))


@difference("a reference from a soft-deleted schema", 200, (422, 42206))
def deleted_referrer(asker: Asker) -> Any:
    outer = f"{asker.subject}-outer"
    reference = {"name": asker.name, "subject": asker.subject, "version": 1}
    schema = {"type": "array", "items": asker.name}
    assert asker.register(schema, subject=outer, references=[reference])[0] == 200
    asker.delete(outer)
    return code(asker.delete(asker.subject))


@difference("`deletedOnly=true`", [1], (404, 40401))
def deleted_only(asker: Asker) -> Any:
    asker.delete(asker.subject)
    answer = asker.get("subjects", asker.subject, "versions", query="deletedOnly=true")
    return code(answer) if answer[0] != 200 else answer[1]


# --- asking ---------------------------------------------------------------------------------------


@difference("versions `0`, `-2`, `some`", [(422, 42202)] * 3, [404] * 3)
def impossible_versions(asker: Asker) -> Any:
    impossible = (0, -2, "some")
    answers = [asker.get("subjects", asker.subject, "versions", v) for v in impossible]
    # Apicurio's error codes are not alike: 40402, 40401, 40402.
    return [answer[0] if answer[0] == 404 else code(answer) for answer in answers]


@difference("`subjectPrefix`", [], True)
def prefix(asker: Asker) -> Any:
    found = asker.get("subjects", query="subjectPrefix=nothing-begins-like-this")[1]
    return found if found == [] else asker.subject in found


@difference(
    "`/mode`, `/schemas`, `/schemas/guids/G`, `/schemas/ids/N/subjects`",
    [200, 200, (404, 40403), 200],
    [404] * 4,
)
def absent(asker: Asker) -> Any:
    answers = [
        asker.get("mode"),
        asker.get("schemas"),
        asker.get("schemas", "guids", str(uuid.uuid4())),
        asker.get("schemas", "ids", asker.id, "subjects"),
    ]
    return list(map(code, answers))


@difference("`referencedby` of a subject that does not exist", (404, 40401), 200)
def referenced_nowhere(asker: Asker) -> Any:
    return code(asker.get("subjects", f"{asker.subject}-nowhere", "versions", 1, "referencedby"))


# --- the tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: d.observe.__name__)
def test_the_difference_is_as_written(registry: AnyRegistry, difference: Difference) -> None:
    expected = {
        "embedded": difference.embedded,
        "apicurio": difference.apicurio,
        "apicurio-canonical": difference.canonical or difference.apicurio,
    }
    assert difference.observe(Asker(registry.url)) == expected[registry.kind]


def test_the_page_has_a_row_for_each() -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    section = page.partition("### How Apicurio differs")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    assert rows[1:] == [difference.what for difference in DIFFERENCES]
