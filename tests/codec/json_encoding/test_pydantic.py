"""Generated classes in pydantic and FastAPI, as a new user has them: without adapters."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError

from avrogen import Duration, LocalTimestampNanos, TimestampNanos
from avrogen.runtime.v1 import AvroRecord
from avrogen.testing import example
from generated_example import ShopEvent
from generated_example.com.acme.common import Sha256
from generated_example.com.acme.payment import Card, PaymentSettled, Transfer
from generated_example.com.acme.shop import Category, OrderCancelled, OrderPlaced
from tests.codec.json_encoding.test_json import PACKAGES, Shadow, is_codec, owners
from tests.conftest import ROOT

JSON = {"content-type": "application/json"}


def adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


@pytest.mark.parametrize("package", [p for p in PACKAGES if "without_a_value" not in p])
def test_all_generated_classes_come_back(package: str) -> None:
    for owner in owners(package):
        if is_codec(owner):
            continue
        value, own = example(owner), adapter(owner)
        assert own.validate_json(own.dump_json(value)) == value
        assert own.validate_python(own.dump_python(value)) == value
        assert own.validate_python(value) is value
        inner: Any = owner
        many = adapter(dict[str, list[inner]])
        assert many.validate_json(many.dump_json({"a": [value]})) == {"a": [value]}
        schema = own.json_schema()
        assert schema == own.json_schema(mode="serialization")
        assert json.dumps(schema)


@pytest.mark.parametrize("value", [example(Card), example(Transfer)])
def test_unions_of_classes_keep_their_branch(value: Card | Transfer) -> None:
    for type_ in (Card | Transfer, Transfer | Card | None):
        own = adapter(type_)
        assert own.validate_json(own.dump_json(value)) == value
        assert own.validate_python(own.dump_python(value)) == value


class Envelope(BaseModel):
    """A model that has events."""

    event: ShopEvent
    digest: Sha256
    kept_for: Duration = Duration(days=7)
    seen: TimestampNanos
    local: LocalTimestampNanos | None = None


def test_models_hold_events() -> None:
    envelope = Envelope(
        event=example(OrderCancelled),
        digest=example(Sha256),
        seen=TimestampNanos(1_715_949_015_123_456_789),
        local=LocalTimestampNanos(1),
    )
    for again in (
        Envelope.model_validate_json(envelope.model_dump_json()),
        Envelope.model_validate(envelope.model_dump()),
        Envelope.model_validate(envelope.model_dump(mode="json")),
    ):
        assert again == envelope
        assert type(again.event) is OrderCancelled
        assert type(again.digest) is Sha256
        assert type(again.seen) is TimestampNanos
    assert envelope.model_dump(mode="json")["seen"] == "2024-05-17T12:30:15.123456789Z"
    assert envelope.model_dump(mode="json")["kept_for"] == "P7D"


def test_errors_are_those_of_pydantic_with_the_path() -> None:
    values = json.loads(example(OrderPlaced).to_json())
    values["lines"][0]["unit_price"]["amount"] = "x"
    with pytest.raises(ValidationError, match=r"lines\[0\].unit_price.amount: expected a decimal"):
        adapter(OrderPlaced).validate_python(values)
    with pytest.raises(ValidationError, match="ISO 8601"):
        adapter(Duration).validate_python(5)


def test_recursive_types_have_references() -> None:
    schema = adapter(Category).json_schema()
    assert "Category" in json.dumps(schema)
    assert schema["$defs"]["Category"]["properties"]["children"]["items"] == {
        "$ref": "#/$defs/Category"
    }


def test_fields_with_the_names_of_methods() -> None:
    value, own = Shadow(to_json="a", from_json=5), adapter(Shadow)
    assert own.validate_json(own.dump_json(value)) == value


def client() -> TestClient:
    app = FastAPI()

    @app.post("/order")
    def order(event: OrderPlaced) -> OrderPlaced:
        assert isinstance(event, AvroRecord)
        return event

    @app.post("/events")
    def events(many: list[ShopEvent]) -> list[ShopEvent]:
        return many

    @app.post("/settled")
    def settled(event: PaymentSettled) -> PaymentSettled:
        return event

    return TestClient(app)


def test_fastapi_has_events_as_bodies() -> None:
    app, placed = client(), example(OrderPlaced)
    answer = app.post("/order", content=placed.to_json(), headers=JSON)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"$type": "com.acme.shop.OrderPlaced", **json.loads(placed.to_json())}
    assert OrderPlaced.from_json(answer.text) == placed
    answer = app.post("/events", content=f"[{answer.text}]", headers=JSON)
    assert answer.status_code == 200, answer.text
    for method in (example(Card), example(Transfer)):
        values = {**example(PaymentSettled).to_dict(), "method": method}
        event = PaymentSettled.from_dict(values)
        answer = app.post("/settled", content=event.to_json(), headers=JSON)
        assert PaymentSettled.from_json(answer.text) == event
    refused = app.post("/order", json={"order_id": "x"})
    assert refused.status_code == 422
    assert "expected a UUID, got 'x'" in refused.text


def test_openapi_describes_events() -> None:
    schemas = client().get("/openapi.json").json()["components"]["schemas"]
    assert {"OrderPlaced", "OrderCancelled", "Money", "Card", "Transfer"} <= schemas.keys()
    money = schemas["Money"]
    assert money["required"] == ["amount"]
    assert money["properties"]["currency"] == {"$ref": "#/components/schemas/Currency"}


def test_pydantic_is_imported_by_nobody_else() -> None:
    code = (
        "import sys; from avrogen.testing import example; "
        "from generated_example.com.acme.shop import OrderPlaced as O; "
        "value = example(O); assert O.from_json(value.to_json()) == value; "
        "assert not {'pydantic', 'pydantic_core'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
