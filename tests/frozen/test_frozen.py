"""Packages that earlier versions generated, with today's runtime.

A folder ``v0_1`` has a package as version 0.1 wrote it, a module ``use`` that a service of those
days could have, and the bytes that came of it. Type checkers read both, as they read all tests.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import run_python
from tests.frozen import surface
from tests.frozen.v0_1 import events, use

V0_1 = Path(__file__).parent / "v0_1"
GOLDEN: dict[str, str] = json.loads((V0_1 / "golden.json").read_text("utf-8"))


def test_it_is_as_it_was() -> None:
    """Whoever formats or generates it anew has not an old package any more."""
    digest = hashlib.sha256()
    files = [path for path in (V0_1 / "events").rglob("*") if path.suffix in (".py", ".typed")]
    for file in sorted(files):
        digest.update(file.relative_to(V0_1).as_posix().encode() + b"\0" + file.read_bytes())
    assert digest.hexdigest() == (V0_1 / "events.sha256").read_text("utf-8").strip()


def test_all_of_it_is_imported() -> None:
    modules = [m.name for m in pkgutil.walk_packages(events.__path__, f"{events.__name__}.")]
    assert len(modules) > 30
    for name in modules:
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            assert getattr(module, public) is not None


def test_types_need_no_client() -> None:
    code = (
        "import sys; from tests.frozen.v0_1.events import OrderPlaced, shop_event\n"
        "print([m for m in sys.modules if m.startswith(('avrogen.kafka', 'confluent_kafka'))])"
    )
    imported = run_python("-c", code, cwd=V0_1.parents[2])
    assert imported.stdout == "[]\n", imported.stderr


@pytest.mark.parametrize("name", GOLDEN)
def test_values_are_written_and_read_as_ever(name: str) -> None:
    assert use.written()[name] == GOLDEN[name]
    assert use.read(GOLDEN)[name] == use.VALUES[name]


def test_every_value_has_its_bytes() -> None:
    assert set(GOLDEN) == set(use.VALUES)


def test_topics_work() -> None:
    with EmbeddedBroker() as broker, EmbeddedRegistry() as registry:
        broker.create_topic("shop.orders.v1")
        broker.create_topic("shop.orders.v1.dlq")
        config: dict[str, object] = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        assert use.send_and_receive(config) == use.ORDERS
        again = asyncio.run(use.send_and_receive_async(config))
    assert again == use.ORDERS


# --- what packages to come may count on -----------------------------------------------------------


def test_nothing_of_the_runtime_is_lost() -> None:
    frozen: surface.Surface = json.loads(surface.FILE.read_text("utf-8"))
    assert surface.losses(frozen, surface.surface()) == []


@pytest.mark.parametrize(
    ("new", "loss"),
    [
        ({}, "f is gone"),
        ({"f": None}, "f: cannot be called any more"),
        ({"f": {"a": "positional or keyword"}}, "f: the parameter b is gone"),
        (
            {"f": {"a": "keyword-only", "b": "keyword-only?"}},
            "f: the parameter a was positional or keyword and is keyword-only",
        ),
        (
            {"f": {"a": "positional or keyword", "b": "keyword-only"}},
            "f: the parameter b was keyword-only? and is keyword-only",
        ),
        (
            {"f": {"a": "positional or keyword", "b": "keyword-only?", "c": "keyword-only"}},
            "f: the parameter c is new and must be given",
        ),
        (
            {
                "f": {
                    "c": "positional or keyword?",
                    "a": "positional or keyword",
                    "b": "keyword-only?",
                }
            },
            "f: positional parameters were ['a'] and are ['c', 'a']",
        ),
    ],
)
def test_what_is_a_loss(new: surface.Surface, loss: str) -> None:
    old: surface.Surface = {"f": {"a": "positional or keyword", "b": "keyword-only?"}}
    assert loss in surface.losses(old, new)


def test_what_is_none() -> None:
    old: surface.Surface = {"f": {"a": "positional or keyword"}, "g": None}
    new: surface.Surface = {
        "f": {"a": "positional or keyword?", "b": "positional or keyword?"},
        "g": {},
        "h": None,
    }
    assert surface.losses(old, new) == []
