"""The files, output and figures that the README shows are those of the project."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT
from tests.docs.pages import blocks
from tests.docs.picture import PICTURE, draw, session

README = ROOT / "README.md"
FIGURES = "| avrogen ", "| fastavro", "| confluent", "| dataclasses-avroschema", "| Apache avro"


def test_excerpts_are_generated_code() -> None:
    excerpts = [b.code for b in blocks(README) if b.language == "python" and b.reason]
    modules = (ROOT / "generated_example").rglob("*.py")
    code = [module.read_text("utf-8") for module in modules]
    assert len(excerpts) == 2
    for excerpt in excerpts:
        assert any(f"\n{excerpt}" in text for text in code), excerpt


def test_schema_is_that_of_the_example() -> None:
    (shown,) = (b.code for b in blocks(README) if b.language == "json")
    assert shown == (ROOT / "schemas/shop/order_cancelled.avsc").read_text("utf-8")


def test_topic_is_that_of_the_example() -> None:
    (shown,) = (tomllib.loads(b.code)["topics"] for b in blocks(README) if b.language == "toml")
    configured = tomllib.loads((ROOT / "schemas/avrogen.toml").read_text("utf-8"))["topics"]
    for name, topic in shown.items():
        assert topic.items() <= configured[name].items()


def test_picture_is_current() -> None:
    assert PICTURE.read_text("utf-8") == draw(session()), "run make example"


def test_figures_are_those_of_the_benchmarks() -> None:
    readme = README.read_text("utf-8")
    measured = (ROOT / "benchmarks/README.md").read_text("utf-8").partition("Own writer")
    date = re.search(r"^\d+ \w+ \d{4}", readme, re.MULTILINE)
    assert date is not None
    assert date[0] in measured[0]
    for who in FIGURES:
        (shown,) = re.findall(rf"^{re.escape(who)}.*?\|(.+?)\|(.+?)\|", readme, re.MULTILINE)
        row = re.search(rf"^{re.escape(who)}.*?\|(.+)\|$", measured[2], re.MULTILINE)
        assert row is not None
        w1, _, w2, *_ = row[1].split("|")
        assert [each.split() for each in shown] == [w1.split(), w2.split()]
