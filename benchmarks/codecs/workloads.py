"""The workloads: W1, W1b, W2, W3, W4."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks.codecs.packages import ROOT, Packages
from benchmarks.codecs.workload import Workload

__all__ = ["PACKAGE", "TYPES", "workloads"]

PACKAGE = "workloads"
"""The package that is built of ``benchmarks/schemas``."""

TYPES = {
    "W1": "w1.Event",
    "W1b": "w1b.Event",
    "W2": "w2.Order",
    "W3": "w3.Reading",
    "W4": "w4.Signal",
}
"""The types of the workloads, which are in files of the same name."""


def workloads(packages: Packages) -> Iterator[Workload]:
    """Build the package, and make a value of each type."""
    packages.build(PACKAGE, ROOT / "benchmarks" / "schemas")
    for name, type_name in TYPES.items():
        yield Workload(name, packages.place(PACKAGE, type_name), _VALUES[name])


_AT = datetime(2025, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)

_EVENT = {
    "id": "7d0c6f1e-52a8-4b8f-9c55-2f3d8f1b6a90",
    "at": _AT,
    "kind": "CHANGED",
    "source": "checkout-service",
    "tags": {"region": "eu-central-1", "tenant": "acme", "version": "2.14.0"},
    "attempt": 3,
}

_ORDER = {
    "order_id": UUID("3f8b8a54-0f6d-4c3f-8d5e-77c1c3a0f9b2"),
    "customer_id": 4_711_815,
    "placed_at": _AT,
    "deliver_on": date(2025, 3, 18),
    "status": "PAID",
    "currency": "EUR",
    "total": Decimal("1249.95"),
    "lines": [
        {"sku": f"SKU-{4200 + n}", "quantity": n + 1, "price": 19.99 * (n + 1), "gift": n == 3}
        for n in range(5)
    ],
    "payment": ("w2.Card", {"network": "VISA", "last_digits": "4242"}),
    "shipping": {
        "street": "Große Bleichen 12",
        "city": "Hamburg",
        "postcode": "20354",
        "country": "DE",
    },
    "coupon": None,
    "weight": 2.75,
    "express": True,
    "attributes": {"channel": "web", "campaign": "spring"},
    "revision": 2,
}


def _reading() -> dict[str, Any]:
    """Every third double is missing, and ints have one to three bytes."""
    source = random.Random(3)
    value: dict[str, Any] = {}
    for n in range(0, 60, 3):
        value[f"x{n:02}"] = source.uniform(-1000, 1000)
        value[f"n{n + 1:02}"] = source.choice((7, 480, 25_000))
        value[f"y{n + 2:02}"] = source.uniform(0, 1) if n % 9 else None
    return value


def _signal() -> dict[str, Any]:
    source = random.Random(4)
    samples = [source.uniform(-1, 1) for _ in range(1000)]
    return {"samples": samples, "image": source.randbytes(10 * 1024)}


_VALUES: dict[str, Any] = {
    "W1": _EVENT,
    "W1b": {**_EVENT, "at": int(_AT.timestamp() * 1000)},
    "W2": _ORDER,
    "W3": _reading(),
    "W4": _signal(),
}
