"""``--help``: each command shows an example that works, and its exit codes."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import ROOT, run_avrogen
from tests.evolution.repositories import Repository
from tests.reference.walking import Shown, all_commands

COMMANDS = all_commands()
BY_NAME = pytest.mark.parametrize("shown", COMMANDS, ids=[shown.name for shown in COMMANDS])


class Place:
    """A repository with the example schemas, and the servers that examples speak to."""

    def __init__(self, broker: EmbeddedBroker, registry: EmbeddedRegistry) -> None:
        self._servers = {
            "localhost:9092": broker.bootstrap_servers,
            "http://localhost:8081": registry.url,
        }

    def command(self, example: str) -> list[str]:
        """The arguments of an example, with servers that are there."""
        for said, there in self._servers.items():
            example = example.replace(said, there)
        return shlex.split(example)[1:]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    Repository(folder).commit_all()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.chdir(folder)
        broker = stack.enter_context(EmbeddedBroker())
        broker.create_topic("shop.orders.v1")
        broker.create_topic("shop.orders.v1.dlq")
        (folder / "events.jsonl").write_text('{"key": "a", "value": null}\n')
        registry = stack.enter_context(EmbeddedRegistry())
        patch.setenv("AVROGEN_REGISTRY_URL", registry.url)
        patch.delenv("AVROGEN_BROKERS", raising=False)
        assert run_avrogen("registry", "register", "schemas").exit_code == 0
        yield Place(broker, registry)


@BY_NAME
def test_there_is_an_example(shown: Shown) -> None:
    assert shown.examples
    assert all(each.startswith(shown.name) for each in shown.examples)


@BY_NAME
def test_there_are_exit_codes(shown: Shown) -> None:
    assert "\nExit codes:  0 " in shown.help


@BY_NAME
def test_it_is_printed_as_it_is(shown: Shown) -> None:
    """Examples and exit codes are lines of their own, however wide the terminal is."""
    printed = run_avrogen(*shown.name.split()[1:], "--help").stdout
    for example in shown.examples:
        assert f"\n  Example:     {example}\n" in printed


@pytest.mark.xdist_group("help")
@BY_NAME
def test_examples_work(shown: Shown, place: Place) -> None:
    for example in shown.examples:
        result = run_avrogen(*place.command(example))
        assert result.exit_code == 0, result.output


def test_the_way_to_begin() -> None:
    assert "\nTo begin:    avrogen init\n" in COMMANDS[0].help
