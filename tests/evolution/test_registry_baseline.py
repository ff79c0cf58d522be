"""``--against URL``: subjects of a registry, their versions, their levels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from avrogen.avro.compat.levels import Level
from avrogen.testing.registry import EmbeddedRegistry, Request
from tests.conftest import run_avrogen, write_schemas
from tests.support.registry_requests import ask, path

MONEY: dict[str, Any] = {
    "type": "record",
    "name": "Money",
    "namespace": "acme",
    "fields": [{"name": "cents", "type": "long"}],
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "namespace": "acme",
    "fields": [{"name": "id", "type": "long"}, {"name": "total", "type": ["null", "Money"]}],
}
KEY: dict[str, Any] = {"type": "fixed", "name": "Key", "namespace": "acme", "size": 16}
TOPICS = """
[topics.orders]
value = "acme.Order"
key = "acme.Key"

[topics.events]
value = ["acme.Order", "acme.Money"]
key = "string"
"""
SUBJECTS = ["events-acme.Money", "events-acme.Order", "orders-key", "orders-value"]


class Shop:
    """A schema folder, and a registry to compare it with."""

    def __init__(self, folder: Path, registry: EmbeddedRegistry) -> None:
        self.folder = folder
        self.registry = registry
        files = {"money.avsc": MONEY, "order.avsc": ORDER, "key.avsc": KEY, "avrogen.toml": TOPICS}
        write_schemas(folder, files)

    def register(self) -> None:
        """Register all there is."""
        result = run_avrogen("registry", "register", self.folder, "--url", self.registry.url)
        assert result.exit_code == 0, result.output

    def change(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a file."""
        file = self.folder / name
        schema = json.loads(file.read_text("utf-8"))
        change(schema)
        file.write_text(json.dumps(schema), "utf-8")

    def level(self, subject: str, level: str) -> None:
        url = self.registry.url + path("config", subject)
        assert ask(url, "PUT", {"compatibility": level})[0] == 200

    def add_version(self, subject: str, schema: Any, **more: Any) -> None:
        """Another version of a subject, by somebody else."""
        self.level(subject, "NONE")
        body = {"schema": json.dumps(schema), **more}
        status, answer = ask(
            self.registry.url + path("subjects", subject, "versions"), "POST", body
        )
        assert status == 200, answer
        assert ask(self.registry.url + path("config", subject), "DELETE")[0] == 200

    def check(self, *options: str, url: str | None = None) -> Result:
        url = url or self.registry.url
        result = run_avrogen("check", self.folder, "--against", url, *options)
        assert "Traceback" not in result.output
        return result


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name in ("URL", "USER", "PASSWORD", "TOKEN", "KEY_PASSWORD"):
        monkeypatch.delenv(f"AVROGEN_REGISTRY_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    with EmbeddedRegistry() as registry:
        yield Shop(Path("schemas"), registry)


def codes(result: Result) -> list[str]:
    return re.findall(r"\[(AVR\d{3})\]", result.stderr)


def narrower(schema: dict[str, Any]) -> None:
    schema["fields"][0]["type"] = "int"


def wider(schema: dict[str, Any]) -> None:
    schema["fields"][0]["type"] = "double"


def verdicts(result: Result) -> dict[str, str]:
    return {v["name"]: v["verdict"] for v in json.loads(result.stdout)["verdicts"]}


# --- versions that break the rules ----------------------------------------------------------------


def test_one_old_version_with_a_bad_default_blocks_no_transitive_level(shop: Shop) -> None:
    subject = "orders-value"
    shop.add_version(
        subject, {**ORDER, "fields": [{"name": "id", "type": "long", "default": None}]}
    )
    shop.add_version(subject, {**ORDER, "fields": [{"name": "id", "type": "long"}]})
    shop.level(subject, "BACKWARD_TRANSITIVE")
    result = shop.check("--strict", "--format", "json")
    assert (result.exit_code, verdicts(result)[subject]) == (1, "incompatible")  # no total
    found = [d for d in json.loads(result.stderr) if d["code"] == "AVR510"]
    assert [(d["path"], d["severity"]) for d in found] == [
        (f"subject {subject} version 1", "warning")
    ]
    shop.change("order.avsc", lambda schema: schema["fields"][1].update(default=None))
    result = shop.check("--strict", "--format", "json")
    assert (result.exit_code, verdicts(result)[subject]) == (0, "compatible")


@pytest.mark.parametrize("namespace", ["acme-1", ".acme", "acme.", "2024.x", "größe", "A$"])
def test_registered_names_that_break_the_rules(shop: Shop, namespace: str) -> None:
    shop.add_version("orders-key", {**KEY, "namespace": namespace})
    result = shop.check()
    assert (result.exit_code, sorted(codes(result))) == (0, ["AVR510", "AVR911"])
    shop.change("key.avsc", lambda schema: schema.update(aliases=[f"{namespace}.Key"]))
    result = shop.check("--strict")
    assert (result.exit_code, codes(result)) == (0, ["AVR510"])
    shop.change("key.avsc", lambda schema: schema.update(size=8))
    assert shop.check().exit_code == 1


# --- verdicts -------------------------------------------------------------------------------------


def test_new_subjects(shop: Shop) -> None:
    result = shop.check("--format", "json")
    assert result.exit_code == 0
    assert verdicts(result) == dict.fromkeys(SUBJECTS, "new")


def test_nothing_has_changed(shop: Shop) -> None:
    shop.register()
    result = shop.check("--strict")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"against {shop.registry.url}: 4 unchanged\n"


def test_one_change_is_one_error_for_all_subjects(shop: Shop) -> None:
    shop.register()
    shop.change("money.avsc", narrower)
    result = shop.check()
    assert (result.exit_code, codes(result)) == (1, ["AVR801"])
    assert result.stderr.startswith("schemas/money.avsc:1:")
    assert "Money.cents changed from long to int: existing data cannot be read" in result.stderr
    affected = "subject orders-value, subject events-acme.Order and subject events-acme.Money"
    assert f"note: breaks {affected}\n" in result.stderr
    assert "note: compared with version 1\n" in result.stderr
    assert result.stdout.splitlines() == [
        "subject orders-value: incompatible (BACKWARD, version 1)",
        "subject events-acme.Order: incompatible (BACKWARD, version 1)",
        "subject events-acme.Money: incompatible (BACKWARD, version 1)",
        f"against {shop.registry.url}: 3 incompatible, 1 unchanged, 1 error",
    ]


def test_the_registry_agrees(shop: Shop) -> None:
    """What it says when it is asked for reasons is what is reported for the subject."""
    shop.register()
    shop.change("money.avsc", narrower)
    shop.change("order.avsc", lambda s: s["fields"].append({"name": "new", "type": "int"}))
    document = json.loads(shop.check("--format", "json").stdout)
    by_name = {v["name"]: v for v in document["verdicts"]}
    order = {**json.loads((shop.folder / "order.avsc").read_text("utf-8"))}
    order["fields"][1]["type"] = ["null", {**MONEY, "fields": [{"name": "cents", "type": "int"}]}]
    url = shop.registry.url + path("compatibility", "subjects", "orders-value", "versions")
    _, answer = ask(f"{url}?verbose=true", "POST", {"schema": json.dumps(order)})
    found = by_name["orders-value"]["incompatibilities"]
    assert len(found) == 2
    assert [one["registry"] for one in found] == answer["messages"][:2]


def test_changes_of_values(shop: Shop) -> None:
    shop.register()
    shop.change("money.avsc", wider)
    result = shop.check()
    assert (result.exit_code, codes(result)) == (0, ["AVR905"])
    assert shop.check("--strict").exit_code == 1


# --- levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(Level))
def test_each_subject_has_its_level(level: Level, shop: Shop) -> None:
    shop.register()
    shop.level("events-acme.Money", level)
    shop.change("money.avsc", wider)
    shop.change("order.avsc", lambda s: s["fields"].pop())  # so that it leads to Money no more
    document = json.loads(shop.check("--format", "json").stdout)
    (money,) = [v for v in document["verdicts"] if v["name"] == "events-acme.Money"]
    forward = level.startswith(("FORWARD", "FULL"))
    assert money["level"] == level
    assert money["verdict"] == ("incompatible" if forward else "compatible")


def test_the_level_of_the_registry(shop: Shop) -> None:
    shop.register()
    url = shop.registry.url + path("config")
    assert ask(url, "PUT", {"compatibility": "FORWARD"})[0] == 200
    shop.change("money.avsc", narrower)
    assert codes(shop.check()) == []


def test_the_level_of_the_command_line_wins(shop: Shop) -> None:
    shop.register()
    shop.level("orders-value", "NONE")
    shop.change("money.avsc", narrower)
    result = shop.check("--level", "FORWARD", "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["level"] == "FORWARD"
    assert {v["level"] for v in document["verdicts"]} == {"FORWARD"}
    assert shop.check("--level", "BACKWARD").exit_code == 1


def test_all_versions_count_for_transitive_levels(shop: Shop) -> None:
    shop.register()
    second = {**MONEY, "fields": [*MONEY["fields"], {"name": "unit", "type": "int", "default": 0}]}
    shop.add_version("events-acme.Money", second)
    shop.change("money.avsc", lambda s: s["fields"].append({"name": "unit", "type": "int"}))
    shop.change("order.avsc", lambda s: s["fields"].pop())
    assert codes(shop.check()) == ["AVR908"]
    shop.level("events-acme.Money", "BACKWARD_TRANSITIVE")
    result = shop.check("--format", "json")
    error, warning = sorted(json.loads(result.stderr), key=lambda finding: finding["code"])
    assert (error["code"], error["previous"]) == ("AVR805", ["version 1"])
    assert (warning["code"], warning["previous"]) == ("AVR908", ["version 2"])


def test_one_change_against_several_versions_is_one_error(shop: Shop) -> None:
    shop.register()
    shop.add_version("events-acme.Money", {**MONEY, "doc": "In cents."})
    shop.level("events-acme.Money", "FULL_TRANSITIVE")
    shop.change("money.avsc", lambda s: s["fields"][0].update(type="string"))
    shop.change("order.avsc", lambda s: s["fields"].pop())
    result = shop.check()
    assert codes(result) == ["AVR801"]
    assert "neither version can read the data of the other" in result.stderr
    assert "note: compared with version 2 and version 1\n" in result.stderr


# --- what registries hold -------------------------------------------------------------------------


def test_references(shop: Shop) -> None:
    write_schemas(shop.folder, {"avrogen.toml": f"[registry]\nreferences = true\n{TOPICS}"})
    shop.register()
    assert shop.check("--strict").exit_code == 0
    shop.change("money.avsc", narrower)
    assert codes(shop.check()) == ["AVR801"]


def test_other_spellings_are_no_change(shop: Shop) -> None:
    spelled = {"name": "acme.Money", "fields": MONEY["fields"], "type": "record"}
    shop.add_version("events-acme.Money", spelled)
    result = shop.check("--format", "json")
    assert verdicts(result)["events-acme.Money"] == "unchanged"


@pytest.mark.parametrize("kind", ["JSON", "PROTOBUF"])
def test_subjects_that_hold_something_else(kind: str, shop: Shop) -> None:
    schema = '{"type": "object"}' if kind == "JSON" else 'syntax = "proto3"; message M {}'
    body = {"schema": schema, "schemaType": kind}
    url = shop.registry.url + path("subjects", "orders-value", "versions")
    assert ask(url, "POST", body)[0] == 200
    result = shop.check()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: schema registry: ")
    assert "orders-value" in result.stderr and kind in result.stderr.upper()


def test_a_registry_with_rules_of_its_own(shop: Shop) -> None:
    """It refuses what the level allows."""
    shop.register()
    shop.change("money.avsc", lambda s: s.update(doc="In cents."))
    answer = json.dumps({"is_compatible": False, "messages": ["docs must have two sentences"]})
    shop.registry.fail(
        200, answer, times=None, where=lambda request: "compatibility" in request.path
    )
    result = shop.check()
    assert result.exit_code == 1
    assert set(codes(result)) == {"AVR809"}
    assert "note: registry: docs must have two sentences" in result.stderr
    assert shop.check("--level", "BACKWARD").exit_code == 0


def test_what_was_pulled_is_compared(shop: Shop, tmp_path: Path) -> None:
    shop.register()
    pulled = tmp_path / "pulled"
    url = shop.registry.url
    assert (
        run_avrogen("registry", "pull", "orders-value", "-o", pulled, "--url", url).exit_code == 0
    )
    assert run_avrogen("check", pulled, "--against", url).exit_code == 0
    (file,) = [file for file in pulled.rglob("*.avsc") if "cents" in file.read_text("utf-8")]
    file.write_text(file.read_text("utf-8").replace('"long"', '"int"'), "utf-8")
    result = run_avrogen("check", pulled, "--against", url)
    assert (result.exit_code, codes(result)) == (1, ["AVR801"])
    with EmbeddedRegistry() as other:
        result = run_avrogen("check", pulled, "--against", other.url)
    assert result.exit_code == 2
    assert "avrogen.lock belongs to the registry" in result.stderr


# --- bad input ------------------------------------------------------------------------------------


def test_a_registry_that_is_not_there(shop: Shop) -> None:
    shop.registry.stop()
    result = shop.check()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: schema registry: ")
    assert shop.registry.url in result.stderr


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_registry_that_refuses(status: int, shop: Shop) -> None:
    shop.registry.fail(status, "<html>no</html>", times=None, headers={"Content-Type": "text/html"})
    result = shop.check()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: schema registry: ")
    assert str(status) in result.stderr


def test_a_registry_that_dies_in_between(shop: Shop) -> None:
    shop.register()
    asked: list[Request] = []

    def third(request: Request) -> bool:
        asked.append(request)
        return len(asked) >= 3

    shop.registry.fail(503, "gone", times=None, where=third)
    result = shop.check()
    assert (result.exit_code, result.stdout) == (2, "")


def test_no_secrets_are_shown(shop: Shop) -> None:
    url = shop.registry.url.replace("://", "://me:s3cret@")
    shop.register()
    for style in ("text", "json", "github"):
        result = shop.check("--format", style, url=url)
        assert result.exit_code == 0
        assert "s3cret" not in result.output
    shop.registry.stop()
    result = shop.check(url=url)
    assert result.exit_code == 2
    assert "s3cret" not in result.output
    requests = [r for r in shop.registry.requests if "authorization" in r.headers]
    assert requests


def test_no_topics(shop: Shop) -> None:
    (shop.folder / "avrogen.toml").unlink()
    result = shop.check()
    assert result.exit_code == 2
    assert "no subjects to compare with\n" in result.stderr


def test_schemas_with_errors_ask_nothing(shop: Shop) -> None:
    write_schemas(shop.folder, {"money.avsc": "{"})
    result = shop.check()
    assert result.exit_code == 1
    assert set(codes(result)) == {"AVR105", "AVR203"}
    assert not shop.registry.requests


def test_an_url_that_is_none(shop: Shop) -> None:
    result = shop.check(url="http://")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("level", "exit_code", "kind"),
    [("BACKWARD", 0, "warning"), ("FULL", 1, "error"), ("NONE", 0, None)],
)
def test_a_type_added_to_a_topic(shop: Shop, level: str, exit_code: int, kind: str | None) -> None:
    """Its subject is new, and those of the topic's other types are not."""
    shop.register()
    shop.level("events-acme.Order", level)
    shop.level("events-acme.Money", "NONE")
    refund: dict[str, object] = {
        "type": "record",
        "name": "Refund",
        "namespace": "acme",
        "fields": [],
    }
    (shop.folder / "refund.avsc").write_text(json.dumps(refund), "utf-8")
    toml = TOPICS.replace('"acme.Money"]', '"acme.Money", "acme.Refund"]')
    (shop.folder / "avrogen.toml").write_text(toml, "utf-8")
    result = shop.check()
    assert result.exit_code == exit_code
    if kind is None:
        assert result.stderr == ""
    else:
        assert f"{kind}[AVR916] acme.Refund was added to the topic events" in result.stderr
