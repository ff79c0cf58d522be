"""``[defaults] invalid = "ignore"``: schemas of others whose defaults do not fit their types."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from avrogen import ResolutionError, Schema
from avrogen.testing import EmbeddedKafka
from tests.conftest import Build, run_avrogen, write_schemas
from tests.support.registry_requests import ask
from tests.support.schemas import enum, field, record

IGNORE = '[defaults]\ninvalid = "ignore"\n'
TAGS = {"type": "array", "items": "string"}
KIND = enum("A", "B", name="Kind", default="C")
EVENT = record(
    "Event",
    field("tags", TAGS, default=None),
    field("count", "int", default="0"),
    field("kind", KIND),
    field("note", "string", default="none"),
)
TOPIC = '[topics.events]\nvalue = "Event"\n'


def schemas_of(*schemas: Any, config: str = IGNORE) -> dict[str, Any]:
    return {**{f"s{n}.avsc": each for n, each in enumerate(schemas)}, "avrogen.toml": config}


def test_a_default_counts_as_none(build: Build) -> None:
    package = build(schemas_of(EVENT))
    event = package.Event(tags=["a"], count=1, kind=package.Kind.A)
    assert package.Event.from_avro(event.to_avro()) == event
    assert event.note == "none"
    has_default = {
        f.name: f.default is not dataclasses.MISSING for f in dataclasses.fields(package.Event)
    }
    assert has_default == {"tags": False, "count": False, "kind": False, "note": True}


def test_the_embedded_schema_keeps_it(build: Build) -> None:
    schema = build(schemas_of(EVENT)).Event.__avro_schema__
    (kind,) = (f for f in json.loads(str(schema))["fields"] if f["name"] == "kind")
    assert kind["type"]["default"] == "C"
    assert schema == Schema.parse(json.dumps(EVENT), tolerant=True)
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert str(schema.tolerated) == "()"


def test_readers_lack_it(build: Build) -> None:
    package = build(schemas_of(EVENT))
    without_count = Schema.parse(
        json.dumps(record("Event", field("tags", TAGS), field("kind", enum("A", name="Kind"))))
    )
    data = without_count.to_avro({"tags": [], "kind": "A"})
    with pytest.raises(ResolutionError, match=r"READER_FIELD_MISSING_DEFAULT_VALUE.*count"):
        package.Event.from_avro(data, writer=without_count)
    longer = enum("A", "D", name="Kind")
    writer = Schema.parse(
        json.dumps(
            record("Event", field("tags", TAGS), field("count", "int"), field("kind", longer))
        )
    )
    read = package.Event.from_avro(
        writer.to_avro({"tags": [], "count": 2, "kind": "A"}), writer=writer
    )
    assert read == package.Event(tags=[], count=2, kind=package.Kind.A)
    with pytest.raises(ResolutionError, match=r"MISSING_ENUM_SYMBOLS.*D"):
        package.Event.from_avro(
            writer.to_avro({"tags": [], "count": 2, "kind": "D"}), writer=writer
        )


def test_it_is_a_warning_and_an_error_without_the_setting(tmp_path: Path) -> None:
    schemas = write_schemas(tmp_path / "schemas", {"event.avsc": EVENT, "avrogen.toml": IGNORE})
    result = run_avrogen("build", schemas, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stderr.count("warning[AVR516]") == 3
    assert run_avrogen("build", schemas, "-o", tmp_path / "out", "--strict").exit_code == 1
    (schemas / "avrogen.toml").unlink()
    result = run_avrogen("build", schemas, "-o", tmp_path / "out")
    assert result.exit_code == 1
    hint = 'if the schema cannot be changed, set in avrogen.toml: [defaults] invalid = "ignore"'
    assert result.stderr.count(hint) == 3
    assert result.stderr.count("error[AVR401]") == 2
    assert result.stderr.count("error[AVR402]") == 1


def test_other_values_of_the_setting_are_errors(tmp_path: Path) -> None:
    config = '[defaults]\ninvalid = "ignored"\n'
    schemas = write_schemas(tmp_path / "schemas", {"event.avsc": EVENT, "avrogen.toml": config})
    result = run_avrogen("build", schemas, "-o", tmp_path / "out")
    assert 'avrogen.toml:2:11: error[AVR603] "invalid" must be error or ignore' in result.stderr
    assert 'did you mean "ignore"?' in result.stderr


def test_another_package_imports_such_a_type(build: Build, tmp_path: Path) -> None:
    package = build(schemas_of(EVENT), "ignored_defaults")
    day = record("Day", field("events", {"type": "array", "items": "Event"}))
    config = '[packages]\nignored_defaults = ["Event"]\n'
    days = build(schemas_of(day, config=config), "days")
    assert (tmp_path / "days" / "_day.py").exists()
    assert not (tmp_path / "days" / "_event.py").exists()
    event = package.Event(tags=["a"], count=1, kind=package.Kind.B)
    found: Any = days.Day.from_avro(days.Day(events=[event]).to_avro())
    assert found.events == [event]


def test_old_defaults_of_a_comparison(tmp_path: Path) -> None:
    """A field that gets an invalid default is a field without a default to older data."""
    old = write_schemas(tmp_path / "old", {"event.avsc": record("Event")})
    new = write_schemas(tmp_path / "new", {"event.avsc": EVENT, "avrogen.toml": IGNORE})
    result = run_avrogen("check", new, "--against", old, "--level", "BACKWARD")
    assert (result.exit_code, result.stderr.count("AVR805")) == (1, 3)
    assert run_avrogen("check", new, "--against", new, "--level", "FULL").exit_code == 0


def test_schemas_that_java_registered(build: Build, tmp_path: Path) -> None:
    with EmbeddedKafka() as kafka:
        url = kafka.registry.url
        text = json.dumps(EVENT, indent=1)
        assert ask(f"{url}/subjects/events-value/versions", "POST", {"schema": text})[0] == 200
        package = build(schemas_of(EVENT, config=IGNORE + TOPIC), "ignored_defaults")
        status = run_avrogen(
            "registry", "status", tmp_path / "schemas" / "ignored_defaults", "--url", url
        )
        assert (status.exit_code, "in step" in status.stdout) == (0, True), status.output
        topics = importlib.import_module("ignored_defaults.topics")

        event = package.Event(tags=["a"], count=1, kind=package.Kind.B)
        with kafka.producer(topics.EventsProducer) as producer:
            producer.send(event).result(10)
        with kafka.consumer(topics.EventsConsumer, group_id="g") as consumer:
            assert next(iter(consumer)).value == event
        assert ask(f"{url}/subjects/events-value/versions")[1] == [1]


def test_pull_keeps_the_default(tmp_path: Path) -> None:
    with EmbeddedKafka() as kafka:
        url = kafka.registry.url
        ask(f"{url}/subjects/events-value/versions", "POST", {"schema": json.dumps(EVENT)})
        folder = write_schemas(tmp_path / "schemas", {"avrogen.toml": IGNORE})
        pull = ("registry", "pull", "*", "-o", folder, "--url", url)
        result = run_avrogen(*pull)
        assert result.exit_code == 0, result.output
        pulled = [json.loads(p.read_text("utf-8")) for p in sorted(folder.rglob("*.avsc"))]
        assert [each.get("default") for each in pulled] == [None, "C"]
        assert [f.get("default", ...) for f in pulled[0]["fields"]] == [None, "0", ..., "none"]
        assert "0 written, 0 removed, 2 unchanged" in run_avrogen(*pull).stdout
        assert run_avrogen("build", folder, "-o", tmp_path / "out").exit_code == 0
        status = run_avrogen("registry", "status", folder, "--url", url)
        assert status.exit_code == 0, status.output
