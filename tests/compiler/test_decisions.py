"""The decisions of docs/decisions.md, row by row: what a build makes of the case."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Build, run_avrogen, write_schemas
from tests.support import schemas


def record(type_: Any, **more: Any) -> dict[str, Any]:
    return schemas.record("n.R", schemas.field("f", type_, **more))


fixed = partial(schemas.fixed, name="n.F")
enum = partial(schemas.enum, name="n.E")


def nested(type_: Any, depth: int) -> Any:
    for _ in range(depth):
        type_ = {"type": "array", "items": type_}
    return type_


RECORD = record("int")
B_LATER: dict[str, Any] = {
    "type": "record",
    "name": "n.R",
    "fields": [
        {"name": "a", "type": ["null", "B"]},
        {"name": "b", "type": {"type": "record", "name": "B", "fields": []}},
    ],
}
NO_NAMESPACE: dict[str, Any] = {"type": "record", "name": "Top", "fields": []}

CASES: dict[str, tuple[str | None, Any]] = {
    # Files and JSON: the code that a build reports, or None, and the schema or several of them
    "comments": (None, '/* a */ {"type": "fixed", // b\n "name": "n.F", "size": 1}'),
    "key twice": ("AVR106", '{"type": "fixed", "name": "A", "name": "B", "size": 1}'),
    "NaN": ("AVR10[57]", json.dumps(record("double", default=float("nan")))),
    "1e400": ("AVR107", json.dumps(record("double", default=0)).replace("0}", "1e400}")),
    "1,001 digits": (
        "AVR107",
        json.dumps(record("double", default=0)).replace("0}", "9" * 1001 + "}"),
    ),
    "JSON of 4001 levels": ("AVR108", "[" * 4001 + "]" * 4001),
    "64 arrays": (None, record(nested("int", 60))),
    "too many arrays": ("AVR108", record(nested("int", 65))),
    "half a surrogate pair": (None, '{"type": "fixed", "name": "F", "size": 1, "doc": "\\ud800"}'),
    # Names
    "used before its definition": (None, B_LATER),
    "defined identically in two files": (None, {"a.avsc": RECORD, "b.avsc": RECORD}),
    "defined differently in two files": ("AVR204", {"a.avsc": RECORD, "b.avsc": record("long")}),
    "defined in two files with other docs": (
        "AVR517",
        {"a.avsc": RECORD, "b.avsc": {**RECORD, "doc": "Other."}},
    ),
    "from a namespace to none": (None, {"a.avsc": record("Top"), "b.avsc": NO_NAMESPACE}),
    "primitive name in a namespace": ("AVR205", {"type": "fixed", "name": "n.int", "size": 1}),
    "leading dot": ("AVR201", {"type": "fixed", "name": ".F", "size": 1}),
    "letters beyond ASCII": ("AVR201", {"type": "fixed", "name": "Größe", "size": 1}),
    "aliases that are no names": (None, {**RECORD, "aliases": ["no name", "", "1"]}),
    "two fields with one alias": (
        None,
        {
            "type": "record",
            "name": "R",
            "fields": [
                {"name": "a", "type": "int", "aliases": ["x"]},
                {"name": "b", "type": "int", "aliases": ["x"]},
            ],
        },
    ),
    # Shape
    "enum without symbols": ("AVR509", enum()),
    "union without branches": ("AVR509", []),
    "field of a union without branches": ("AVR509", record([])),
    "fixed of size 0": (None, fixed(0)),
    "size as text": ("AVR303", fixed("16")),
    "record that contains itself": ("AVR306", record("n.R")),
    "records that contain each other": (
        "AVR508",
        {"a.avsc": record("n.B"), "b.avsc": {**record("n.R"), "name": "n.B"}},
    ),
    "doc that is no string": ("AVR506", {**RECORD, "doc": 12}),
    "logicalType on the field": ("AVR501", record("long", logicalType="timestamp-millis")),
    "unknown logical type": ("AVR502", record({"type": "int", "logicalType": "colour"})),
    "logical type that does not fit": ("AVR503", record({"type": "int", "logicalType": "uuid"})),
    # Defaults
    "default of a later branch": ("AVR505", record(["null", "int"], default=1)),
    "number as text": ("AVR401", record("double", default="3.14")),
    "default of a fixed, too short": ("AVR401", record(fixed(4), default="ab")),
    "default of a fixed, too long": ("AVR401", record(fixed(2), default="abc")),
    "default of bytes above U+00FF": ("AVR401", record("bytes", default="Ā")),
    "default of a field, no symbol": ("AVR504", record(enum("A"), default="B")),
    "default of an enum, no symbol": ("AVR402", enum("A", default="B")),
    "default without a value in Python": (
        "AVR515",
        record({"type": "int", "logicalType": "date"}, default=2**31 - 1),
    ),
    # Python
    "branches of one Python type": ("AVR507", record(["int", "long"])),
}


ENUM_FIELD = {"name": "f", "type": enum("A", default="A")}
DECIMAL: dict[str, Any] = {"type": "bytes", "logicalType": "decimal", "precision": 4}

CHANGES: dict[str, tuple[str | None, Any, Any]] = {
    # Compatibility: the code that a check reports, or None, and the schemas before and after
    "decimals of another scale": ("AVR901", {**DECIMAL, "scale": 1}, {**DECIMAL, "scale": 2}),
    "name and alias of one field": (
        "AVR912",
        {**RECORD, "fields": [{"name": n, "type": "int"} for n in ("f", "g")]},
        record("int", aliases=["g"]),
    ),
    "two fields that claim one": (
        "AVR914",
        RECORD,
        {**RECORD, "fields": [*RECORD["fields"], {"name": "g", "type": "int", "aliases": ["f"]}]},
    ),
    "another namespace": ("AVR911", RECORD, {**RECORD, "name": "m.R"}),
    "new field of an enum with a default": (
        "AVR805",
        {**RECORD, "fields": []},
        {**RECORD, "fields": [ENUM_FIELD]},
    ),
    "union without branches, read": (None, record([]), record("int")),
    "union without branches, reading": ("AVR806", record(["int"]), record([])),
    "symbol less": (None, enum("A", "B"), enum("A", default="A")),
    "UUID as text": (None, record({"type": "string", "logicalType": "uuid"}), record("string")),
    "type that is gone": ("AVR807", [RECORD, {**enum("A"), "name": "n.Gone"}], RECORD),
    "type that was renamed": ("AVR802", RECORD, {**RECORD, "name": "n.S"}),
}


@dataclass
class Report:
    exit_code: int
    codes: set[str]


def built(folder: Path, schemas: Any) -> Report:
    files = schemas if "a.avsc" in schemas else {"a.avsc": schemas}
    write_schemas(folder / "schemas", files)
    result = run_avrogen("build", folder / "schemas", "-o", folder / "built")
    assert "Traceback" not in result.stderr
    return Report(result.exit_code, set(re.findall(r"\[(AVR\d{3})\]", result.stderr)))


@pytest.mark.parametrize("case", CASES)
def test_decision(tmp_path: Path, case: str) -> None:
    code, schemas = CASES[case]
    report = built(tmp_path, schemas)
    if code is None:
        assert report == Report(0, set())
        return
    assert report.exit_code == (0 if code.startswith("AVR5") else 1)
    assert len(report.codes) == 1
    assert re.fullmatch(code, report.codes.pop())


@pytest.mark.parametrize("case", CHANGES)
def test_decision_about_a_change(tmp_path: Path, case: str) -> None:
    code, old, new = CHANGES[case]
    write_schemas(tmp_path / "old", {"a.avsc": old})
    write_schemas(tmp_path / "new", {"a.avsc": new})
    result = run_avrogen("check", tmp_path / "new", "--against", tmp_path / "old")
    assert re.findall(r"\[(AVR\d{3})\]", result.stderr) == ([code] if code else [])
    assert result.exit_code == (0 if code is None or code.startswith("AVR9") else 1)


def test_every_code_of_the_page_is_tried() -> None:
    page = set(re.findall(r"AVR\d{3}", (ROOT / "docs/decisions.md").read_text("utf-8")))
    tried = {c for code, _ in CASES.values() if code for c in re.findall(r"AVR\d{3}", code)}
    tried |= {code for code, _, _ in CHANGES.values() if code}
    assert page <= tried | {"AVR105", "AVR107"}


def test_a_reference_to_a_type_without_a_namespace_means_it(build: Build) -> None:
    package = build({"a.avsc": record("Top"), "b.avsc": NO_NAMESPACE})
    assert package.R(f=package.Top()).to_avro() == b""


def test_names_that_only_differ_in_case_get_modules_of_their_own(build: Build) -> None:
    package = build({"a.avsc": [{**NO_NAMESPACE, "name": n} for n in ("Item", "ITEM", "Con")]})
    assert package.Item is not package.ITEM
    files = [path.name.lower() for path in Path(str(package.__file__)).parent.iterdir()]
    assert len(files) == len(set(files))
    assert not {"con.py", "_con"} & set(files)
