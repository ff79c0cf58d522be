"""``avrogen registry status``: how schemas stand to the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avrogen.registry_sync.lockfile import read_lock
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import write_schemas
from tests.registry_sync.conftest import (
    FILES,
    KEY,
    LINE,
    MONEY,
    SUBJECTS,
    Peek,
    Run,
    add_field,
    edit,
)
from tests.support.registry_requests import ask


def states(run: Run, *schemas: Path) -> dict[str, str]:
    """State by subject."""
    result = run("status", *schemas, "--format", "json")
    assert result.exit_code in (0, 1, 2)
    return {each["subject"]: each["state"] for each in json.loads(result.stdout)["subjects"]}


def test_a_table(run: Run, schemas: Path, peek: Peek) -> None:
    peek.register("orders-key", KEY)
    peek.register("everything-acme.Money", {**MONEY, "fields": []})
    result = run("status", schemas)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "orders-value                new                 acme.shop.Order",
        "orders-key                  in step  version 1  acme.Key",
        "everything-acme.shop.Order  new                 acme.shop.Order",
        "everything-acme.Money       broken   latest 1   acme.Money",
        "    BACKWARD to version 1: The field 'cents' at path '/fields/0' in the new schema has no "
        "default value and is missing in the old schema",
        "hint: avrogen check SCHEMAS --against URL shows the place and how to fix it",
        "4 subjects: 2 new, 1 in step, 1 broken",
    ]
    assert result.stderr == ""


def test_json(run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek) -> None:
    first = peek.register("everything-acme.Money", {**MONEY, "fields": []})
    peek.level("everything-acme.Money", "NONE")
    second = peek.register("everything-acme.Money", MONEY)
    result = run("status", schemas, "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["registry"] == registry.url
    assert sorted(each["subject"] for each in document["subjects"]) == SUBJECTS
    assert document["subjects"][-1] == {
        "subject": "everything-acme.Money",
        "type": "acme.Money",
        "state": "in step",
        "version": 2,
        "id": second["id"],
        "latest": 2,
        "level": None,
        "locked": None,
        "reasons": [],
        "warnings": [],
        "ruleSet": None,
        "metadata": None,
    }
    assert first["id"] != second["id"]


def test_versions_that_break_the_rules(run: Run, schemas: Path, peek: Peek) -> None:
    bad = {**MONEY, "fields": [{"name": "cents", "type": "long", "default": None}]}
    peek.register("everything-acme.Money", bad)
    peek.register("everything-acme.Money", {**MONEY, "namespace": "acme-1", "doc": "other"})
    peek.register("orders-key", {**KEY, "namespace": "acme-1", "size": 8})
    peek.level("everything-acme.Money", "FULL_TRANSITIVE")
    result = run("status", schemas, "--format", "json")
    assert result.exit_code == 1
    found = {each["subject"]: each for each in json.loads(result.stdout)["subjects"]}
    money, key = found["everything-acme.Money"], found["orders-key"]
    assert (money["state"], key["state"]) == ("changed", "broken")
    assert [(each["code"], each["path"]) for each in money["warnings"]] == [
        ("AVR510", "subject everything-acme.Money version 1"),
        ("AVR510", "subject everything-acme.Money version 2"),
    ]
    text = run("status", schemas).stdout
    assert "    subject orders-key version 1:1:" in text and "warning[AVR510] invalid name" in text


def test_states(run: Run, schemas: Path, peek: Peek) -> None:
    assert run("register", schemas).exit_code == 0
    assert set(states(run, schemas).values()) == {"in step"}
    edit(schemas / "money.avsc", add_field("currency", default=0))
    assert states(run, schemas) == {
        "orders-value": "changed",
        "orders-key": "in step",
        "everything-acme.shop.Order": "changed",
        "everything-acme.Money": "changed",
    }
    peek.register("everything-acme.Money", {**MONEY, "doc": "newer"})
    write_schemas(schemas, FILES)
    assert states(run, schemas)["everything-acme.Money"] == "behind"
    assert "version 1 of 2" in run("status", schemas).stdout


@pytest.mark.parametrize(
    ("level", "state"),
    [
        ("NONE", "changed"),
        ("BACKWARD", "changed"),
        ("FORWARD", "broken"),
        ("BACKWARD_TRANSITIVE", "broken"),
    ],
)
def test_levels_of_subjects(run: Run, schemas: Path, peek: Peek, level: str, state: str) -> None:
    """Version 1 has no field, version 2 a field without default; the new one has a field less."""
    subject = "everything-acme.Money"
    peek.register(subject, {**MONEY, "fields": [{"name": "cents", "type": "string"}]})
    peek.level(subject, "NONE")
    peek.register(subject, {**MONEY, "fields": [*MONEY["fields"], {"name": "x", "type": "int"}]})
    peek.level(subject, level)
    assert states(run, schemas)[subject] == state


def test_the_registry_has_the_last_word(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    """It may have rules beyond compatibility."""
    peek.register("everything-acme.Money", {**MONEY, "doc": "other"})
    refusal = json.dumps({"is_compatible": False, "messages": ["money is not to be changed"]})
    registry.fail(200, refusal, where=lambda request: request.path[0] == "compatibility")
    result = run("status", schemas)
    assert result.exit_code == 1
    assert "money is not to be changed" in result.stdout


def test_a_subject_that_holds_no_avro(run: Run, schemas: Path, peek: Peek) -> None:
    peek.register("orders-key", {"type": "object"}, schemaType="JSON")
    result = run("status", schemas)
    assert result.exit_code == 2
    assert "expected schema type AVRO, got JSON" in result.stdout
    assert "4 subjects: 3 new, 1 failed" in result.stdout


def test_an_old_schema_that_avrogen_does_not_read(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    peek.register("orders-key", {**KEY, "doc": "old"})
    old = {
        "subject": "orders-key",
        "version": 1,
        "id": 1,
        "schema": json.dumps({**KEY, "size": -1}),
    }
    registry.fail(200, json.dumps(old), times=None, where=lambda r: r.path[3:] == ("1",))
    result = run("status", schemas)
    assert result.exit_code == 2
    assert "invalid Avro schema" in result.stdout
    assert "4 subjects: 3 new, 1 failed" in result.stdout


def test_keys_of_primitive_types_have_no_subject(run: Run, schemas: Path) -> None:
    assert sorted(states(run, schemas)) == SUBJECTS


@pytest.mark.parametrize(
    ("strategy", "subject"),
    [("topic", "t-value"), ("record", "acme.Key"), ("topic-record", "t-acme.Key")],
)
def test_strategies(run: Run, tmp_path: Path, strategy: str, subject: str) -> None:
    config = f'[topics.t]\nvalue = "acme.Key"\nkey = "acme.Key"\nsubject-strategy = "{strategy}"\n'
    folder = write_schemas(tmp_path, {"key.avsc": KEY, "avrogen.toml": config})
    assert sorted(states(run, folder)) == sorted([subject, "t-key"])


def test_terminals_are_safe_from_what_a_registry_says(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    peek.register("everything-acme.Money", {**MONEY, "doc": "other"})
    refusal = json.dumps({"is_compatible": False, "messages": ["\x1b[2J\nall is well"]})
    registry.fail(200, refusal, where=lambda request: request.path[0] == "compatibility")
    output = run("status", schemas).stdout
    assert "\x1b" not in output
    assert "\\x1b[2J all is well" in output


def test_schema_errors_come_first(run: Run, registry: EmbeddedRegistry, schemas: Path) -> None:
    write_schemas(schemas, {"shop/line.avsc": {**LINE, "fields": [{"name": "x", "type": "nope"}]}})
    for command in ("status", "register"):
        result = run(command, schemas)
        assert result.exit_code == 1
        assert 'error[AVR203] unknown type "nope"' in result.stderr
    assert registry.requests == ()


def test_nothing_to_compare(run: Run, tmp_path: Path) -> None:
    folder = write_schemas(tmp_path, {"key.avsc": KEY})
    for command in ("status", "register"):
        result = run(command, folder)
        assert result.exit_code == 2
        assert "no topics are configured" in result.stderr


def test_one_subject_for_two_types(run: Run, tmp_path: Path) -> None:
    """That of a type named ``key`` is that of the keys."""
    value = {"type": "fixed", "name": "key", "size": 1}
    config = '[topics.t]\nvalue = ["key", "acme.Key"]\nkey = "acme.Key"\n'
    folder = write_schemas(tmp_path, {"k.avsc": KEY, "v.avsc": value, "avrogen.toml": config})
    result = run("status", folder)
    assert result.exit_code == 2
    assert "subject t-key would contain key and acme.Key" in result.stderr


RULES = {
    "domainRules": [
        {
            "name": "encryptPII",
            "kind": "TRANSFORM",
            "mode": "WRITEREAD",
            "type": "ENCRYPT",
            "tags": ["PII"],
            "onFailure": "ERROR,NONE",
        },
        {"name": "positive", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "disabled": True},
    ]
}
METADATA = {"properties": {"owner": "billing"}}
RULE_LINES = [
    "    rule encryptPII (domainRules): TRANSFORM WRITEREAD ENCRYPT tags PII onFailure ERROR,NONE",
    "    rule positive (domainRules): CONDITION WRITE CEL disabled",
    '    metadata: {"properties": {"owner": "billing"}}',
]


def test_rules_and_metadata_are_shown(run: Run, schemas: Path, registry: EmbeddedRegistry) -> None:
    body = {"schema": json.dumps(KEY), "ruleSet": RULES, "metadata": METADATA}
    assert ask(f"{registry.url}/subjects/orders-key/versions", "POST", body)[0] == 200
    result = run("status", schemas)
    lines = result.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("orders-key"))
    assert lines[at + 1 : at + 4] == RULE_LINES
    document = json.loads(run("status", schemas, "--format", "json").stdout)
    shown = {each["subject"]: (each["ruleSet"], each["metadata"]) for each in document["subjects"]}
    assert shown["orders-key"] == (RULES, METADATA)
    assert shown["orders-value"] == (None, None)


def test_a_new_version_keeps_them(run: Run, schemas: Path, registry: EmbeddedRegistry) -> None:
    old = {**MONEY, "fields": [{"name": "cents", "type": "long"}, {"name": "x", "type": "int"}]}
    body = {"schema": json.dumps(old), "ruleSet": RULES, "metadata": METADATA}
    url = f"{registry.url}/subjects/everything-acme.Money/versions"
    assert ask(url, "POST", body)[0] == 200
    note = "    the new version keeps the rules and metadata of version 1"
    for options in (["--dry-run"], []):
        lines = run("register", schemas, *options).stdout.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("everything-acme.Money"))
        assert lines[at + 1 : at + 5] == [*RULE_LINES, note]
    (sent,) = [
        json.loads(request.body)
        for request in registry.requests
        if request.method == "POST" and request.path[1:] == ("everything-acme.Money", "versions")
    ][1:]
    assert (sent["ruleSet"], sent["metadata"]) == (RULES, METADATA)
    assert run("register", schemas).stdout.count("keeps") == 0


def test_pull_keeps_them_in_the_lock_file(
    run: Run, tmp_path: Path, registry: EmbeddedRegistry
) -> None:
    body = {"schema": json.dumps(KEY), "ruleSet": RULES, "metadata": METADATA}
    assert ask(f"{registry.url}/subjects/orders-key/versions", "POST", body)[0] == 200
    other = {"schema": json.dumps(MONEY)}
    assert ask(f"{registry.url}/subjects/money/versions", "POST", other)[0] == 200
    folder = tmp_path / "pulled"
    lines = run("pull", "orders-key", "-o", folder).stdout.splitlines()
    assert lines[1:4] == RULE_LINES
    document = json.loads(run("pull", "money", "-o", folder, "--format", "json").stdout)
    assert [each["ruleSet"] for each in document["subjects"]] == [None]
    lock = read_lock(folder)
    assert lock is not None
    contract = lock.subjects["orders-key"].contract
    assert contract is not None
    assert (contract.rule_set, contract.metadata) == (RULES, METADATA)
    assert lock.subjects["money"].contract is None
    lock_file = folder / "avrogen.lock"
    lock_file.write_text(lock_file.read_text("utf-8").replace("ruleSet", "rule[]", 1), "utf-8")
    assert run("pull", "-o", folder).exit_code == 0, "it is pulled again"
    text = lock_file.read_text("utf-8")
    for broken in (text.replace('contract = "', 'contract = "['), text.replace("[{", "1 #[{")):
        lock_file.write_text(broken, "utf-8")
        result = run("pull", "-o", folder)
        assert result.exit_code == 2
        assert "invalid lock file" in result.stderr
