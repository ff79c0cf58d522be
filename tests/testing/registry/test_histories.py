"""Verdicts over histories of subjects: those of the shared cases, from every registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.shared import conformance
from tests.testing.registry.conftest import AnyRegistry
from tests.testing.registry.schemas import avro, refused


@pytest.mark.parametrize("case", conformance("evolution_modes"), ids=lambda case: case["id"])
def test_histories(registry: AnyRegistry, subject: str, case: dict[str, Any]) -> None:
    client = registry.client()
    for schema in case["previous"]:
        client.register_schema(subject, avro(schema))
        client.set_compatibility(subject, "NONE")
    client.set_compatibility(subject, case["mode"])
    new = avro(case["new"])
    if case["compatible"]:
        client.register_schema(subject, new)
    else:
        assert refused(lambda: client.register_schema(subject, new)) == (409, 409)
