"""docs/evolution.md: every rule of it is tried with the command and with the codec."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from avrogen import DecodeError, Schema
from tests.conftest import ROOT, run_avrogen, write_schemas

PAGE = (ROOT / "docs/evolution.md").read_text("utf-8")


@dataclass(frozen=True)
class Rule:
    """A rule of the page.

    Attributes:
        title: of its section.
        old: the old schema.
        new: the new schema.
        verdicts: by level.
        values: what is written, and what is read or "an error".
        reported: what is printed at the level BACKWARD, and at FORWARD if that is shown.
    """

    title: str
    old: str
    new: str
    verdicts: dict[str, str]
    values: list[tuple[str, str]]
    reported: dict[str, str]


def rules() -> list[Rule]:
    return [
        rule(*part.split("\n", 1))
        for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
        if "\nOld:\n" in part
    ]


def rule(title: str, text: str) -> Rule:
    text = text.partition("\n## ")[0]
    schemas = dict(re.findall(r"^(Old|New):\n\n```json\n(.*?)```$", text, re.DOTALL | re.M))
    shown = re.findall(r"^(With `--level FORWARD`:\n\n)?```text\n(.*?)```$", text, re.DOTALL | re.M)
    return Rule(
        title,
        schemas["Old"],
        schemas["New"],
        dict(re.findall(r"(BACKWARD|FORWARD) (compatible|incompatible)", text)),
        re.findall(r"^\| `(.*?)` \| `?(.*?)`? \|$", text, re.M),
        {"FORWARD" if forward else "BACKWARD": output for forward, output in shown},
    )


RULES = rules()


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(rule: Rule, level: str) -> Result:
    write_schemas(Path("old"), {"order.avsc": rule.old})
    write_schemas(Path("schemas"), {"order.avsc": rule.new})
    return run_avrogen("check", "schemas", "--against", "old", "--level", level)


@pytest.mark.usefixtures("in_a_folder")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_verdicts_and_reports(rule: Rule) -> None:
    results = {level: check(rule, level) for level in ("BACKWARD", "FORWARD")}
    for level, result in results.items():
        verdict = "compatible" if result.exit_code == 0 else "incompatible"
        assert rule.verdicts[level] == verdict
    assert results["BACKWARD"].stderr == rule.reported.get("BACKWARD", "")
    if "FORWARD" in rule.reported:
        assert results["FORWARD"].stderr == rule.reported["FORWARD"]
    else:
        # What is not shown is a warning that was shown, or the same change the other way round.
        assert set(codes(results["FORWARD"])) <= set(codes(results["BACKWARD"]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_values(rule: Rule) -> None:
    assert rule.values
    old, new = Schema.parse(rule.old), Schema.parse(rule.new)
    for written, read in rule.values:
        data = old.to_avro(value(written))
        if read == "an error":
            with pytest.raises(DecodeError):
                new.from_avro(data, writer=old)
        else:
            found, expected = new.from_avro(data, writer=old), value(read)
            assert (found, repr(found)) == (expected, repr(expected))


@pytest.mark.usefixtures("in_a_folder")
def test_table() -> None:
    """The rules at a glance are the rules below."""
    table = re.findall(
        r"^\| \[(.*?)\]\(#(.*?)\) \| (\w+) \| (\w+) \| (.*?) \|$", PAGE, re.MULTILINE
    )
    expected: list[tuple[str, ...]] = []
    for rule in RULES:
        anchor = re.sub("[^a-z0-9 -]", "", rule.title.lower()).replace(" ", "-")
        shown = "".join(rule.reported.values())
        reported = dict.fromkeys(re.findall(r"\[(AVR\d{3})\]", shown))
        verdicts = rule.verdicts["BACKWARD"], rule.verdicts["FORWARD"]
        expected.append((rule.title, anchor, *verdicts, ", ".join(reported)))
    assert table == expected


def test_every_code_of_changes_is_on_the_page() -> None:
    """But for those that take a registry, or several fields that claim one name."""
    diagnostics = (ROOT / "docs/diagnostics.md").read_text("utf-8")
    codes = set(re.findall(r"^### (AVR[89]\d\d)", diagnostics, re.MULTILINE))
    assert codes - set(re.findall(r"AVR\d{3}", PAGE)) == {"AVR809", "AVR912", "AVR914"}


def value(text: str) -> Any:
    names = {"Decimal": Decimal, "UTC": UTC, "date": date, "datetime": datetime}
    return eval(text, names)


def codes(result: Result) -> list[str]:
    return re.findall(r"\[(AVR\d{3})\]", result.stderr)
