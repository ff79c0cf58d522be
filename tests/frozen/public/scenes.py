"""Small schemas, servers and a folder, in which commands are run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from click.testing import Result

from avrogen.errors import ConsumeError
from avrogen.testing.broker import EmbeddedBroker, Record
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import run_avrogen, write_schemas
from tests.golden.topic_dead_letter.expected.topic_dead_letter import Order
from tests.golden.topic_dead_letter.expected.topic_dead_letter.topics import (
    ShopOrdersConsumer,
    ShopOrdersProducer,
)

__all__ = ["DEAD_LETTERS", "Scene"]

DEAD_LETTERS = "shop.orders.dlq"

_ORDER = """{"type": "record", "name": "Order", "namespace": "shop", "fields": [
  {"name": "id", "type": "string"}, {"name": "total", "type": "%s"}]}"""

_FILES = {
    "schemas/order.avsc": _ORDER % "double",
    "schemas/avrogen.toml": '[topics."shop.orders"]\nvalue = "shop.Order"\nkey-field = "id"\n',
    "narrower/order.avsc": _ORDER % "float",
    "integral/order.avsc": _ORDER % "long",
    "unknown/order.avsc": _ORDER % "duble",
    "narrower/avrogen.toml": '[topics."shop.orders"]\nvalue = "shop.Order"\nkey-field = "id"\n',
    "warning/a.avsc": '["float", "double"]',
    "foreign/pkg/__init__.py": "# somebody's\n",
    "empty/readme.txt": "",
}


class Scene:
    """A folder with schemas in ``schemas/`` and variations beside it, which is the current one."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_schemas(folder, _FILES)

    @classmethod
    @contextmanager
    def opened(cls) -> Generator[Scene]:
        """Make a scene in a temporary folder, in an environment without settings of avrogen."""
        before = Path.cwd()
        others = {name: value for name, value in os.environ.items() if "AVROGEN_" not in name}
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.dict(os.environ, others, clear=True),
        ):
            os.chdir(folder)
            try:
                yield cls(Path(folder))
            finally:
                os.chdir(before)

    def run(self, command: str, *more: str) -> Result:
        """Run a command of avrogen: words with spaces between, then others as they are."""
        return run_avrogen(*command.split(), *more)

    @contextmanager
    def registry(self) -> Generator[str]:
        """Run a registry; it gives its URL."""
        with EmbeddedRegistry() as registry:
            yield registry.url

    @contextmanager
    def dead_letter(self) -> Generator[tuple[list[str], list[Record]]]:
        """Have a message dead-lettered; it gives options for servers and the record."""
        with EmbeddedBroker() as broker, EmbeddedRegistry() as registry:
            broker.create_topic("shop.orders")
            broker.create_topic(DEAD_LETTERS)
            config: dict[str, object] = {
                "bootstrap.servers": broker.bootstrap_servers,
                "schema.registry.url": registry.url,
            }
            with ShopOrdersProducer(config, register=True) as producer:
                producer.send(Order(id="o-1", total=9.5), headers={"trace": b"1"}).result(30)
            with ShopOrdersConsumer(config, group_id="frozen") as consumer:

                def refuse(message: object) -> None:
                    consumer.stop()
                    raise ValueError("refused")

                with contextlib.suppress(ConsumeError):
                    consumer.run(refuse)
            records = list(broker.records(DEAD_LETTERS))
            assert len(records) == 1, "the message is not on the dead-letter topic"
            servers = ["--brokers", broker.bootstrap_servers, "--registry", registry.url]
            yield servers, records
