"""Several definitions of one full name in one package: from schema files to Kafka and back."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from avrogen import Schema
from avrogen.testing import EmbeddedKafka
from tests.conftest import Build, Schemas, run_avrogen, write_schemas
from tests.support.registry_requests import ask, path

KSQL = "io.confluent.ksql.avro_schemas.KsqlDataSourceSchema"


def row(*columns: str) -> dict[str, Any]:
    """A schema as ksqlDB registers it."""
    return {
        "type": "record",
        "name": "KsqlDataSourceSchema",
        "namespace": "io.confluent.ksql.avro_schemas",
        "fields": [{"name": c, "type": ["null", "string"], "default": None} for c in columns],
        "connect.name": KSQL,
    }


VIEWS: Schemas = {
    "views-key.avsc": row("PAGE"),
    "views-value.avsc": row("VIEWER", "COUNTRY"),
    "avrogen.toml": f"""
[definitions]
"{KSQL}" = "ksql.{{file}}"

[topics.views]
key = "ksql.ViewsKey"
value = "ksql.ViewsValue"
""",
}


def source(*columns: str) -> dict[str, Any]:
    fields = [{"name": column, "type": ["null", "long"], "default": None} for column in columns]
    return {"type": "record", "name": "io.debezium.Source", "fields": fields}


def envelope(table: str, source: Any) -> dict[str, Any]:
    fields = [{"name": "source", "type": source}, {"name": "before", "type": "io.debezium.Source"}]
    return {"type": "record", "name": f"db.{table}.Envelope", "fields": fields}


def registered(kafka: EmbeddedKafka, subject: str) -> Any:
    url = kafka.registry.url + path("subjects", subject, "versions", "latest")
    return json.loads(ask(url)[1]["schema"])


def test_key_and_value_of_a_ksqldb_stream(build: Build, avrogen_kafka: EmbeddedKafka) -> None:
    build(VIEWS)
    topics: Any = import_module("built.topics")
    ksql: Any = import_module("built.ksql")
    key = ksql.ViewsKey(PAGE="/home")
    value = ksql.ViewsValue(VIEWER="ann", COUNTRY="NL")
    with avrogen_kafka.producer(topics.ViewsProducer) as producer:
        producer.send(value, key=key)
    received: list[Any] = []
    with avrogen_kafka.consumer(topics.ViewsConsumer, group_id="billing") as consumer:
        consumer.run(received.append)
    assert [(message.key, message.value) for message in received] == [(key, value)]
    assert registered(avrogen_kafka, "views-key")["name"] == "KsqlDataSourceSchema"
    for subject, written in (("views-key", row("PAGE")), ("views-value", row("VIEWER", "COUNTRY"))):
        schema = Schema.parse(json.dumps(registered(avrogen_kafka, subject)))
        assert schema == Schema.parse(json.dumps(written))


def test_messages_of_ksqldb_are_read(build: Build, avrogen_kafka: EmbeddedKafka) -> None:
    build(VIEWS)
    topics: Any = import_module("built.topics")
    ksql: Any = import_module("built.ksql")
    avrogen_kafka.create(topics.VIEWS)
    sent = {"views-key": {"PAGE": "/"}, "views-value": {"VIEWER": "bob", "COUNTRY": None}}
    key, value = (
        written_by_another(avrogen_kafka, subject, VIEWS[f"{subject}.avsc"], row)
        for subject, row in sent.items()
    )
    producer = Producer({"bootstrap.servers": avrogen_kafka.broker.bootstrap_servers})
    producer.produce("views", value, key)
    assert producer.flush(10) == 0
    (message,) = avrogen_kafka.messages(topics.VIEWS)
    assert message.key == ksql.ViewsKey(PAGE="/")
    assert message.value == ksql.ViewsValue(VIEWER="bob", COUNTRY=None)


def written_by_another(kafka: EmbeddedKafka, subject: str, schema: Any, value: Any) -> bytes:
    """What a program without generated code writes with a registered schema."""
    url = kafka.registry.url + path("subjects", subject)
    status, found = ask(url, "POST", {"schema": json.dumps(schema)})
    assert status == 200, found
    plain = Schema.parse(json.dumps(schema))
    return b"\0" + int(found["id"]).to_bytes(4, "big") + plain.to_avro(value)


def test_registry_commands_send_the_full_name(tmp_path: Path, avrogen_kafka: EmbeddedKafka) -> None:
    folder, url = write_schemas(tmp_path / "schemas", VIEWS), avrogen_kafka.registry.url
    result = run_avrogen("registry", "register", folder, "--url", url)
    assert result.exit_code == 0, result.output
    assert registered(avrogen_kafka, "views-value") == row("VIEWER", "COUNTRY")
    other = {"type": "fixed", "name": "acme.Key", "size": 16}
    body = {"schema": json.dumps(other)}
    assert ask(url + path("subjects", "other", "versions"), "POST", body)[0] == 200
    result = run_avrogen("registry", "pull", "other", "-o", folder, "--url", url)
    assert result.exit_code == 0, result.output
    result = run_avrogen("registry", "status", folder, "--url", url)
    assert result.stdout.splitlines()[-1] == "3 subjects: 3 in step"
    result = run_avrogen("check", folder, "--against", url)
    assert (result.exit_code, result.stdout) == (0, f"against {url}: 3 unchanged\n")
    write_schemas(folder, {"views-value.avsc": row("VIEWER", "COUNTRY", "AGE")})
    result = run_avrogen("check", folder, "--against", url)
    assert (result.exit_code, result.stderr) == (0, "")
    changed = {**row("VIEWER"), "fields": [{"name": "VIEWER", "type": "long"}]}
    write_schemas(folder, {"views-value.avsc": changed})
    result = run_avrogen("check", folder, "--against", url)
    assert result.exit_code == 1
    assert "views-value" in result.stderr


@pytest.mark.parametrize("baseline", ["schemas", "package"])
def test_check_matches_own_names(tmp_path: Path, build: Build, baseline: str) -> None:
    build(VIEWS)
    against = tmp_path / ("schemas/built" if baseline == "schemas" else "built")
    folder = write_schemas(tmp_path / "new", VIEWS)
    result = run_avrogen("check", folder, "--against", against)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(": 2 unchanged\n")
    changed = {**row("PAGE"), "fields": [{"name": "PAGE", "type": "long"}]}
    write_schemas(folder, {"views-key.avsc": changed})
    result = run_avrogen("check", folder, "--against", against)
    assert result.exit_code == 1
    assert "[AVR801]" in result.stderr


def test_an_own_name_is_no_other_type_to_check(tmp_path: Path) -> None:
    before = write_schemas(tmp_path / "before", {"row.avsc": row("PAGE")})
    config = f'[definitions]\n"{KSQL}" = "ksql.{{file}}"\n'
    files: Schemas = {"row.avsc": row("PAGE"), "key.avsc": row("ID"), "avrogen.toml": config}
    result = run_avrogen("check", write_schemas(tmp_path / "after", files), "--against", before)
    assert (result.exit_code, result.stderr) == (0, "")


def test_definitions_that_are_nested(build: Build) -> None:
    build(
        {
            "orders.avsc": envelope("orders", source("ts_ms", "ts_us")),
            "customers.avsc": envelope("customers", source("ts_ms")),
            "latest.avsc": {"type": "array", "items": "io.debezium.Source"},
            "avrogen.toml": (
                '[definitions."io.debezium.Source"]\n"orders.avsc" = "debezium.v2.Source"\n'
            ),
        }
    )
    old = class_of("io.debezium", "Source")(ts_ms=1)
    new = class_of("debezium.v2", "Source")(ts_ms=1, ts_us=2)
    customers = class_of("db.customers", "Envelope")(source=old, before=old)
    orders = class_of("db.orders", "Envelope")(source=new, before=new)
    for value in (customers, orders):
        assert value.from_avro(value.to_avro()) == value
    for value, written in (
        (customers, envelope("customers", source("ts_ms"))),
        (orders, envelope("orders", source("ts_ms", "ts_us"))),
    ):
        assert value.__avro_schema__ == Schema.parse(json.dumps(written))
    # A file without a definition means the one that keeps the full name.
    latest = class_of("", "latest")
    assert latest.from_avro(latest.to_avro([old])) == [old]


def class_of(namespace: str, name: str) -> Any:
    return getattr(import_module(f"built.{namespace}".rstrip(".")), name)


def errors(tmp_path: Path, schemas: Schemas) -> str:
    folder = write_schemas(tmp_path / "schemas", schemas)
    result = run_avrogen("build", folder, "-o", tmp_path / "built")
    assert result.exit_code == 1
    assert not (tmp_path / "built").exists()
    return result.stderr.replace(f"{folder.as_posix()}/", "")


DEFINITIONS = '[definitions]\n"io.debezium.Source" = "own.{file}Source"\n'


def test_no_type_has_two_definitions(tmp_path: Path) -> None:
    message = errors(
        tmp_path,
        {
            "both.avsc": {
                "type": "record",
                "name": "Both",
                "fields": [
                    {"name": "source", "type": source("ts_us")},
                    {"name": "order", "type": "db.orders.Envelope"},
                ],
            },
            "orders.avsc": envelope("orders", source("ts_ms")),
            "avrogen.toml": DEFINITIONS,
        },
    )
    assert message.startswith(
        "both.avsc:1:1: error[AVR616] Both refers to own.BothSource and to own.OrdersSource, which "
        "are both io.debezium.Source in schemas\n"
    )


def test_a_reference_to_several_definitions_is_ambiguous(tmp_path: Path) -> None:
    message = errors(
        tmp_path,
        {
            "customers.avsc": envelope("customers", source("ts_us")),
            "latest.avsc": {"type": "array", "items": "io.debezium.Source"},
            "orders.avsc": envelope("orders", source("ts_ms")),
            "avrogen.toml": DEFINITIONS,
        },
    )
    assert message.splitlines()[:2] == [
        'latest.avsc:1:28: error[AVR203] unknown type "io.debezium.Source"',
        "  hint: it is defined as own.CustomersSource, own.OrdersSource by [definitions]: "
        "define it here, too",
    ]


def test_types_around_two_definitions_differ_too(tmp_path: Path) -> None:
    message = errors(
        tmp_path,
        {
            "a.avsc": envelope("orders", source("ts_us")),
            "b.avsc": envelope("orders", source("ts_ms")),
            "avrogen.toml": DEFINITIONS,
        },
    )
    assert message.startswith(
        "b.avsc:1:28: error[AVR204] conflicting definitions of db.orders.Envelope: "
        'field "source": type is "own.BSource" here, "own.ASource" there\n'
    )


def test_one_own_name_of_two_definitions(tmp_path: Path) -> None:
    config = '[definitions]\n"io.debezium.Source" = "debezium.{file}"\n'
    files = {"v1/source.avsc": source("ts_ms"), "v2/source.avsc": source("ts_us")}
    message = errors(tmp_path, {**files, "avrogen.toml": config})
    assert "error[AVR204] conflicting definitions of debezium.Source: field" in message
    assert "; both have this own name in [definitions]: use {path}, or name each file" in message
    write_schemas(tmp_path / "schemas", {"avrogen.toml": config.replace("{file}", "{path}")})
    built = run_avrogen("build", tmp_path / "schemas", "-o", tmp_path / "built")
    assert built.exit_code == 0, built.stderr
    assert (tmp_path / "built/debezium/_v2_source.py").is_file()


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        (f'value = "{KSQL}"', "its definitions have own names: ksql.ViewsKey, ksql.ViewsValue"),
        (
            'value = ["ksql.ViewsKey", "ksql.ViewsValue"]',
            f"ksql.ViewsKey and ksql.ViewsValue are both {KSQL} in messages: a topic can have one",
        ),
    ],
)
def test_topics_with_several_definitions(tmp_path: Path, topic: str, problem: str) -> None:
    config = f'[definitions]\n"{KSQL}" = "ksql.{{file}}"\n[topics.t]\n{topic}\n'
    message = errors(tmp_path, {**VIEWS, "avrogen.toml": config})
    assert "error[AVR609]" in message
    assert problem in message


def test_the_catalogue_has_a_page_for_each(tmp_path: Path) -> None:
    folder = write_schemas(tmp_path / "schemas", VIEWS)
    result = run_avrogen("docs", folder, "-o", tmp_path / "site")
    assert result.exit_code == 0, result.output
    pages = [page.read_text("utf-8") for page in (tmp_path / "site").rglob("*Views*.html")]
    assert sum("KsqlDataSourceSchema" in page for page in pages) >= 2


def test_keys_and_values_are_pulled_into_one_folder(
    tmp_path: Path, avrogen_kafka: EmbeddedKafka
) -> None:
    url = avrogen_kafka.registry.url
    struct = {"type": "record", "name": "own.Place", "fields": [{"name": "x", "type": "int"}]}
    value = row("VIEWER")
    value["fields"].append({"name": "PLACE", "type": struct})
    for subject, schema in (("views-key", row("PAGE")), ("views-value", value)):
        body = {"schema": json.dumps(schema)}
        assert ask(url + path("subjects", subject, "versions"), "POST", body)[0] == 200
    folder = write_schemas(tmp_path / "schemas", {"avrogen.toml": VIEWS["avrogen.toml"]})
    pull = ("registry", "pull", "views-*", "-o", folder, "--url", url)
    for _ in range(2):
        result = run_avrogen(*pull)
        assert result.exit_code == 0, result.output
        files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.avsc"))
        assert files == ["own/Place.avsc", "views-key.avsc", "views-value.avsc"]
    assert run_avrogen("build", folder, "-o", tmp_path / "built").exit_code == 0
    result = run_avrogen("registry", "status", folder, "--url", url)
    assert result.stdout.splitlines()[-1] == "2 subjects: 2 in step"
    changed = {"schema": json.dumps(row("PAGE", "TITLE"))}
    assert ask(url + path("subjects", "views-key", "versions"), "POST", changed)[0] == 200
    assert run_avrogen(*pull).exit_code == 0
    assert "TITLE" in (folder / "views-key.avsc").read_text("utf-8")
