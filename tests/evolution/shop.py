"""The schemas of a shop, before anybody makes a mistake, and ways to change them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

from tests.evolution.repositories import Files
from tests.support.schemas import field

__all__ = [
    "SHOP",
    "Change",
    "added",
    "all_of",
    "changed",
    "field",
    "field_change",
    "file",
    "moved",
    "removed",
    "replaced",
    "type_change",
    "without",
]

Change: TypeAlias = Callable[[dict[str, Any]], None]
"""Changes files in place."""


def _record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "namespace": "com.acme.shop",
        "fields": list(fields),
        **more,
    }


def _long(logical: str) -> dict[str, Any]:
    return {"type": "long", "logicalType": logical}


SHOP: Files = {
    "schemas/avrogen.toml": """\
[topics."shop.orders.v1"]
value = ["com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled"]
key = "string"

[topics."shop.payments.v1"]
value = "com.acme.shop.PaymentTaken"
key = "string"
""",
    "schemas/order_placed.avsc": _record(
        "OrderPlaced",
        field("id", "string"),
        field("placed_at", _long("timestamp-millis")),
        field("customer_number", "long"),
        field("total", "Money"),
        field("status", "Status"),
        field("lines", {"type": "array", "items": "OrderLine"}),
        field("payment", ["Card", "Transfer"]),
        field("note", ["null", "string"], default=None),
        field("channel", "string", default="web"),
    ),
    "schemas/order_cancelled.avsc": _record(
        "OrderCancelled",
        field("id", "string"),
        field("refund", "Money"),
        field("reason", "Reason"),
        field("cancelled_at", _long("timestamp-millis")),
        field("trace", "bytes"),
    ),
    "schemas/payment_taken.avsc": _record(
        "PaymentTaken",
        field("order", "string"),
        field("amount", "Money"),
        field("attempts", "int", default=1),
        field("received", "long"),
    ),
    "schemas/common/money.avsc": _record(
        "Money",
        field(
            "amount",
            {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
        ),
        field("currency", "string"),
    ),
    "schemas/common/status.avsc": {
        "type": "enum",
        "name": "com.acme.shop.Status",
        "symbols": ["NEW", "PAID", "SHIPPED"],
    },
    "schemas/common/reason.avsc": {
        "type": "enum",
        "name": "com.acme.shop.Reason",
        "symbols": ["OTHER", "LATE", "BROKEN"],
        "default": "OTHER",
    },
    "schemas/order_line.avsc": _record(
        "OrderLine", field("article", "string"), field("quantity", "int"), field("price", "Money")
    ),
    "schemas/card.avsc": _record(
        "Card",
        field("digits", {"type": "fixed", "name": "LastDigits", "size": 4}),
        field("expires", {"type": "int", "logicalType": "date"}),
    ),
    "schemas/transfer.avsc": _record("Transfer", field("iban", "string")),
    "schemas/shop_event.avsc": ["com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled"],
}
"""Every type of it is in a file of its own, but for ``LastDigits``."""


def changed(change: Change) -> dict[str, Any]:
    """The files after a change."""
    files = copy.deepcopy(dict(SHOP))
    change(files)
    return files


def all_of(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(files: dict[str, Any]) -> None:
        for one in changes:
            one(files)

    return change


def file(path: str, content: Any) -> Change:
    """A file that is new, or has another content."""
    return lambda files: files.update({f"schemas/{path}": content})


def removed(path: str) -> Change:
    """A file less."""
    return lambda files: files.pop(f"schemas/{path}")


def moved(path: str, to: str) -> Change:
    """A file at another place."""
    return lambda files: files.update({f"schemas/{to}": files.pop(f"schemas/{path}")})


def type_change(path: str, **members: Any) -> Change:
    """Other members of what a file has at its top; None takes one away."""

    def change(files: dict[str, Any]) -> None:
        schema = files[f"schemas/{path}"]
        for name, value in members.items():
            if value is None:
                schema.pop(name)
            else:
                schema[name] = value

    return change


def field_change(path: str, field_name: str, /, **members: Any) -> Change:
    """Other members of a field."""

    def change(files: dict[str, Any]) -> None:
        (found,) = [f for f in files[f"schemas/{path}"]["fields"] if f["name"] == field_name]
        found.update(members)

    return change


def without(path: str, name: str, *members: str) -> Change:
    """Members of a field less; without any, the whole field less."""

    def change(files: dict[str, Any]) -> None:
        fields = files[f"schemas/{path}"]["fields"]
        (found,) = [f for f in fields if f["name"] == name]
        if not members:
            fields.remove(found)
        for member in members:
            del found[member]

    return change


def added(path: str, *fields: dict[str, Any]) -> Change:
    """Fields more."""
    return lambda files: files[f"schemas/{path}"]["fields"].extend(fields)


def replaced(path: str, old: str, new: str) -> Change:
    """Another text in a file that is text."""

    def change(files: dict[str, Any]) -> None:
        assert old in files[f"schemas/{path}"]
        files[f"schemas/{path}"] = files[f"schemas/{path}"].replace(old, new)

    return change
