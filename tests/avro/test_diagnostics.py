"""docs/diagnostics.md and the code speak of the same problems, and each can be seen."""

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from avrogen.avro.diagnostics import Code
from avrogen.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"
SHOP = """[
    {"type": "record", "name": "Order", "namespace": "shop", "fields": [
        {"name": "id", "type": "string"}, {"name": "total", "type": "double"}]},
    {"type": "record", "name": "Refund", "namespace": "shop", "fields": [
        {"name": "id", "type": "string"}]}
]"""


class Entry(NamedTuple):
    """One entry of the page. ``language`` is that of its examples, "" if it has none; ``old`` is
    what there was before, "" if it is about no change."""

    code: str
    title: str
    language: str
    old: str
    bad: str
    good: str


def entries() -> list[Entry]:
    found: list[Entry] = []
    for part in re.split(r"^### ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        code, title = part.split("\n", 1)[0].split(" ", 1)
        blocks = re.findall(
            r"^(Old|Bad|Good):\n\n```(json|toml|avdl)\n(.*?)```$", part, re.DOTALL | re.M
        )
        examples = {kind: text for kind, _, text in blocks}
        language = blocks[0][1] if blocks else ""
        kinds = ("Old", "Bad", "Good")
        found.append(Entry(code, title, language, *(examples.get(kind, "") for kind in kinds)))
    return found


def reported(folder: Path, **files: str) -> list[str]:
    """The codes that a build of the files reports, each of which has to have a position."""
    schemas = folder / "schemas"
    schemas.mkdir(exist_ok=True)
    for name, text in files.items():
        (schemas / name.replace("_", ".")).write_text(text)
    return build(schemas)


def build(schemas: Path) -> list[str]:
    out = schemas.parent / "pkg"
    result = CliRunner().invoke(main, ["build", str(schemas), "-o", str(out), "--format", "json"])
    assert result.exit_code in (0, 1), result.output
    found = json.loads(result.stderr)
    assert all(d["line"] >= 1 and d["column"] >= 1 for d in found)
    return [d["code"] for d in found]


def test_the_page_has_every_code_with_its_title_and_no_other() -> None:
    assert [(entry.code, entry.title) for entry in entries()] == [
        (code.id, code.title) for code in sorted(Code, key=lambda code: code.id)
    ]


@pytest.mark.parametrize(
    "entry",
    [e for e in entries() if e.language == "json" and not e.old and e.code >= "AVR1"],
    ids=lambda e: e[0],
)
def test_schema_examples(entry: Entry, tmp_path: Path) -> None:
    assert set(reported(tmp_path, a_avsc=entry.bad)) == {entry.code}
    assert reported(tmp_path, a_avsc=entry.good) == []


@pytest.mark.parametrize(
    "entry", [e for e in entries() if e.language == "avdl"], ids=lambda e: e[0]
)
def test_examples_in_idl(entry: Entry, tmp_path: Path) -> None:
    assert set(reported(tmp_path, a_avdl=entry.bad)) == {entry.code}
    assert reported(tmp_path, a_avdl=entry.good) == []


@pytest.mark.parametrize(
    "entry", [e for e in entries() if e.language == "toml" and not e.old], ids=lambda e: e[0]
)
def test_configuration_examples(entry: Entry, tmp_path: Path) -> None:
    assert reported(tmp_path, avrogen_toml=entry.bad, shop_avsc=SHOP) == [entry.code]
    assert reported(tmp_path, avrogen_toml=entry.good, shop_avsc=SHOP) == []


def checked(folder: Path, old: str, new: str, name: str) -> set[str]:
    """The codes that a check reports, each of which has to have a position."""
    for place, text in (("old", old), ("new", new)):
        schemas = folder / place
        schemas.mkdir(exist_ok=True)
        (schemas / "shop.avsc").write_text(SHOP)
        (schemas / name).write_text(text)
    arguments = ["check", str(folder / "new"), "--against", str(folder / "old")]
    result = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert result.exit_code in (0, 1), result.output
    found = json.loads(result.stderr)
    assert all(d["line"] >= 1 and d["column"] >= 1 and d["hint"] for d in found)
    return {d["code"] for d in found}


@pytest.mark.parametrize("entry", [e for e in entries() if e.old], ids=lambda e: e[0])
def test_examples_of_changes(entry: Entry, tmp_path: Path) -> None:
    name = "a.avsc" if entry.language == "json" else "avrogen.toml"
    assert checked(tmp_path, entry.old, entry.bad, name) == {entry.code}
    assert checked(tmp_path, entry.old, entry.good, name) == set()


# --- problems that a page cannot show -------------------------------------------------------------


def unreadable_file(schemas: Path) -> None:
    (schemas / "a.avsc").symlink_to("a.avsc")


def invalid_utf8(schemas: Path) -> None:
    (schemas / "a.avsc").write_bytes(b'{"type": "record", "doc": "\xe9"}')


def directory_named_like_schema(schemas: Path) -> None:
    (schemas / "a.avsc").mkdir()


def symlink_loop(schemas: Path) -> None:
    (schemas / "loop").symlink_to(schemas, target_is_directory=True)


def nesting(schemas: Path) -> None:
    (schemas / "a.avsc").write_text("[" * 50_000)


def large_default(schemas: Path) -> None:
    """A default of 2**16 values, which nobody writes."""
    for level in range(16):
        fields: list[dict[str, Any]] = [
            {"name": name, "type": f"R{level + 1}", "default": {}} for name in ("a", "b")
        ]
        record = {"type": "record", "name": f"R{level}", "fields": fields}
        (schemas / f"r{level}.avsc").write_text(json.dumps(record))
    number = {"name": "a", "type": "int", "default": 0}
    last = {"type": "record", "name": "R16", "fields": [number]}
    (schemas / "r16.avsc").write_text(json.dumps(last))


def several_configs(schemas: Path) -> None:
    (schemas / "avrogen.toml").write_text('times.rounding = "error"\n')
    (schemas / "more").mkdir()
    (schemas / "more" / "avrogen.toml").write_text('times.out-of-range = "nearest"\n')
    (schemas / "more" / "b.avsc").write_text('"string"')


def config_below(schemas: Path) -> None:
    (schemas / "a.avsc").write_text('"string"')
    (schemas / "shop").mkdir()
    (schemas / "shop/avrogen.toml").write_text("strict = true\n")
    (schemas / "avrogen.toml").write_text("strict = true\n")


def output_blocked(schemas: Path) -> None:
    (schemas / "a.avsc").write_text('"string"')
    (schemas.parent / "pkg").mkdir()
    (schemas.parent / "pkg" / "__init__.py").write_text("# written by hand\n")


def package_that_is_not_installed(schemas: Path) -> None:
    (schemas / "a.avsc").write_text('"string"')
    (schemas / "avrogen.toml").write_text('[packages]\nacme_lost = "acme.*"\n')


ELSEWHERE = {
    "AVR510": "tests/avro/test_tolerance.py",
    "AVR516": "tests/compiler/test_invalid_defaults.py",
    "AVR702": "tests/avro/test_reports.py",
    "AVR809": "tests/evolution/test_registry_baseline.py",
    "AVR913": "tests/evolution/test_mistakes.py",
    "AVR918": "tests/evolution/test_check.py",
}
"""Where there are tests of problems that take more than a folder."""

UNSHOWN = {
    "AVR101": unreadable_file,
    "AVR102": invalid_utf8,
    "AVR103": directory_named_like_schema,
    "AVR104": symlink_loop,
    "AVR108": nesting,
    "AVR403": large_default,
    "AVR541": config_below,
    "AVR606": several_configs,
    "AVR617": package_that_is_not_installed,
    "AVR701": output_blocked,
}


def test_the_others_are_those_without_examples() -> None:
    without = [entry.code for entry in entries() if not entry.language]
    assert sorted([*UNSHOWN, *ELSEWHERE]) == without
    for code, path in ELSEWHERE.items():
        assert code in (PAGE.parents[1] / path).read_text("utf-8")


@pytest.mark.parametrize("code", UNSHOWN)
def test_problems_without_examples(code: str, tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    UNSHOWN[code](schemas)
    paths = [schemas, *([schemas / "more"] if code == "AVR606" else [])]
    arguments = ["build", *map(os.fspath, paths), "-o", os.fspath(tmp_path / "pkg")]
    result = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert result.exit_code == 1, result.output
    assert {d["code"] for d in json.loads(result.stderr)} == {code}
