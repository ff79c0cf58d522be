"""The AsyncAPI document, as AsyncAPI's own parser reads it.

That is an npm package: without Node.js and npm, or a way to the registry, these tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from avrogen.catalogue.yaml_writer import yaml_text
from tests.catalogue.hostile import TOPICS, hostile_schemas
from tests.catalogue.pages import EXAMPLE, pages_of
from tests.services.cache import cached_folder

# One worker gets the packages for all of these tests.
pytestmark = pytest.mark.xdist_group("asyncapi")

AVRO = "application/vnd.apache.avro+json;version=1.9.0"
PACKAGES = ("@asyncapi/parser@3.6.6", "@asyncapi/avro-schema-parser@3.1.0", "js-yaml@4.1.1")
SCRIPT = Path(__file__).with_name("asyncapi_check.mjs")


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with the parser, from the npm registry or from the user's cache."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")

    def install(folder: Path) -> None:
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", *options, *PACKAGES], cwd=folder, check=True, timeout=300)

    try:
        return cached_folder("asyncapi-parser-3.6.6", "downloading @asyncapi/parser", install)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no packages from npm: {error}")


class Read:
    """What the parser made of a document."""

    def __init__(self, packages: Path, file: Path, text: str) -> None:
        file.write_text(text, "utf-8")
        run = subprocess.run(
            ["node", SCRIPT, packages, file],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,  # three seconds, where nothing else runs
            check=False,
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        self.problems: list[str] = found["problems"]
        self.messages: list[list[str]] = found["messages"]
        self.value: Any = found["value"]


def document(schemas: dict[str, str], config: str) -> str:
    return pages_of(schemas, config)["asyncapi.yaml"]


def test_example(packages: Path, tmp_path: Path) -> None:
    files = {path.as_posix(): path.read_text("utf-8") for path in EXAMPLE.rglob("*.avsc")}
    text = document(files, (EXAMPLE / "avrogen.toml").read_text("utf-8"))
    read = Read(packages, tmp_path / "asyncapi.yaml", text)
    assert read.problems == []
    assert read.messages == [
        ["com.acme.shop.OrderPlaced", AVRO],
        ["com.acme.shop.OrderCancelled", AVRO],
        ["com.acme.payment.PaymentSettled", AVRO],
        ["com.acme.logistics.ParcelScanned", AVRO],
        ["deadLetter", "application/vnd.aai.asyncapi;version=3.1.0"],
    ]
    assert read.value["asyncapi"] == "3.1.0"
    orders = read.value["channels"]["Orders"]
    assert orders["address"] == "shop.orders.v1"
    assert orders["x-dead-letter"] == read.value["channels"]["Orders.deadLetters"]["address"]
    assert orders["x-subjects"] == [
        "shop.orders.v1-com.acme.shop.OrderPlaced",
        "shop.orders.v1-com.acme.shop.OrderCancelled",
    ]
    placed = orders["messages"]["com.acme.shop.OrderPlaced"]
    assert placed["bindings"]["kafka"] == {
        "key": {"type": "string"},
        "schemaIdLocation": "payload",
        "schemaIdPayloadEncoding": "confluent",
        "schemaLookupStrategy": "TopicRecordNameStrategy",
        "bindingVersion": "0.5.0",
    }
    schema = read.value["components"]["schemas"]["com.acme.shop.OrderPlaced"]["schema"]
    assert schema["fields"][1]["type"] == {"type": "long", "logicalType": "timestamp-millis"}
    assert schema["x-aliases"] == ["com.acme.legacy.NewOrder"]
    parcels = read.value["channels"]["Parcels"]["messages"]["com.acme.logistics.ParcelScanned"]
    key = {"$ref": "#/components/schemas/com.acme.logistics.ParcelKey"}
    assert parcels["bindings"]["kafka"]["key"] == key
    assert read.value["operations"]["sendOrders"]["messages"] == [
        {"$ref": f"#/channels/Orders/messages/{name}"}
        for name in ("com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled")
    ]


def test_hostile_texts(packages: Path, tmp_path: Path) -> None:
    """Attributes by the names of Avro's own, aliases of all kinds, errors, tombstones."""
    attributes: dict[str, Any] = dict.fromkeys(("aliases", "doc", "name", "order"), 1)
    odd: dict[str, Any] = {
        "type": "error",
        "name": "h.Odd",
        "aliases": ["h.Same", "other.One", "Plain"],
        "fields": [
            {"name": "a", "type": {"type": "array", "items": "h.R0", **attributes}},
            {"name": "b", "type": {"type": "map", "values": "string", **attributes}},
            {"name": "c", "type": ["null", "h.Odd"], "aliases": ["fine", "not a name"]},
        ],
    }
    config = TOPICS + '[topics.odd]\nvalue = "h.Odd"\nkey = "h.F0"\ndead-letter = "t.v1.dlq"\n'
    text = document({**hostile_schemas(), "odd.avsc": json.dumps(odd)}, config)
    read = Read(packages, tmp_path / "asyncapi.yaml", text)
    assert read.problems == []
    names = [name for name, _ in read.messages]
    assert names == ["h.R0", "h.E0", "tombstone", "h.Odd", "deadLetter"]
    schema = read.value["components"]["schemas"]["h.Odd"]["schema"]
    assert (schema["type"], schema["x-error"]) == ("record", True)
    assert schema["aliases"] == ["Same", "Plain"] and schema["x-aliases"] == ["other.One"]
    assert schema["fields"][0]["type"]["x-doc"] == 1
    assert schema["fields"][2]["x-aliases"] == ["not a name"]


def test_every_text_is_read_as_it_was(packages: Path, tmp_path: Path) -> None:
    """Also by YAML 1.2, which takes some words for values that YAML 1.1 does not, and inversely."""
    texts = [
        *("yes", "No", "TRUE", "null", "~", "", " ", "y", "off", "1e3", "0x10", "0o7", "1_000"),
        *(".inf", ".NaN", "=", "<<", "-", "- a", "? a", "a: b", "a #b", "#", "&a", "*a", "!a"),
        *("2024-05-17", "12:30:15", "a\nb", "\ta", "a ", "'", '"', "\\", "%", "@", "`", "|", ">"),
        *("\x00\x1f\x7f\x85\xa0", "\u2028\u202e\ufeff", "\U0001f44d\U000e0001", "é", "…", "a  b"),
        *("{a}", "[a]", "a,b", "a]", "---", "...", "+1", "$ref", "_", "/a", "1.5.0", "3"),
    ]
    value: dict[str, Any] = {
        "texts": texts,
        "keys": {text: text for text in texts},
        "nested": [[], {}, [[1, [2]], {"a": [{"b": {}}]}], {"a": None, "b": [True, 1.5, -3, 1e20]}],
    }
    read = Read(packages, tmp_path / "value.yaml", yaml_text(value))
    assert read.value == value


def test_the_version_is_that_of_what_is_said() -> None:
    config = '[topics.t]\nvalue = "R"\n'
    record: dict[str, Any] = {"type": "record", "name": "R", "fields": []}
    one = document({"r.avsc": json.dumps(record)}, config)
    moved = document({"other.avsc": json.dumps(record)}, config)
    changed = document({"r.avsc": json.dumps({**record, "doc": "New."})}, config)
    assert one == moved
    assert one.splitlines()[4] != changed.splitlines()[4]
    assert one.splitlines()[4].startswith("  version: ")


def test_names_that_only_lenient_schemas_have(packages: Path, tmp_path: Path) -> None:
    names = ("abc-123.x.Order Placed", "org.acme.Outer$Inner", "Ünï.Çode", "a.b~1/c")
    schemas = {
        f"{index}.avsc": json.dumps(
            {"type": "record", "name": name, "fields": [{"name": "a-b", "type": "string"}]}
        )
        for index, name in enumerate(names)
    }
    values = json.dumps(list(names), ensure_ascii=False)
    config = f"[names]\nlenient = true\n\n[topics.odd]\nvalue = {values}\n"
    read = Read(packages, tmp_path / "asyncapi.yaml", document(schemas, config))
    assert read.problems == []
    messages = read.value["channels"]["Odd"]["messages"]
    assert [message["name"] for message in messages.values()] == list(names)
    parts = read.value["components"]["schemas"]
    for message in messages.values():
        assert message["payload"]["$ref"].rpartition("/")[2] in parts
