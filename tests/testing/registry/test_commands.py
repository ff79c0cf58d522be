"""``avrogen registry`` over every registry: there, back, and not over the level of a subject."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source
from tests.conftest import Schemas, run_avrogen, write_schemas
from tests.testing.registry.conftest import AnyRegistry


@pytest.fixture(params=[False, True], ids=["self-contained", "references"])
def schemas(
    request: pytest.FixtureRequest, registry: AnyRegistry, subject: str, tmp_path: Path
) -> Path:
    """Schemas with names that no other test has, on topics that no other test has."""
    space = f"acme.{subject.removesuffix('-value')}"
    money = {"type": "record", "name": "Money", "fields": [{"name": "cents", "type": "long"}]}
    paid = {"name": "paid", "type": ["null", "Money"], "default": None}
    order = {"type": "record", "name": "Order", "doc": "An order.", "fields": [paid]}
    key = {"type": "fixed", "name": "Key", "size": 16}
    topic = subject.removesuffix("-value")
    files: Schemas = {
        **{f"{s['name']}.avsc": {**s, "namespace": space} for s in (money, order, key)},
        "avrogen.toml": f"""
            [registry]
            url = "{registry.url}"
            references = {str(request.param).lower()}

            [topics."{topic}"]
            value = "{space}.Order"
            key = "{space}.Key"
            """,
    }
    return write_schemas(tmp_path / "schemas", files)


def command(name: str, *arguments: str | Path) -> tuple[int, Any]:
    result = run_avrogen("registry", name, *arguments, "--format", "json")
    return result.exit_code, json.loads(result.stdout or "null")


def column(answer: tuple[int, Any], name: str) -> tuple[int, set[Any]]:
    code, document = answer
    return code, {each[name] for each in document["subjects"]}


def types_in(folder: Path) -> Any:
    files = sorted(folder.rglob("*.avsc"))
    return parse_sources(Source(str(file), file.read_text("utf-8")) for file in files).types


def test_there_and_back(registry: AnyRegistry, subject: str, schemas: Path) -> None:
    assert column(command("status", schemas), "state") == (0, {"new"})
    assert column(command("register", schemas, "--dry-run"), "result") == (
        0,
        {"would be registered"},
    )
    assert column(command("status", schemas), "state") == (0, {"new"})
    assert column(command("register", schemas), "result") == (0, {"registered"})
    assert column(command("register", schemas), "result") == (0, {"in step"})
    assert column(command("status", schemas), "state") == (0, {"in step"})
    assert registry.client().get_versions(subject) == [1]
    pulled = schemas.parent / "pulled"
    pattern = f"{subject.removesuffix('-value')}-*"
    assert command("pull", pattern, "-o", pulled, "--url", registry.url)[0] == 0
    assert types_in(pulled) == types_in(schemas)
    assert column(command("status", pulled, "--url", registry.url), "state") == (0, {"in step"})


def test_not_over_the_level_of_a_subject(
    registry: AnyRegistry, subject: str, schemas: Path
) -> None:
    assert command("register", schemas)[0] == 0
    client = registry.client()
    client.set_compatibility(subject, "FULL")
    file = schemas / "Order.avsc"
    order = json.loads(file.read_text("utf-8"))
    order["fields"].append({"name": "count", "type": "int"})
    file.write_text(json.dumps(order), "utf-8")
    code, document = command("register", schemas)
    assert code == 1
    (broken,) = [each for each in document["subjects"] if each["state"] == "broken"]
    assert (broken["subject"], broken["level"], broken["latest"]) == (subject, "FULL", 1)
    assert "The field 'count' at path" in broken["reasons"][0]
    assert registry.client().get_versions(subject) == [1]
    order["fields"][-1]["default"] = 0
    file.write_text(json.dumps(order), "utf-8")
    assert column(command("register", schemas), "result") == (0, {"registered", "in step"})
    assert registry.client().get_versions(subject) == [1, 2]
