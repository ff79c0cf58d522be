"""The catalogue in a browser: hostile texts do nothing, the policy is kept, the search finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalogue.browser import opened
from tests.catalogue.hostile import ATTACKS, MARK, TOPICS, hostile_schemas
from tests.catalogue.pages import EXAMPLE
from tests.conftest import run_avrogen, write_schemas

# One worker writes the catalogues for all of these tests.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("example") / "site"
    assert run_avrogen("docs", EXAMPLE, "-o", site).exit_code == 0
    return site


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page that holds every attack, so that a browser need not be started for each."""
    folder = tmp_path_factory.mktemp("hostile")
    schemas = write_schemas(folder / "schemas", hostile_schemas())
    fields = [
        {"name": f"f{index}", "type": f"h.R{index}", "doc": attack, attack: attack}
        for index, attack in enumerate(ATTACKS)
    ]
    record = {"type": "record", "name": "All", "doc": "\n".join(ATTACKS), "fields": fields}
    write_schemas(schemas, {"all.avsc": record, "avrogen.toml": TOPICS})
    result = run_avrogen("docs", schemas, "-o", folder / "site")
    assert result.exit_code == 0, result.stderr
    return folder / "site"


def test_the_browser_tells_of_what_goes_wrong(tmp_path: Path) -> None:
    """Else the tests below would prove nothing."""
    file = tmp_path / "page.html"
    attack = f"{ATTACKS[0]}<script>nope()</script>"
    file.write_text(f"<!DOCTYPE html><html><head></head><body>{attack}</body></html>")
    shown = opened(file)
    assert f"data-{MARK}" in shown.page.elements[0][1]
    assert any("nope is not defined" in line for line in shown.console)


@pytest.mark.parametrize(
    "page", ["types/All.html", "types/h.R0.html", "topics/t.v1.html", "search.html"]
)
def test_hostile_texts_are_texts(hostile: Path, page: str) -> None:
    query = "?q=script" if page == "search.html" else ""
    shown = opened(hostile / page, query)
    (title,) = (text for text in shown.page.words if "Event catalogue" in text and "·" in text)
    assert title.endswith("· Event catalogue")
    assert shown.console == ()
    root = shown.page.elements[0][1]
    assert set(root) == {"lang", "data-root"}
    scripts = [found for tag, found in shown.page.elements if tag == "script"]
    assert all("/" in found["src"] and found["src"].endswith(".js") for found in scripts)
    classes = {name for _, found in shown.page.elements for name in found.get("class", "").split()}
    assert MARK not in classes
    tags = {tag for tag, _ in shown.page.elements}
    assert tags.isdisjoint({"base", "iframe", "img", "object", "embed"})
    attributes = {name for _, found in shown.page.elements for name in found}
    assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert ATTACKS[0] in shown.page.text


def test_the_policy_stops_what_gets_past(example: Path, tmp_path: Path) -> None:
    page = (example / "index.html").read_text("utf-8").replace("../", "")
    file = example / "changed.html"
    file.write_text(page.replace("</main>", f"{ATTACKS[0]}</main>"), "utf-8")
    shown = opened(file)
    file.unlink()
    assert f"data-{MARK}" not in shown.page.elements[0][1]
    assert any("Content Security Policy" in line for line in shown.console)


@pytest.mark.parametrize(
    ("query", "first", "also"),
    [
        ("orderplaced", "types/com.acme.shop.OrderPlaced.html", "A customer confirmed an order."),
        ("orders", "topics/shop.orders.v1.html", "topic"),
        ("unit_price", "types/com.acme.shop.OrderLine.html#field-unit_price", "unit_price"),
        ("acme%20card", "types/com.acme.payment.Card.html", "com.acme.payment.Card"),
        ("gibberish", None, "Nothing found."),
    ],
)
def test_search(example: Path, query: str, first: str | None, also: str) -> None:
    shown = opened(example / "search.html", f"?q={query}")
    assert shown.console == ()
    hits = [found["href"] for _, found in shown.page.elements if found.get("class") == "hit"]
    assert hits[:1] == ([first] if first else [])
    assert also in shown.page.text
