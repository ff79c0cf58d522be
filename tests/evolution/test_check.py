"""``avrogen check`` as a command: places to compare with, levels, formats, bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.conftest import ROOT, run_avrogen, write_schemas
from tests.evolution.repositories import Files
from tests.support import schemas
from tests.support.schemas import field

record = partial(schemas.record, "n.R")
enum = partial(schemas.enum, name="n.E")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(folder: str, files: Files) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    path = write_schemas(Path(folder), files)
    path.mkdir(exist_ok=True)
    return path


def check(old: Files, new: Files, *options: str) -> Result:
    write("old", old)
    write("new", new)
    result = run_avrogen("check", "new", "--against", "old", *options)
    assert "Traceback" not in result.output
    return result


def codes(result: Result) -> list[str]:
    return re.findall(r"\[(AVR\d{3})\]", result.stderr)


# --- baselines that break the rules ---------------------------------------------------------------

BROKEN: dict[str, Any] = {
    "namespace": {**record(field("f", "int")), "name": "R", "namespace": "n-1"},
    "default": record(field("f", "int", default=None)),
    "symbol": record(field("f", {"type": "enum", "name": "n.E", "symbols": ["A-B"]})),
    "default of an enum": record(
        field("f", {"type": "enum", "name": "n.E", "symbols": ["A"], "default": "B"})
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_baseline_that_breaks_the_rules(what: str) -> None:
    old = BROKEN[what]
    new = {**old, "name": "R", "namespace": "n", "fields": [field("f", "int", default=1)]}
    if "E" in json.dumps(old):
        new["fields"] = [field("f", {"type": "enum", "name": "n.E", "symbols": ["A", "AB"]})]
    for strict in ([], ["--strict"]):
        result = check({"a.avsc": old}, {"a.avsc": new}, "--level", "BACKWARD", *strict)
        assert "old/a.avsc:1:" in result.stderr
        assert "warning[AVR510]" in result.stderr
        assert result.exit_code == (
            1 if "symbol" in what or (strict and "AVR9" in result.stderr) else 0
        )


def test_a_bad_default_of_the_baseline_counts_as_none() -> None:
    """Old readers cannot use it, so they cannot read data without the field."""
    old, new = record(field("f", "int", default="")), record()
    result = check({"a.avsc": old}, {"a.avsc": new}, "--level", "FORWARD")
    assert (result.exit_code, sorted(codes(result))) == (1, ["AVR510", "AVR805"])


def test_new_schemas_that_break_the_rules_are_errors() -> None:
    old = {"a.avsc": record(field("f", "int", default=None))}
    result = check(old, old)
    assert (result.exit_code, codes(result)) == (1, ["AVR401"])


# --- levels ---------------------------------------------------------------------------------------

WIDER = {"a.avsc": record(field("f", "int"))}, {"a.avsc": record(field("f", "long"))}
NARROWER = WIDER[1], WIDER[0]
OTHER = {"a.avsc": record(field("f", "int"))}, {"a.avsc": record(field("f", "string"))}
REMOVED = {"a.avsc": record(), "b.avsc": record(name="n.S")}, {"a.avsc": record()}


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (WIDER, {"FORWARD", "FULL"}),
        (NARROWER, {"BACKWARD", "FULL"}),
        (OTHER, {"BACKWARD", "FORWARD", "FULL"}),
        (REMOVED, {"BACKWARD", "FULL"}),
    ],
    ids=["wider", "narrower", "other", "removed"],
)
def test_levels(change: tuple[Files, Files], broken: set[str]) -> None:
    for level in ("NONE", "BACKWARD", "FORWARD", "FULL"):
        for spelled in (
            level,
            level.lower(),
            *([f"{level}_TRANSITIVE"] if level != "NONE" else []),
        ):
            result = check(*change, "--level", spelled)
            assert result.exit_code == (1 if level in broken else 0), spelled
            assert len(codes(result)) == (1 if level in broken else 0), spelled


def test_without_a_level_it_is_backward() -> None:
    assert check(*NARROWER).exit_code == 1
    assert check(*WIDER).exit_code == 0
    assert "BACKWARD against old" in check(*WIDER).stdout


def test_both_directions_are_one_error() -> None:
    result = check(*OTHER, "--level", "FULL")
    assert "neither version can read the data of the other" in result.stderr


FORWARD: dict[str, tuple[Files, Files, str, str]] = {
    "removed field": (
        {"a.avsc": record(field("f", "int"), field("g", "int"))},
        {"a.avsc": record(field("f", "int"))},
        "AVR805",
        "R.g was removed and had no default: readers of the old schema cannot read new data",
    ),
    "removed field of an enum with a default": (
        {"a.avsc": record(field("f", enum("A", default="A")))},
        {"a.avsc": record()},
        "AVR805",
        "R.f was removed and had no default",
    ),
    "added symbol": (
        {"a.avsc": enum("A")},
        {"a.avsc": enum("A", "B", "C")},
        "AVR804",
        "B and C were added to E, which had no default",
    ),
    "added branch": (
        {"a.avsc": record(field("f", ["null", "int"]))},
        {"a.avsc": record(field("f", ["null", "int", "string"]))},
        "AVR806",
        "R.f may be string, which is missing in the old union",
    ),
    "may be null": (
        {"a.avsc": record(field("f", "int"))},
        {"a.avsc": record(field("f", ["null", "int"]))},
        "AVR801",
        "R.f changed from int to a union with null",
    ),
    "renamed with an alias": (
        {"a.avsc": record(name="n.R")},
        {"a.avsc": record(name="n.S", aliases=["R"])},
        "AVR802",
        "n.R was renamed to n.S: readers of the old schema",
    ),
    "renamed branch with an alias": (
        {"a.avsc": ["null", record(name="n.R")]},
        {"a.avsc": ["null", record(name="n.S", aliases=["R"])]},
        "AVR802",
        "n.R was renamed to n.S: readers of the old schema",
    ),
}


@pytest.mark.parametrize("case", FORWARD)
def test_readers_of_the_old_version(case: str) -> None:
    old, new, code, message = FORWARD[case]
    assert codes(check(old, new)) == []
    result = check(old, new, "--level", "FORWARD")
    assert codes(result) == [code]
    assert message in result.stderr


# --- one change is one error ----------------------------------------------------------------------


def test_a_type_that_many_use_is_reported_once() -> None:
    def files(price: str) -> Files:
        money = record(field("amount", price), name="Money", namespace="n")
        users = {
            f"r{number}.avsc": record(field("price", ["null", "Money"]), name=f"n.R{number}")
            for number in range(20)
        }
        return {"money.avsc": money, **users}

    result = check(files("long"), files("int"))
    assert codes(result) == ["AVR801"]
    assert "breaks n.Money, n.R0, n.R1, n.R10, n.R11 and 16 more" in result.stderr
    assert result.stdout.count(": incompatible\n") == 21


def test_a_namespace_that_was_renamed_is_reported_once() -> None:
    def files(namespace: str) -> Files:
        return {f"{n}.avsc": record(name=f"{namespace}.R{n}") for n in range(8)}

    result = check(files("old"), files("new"))
    assert codes(result) == ["AVR911"]
    message = "the namespace old became new (R0, R1, R2, R3, R4 and 3 more): "
    assert message in result.stderr


def test_a_union_is_searched_for_what_is_wrong_with_its_branches() -> None:
    def files(inner: str) -> Files:
        leaf = record(field("f", ["null", {"type": "array", "items": inner}]), name="n.Leaf")
        return {"a.avsc": record(field("leaf", ["null", {"type": "map", "values": leaf}]))}

    result = check(files("long"), files("int"), "--format", "json")
    (finding,) = json.loads(result.stderr)
    assert finding["message"].startswith("each item of Leaf.f changed from long to int")
    assert finding["new_path"] == "n.Leaf /fields/0/type/1/items"
    assert finding["registry"] == [
        "The new schema is missing a type inside a union field at path '/fields/0/type/1' "
        "in the old schema"
    ]


def test_a_branch_of_another_kind() -> None:
    old, new = ["null", record(name="n.X")], ["null", enum("A", name="n.X")]
    result = check({"a.avsc": record(field("f", old))}, {"a.avsc": record(field("f", new))})
    assert codes(result) == ["AVR801"]
    assert "a union branch of R.f changed from record n.X to enum n.X: existing" in result.stderr


def test_several_changes_are_all_reported() -> None:
    old = record(field("a", "long"), field("b", enum("A", "B")), field("c", ["int", "string"]))
    new = record(field("a", "int"), field("b", enum("A")), field("c", ["int"]), field("d", "int"))
    assert codes(check({"a.avsc": old}, {"a.avsc": new})) == [
        "AVR801",
        "AVR804",
        "AVR806",
        "AVR805",
    ]


def test_circles() -> None:
    def files(value: str) -> Files:
        one = record(field("v", value), field("other", ["null", "n.B"], default=None), name="n.A")
        two = record(field("back", ["null", "n.A"], default=None), name="n.B")
        return {"a.avsc": one, "b.avsc": two}

    result = check(files("long"), files("int"))
    assert codes(result) == ["AVR801"]
    assert "breaks n.A and n.B" in result.stderr


# --- what is gone, and what was moved -------------------------------------------------------------


def test_types_that_go_with_what_used_them_are_no_loss() -> None:
    inner = record(name="n.Inner")
    old = {"a.avsc": record(field("f", "n.Inner"), field("g", "int")), "inner.avsc": inner}
    result = check(old, {"a.avsc": record(field("g", "int"))})
    assert (result.exit_code, codes(result)) == (0, [])


def test_removed_types_have_the_place_of_their_file() -> None:
    old = {"deep/a.avsc": record(), "b.avsc": record(name="n.S")}
    result = check(old, {"b.avsc": record(name="n.S")})
    assert result.stderr.startswith("new/deep/a.avsc:1:1: error[AVR807] n.R was removed: ")
    assert "n.R: removed\n" in result.stdout


def test_a_file_by_itself_is_not_all_there_was() -> None:
    write("old", {"a.avsc": record(), "b.avsc": record(name="n.S")})
    write("new", {"a.avsc": record()})
    whole = run_avrogen("check", "new", "--against", "old")
    assert codes(whole) == ["AVR807"]
    single = run_avrogen("check", "new/a.avsc", "--against", "old")
    assert (single.exit_code, codes(single)) == (0, [])
    files = run_avrogen("check", "new/a.avsc", "--against", "old/b.avsc")
    assert set(codes(files)) == {"AVR807"}


def test_files_and_lists_of_types() -> None:
    one, two = record(name="n.A"), record(name="n.B")
    apart, together = {"a.avsc": one, "b.avsc": two}, {"all.avsc": [one, two]}
    assert check(apart, together).exit_code == 0
    assert check(together, apart).exit_code == 0


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (["string", "null"], "union"),
        ({"type": "array", "items": "int"}, "array"),
        ({"type": "map", "values": "int"}, "map"),
        ({"type": "string", "logicalType": "uuid"}, "type"),
    ],
)
def test_what_files_have_at_their_top(content: Any, what: str) -> None:
    kept = {"r.avsc": record()}
    moved = check({**kept, "a.avsc": content}, {**kept, "deep/b.avsc": content})
    assert (moved.exit_code, codes(moved)) == (0, [])
    assert "deep/b.avsc: compatible (formerly a.avsc)" not in moved.stdout  # it is unchanged
    gone = check({**kept, "a.avsc": content}, kept)
    assert codes(gone) == ["AVR807"]
    name = "a.avsc" if what == "type" else f"the {what} of a.avsc"
    assert f"{name} was removed" in gone.stderr
    changed = check({**kept, "a.avsc": content}, {**kept, "a.avsc": '"boolean"'})
    assert set(codes(changed)) <= {"AVR801", "AVR806"}
    assert changed.exit_code == 1


def test_types_by_another_name_are_found_by_the_look_of_them() -> None:
    old = {"order.avsc": record(field("id", "string"), field("total", "int"), name="n.Order")}
    alike = record(field("id", "string"), field("total", "int"), name="n.Purchase")
    assert codes(check(old, {"purchase.avsc": alike})) == ["AVR802"]
    other = record(field("x", "string"), name="n.Purchase")
    assert codes(check(old, {"purchase.avsc": other})) == ["AVR807"]


def test_names_of_enums_and_fixed_types() -> None:
    old = {"e.avsc": enum("A", "B"), "f.avsc": {"type": "fixed", "name": "n.F", "size": 2}}
    new = {
        "e.avsc": enum("A", "B", name="n.E2"),
        "f.avsc": {"type": "fixed", "name": "n.F2", "size": 2},
    }
    result = check(old, new)
    assert codes(result) == ["AVR802", "AVR802"]
    assert "n.E was renamed to n.E2" in result.stderr
    assert "n.F was renamed to n.F2" in result.stderr


# --- topics ---------------------------------------------------------------------------------------

EVENTS = {"a.avsc": record(name="n.A"), "b.avsc": record(name="n.B")}


def on_topic(value: str, **more: str) -> Files:
    lines = [f"{name} = {value}" for name, value in {"value": value, **more}.items()]
    return {"avrogen.toml": "\n".join(["[topics.t]", *lines]), **EVENTS}


def test_topics_of_generated_packages_are_not_known() -> None:
    write("old", on_topic('["n.A", "n.B"]'))
    assert run_avrogen("build", "old", "-o", "pkg").exit_code == 0
    write("new", on_topic('["n.A"]'))
    assert run_avrogen("check", "new", "--against", "pkg").exit_code == 0
    assert codes(run_avrogen("check", "new", "--against", "old")) == ["AVR808"]


def test_topics_in_pyproject() -> None:
    text = "[tool.avrogen.topics.t]\nvalue = [{}]\n"
    write("old", {"pyproject.toml": text.format('"n.A", "n.B"'), **EVENTS})
    write("new", {"pyproject.toml": text.format('"n.A"'), **EVENTS})
    result = run_avrogen("check", "new", "--against", "old")
    assert codes(result) == ["AVR808"]
    assert re.match(r"\S*new/pyproject\.toml:2:9: ", result.stderr)


def test_a_configuration_then_that_cannot_be_read_is_none() -> None:
    result = check({**EVENTS, "avrogen.toml": "topics = 1"}, on_topic('"n.A"'))
    assert result.exit_code == 0


def test_a_configuration_now_that_is_wrong_is_an_error() -> None:
    result = check(EVENTS, on_topic('"n.C"'))
    assert (result.exit_code, codes(result)) == (1, ["AVR609"])


def test_keys_that_are_records() -> None:
    key = record(field("id", "long"), name="n.Key")
    old = {**on_topic('"n.A"', key='"n.Key"'), "key.avsc": key}
    same = check(old, {**old, "key.avsc": record(field("id", "int"), name="n.Key")})
    assert codes(same) == ["AVR801"]
    assert "breaks n.Key (topic t)" in same.stderr
    other = check(old, {**on_topic('"n.A"', key='"n.B"'), "key.avsc": key})
    assert codes(other) == ["AVR802"]
    assert "the key of topic t: incompatible" in other.stdout
    gone = check(old, {**on_topic('"n.A"'), "key.avsc": key})
    assert gone.exit_code == 0


@pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL"])
def test_new_symbols_that_old_readers_do_not_know(level: str) -> None:
    """They read their default, which nobody has written."""
    old, new = {"a.avsc": enum("A", default="A")}, {"a.avsc": enum("A", "B", "C", default="A")}
    result = check(old, new, "--level", level)
    assert codes(result) == ([] if level == "BACKWARD" else ["AVR918"])
    assert result.exit_code == 0
    if level != "BACKWARD":
        assert "B, C were added, and old readers have the default A" in result.stderr


TOPIC_CHANGES: dict[str, tuple[Files, Files, str, set[str], set[str]]] = {
    "type added": (
        on_topic('["n.A"]'),
        on_topic('["n.A", "n.B"]'),
        "AVR916",
        {"FORWARD", "FULL"},
        {"BACKWARD"},
    ),
    "tombstones allowed": (
        on_topic('["n.A"]', key='"string"'),
        on_topic('["n.A"]', key='"string"', tombstones="true"),
        "AVR917",
        {"FORWARD", "FULL"},
        {"BACKWARD"},
    ),
    "tombstones forbidden": (
        on_topic('["n.A"]', key='"string"', tombstones="true"),
        on_topic('["n.A"]', key='"string"'),
        "AVR917",
        {"BACKWARD", "FULL"},
        set(),
    ),
    "keys removed": (
        on_topic('["n.A"]', key='"string"'),
        on_topic('["n.A"]'),
        "AVR917",
        {"FORWARD", "FULL"},
        {"BACKWARD"},
    ),
    "keys added": (
        on_topic('["n.A"]'),
        on_topic('["n.A"]', key='"string"'),
        "AVR917",
        {"BACKWARD", "FULL"},
        set(),
    ),
    "wider keys, whose bytes differ": (
        on_topic('["n.A"]', key='"int"'),
        on_topic('["n.A"]', key='"long"'),
        "AVR917",
        {"BACKWARD", "FORWARD", "FULL"},
        set(),
    ),
}


@pytest.mark.parametrize("case", TOPIC_CHANGES)
def test_changes_of_topics(case: str) -> None:
    """Errors where messages cannot be read, warnings where consumers can be deployed first."""
    old, new, code, errors, warnings = TOPIC_CHANGES[case]
    for level in ("NONE", "BACKWARD", "FORWARD", "FULL", "FULL_TRANSITIVE"):
        result = check(old, new, "--level", level)
        short = level.removesuffix("_TRANSITIVE")
        kind = "error" if short in errors else "warning"
        found = short in errors | warnings
        assert (f"{kind}[{code}]" in result.stderr) == found, level
        assert result.exit_code == (1 if short in errors else 0), level
        assert ("deploy consumers first" in result.stderr) == (short in warnings), level


def test_keys_of_a_field_that_changes_its_type() -> None:
    """The keys have its type, though nothing but the field names it."""
    of = {"avrogen.toml": '[topics.t]\nvalue = "n.A"\nkey-field = "id"\n'}
    old = {**of, "a.avsc": record(field("id", "int"), name="n.A")}
    new = {**of, "a.avsc": record(field("id", "long"), name="n.A")}
    result = check(old, new)
    assert codes(result) == ["AVR917"]
    assert "the keys of the topic t changed from int to long" in result.stderr
    gone = check(old, {**new, "a.avsc": record(field("no", "int", default=1), name="n.A")})
    assert codes(gone) == ["AVR910", "AVR610"]


def test_types_on_a_topic_of_one_type_keep_their_subject() -> None:
    old = {"avrogen.toml": '[topics.t]\nvalue = "n.A"\n', "a.avsc": record(name="n.A")}
    new = {
        "avrogen.toml": '[topics.t]\nvalue = "n.B"\n',
        "a.avsc": record(name="n.B", aliases=["A"]),
    }
    assert check(old, new, "--strict").exit_code == 0
    by_record = f'{new["avrogen.toml"]}subject-strategy = "record"\n'
    result = check(old, {**new, "avrogen.toml": by_record})
    assert codes(result) == ["AVR913"]
    assert "from n.A to n.B" in result.stderr


# --- generated packages ---------------------------------------------------------------------------


def test_generated_packages_say_what_their_schemas_say(tmp_path: Path) -> None:
    result = run_avrogen("check", ROOT / "schemas", "--against", ROOT / "generated_example")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"BACKWARD against .*generated_example: \d+ unchanged\n\Z", result.stdout)


def test_generated_packages_are_not_run() -> None:
    write("old", {"a.avsc": record(field("f", "long")), "b.avsc": ["null", "n.R"]})
    assert run_avrogen("build", "old", "-o", "pkg").exit_code == 0
    for path in Path("pkg").rglob("*.py"):
        path.write_text(path.read_text("utf-8") + "\nraise SystemExit('it was run')\n", "utf-8")
    write("new", {"a.avsc": record(field("f", "int")), "b.avsc": ["null", "n.R"]})
    result = run_avrogen("check", "new", "--against", "pkg")
    assert codes(result) == ["AVR801"]
    assert "breaks b.avsc and n.R" in result.stderr or "breaks n.R and b.avsc" in result.stderr


def test_types_that_have_the_names_of_ours_in_a_package() -> None:
    names = ["Schema", "Codec", "AvroRecord"]
    old = {f"{name}.avsc": record(field("f", "long"), name=f"n.{name}") for name in names}
    write("old", {**old, "all.avsc": [f"n.{name}" for name in names]})
    assert run_avrogen("build", "old", "-o", "pkg").exit_code == 0
    new = {f"{name}.avsc": record(field("f", "int"), name=f"n.{name}") for name in names}
    write("new", {**new, "all.avsc": [f"n.{name}" for name in names]})
    assert codes(run_avrogen("check", "new", "--against", "pkg")) == ["AVR801"] * 3


def test_parts_of_a_package_are_refused() -> None:
    write("new", EVENTS)
    result = run_avrogen("check", "new", "--against", ROOT / "generated_example/com")
    assert result.exit_code == 2
    assert "is a subpackage of a generated package" in result.stderr


def test_a_package_that_was_damaged() -> None:
    write("old", EVENTS)
    write("new", EVENTS)
    assert run_avrogen("build", "old", "-o", "pkg").exit_code == 0
    path = next(Path("pkg").rglob("_a.py"))
    path.write_text(path.read_text("utf-8") + "\ndef (", "utf-8")
    result = run_avrogen("check", "new", "--against", "pkg")
    assert result.exit_code == 2
    assert "cannot parse pkg/n/_a.py as Python" in result.stderr


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nowhere", "path does not exist: nowhere"),
        ("empty", "no schemas in empty"),
        ("broken", "the schemas in broken are invalid"),
        ("unreadable", "cannot read the schemas in unreadable"),
        ("broken/a.avsc", "the schemas in broken/a.avsc are invalid"),
    ],
)
def test_nothing_to_compare_with(where: str, message: str) -> None:
    write("new", EVENTS)
    write("empty", {"README": "none"})
    write("broken", {"a.avsc": '{"type": "record"}'})
    write("unreadable", {})
    Path("unreadable/a.avsc").symlink_to("a.avsc")
    before = sorted(Path().rglob("*"))
    result = run_avrogen("check", "new", "--against", where)
    assert result.exit_code == 2
    assert f"Error: {message}" in result.stderr
    assert result.stdout == ""
    assert sorted(Path().rglob("*")) == before


def test_broken_old_schemas_are_shown() -> None:
    result = check({"a.avsc": '{"type": "record"}'}, EVENTS)
    assert result.stderr.startswith("old/a.avsc:1:1: error[AVR302]")


def test_schemas_that_are_broken_themselves() -> None:
    result = check(EVENTS, {"a.avsc": record(field("f", "Unknown")), "b.avsc": '{"type":'})
    assert (result.exit_code, sorted(codes(result))) == (1, ["AVR105", "AVR203"])
    assert result.stdout == "BACKWARD against old: 2 errors\n"


def test_warnings_about_schemas_are_left_to_the_build() -> None:
    odd = record(field("f", "long", logicalType="timestamp-millis"))
    result = check({"a.avsc": odd}, {"a.avsc": odd}, "--strict")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["new"],
        ["--against", "old"],
        ["nowhere", "--against", "old"],
        ["new", "--against", "old", "--level", "SIDEWAYS"],
        ["empty", "--against", "old"],
    ],
)
def test_usage(arguments: list[str]) -> None:
    write("new", EVENTS)
    write("old", EVENTS)
    write("empty", {})
    result = run_avrogen("check", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


# --- formats --------------------------------------------------------------------------------------

CARD = record(field("digits", "string"), name="Card", namespace="n")
NEW_CARD = {**CARD, "fields": [*CARD["fields"], field("holder", "string")]}
PAYMENT = record(field("card", ["null", "n.Card"]), field("at", "long"), name="n.Payment")
NEW_PAYMENT = {
    **PAYMENT,
    "fields": [PAYMENT["fields"][0], field("at", {"type": "long", "logicalType": "time-micros"})],
}
CHANGE = (
    {"card.avsc": CARD, "payment.avsc": PAYMENT, "z.avsc": enum("A")},
    {"card.avsc": NEW_CARD, "payment.avsc": NEW_PAYMENT, "z.avsc": enum("A")},
)


def test_text() -> None:
    result = check(*CHANGE)
    place = re.escape("new/card.avsc:1:") + r"\d+: "
    assert re.match(place, result.stderr)
    assert re.sub(r"(?m)^new/(\w+)\.avsc:1:\d+", r"\1", result.stderr) == (
        "card: error[AVR805] Card.holder was added without a default: existing data cannot "
        "be read\n"
        "  note: READER_FIELD_MISSING_DEFAULT_VALUE: new n.Card /fields/1, old n.Card /fields\n"
        "  note: registry: The field 'holder' at path '/fields/1' in the new schema has no default "
        "value and is missing in the old schema\n"
        "  note: breaks n.Card and n.Payment\n"
        '  hint: give it a default: "default": ""\n'
        "payment: warning[AVR904] Payment.at: long became time-micros: existing data decode to "
        "other values, or not at all\n"
        "  note: affects n.Payment\n"
        "  hint: leave it unchanged, and add a new field with a default for the new type\n"
    )
    assert result.stdout == (
        "n.Card: incompatible\n"
        "n.Payment: incompatible (1 warning)\n"
        "BACKWARD against old: 2 incompatible, 1 unchanged, 1 error, 1 warning\n"
    )


def test_json() -> None:
    result = check(*CHANGE, "--format", "json")
    error, warning = json.loads(result.stderr)
    assert error == {
        "code": "AVR805",
        "severity": "error",
        "path": "new/card.avsc",
        "line": 1,
        "column": error["column"],
        "message": "Card.holder was added without a default: existing data cannot be read",
        "hint": 'give it a default: "default": ""',
        "type": "READER_FIELD_MISSING_DEFAULT_VALUE",
        "directions": ["BACKWARD"],
        "new_path": "n.Card /fields/1",
        "old_path": "n.Card /fields",
        "registry": [
            "The field 'holder' at path '/fields/1' in the new schema has no default value and is "
            "missing in the old schema"
        ],
        "affected": ["n.Card", "n.Payment"],
        "previous": ["old"],
    }
    assert warning["code"] == "AVR904"
    assert warning["severity"] == "warning"
    assert warning["type"] is None
    document = json.loads(result.stdout)
    assert document["against"] == "old"
    assert document["level"] == "BACKWARD"
    assert document["compatible"] is False
    verdicts = {verdict["name"]: verdict for verdict in document["verdicts"]}
    assert {name: v["verdict"] for name, v in verdicts.items()} == {
        "n.Card": "incompatible",
        "n.Payment": "incompatible",
        "n.E": "unchanged",
    }
    assert verdicts["n.Payment"] == {
        "kind": "type",
        "name": "n.Payment",
        "verdict": "incompatible",
        "topics": [],
        "formerly": None,
        "level": "BACKWARD",
        "previous": ["old"],
        "warnings": 1,
        "incompatibilities": [
            {
                "previous": "old",
                "direction": "BACKWARD",
                "type": "MISSING_UNION_BRANCH",
                "message": "reader union lacking writer type: RECORD",
                "path": "/fields/0/type/1",
                "reader_path": "/fields/0/type",
                "writer_path": "/fields/0/type/1",
                "registry": "{errorType:'MISSING_UNION_BRANCH', description:'The new schema is "
                "missing a type inside a union field at path '/fields/0/type/1' in the old "
                "schema', additionalInfo:'reader union lacking writer type: RECORD'}",
            }
        ],
    }


def test_json_of_nothing() -> None:
    result = check(EVENTS, EVENTS, "--format", "json")
    assert json.loads(result.stderr) == []
    assert json.loads(result.stdout)["compatible"] is True


def test_json_of_removed_types() -> None:
    result = check(*REMOVED, "--format", "json")
    verdicts = {v["name"]: v["verdict"] for v in json.loads(result.stdout)["verdicts"]}
    assert verdicts == {"n.R": "unchanged", "n.S": "removed"}


def test_github() -> None:
    result = check(*CHANGE, "--format", "github")
    error, warning = result.stderr.splitlines()
    assert error.startswith("::error file=new/card.avsc,line=1,col=")
    assert "title=AVR805::Card.holder was added without a default" in error
    assert "%0Anote: breaks n.Card and n.Payment%0Ahint: give it a default" in error
    assert warning.startswith("::warning file=new/payment.avsc,line=1,col=")
    strict = check(*CHANGE, "--format", "github", "--strict")
    assert strict.stderr.count("::error ") == 2


def test_strict_makes_errors_of_warnings() -> None:
    old, new = {"a.avsc": enum("A", "B", default="A")}, {"a.avsc": enum("A", "B", default="B")}
    lenient, strict = check(old, new), check(old, new, "--strict")
    assert (lenient.exit_code, "warning[AVR909]" in lenient.stderr) == (0, True)
    assert (strict.exit_code, "error[AVR909]" in strict.stderr) == (1, True)
    assert strict.stdout.endswith("1 compatible, 1 error\n")


def test_names_cannot_write_to_the_terminal() -> None:
    try:
        result = check(
            {"a\x1b[31m.avsc": '"int"', "r.avsc": record()},
            {"a\x1b[31m.avsc": '"string"', "r.avsc": record()},
        )
    except OSError:
        pytest.skip("this file system has no such names")
    assert result.exit_code == 1
    assert "\x1b" not in result.output


@pytest.mark.parametrize("name", ["__init__.py", "a.avsc", "avrogen.toml", "inner/__init__.py"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_a_baseline_is_read_from_regular_files_only(name: str, kind: str) -> None:
    write("new", {"r.avsc": record(field("a", "int"))})
    thing = write("old", {"r.avsc": record(field("a", "int"))}) / name
    thing.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(thing)
    else:
        thing.symlink_to(kind)
    result = run_avrogen("check", "new", "--against", "old")
    assert result.exit_code == (2 if name == "a.avsc" else 0)
    assert ("cannot be read: not a regular file" in result.stderr) is (name == "a.avsc")


def test_modules_of_a_baseline_are_regular_files() -> None:
    write("new", {"r.avsc": record(field("a", "int"))})
    assert run_avrogen("build", "new", "-o", "package").exit_code == 0
    for name in ("_x.py", "n/_x.py"):
        (Path("package") / name).symlink_to("/dev/zero")
    (Path("package") / "n/again").symlink_to(Path("package").absolute())
    result = run_avrogen("check", "new", "--against", "package")
    assert (result.exit_code, result.stderr) == (0, "")
