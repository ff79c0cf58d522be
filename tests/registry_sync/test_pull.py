"""``avrogen registry pull``: schemas of a registry as files, tied to it by ``avrogen.lock``."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source
from avrogen.testing.registry import EmbeddedRegistry
from tests.conftest import run_avrogen, write_schemas
from tests.registry_sync.conftest import KEY, LINE, MONEY, ORDER, Peek, Run, add_field, edit
from tests.support.http_server import Call, Reply, as_json, serving


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pulled"


def files(folder: Path) -> dict[str, str]:
    """Text by path of all that is in a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def locked(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "avrogen.lock").read_text("utf-8"))


def types_in(folder: Path) -> Any:
    texts = {path: text for path, text in files(folder).items() if path.endswith(".avsc")}
    parsed = parse_sources(Source(path, text, path) for path, text in texts.items())
    assert parsed.diagnostics == ()
    return dict(parsed.types)


def whole_order() -> dict[str, Any]:
    """The order with all types in it."""
    text = json.dumps(ORDER).replace('"acme.Money"', json.dumps(MONEY), 1)
    schema: dict[str, Any]
    schema = json.loads(text.replace('"items": "Line"', f'"items": {json.dumps(LINE)}'))
    return schema


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["pulled", "pulled/acme", "pulled/acme/shop"])
def test_nothing_is_written_through_links(
    link: str, run: Run, schemas: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("register", schemas).exit_code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(elsewhere)
    before = sorted(out.rglob("*"))
    monkeypatch.chdir(tmp_path)
    result = run("pull", "*", "-o", out)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert f"{link}: nothing is written through a symbolic link (" in line
    assert list(elsewhere.iterdir()) == []
    assert sorted(out.rglob("*")) == before


@pytest.mark.parametrize("name", ["acme/Money.avsc", "avrogen.lock"])
def test_a_link_in_the_place_of_a_file_is_not_followed(
    name: str, run: Run, schemas: Path, out: Path, tmp_path: Path
) -> None:
    assert run("register", schemas).exit_code == 0
    elsewhere = tmp_path / "elsewhere"
    (out / name).parent.mkdir(parents=True)
    (out / name).symlink_to(elsewhere)
    run("pull", "*", "-o", out)
    assert not elsewhere.exists()


@pytest.mark.parametrize("command", ["pull", "status"])
def test_a_lock_file_without_end(
    command: str, run: Run, registry: EmbeddedRegistry, schemas: Path
) -> None:
    (schemas / "avrogen.lock").symlink_to("/dev/zero")
    result = run("pull", "*", "-o", schemas) if command == "pull" else run("status", schemas)
    assert result.exit_code == 2
    assert "avrogen.lock: not a regular file" in result.stderr


def test_register_here_and_pull_there(
    run: Run, registry: EmbeddedRegistry, schemas: Path, out: Path
) -> None:
    assert run("register", schemas).exit_code == 0
    result = run("pull", "*", "-o", out)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "everything-acme.Money       version 1  id 3  acme/Money.avsc",
        "everything-acme.shop.Order  version 1  id 1  acme/shop/Order.avsc",
        "orders-key                  version 1  id 2  acme/Key.avsc",
        "orders-value                version 1  id 1  acme/shop/Order.avsc",
        f"{out.as_posix()}: 4 written, 0 removed, 0 unchanged",
    ]
    assert types_in(out) == types_in(schemas)
    assert sorted(files(out)) == [
        "acme/Key.avsc",
        "acme/Money.avsc",
        "acme/shop/Line.avsc",
        "acme/shop/Order.avsc",
        "avrogen.lock",
    ]
    assert run_avrogen("build", out, "-o", out.parent / "built").exit_code == 0


def test_files_are_readable(run: Run, peek: Peek, out: Path) -> None:
    peek.register("orders-value", whole_order())
    assert run("pull", "orders-value", "-o", out).exit_code == 0
    assert files(out)["acme/shop/Order.avsc"].splitlines() == [
        "{",
        '  "type": "record",',
        '  "name": "Order",',
        '  "namespace": "acme.shop",',
        '  "doc": "What was ordered.",',
        '  "fields": [',
        '    {"name": "id", "type": "long"},',
        '    {"name": "paid", "type": ["null", "acme.Money"], "default": null},',
        '    {"name": "lines", "type": {"type": "array", "items": "Line"}}',
        "  ]",
        "}",
    ]


def test_the_lock_ties_files_to_versions(
    run: Run, registry: EmbeddedRegistry, peek: Peek, out: Path
) -> None:
    id_ = peek.register("orders-value", whole_order())["id"]
    assert run("pull", "orders-value", "-o", out).exit_code == 0
    document = locked(out)
    subject = document["subjects"]["orders-value"]
    assert document["registry"] == registry.url
    assert (subject["version"], subject["id"]) == (1, id_)
    assert subject["files"] == [
        "acme/shop/Order.avsc",
        "acme/Money.avsc",
        "acme/shop/Line.avsc",
    ]
    assert sorted(document["files"]) == sorted(subject["files"])
    assert run("status", out).stdout.splitlines() == [
        "orders-value  in step  version 1  acme.shop.Order",
        "1 subject: 1 in step",
    ]


def test_json(run: Run, registry: EmbeddedRegistry, peek: Peek, out: Path) -> None:
    id_ = peek.register("keys", KEY)["id"]
    result = run("pull", "keys", "-o", out, "--format", "json")
    assert json.loads(result.stdout) == {
        "registry": registry.url,
        "subjects": [
            {
                "subject": "keys",
                "version": 1,
                "id": id_,
                "files": ["acme/Key.avsc"],
                "warnings": [],
                "ruleSet": None,
                "metadata": None,
            }
        ],
        "files": {"written": ["acme/Key.avsc"], "removed": [], "unchanged": 0},
    }


def test_references_become_files_of_their_own(run: Run, peek: Peek, out: Path) -> None:
    money = peek.register("acme.Money", MONEY)["id"]
    to_money = {"name": "acme.Money", "subject": "acme.Money", "version": 1}
    line = peek.register("acme.shop.Line", LINE, references=[to_money])["id"]
    to_line = {"name": "acme.shop.Line", "subject": "acme.shop.Line", "version": 1}
    order = peek.register("orders-value", ORDER, references=[to_money, to_line])["id"]
    assert run("pull", "orders-value", "-o", out).exit_code == 0
    subjects = locked(out)["subjects"]
    assert {name: (s["version"], s["id"]) for name, s in subjects.items()} == {
        "acme.Money": (1, money),
        "acme.shop.Line": (1, line),
        "orders-value": (1, order),
    }
    assert types_in(out)["acme.shop.Order"].fields[2].name == "lines"
    assert run("status", out).stdout.splitlines()[-1] == "3 subjects: 3 in step"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("string", '"string"\n'),
        ({"type": "array", "items": KEY}, '{\n  "type": "array",\n  "items": "acme.Key"\n}\n'),
        (["null", KEY], '["null", "acme.Key"]\n'),
    ],
)
def test_schemas_without_a_name_are_named_after_their_subject(
    run: Run, peek: Peek, out: Path, schema: Any, text: str
) -> None:
    peek.register("a/b: c-value", schema if isinstance(schema, dict | list) else '"string"')
    assert run("pull", "a/b: c-value", "-o", out).exit_code == 0
    assert files(out)["a_b__c-value.avsc"] == text
    assert run("status", out).stdout.splitlines()[-1] == "1 subject: 1 in step"
    again = run("pull", "-o", out)
    assert again.stdout.splitlines()[-1].startswith(f"{out.as_posix()}: 0 written, 0 removed")


def test_names_that_differ_in_case_only_and_devices(run: Run, peek: Peek, out: Path) -> None:
    for name in ("acme.key", "acme.Key", "con"):
        peek.register(name, {**KEY, "name": name, "namespace": ""})
    assert run("pull", "*", "-o", out).exit_code == 0
    paths = sorted(path for path in files(out) if path.endswith(".avsc"))
    assert paths == ["acme/Key.avsc", "acme/key_.avsc", "con_.avsc"]
    assert set(types_in(out)) == {"acme.key", "acme.Key", "con"}


def test_no_path_has_a_device_of_windows(run: Run, peek: Peek, out: Path) -> None:
    for name in ("COM1", "lpt9.Nul", "a.aux.K", "commit.K", "prn1"):
        peek.register(name, {**KEY, "name": name, "namespace": ""})
    peek.register("nul.v1", '"int"')
    peek.register("com", '"long"')
    assert run("pull", "*", "-o", out).exit_code == 0
    assert sorted(path for path in files(out) if path.endswith(".avsc")) == [
        "COM1_.avsc",
        "a/aux_/K.avsc",
        "com.avsc",
        "commit/K.avsc",
        "lpt9_/Nul_.avsc",
        "nul_.v1.avsc",
        "prn1.avsc",
    ]
    assert run("pull", "-o", out).stdout.splitlines()[-1].startswith(f"{out.as_posix()}: 0 written")


# --- which subjects -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "pulled"),
    [
        (["a-1"], ["a-1"]),
        (["a-*"], ["a-1", "a-2"]),
        (["?-1"], ["a-1", "b-1"]),
        (["b-1", "a-[2]"], ["a-2", "b-1"]),
        (["x[1]*"], ["x[1]*"]),
    ],
)
def test_patterns(run: Run, peek: Peek, out: Path, patterns: list[str], pulled: list[str]) -> None:
    for number, subject in enumerate(["a-1", "a-2", "b-1", "x[1]*"]):
        peek.register(subject, {**KEY, "name": f"K{number}"})
    assert run("pull", *patterns, "-o", out).exit_code == 0
    assert sorted(locked(out)["subjects"]) == pulled


def test_patterns_that_match_nothing(run: Run, peek: Peek, out: Path) -> None:
    result = run("pull", "orders-value", "-o", out)
    assert result.exit_code == 2
    assert "the registry has no subjects: check the URL" in result.stderr
    peek.register("orders-value", KEY)
    result = run("pull", "orders-value", "order-value", "-o", out)
    assert result.exit_code == 2
    assert "no subject order-value\n  hint: did you mean orders-value?" in result.stderr
    assert not out.exists()


def test_nothing_was_pulled_yet(run: Run, out: Path) -> None:
    result = run("pull", "-o", out)
    assert result.exit_code == 2
    assert "name the subjects to pull: avrogen registry pull" in result.stderr


# --- again ----------------------------------------------------------------------------------------


def test_what_was_pulled_is_brought_up_to_date(run: Run, peek: Peek, out: Path) -> None:
    peek.register("orders-value", whole_order())
    peek.register("keys", KEY)
    assert run("pull", "*", "-o", out).exit_code == 0
    newer = json.loads(json.dumps(whole_order()).replace("What was", "All that was"))
    peek.register("orders-value", newer)
    assert "behind   version 1 of 2" in run("status", out).stdout
    before = files(out)
    result = run("pull", "-o", out)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith(": 1 written, 0 removed, 3 unchanged")
    after = files(out)
    assert {path for path in after if after[path] != before[path]} == {
        "acme/shop/Order.avsc",
        "avrogen.lock",
    }
    assert locked(out)["subjects"]["orders-value"]["version"] == 2
    assert run("status", out).exit_code == 0


def test_types_that_are_gone_are_removed(run: Run, peek: Peek, out: Path) -> None:
    peek.register("orders-value", whole_order())
    assert run("pull", "*", "-o", out).exit_code == 0
    peek.level("orders-value", "NONE")
    peek.register("orders-value", {**ORDER, "fields": ORDER["fields"][:1]})
    result = run("pull", "-o", out)
    assert result.stdout.splitlines()[-1].endswith(": 1 written, 2 removed, 0 unchanged")
    assert sorted(files(out)) == ["acme/shop/Order.avsc", "avrogen.lock"]


def test_files_that_were_edited_are_not_overwritten(run: Run, peek: Peek, out: Path) -> None:
    peek.register("keys", KEY)
    assert run("pull", "keys", "-o", out).exit_code == 0
    edit(out / "acme" / "Key.avsc", lambda schema: schema.update(doc="edited"))
    peek.register("keys", {**KEY, "doc": "newer"})
    before = files(out)
    result = run("pull", "-o", out)
    assert result.exit_code == 2
    assert "that were edited, or not pulled, differ from the registry: " in result.stderr
    assert "acme/Key.avsc" in result.stderr
    assert files(out) == before
    (out / "acme" / "Key.avsc").unlink()
    assert run("pull", "-o", out).exit_code == 0
    assert types_in(out)["acme.Key"].doc == "newer"


def test_edits_of_what_is_gone_are_kept(run: Run, peek: Peek, out: Path) -> None:
    peek.register("orders-value", whole_order())
    assert run("pull", "*", "-o", out).exit_code == 0
    edit(out / "acme" / "Money.avsc", lambda schema: schema.update(doc="edited"))
    peek.level("orders-value", "NONE")
    peek.register("orders-value", {**ORDER, "fields": ORDER["fields"][:1]})
    assert run("pull", "-o", out).exit_code == 0
    assert types_in(out)["acme.Money"].doc == "edited"


def test_files_that_say_the_same_stay_as_they_are(run: Run, schemas: Path, peek: Peek) -> None:
    """Wherever they are, however they are laid out, and with types inside them."""
    (schemas / "shop" / "line.avsc").unlink()
    nested = json.loads(json.dumps(ORDER))
    nested["fields"][2]["type"]["items"] = LINE
    text = f"// by hand\n{json.dumps(nested, indent=7)}"
    write_schemas(schemas, {"shop/order.avsc": text})
    assert run("register", schemas).exit_code == 0
    before = files(schemas)
    result = run("pull", "orders-value", "-o", schemas)
    assert result.exit_code == 0
    lock = locked(schemas)
    assert lock["subjects"]["orders-value"]["files"] == ["shop/order.avsc", "money.avsc"]
    assert {path: t for path, t in files(schemas).items() if path != "avrogen.lock"} == before


def test_types_come_out_of_a_file_that_is_written_anew(run: Run, peek: Peek, out: Path) -> None:
    nested = json.loads(json.dumps(ORDER))
    nested["fields"][2]["type"]["items"] = LINE
    write_schemas(out, {"orders.avsc": nested, "money.avsc": MONEY})
    peek.register("orders-value", whole_order())
    assert run("pull", "orders-value", "-o", out).exit_code == 0
    peek.register("orders-value", {**whole_order(), "doc": "newer"})
    assert run("pull", "-o", out).exit_code == 0
    assert sorted(files(out)) == [
        "acme/shop/Line.avsc",
        "avrogen.lock",
        "money.avsc",
        "orders.avsc",
    ]
    assert types_in(out)["acme.shop.Order"].doc == "newer"


def test_files_of_others_are_not_overwritten(run: Run, schemas: Path, peek: Peek) -> None:
    peek.register("money", {**MONEY, "doc": "another"})
    before = files(schemas)
    result = run("pull", "money", "-o", schemas)
    assert result.exit_code == 2
    assert "money.avsc" in result.stderr
    assert files(schemas) == before


def test_a_shared_type_changes_for_all_or_for_none(run: Run, peek: Peek, out: Path) -> None:
    peek.register("lines", json.dumps(LINE).replace('"acme.Money"', json.dumps(MONEY)))
    peek.register("money", MONEY)
    assert run("pull", "*", "-o", out).exit_code == 0
    peek.register("money", {**MONEY, "doc": "newer"})
    before = files(out)
    result = run("pull", "money", "-o", out)
    assert result.exit_code == 2
    assert "but is also part of the subject lines" in result.stderr
    assert files(out) == before


# --- what cannot be -------------------------------------------------------------------------------


def test_schemas_that_do_not_go_together(run: Run, peek: Peek, out: Path) -> None:
    peek.register("a", MONEY)
    peek.register("b", {**MONEY, "fields": []})
    result = run("pull", "*", "-o", out)
    assert result.exit_code == 1
    assert (
        "b version 1:1:1: error[AVR204] acme.Money is defined differently in a version 1: "
        'field "cents" is only there'
    ) in result.stderr
    assert "pull the two subjects into separate folders, or give" in result.stderr
    assert not out.exists()


def test_schemas_that_differ_in_docs_go_together(run: Run, peek: Peek, out: Path) -> None:
    write_schemas(out, {"all.avsc": {"type": "array", "items": {**MONEY, "doc": "another"}}})
    peek.register("a", {**MONEY, "doc": "first"})
    peek.register("b", {**MONEY, "doc": "second"})
    assert run("pull", "*", "-o", out).exit_code == 0
    result = run_avrogen("build", out, "-o", out.parent / "package")
    assert result.exit_code == 0
    assert "warning[AVR517]" in result.stderr


def test_schemas_that_do_not_go_with_the_folder(run: Run, peek: Peek, out: Path) -> None:
    write_schemas(out, {"all.avsc": {"type": "array", "items": {**MONEY, "fields": []}}})
    peek.register("money", MONEY)
    before = files(out)
    result = run("pull", "money", "-o", out)
    assert result.exit_code == 1
    assert "error[AVR204]" in result.stderr
    assert files(out) == before


def test_what_a_folder_lacks_is_pulled(run: Run, peek: Peek, out: Path) -> None:
    write_schemas(out, {"line.avsc": LINE, "money.avsc": '"acme.Money"'})
    peek.register("money", MONEY)
    assert run("pull", "money", "-o", out).exit_code == 0
    assert set(types_in(out)) == {"acme.Money", "acme.shop.Line"}


def test_a_bad_default_is_not_pulled(run: Run, peek: Peek, out: Path) -> None:
    bad = {**MONEY, "fields": [{"name": "cents", "type": "long", "default": None}]}
    peek.register("money", bad)
    result = run("pull", "money", "-o", out)
    assert result.exit_code == 0
    assert "warning[AVR510] the default does not fit its type in field Money.cents" in result.stdout
    assert json.loads(files(out)["acme/Money.avsc"]) == MONEY
    assert run_avrogen("build", out, "-o", out.parent / "built").exit_code == 0
    # It is in step nevertheless, also for a topic, and not registered anew.
    write_schemas(out, {"avrogen.toml": '[topics.m]\nvalue = "acme.Money"\n'})
    peek.register("m-value", bad)
    assert run("pull", "money", "m-value", "-o", out).exit_code == 0
    for command in ("status", "register"):
        result = run(command, out)
        assert (result.exit_code, "in step" in result.stdout) == (0, True)
    assert peek.versions("m-value") == [1]
    again = json.loads(run("pull", "-o", out, "--format", "json").stdout)
    assert again["files"] == {"written": [], "removed": [], "unchanged": 1}
    assert [each["warnings"][0]["code"] for each in again["subjects"]] == ["AVR510"] * 2


NAMES = [
    "a-b.Money",
    ".x.Money",
    "x..Money",
    "2024.Money",
    "größe.Money",
    "A$.Money",
    "a/../b.Money",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_break_the_rules_are_pulled_as_they_are(
    run: Run, peek: Peek, out: Path, name: str
) -> None:
    schema = {**MONEY, "name": name}
    del schema["namespace"]
    peek.register("money", schema)
    for times in range(2):
        result = run("pull", "money", "-o", out, "--format", "json")
        assert result.exit_code == 0
        document = json.loads(result.stdout)
        assert document["files"]["unchanged"] == times
        assert document["subjects"][0]["warnings"][0]["code"] == "AVR510"
    (path,) = [path for path in files(out) if path.endswith(".avsc")]
    assert ".." not in path and not path.startswith((".", "/"))
    pulled = json.loads(files(out)[path])
    assert f"{pulled['namespace']}.{pulled['name']}" == name
    assert sorted(out.parent.iterdir()) == [out]


def test_names_cannot_lead_out_of_the_folder(run: Run, peek: Peek, out: Path) -> None:
    for subject, namespace in (("a", "/tmp/x"), ("b", "..\\..\\x"), ("c", "C:\\x"), ("d", "a b")):
        peek.register(subject, {**MONEY, "namespace": namespace})
    assert run("pull", "*", "-o", out).exit_code == 0
    assert sorted(files(out)) == [
        "C__x/Money.avsc",
        "_/_/_/_/_x/Money.avsc",
        "_tmp_x/Money.avsc",
        "a_b/Money.avsc",
        "avrogen.lock",
    ]


def test_a_folder_with_mistakes(run: Run, peek: Peek, out: Path) -> None:
    write_schemas(out, {"line.avsc": {**LINE, "name": "9"}, "money.avsc": "{"})
    peek.register("money", MONEY)
    before = files(out)
    result = run("pull", "money", "-o", out)
    assert result.exit_code == 1
    assert "error[AVR201]" in result.stderr and "error[AVR105]" in result.stderr
    assert files(out) == before


@pytest.mark.parametrize("kind", ["JSON", "PROTOBUF"])
def test_other_types_than_avro(run: Run, peek: Peek, out: Path, kind: str) -> None:
    peek.register("a", KEY)
    peek.register("b", '{"type": "object"}', schemaType=kind)
    result = run("pull", "*", "-o", out)
    assert result.exit_code == 2
    assert f"expected schema type AVRO, got {kind} (subject b" in result.stderr
    assert not out.exists()


def test_a_folder_that_cannot_be_written(
    run: Run, peek: Peek, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the second file takes its place; the next pull goes on from there."""
    peek.register("orders-value", whole_order())
    replace, left = os.replace, iter(range(1))

    def full(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        result = run("pull", "*", "-o", out)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert not (out / "avrogen.lock").exists()
    assert run("pull", "*", "-o", out).exit_code == 0
    assert run("status", out).exit_code == 0


# --- the lock file --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "invalid lock file"),
        ("version = 1", "", "a key is missing or invalid"),
        ("files = [", "files = ]", "invalid lock file"),
        ('"acme/Key.avsc"]', "]", "invalid lock file"),
        ("id = 1", "<<<<<<< HEAD\nid = 1\n=======\nid = 2\n>>>>>>> x", "has git merge conflicts"),
        ("127.0.0.1", "elsewhere", "belongs to the registry http://elsewhere"),
    ],
)
def test_lock_files_that_cannot_be_used(
    run: Run, peek: Peek, out: Path, old: str, new: str, message: str
) -> None:
    peek.register("keys", KEY)
    assert run("pull", "keys", "-o", out).exit_code == 0
    lock = out / "avrogen.lock"
    lock.write_text(lock.read_text("utf-8").replace(old, new), "utf-8")
    before = files(out)
    for result in (run("status", out), run("pull", "keys", "-o", out)):
        assert result.exit_code == 2
        assert message in result.stderr
    assert files(out) == before


def test_two_lock_files(run: Run, peek: Peek, out: Path) -> None:
    peek.register("keys", KEY)
    assert run("pull", "keys", "-o", out / "a").exit_code == 0
    assert run("pull", "keys", "-o", out / "b").exit_code == 0
    result = run("status", out / "a", out / "b")
    assert result.exit_code == 2
    assert "keep one, and pull into its folder" in result.stderr


def test_a_registry_that_was_filled_anew(run: Run, peek: Peek, out: Path) -> None:
    peek.register("keys", KEY)
    assert run("pull", "keys", "-o", out).exit_code == 0
    lock = out / "avrogen.lock"
    lock.write_text(lock.read_text("utf-8").replace("id = 1", "id = 7"), "utf-8")
    result = run("status", out)
    assert result.exit_code == 2
    assert "version 1 has the id 1, but 7 in avrogen.lock" in result.stdout
    assert run("pull", "-o", out).exit_code == 0
    assert run("status", out).exit_code == 0


def test_subjects_and_files_that_are_gone(
    run: Run, registry: EmbeddedRegistry, peek: Peek, out: Path
) -> None:
    peek.register("keys", KEY)
    assert run("pull", "keys", "-o", out).exit_code == 0
    kept = out.parent / "kept"
    shutil.copytree(out, kept)
    (out / "acme" / "Key.avsc").unlink()
    result = run("status", out)
    assert result.exit_code == 2
    assert "avrogen.lock lists acme/Key.avsc, but the file does not exist" in result.stdout
    registry.stop()
    with EmbeddedRegistry() as other:
        lock = kept / "avrogen.lock"
        lock.write_text(lock.read_text("utf-8").replace(registry.url, other.url), "utf-8")
        result = run_avrogen("registry", "status", kept, "--url", other.url)
        assert result.exit_code == 2
        assert "avrogen.lock lists version 1, which the registry does not have" in result.stdout
        result = run_avrogen("registry", "pull", "-o", kept, "--url", other.url)
        assert result.exit_code == 2
        assert "the registry has no subject keys" in result.stderr


def test_pulled_schemas_are_edited_and_registered_through_topics(
    run: Run, peek: Peek, out: Path
) -> None:
    peek.register("money-value", MONEY)
    assert run("pull", "*", "-o", out).exit_code == 0
    write_schemas(out, {"avrogen.toml": '[topics.money]\nvalue = "acme.Money"\n'})
    edit(out / "acme" / "Money.avsc", add_field("currency", default=0))
    assert "changed  latest 1" in run("status", out).stdout
    assert run("register", out).exit_code == 0
    assert "in step  version 2" in run("status", out).stdout
    assert run("pull", "-o", out).exit_code == 0
    assert locked(out)["subjects"]["money-value"]["version"] == 2


# --- contexts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["shop-value", "shop*", "*", ":.prod:shop-value"])
def test_subjects_of_a_context_url(out: Path, pattern: str) -> None:
    """Confluent's registry lists them with the context, and knows them without it, too."""
    names = ("shop-value", ":.prod:shop-value", "%3A.prod%3Ashop-value")

    def answer(call: Call) -> Reply:
        path = call.path.removeprefix("/contexts/.prod")
        if path == "/subjects":
            return as_json([":.prod:shop-value"])
        if any(path == f"/subjects/{name}/versions/latest" for name in names):
            key = json.dumps(KEY)
            return as_json({"subject": ":.prod:shop-value", "id": 1, "version": 1, "schema": key})
        return as_json({"error_code": 40401, "message": "not found"}, 404)

    with serving(answer=answer) as server:
        url = f"{server.url}/contexts/.prod"
        result = run_avrogen("registry", "pull", pattern, "-o", out, "--url", url)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("shop-value  version 1")
    assert list(locked(out)["subjects"]) == ["shop-value"]
