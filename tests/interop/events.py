"""The events that the partners have too, as objects of a package that is built for the tests."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from tests.conftest import run_avrogen
from tests.interop.partners import SCHEMAS

__all__ = ["build_package", "events", "for_topic"]

PACKAGE = "interop_events"
FIRST = UUID("3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10")
SECOND = UUID(int=42)


def build_package(folder: Path) -> ModuleType:
    """Build the package and import it.

    Args:
        folder: where to; it stays on the path.
    """
    result = run_avrogen("build", SCHEMAS, "-o", folder / PACKAGE)
    assert result.exit_code == 0, result.stderr
    sys.path.insert(0, str(folder))
    importlib.import_module(f"{PACKAGE}.topics")
    return importlib.import_module(f"{PACKAGE}.com.acme.interop")


def events(types: Any) -> list[Any]:
    """The events that ``Events.java`` and ``events.go`` have, in their order."""
    return [
        types.Placed(
            id=FIRST,
            amount=Decimal("-1234567.89"),
            at=datetime(2025, 3, 14, 15, 9, 26, 535_897, tzinfo=UTC),
            day=date(1815, 12, 10),
            kind=types.Kind.LARGE,
            digest=types.Digest(b"\x00\x01\xfe\xff"),
            tags=["a", ""],
            counts={"max": 2**63 - 1},
            ratio=0.1,
            raw=b"",
            note="Zürich ☎",
            origin=types.Web(url="https://example.com", secure=False),
        ),
        types.Placed(
            id=SECOND,
            amount=Decimal("0.00"),
            at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            day=date(1970, 1, 1),
            kind=types.Kind.SMALL,
            digest=types.Digest(bytes(4)),
            tags=[],
            counts={},
            ratio=0.0,
            raw=b"raw",
            origin=types.Shop(name="corner"),
        ),
        types.Cancelled(id=FIRST, reason="lost"),
    ]


def for_topic(client: str, name: str) -> Any:
    """A client of the package, for a topic of another name.

    Args:
        client: the name of its class.
        name: of the topic.
    """
    base = getattr(importlib.import_module(f"{PACKAGE}.topics"), client)
    return type(client, (base,), {"__slots__": (), "topic": replace(base.topic, name=name)})
