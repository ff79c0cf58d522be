"""A registry that was filled by producers with Avro Java 1.8.2, which does not check names or
defaults: their schemas are pulled, built, compared, read and written.
"""

from __future__ import annotations

import base64
import importlib
from pathlib import Path
from typing import Any

import pytest

from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing import EmbeddedKafka
from tests.conftest import Build, run_avrogen, write_schemas
from tests.support.librdkafka import produce_bytes
from tests.support.registry_requests import ask

OLD = {
    "inner": (
        '{"type":"record","name":"Inner","namespace":"org.acme.Outer$","fields":[{"name":"tags",'
        '"type":{"type":"array","items":"string"},"default":null},{"name":"count","type":"int",'
        '"default":"0"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},'
        '"default":""}]}',
        "Agh0ZXh0AA4Q",
        ["Inner", "tags", "count", "at"],
    ),
    "order": (
        '{"type":"record","name":"Order","namespace":"abc-123.x","fields":[{"name":"order_id",'
        '"type":"string"},{"name":"first","type":["null","int"],"default":"null"},{"name":"kind",'
        '"type":{"type":"enum","name":"Kind","symbols":["A_B","Ä"]},"default":"ZZ"},{"name":"größe",'
        '"type":{"type":"map","values":"double"},"default":[]}]}',
        "CHRleHQCDgICBmstMQAAAAAAAARAAA==",
        ["Order", "order_id", "first", "kind", "größe"],
    ),
    "row": (
        '{"type":"record","name":"Row","namespace":".x","fields":[{"name":"a_b","type":{"type":'
        '"record","name":"NestedRow","fields":[{"name":"x_y","type":"bytes","default":null}]},'
        '"default":null},{"name":"next","type":["Row","null"],"default":null}]}',
        "BAECAg==",
        ["Row", "a_b", "next"],
    ),
}
"""Text of a schema as Avro Java 1.8.2 prints it, data that it wrote, a class and its attributes."""

CONFIG = '[names]\nlenient = true\n\n[defaults]\ninvalid = "ignore"\n'
TOPICS = """
[topics.inner]
value = "org.acme.Outer$.Inner"

[topics.order]
value = "abc-123.x.Order"

[topics.row]
value = ".x.Row"
"""


def register_old(url: str) -> dict[str, int]:
    ids: dict[str, int] = {}
    for topic, (text, _, _) in OLD.items():
        status, answer = ask(f"{url}/subjects/{topic}-value/versions", "POST", {"schema": text})
        assert status == 200, answer
        ids[topic] = answer["id"]
    return ids


def pulled(folder: Path, url: str) -> Path:
    write_schemas(folder, {"avrogen.toml": CONFIG})
    result = run_avrogen("registry", "pull", "*", "-o", folder, "--url", url)
    assert result.exit_code == 0, result.output
    return write_schemas(folder, {"avrogen.toml": CONFIG + TOPICS})


def test_what_old_producers_wrote_is_read_and_written(build: Build, tmp_path: Path) -> None:
    with EmbeddedKafka() as kafka:
        ids = register_old(kafka.registry.url)
        folder = pulled(tmp_path / "schemas", kafka.registry.url)
        build(folder, "old_java")
        topics: Any = importlib.import_module("old_java.topics")
        servers = kafka.broker.bootstrap_servers
        for topic, (_, data, (name, *attributes)) in OLD.items():
            body = base64.b64decode(data)
            produce_bytes(servers, topic, frame_prefix(ids[topic]) + body)
            consumer = getattr(topics, f"{topic.title()}Consumer")
            with kafka.consumer(consumer, group_id="first") as messages:
                value = next(iter(messages)).value
            assert type(value).__name__ == name
            assert list(value.__avro_fields__.values()) == attributes
            assert value.to_avro() == body
            with kafka.producer(getattr(topics, f"{topic.title()}Producer")) as producer:
                producer.send(value).result(10)
            with kafka.consumer(consumer, group_id="second") as messages:
                found = iter(messages)
                assert [next(found).value, next(found).value] == [value, value]
            assert ask(f"{kafka.registry.url}/subjects/{topic}-value/versions")[1] == [1]


def test_commands_take_what_old_producers_registered(tmp_path: Path) -> None:
    with EmbeddedKafka() as kafka:
        url = kafka.registry.url
        register_old(url)
        folder = pulled(tmp_path / "schemas", url)
        for command in ("status", "register"):
            result = run_avrogen("registry", command, folder, "--url", url)
            assert (result.exit_code, result.stdout.count("in step")) == (0, 4), result.output
        result = run_avrogen("check", folder, "--against", url)
        assert (result.exit_code, "3 unchanged" in result.stdout) == (0, True), result.output
        again = run_avrogen("registry", "pull", "*", "-o", folder, "--url", url)
        assert "0 written, 0 removed" in again.stdout


def test_without_the_settings_the_build_names_them(tmp_path: Path) -> None:
    with EmbeddedKafka() as kafka:
        register_old(kafka.registry.url)
        folder = pulled(tmp_path / "schemas", kafka.registry.url)
    hints = {
        "": "[names] lenient = true in avrogen.toml",
        "[names]\nlenient = true\n": '[defaults] invalid = "ignore"',
    }
    for config, hint in hints.items():
        write_schemas(folder, {"avrogen.toml": config})
        result = run_avrogen("build", folder, "-o", tmp_path / "out")
        assert (result.exit_code, hint in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize("references", ["false", "true"])
def test_lenient_names_are_registered_and_sent(
    build: Build, tmp_path: Path, references: str
) -> None:
    """Of invalid names, the registry accepts namespaces and letters of other alphabets only."""
    line = {
        "type": "record",
        "name": "Zeile",
        "namespace": "de.läden-2.Api$",
        "fields": [{"name": "menge", "type": "int"}],
    }
    order = {
        "type": "record",
        "name": "Aufträge",
        "namespace": "de.läden-2",
        "fields": [
            {"name": "zeilen", "type": {"type": "array", "items": "de.läden-2.Api$.Zeile"}},
            {
                "name": "größe",
                "type": {"type": "enum", "name": "Größe", "symbols": ["groß", "klein"]},
            },
        ],
    }
    with EmbeddedKafka() as kafka:
        config = (
            f"[names]\nlenient = true\n\n[registry]\nreferences = {references}\n\n"
            '[topics.orders]\nvalue = "de.läden-2.Aufträge"\n'
        )
        files = {"zeile.avsc": line, "order.avsc": order, "avrogen.toml": config}
        folder = write_schemas(tmp_path / "schemas", files)
        url = kafka.registry.url
        result = run_avrogen("registry", "register", folder, "--url", url)
        assert result.exit_code == 0, result.output
        subjects = ask(f"{url}/subjects")[1]
        assert ("de.läden-2.Api$.Zeile" in subjects) == (references == "true")
        package: Any = build(folder, "lenient_topic")
        topics: Any = importlib.import_module("lenient_topic.topics")
        value = package.Aufträge(zeilen=[package.Zeile(menge=3)], größe=package.Größe("klein"))
        with kafka.producer(topics.OrdersProducer) as producer:
            producer.send(value).result(10)
        with kafka.consumer(topics.OrdersConsumer, group_id="g") as messages:
            assert next(iter(messages)).value == value
        assert ask(f"{url}/subjects")[1] == subjects
        status = run_avrogen("registry", "status", folder, "--url", url)
        assert (status.exit_code, "in step" in status.stdout) == (0, True)
