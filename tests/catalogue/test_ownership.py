"""Owners, tags, status, and the texts of ``[catalogue]``, from files to pages, search and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue.pages import Page
from tests.conftest import run_avrogen

EVENT = {
    "type": "record",
    "name": "shop.Placed",
    "doc": "An order was placed. The second sentence has a zebra.",
    "owner": "team-orders",
    "tags": ["orders", "money"],
    "deprecated": "use shop.PlacedV2",
    "review": "2027",
    "fields": [
        {
            "name": "mail",
            "type": "string",
            "doc": "Where the receipt goes, by pigeon.",
            "confluent:tags": ["PII"],
            "deprecated": True,
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "owner": 7},
    ],
}

CONFIG = """\
[catalogue]
title = "Events of Acme"
introduction = "docs/intro.md"
pages = ["docs/ordering.md"]
logo = "docs/logo.svg"
links = { Runbooks = "https://wiki.example.com/events" }

[topics.placed]
value = "shop.Placed"
description = "Orders as they come. Kept for a week."
owner = "team-checkout"
tags = ["checkout"]
status = "experimental"
producers = ["web"]
consumers = ["billing", "search"]
"""

INTRO = """\
# Welcome

Start with **orders**: [the wiki](https://wiki.example.com), not [here](javascript:alert(1)),
[there](app:x).

<script>alert(1)</script>

![tracker](https://evil.example.com/x.png)

## A table

| a | b |
|---|---|
| 1 | 2\u202e |
"""


def site_of(folder: Path, config: str = CONFIG) -> dict[str, str]:
    """The files of a catalogue with everything in it."""
    schemas, out = folder / "schemas", folder / "site"
    (schemas / "docs").mkdir(parents=True, exist_ok=True)
    (schemas / "placed.avsc").write_text(json.dumps(EVENT), "utf-8")
    (schemas / "avrogen.toml").write_text(config, "utf-8")
    (schemas / "docs/intro.md").write_text(INTRO, "utf-8", newline="\r\n")
    (schemas / "docs/ordering.md").write_text("# How to order\n\n1. Ask.\n", "utf-8")
    (schemas / "docs/logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")
    result = run_avrogen("docs", schemas, "-o", out)
    assert result.exit_code == 0, result.output
    return {p.relative_to(out).as_posix(): p.read_text("utf-8") for p in out.rglob("*.*")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return site_of(tmp_path_factory.mktemp("owned"))


def test_pages_say_who_answers_for_what(site: dict[str, str]) -> None:
    type_ = Page(site["types/shop.Placed.html"]).text
    for text in ("team-orders", "orders", "money", "Deprecated: use shop.PlacedV2", "PII"):
        assert text in type_
    assert "2027" in type_, "other attributes are shown as they were"
    assert "owner 7" in type_, "an owner that is no name is an attribute like others"
    topic = Page(site["topics/placed.html"]).text
    for text in ("team-checkout", "experimental", "Kept for a week.", "web", "billing, search"):
        assert text in topic
    overview = Page(site["index.html"]).text
    for text in ("Owners", "team-orders", "Tags", "checkout", "Orders as they come."):
        assert text in overview


def test_texts_of_the_configuration_are_on_the_pages(site: dict[str, str]) -> None:
    overview = site["index.html"]
    assert "<title>Events of Acme</title>" in overview
    assert "<strong>orders</strong>" in overview
    assert '<a href="https://wiki.example.com">the wiki</a>' in overview
    assert "<h2>A table</h2>" in overview
    assert "<td>2\\u202e</td>" in overview
    assert 'href="https://wiki.example.com/events"' in overview
    page = Page(site["pages/ordering.html"])
    assert "How to order" in page.text
    assert "Ask." in page.text
    assert "pages/ordering.html" in Page(overview).links
    assert 'background: url("data:image/svg+xml;base64,' in site["assets/catalogue.css"]


def test_markdown_is_data(site: dict[str, str]) -> None:
    overview = Page(site["index.html"])
    assert "<script>alert(1)</script>" in overview.text
    assert not [name for name, _ in overview.elements if name == "img"]
    assert not [link for link in overview.links if link.startswith(("javascript", "app:"))]
    scripts = [found.get("src") for name, found in overview.elements if name == "script"]
    assert scripts == ["assets/catalogue.js"]


def test_the_search_knows_more_than_names(site: dict[str, str]) -> None:
    index = site["assets/search-index.js"].partition("const avrogenIndex = ")[2]
    rows = {row[0]: row for row in json.loads(index.removesuffix(";\n"))}
    for word in ("zebra", "pigeon", "timestamp-millis", "PII", "team-orders", "2027", "deprecated"):
        assert word in rows["Placed"][6], word
    for word in ("week", "team-checkout", "billing", "experimental"):
        assert word in rows["placed"][6], word


def test_tools_find_the_same(site: dict[str, str]) -> None:
    catalog: dict[str, Any] = json.loads(site["catalog.json"])
    assert catalog["generator"].endswith("DO NOT EDIT.")
    assert (catalog["format"], catalog["title"]) == (1, "Events of Acme")
    (topic,), (type_,) = catalog["topics"], catalog["types"]
    assert topic["owner"] == "team-checkout"
    assert (topic["producers"], topic["consumers"]) == (["web"], ["billing", "search"])
    assert topic["subjects"] == [{"name": "placed-value", "type": "shop.Placed"}]
    assert (topic["status"], topic["deprecated"]) == ("experimental", False)
    assert type_["tags"] == ["orders", "money"]
    assert type_["deprecated"] == "use shop.PlacedV2"
    assert type_["attributes"] == {"review": "2027"}
    mail, at = type_["fields"]
    assert (mail["tags"], mail["deprecated"]) == (["PII"], True)
    assert at["attributes"] == {"owner": 7}
    assert type_["topics"] == ["placed"]
    assert type_["schema"]["owner"] == "team-orders", "the schema is as it was"
    for page in (topic["page"], type_["page"]):
        assert page in site
    document = site["asyncapi.yaml"]
    for line in ("Events of Acme", "x-owner", "team-checkout", "x-producers", "x-deprecated"):
        assert line in document


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('introduction = "missing.md"', "missing.md: cannot be read: No such file or directory"),
        ('pages = ["docs"]', "cannot be read"),
        ('logo = "logo.gif"', '"logo" must be an SVG or PNG file, not logo.gif'),
        (
            'links = { Bad = "javascript:alert(1)" }',
            'the link "Bad" must begin with https:, http: or mailto:',
        ),
        ('introduction = "latin.md"', "not UTF-8"),
        ('logo = "large.png"', "the logo has 70,000 bytes, and may have 65,536"),
    ],
)
def test_files_and_links_are_checked(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "placed.avsc").write_text(json.dumps(EVENT), "utf-8")
    (tmp_path / "avrogen.toml").write_text(f"[catalogue]\n{line}\n", "utf-8")
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    (tmp_path / "large.png").write_bytes(bytes(70_000))
    result = run_avrogen("docs", tmp_path, "-o", tmp_path / "site")
    assert result.exit_code == 1
    assert message in result.output
    assert "avrogen.toml:2:" in result.output
    assert not (tmp_path / "site").exists()


def test_a_removed_page_is_removed(tmp_path: Path) -> None:
    site_of(tmp_path)
    kept = site_of(tmp_path, "")
    assert "pages/ordering.html" not in kept
    assert "catalog.json" in kept


def test_changes_since_a_version_are_a_page(tmp_path: Path) -> None:
    site_of(tmp_path)
    schemas, before, out = tmp_path / "schemas", tmp_path / "before", tmp_path / "site"
    before.mkdir()
    gone = {"type": "enum", "name": "shop.Gone", "symbols": ["X"]}
    old = {**EVENT, "fields": [{"name": "mail", "type": "bytes", "default": ""}]}
    (before / "placed.avsc").write_text(json.dumps(old), "utf-8")
    (before / "gone.avsc").write_text(json.dumps(gone), "utf-8")
    result = run_avrogen("docs", schemas, "-o", out, "--since", before, "--since", schemas)
    assert result.exit_code == 0, result.output
    page = Page((out / "changes.html").read_text("utf-8"))
    first, _, second = page.text.partition(f"Since {schemas}")[2].partition(f"Since {schemas}")
    for text in ("shop.Placed", "incompatible", "shop.Gone", "removed", "AVR", "level: BACKWARD"):
        assert text in page.text
    assert "No type has changed." in (first + second)
    assert "types/shop.Placed.html" in page.links
    assert "changes.html" in Page((out / "index.html").read_text("utf-8")).links
    missing = run_avrogen("docs", schemas, "-o", out, "--since", tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "nowhere" in missing.output
