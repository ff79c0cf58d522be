"""A folder of schemas, an embedded registry, and the command between the two."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import Result

from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import Schemas, run_avrogen, write_schemas
from tests.support.registry_requests import ask, path

ORDER: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "namespace": "acme.shop",
    "doc": "What was ordered.",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "paid", "type": ["null", "acme.Money"], "default": None},
        {"name": "lines", "type": {"type": "array", "items": "Line"}},
    ],
}
LINE: dict[str, Any] = {
    "type": "record",
    "name": "Line",
    "namespace": "acme.shop",
    "fields": [{"name": "price", "type": "acme.Money"}],
}
MONEY: dict[str, Any] = {
    "type": "record",
    "name": "Money",
    "namespace": "acme",
    "fields": [{"name": "cents", "type": "long"}],
}
KEY: dict[str, Any] = {"type": "fixed", "name": "Key", "namespace": "acme", "size": 16}

TOPICS = """
[topics.orders]
value = "acme.shop.Order"
key = "acme.Key"

[topics.everything]
value = ["acme.shop.Order", "acme.Money"]
key = "string"
"""

FILES: Schemas = {
    "shop/order.avsc": ORDER,
    "shop/line.avsc": LINE,
    "money.avsc": MONEY,
    "key.avsc": KEY,
    "avrogen.toml": TOPICS,
}

SUBJECTS = ["everything-acme.Money", "everything-acme.shop.Order", "orders-key", "orders-value"]


class Run(Protocol):
    """``avrogen registry`` with the URL of the registry."""

    def __call__(self, *arguments: str | Path) -> Result: ...


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as registry:
        yield registry


@pytest.fixture
def run(registry: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AVROGEN_REGISTRY_URL", registry.url)
    return lambda *arguments: run_avrogen("registry", *arguments)


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    return write_schemas(tmp_path / "schemas", FILES)


class Peek:
    """Looks at a registry, and changes it, as another program would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def versions(self, subject: str) -> Any:
        return ask(self.url + path("subjects", subject, "versions"))[1]

    def subjects(self) -> Any:
        return sorted(ask(self.url + path("subjects"))[1])

    def schema(self, subject: str) -> Any:
        return json.loads(
            ask(self.url + path("subjects", subject, "versions", "latest"))[1]["schema"]
        )

    def references(self, subject: str) -> Any:
        answer = ask(self.url + path("subjects", subject, "versions", "latest"))[1]
        return [(r["subject"], r["version"]) for r in answer.get("references", [])]

    def register(self, subject: str, schema: Any, **more: Any) -> Any:
        body = {"schema": schema if isinstance(schema, str) else json.dumps(schema), **more}
        status, answer = ask(self.url + path("subjects", subject, "versions"), "POST", body)
        assert status == 200, answer
        return answer

    def level(self, subject: str, level: str) -> None:
        status, _ = ask(self.url + path("config", subject), "PUT", {"compatibility": level})
        assert status == 200


@pytest.fixture
def peek(registry: EmbeddedRegistry) -> Peek:
    return Peek(registry.url)


def edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a schema file."""
    schema = json.loads(file.read_text("utf-8"))
    change(schema)
    file.write_text(json.dumps(schema), "utf-8")


def add_field(name: str, **more: Any) -> Callable[[dict[str, Any]], None]:
    """A change that adds a field to a record."""
    return lambda schema: schema["fields"].append({"name": name, "type": "int", **more})
