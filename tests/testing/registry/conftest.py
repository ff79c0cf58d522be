"""The registries that the same tests run over."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from avrogen.testing.registry import EmbeddedRegistry
from tests.services.apicurio import Apicurio
from tests.services.fixtures import ON_SERVICES


@dataclass(frozen=True, slots=True)
class AnyRegistry:
    """A registry that is shared with other tests, so that each takes names of its own.

    Attributes:
        kind: ``embedded``, ``apicurio`` or ``apicurio-canonical``.
        url: where it is.
        clients: all that have been made.
    """

    kind: str
    url: str
    clients: ExitStack

    def client(self) -> SchemaRegistryClient:
        """A client with empty caches, for this test."""
        settings = {"url": self.url, "timeout": 30, "max.retries": 0}
        client = SchemaRegistryClient(settings)
        self.clients.callback(client.close)
        return client


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("apicurio", marks=ON_SERVICES),
        pytest.param("apicurio-canonical", marks=ON_SERVICES),
    ]
)
def registry(request: pytest.FixtureRequest) -> Iterator[AnyRegistry]:
    """Each of the registries in turn."""
    with ExitStack() as stack:
        if request.param == "embedded":
            url = stack.enter_context(EmbeddedRegistry()).url
        else:
            name = "real_registry" if request.param == "apicurio" else "canonical_registry"
            real: Apicurio = request.getfixturevalue(name)
            url = real.url
        yield AnyRegistry(request.param, url, stack)


@pytest.fixture
def subject() -> str:
    """A subject that no other test uses."""
    return f"s{uuid.uuid4().hex}-value"
