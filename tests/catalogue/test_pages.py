"""What pages say, and that nothing in them is what a schema made of them."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

import pytest

from avrogen.catalogue.site import catalogue_pages
from tests.catalogue.hostile import ATTACKS, TOPICS, hostile_schemas
from tests.catalogue.pages import Page, example_site, model_of, pages_of, parse
from tests.conftest import ROOT
from tests.support.shared import conformance

CHUNKS = 4
"""Tests that the hazards of other projects are spread over."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    return parse(example_site(tmp_path_factory.mktemp("site")))


def page(record: dict[str, Any]) -> Page:
    """The page of a record that is called R."""
    files = pages_of({"r.avsc": json.dumps({"type": "record", "name": "R", **record})})
    return Page(files["types/R.html"])


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("index.html", ["3 topics", "30 types", "6 namespaces", "shop.orders.v1", "ParcelKey"]),
        ("namespaces/com.acme.shop.html", ["OrderPlaced", "A customer confirmed an order."]),
        (
            "types/com.acme.shop.OrderPlaced.html",
            [
                "A customer confirmed an order.",
                "from pkg.com.acme.shop import OrderPlaced",
                "shop/order_placed.avsc",
                "com.acme.legacy.NewOrder",
                '"team-checkout"',
                "array of OrderLine",
                "list[OrderLine]",
                "timestamp-millis",
                "Identifies the order.",
                "also read as deliver_to",
                "Fields of Customer",
                '["web"]',
                "as to_json writes it",
                '"$type": "com.acme.payment.Card"',
                '"amount": "4.99", "currency": "EUR"',
                "value = OrderPlaced(",
                '"logicalType": "uuid"',
            ],
        ),
        (
            "types/com.acme.shop.CancellationReason.html",
            ["CancellationReason.CUSTOMER", "Used by", "OrderCancelled"],
        ),
        ("types/com.acme.common.Sha256.html", ["32 bytes", "com.acme.payment"]),
        ("types/com.acme.shop.VatRate.html", ["decimal", "Decimal", "vat_rate.to_avro(value)"]),
        ("types/ShopEvent.html", ["OrderPlaced or OrderCancelled", "shop/shop_event.avsc"]),
        (
            "topics/shop.orders.v1.html",
            [
                "OrderPlaced, OrderCancelled",
                "string from the field order_id",
                "shop.orders.v1-com.acme.shop.OrderPlaced",
                "shop.orders.v1.dlq",
                "from pkg.topics import OrdersProducer, OrdersConsumer",
                "value = OrderCancelled(",
            ],
        ),
        ("topics/logistics.parcels.v1.html", ["ParcelKey from the field parcel"]),
    ],
)
def test_pages_say_what_schemas_and_topics_say(
    site: dict[str, Page], path: str, texts: list[str]
) -> None:
    for text in texts:
        assert text in site[path].text


def test_every_link_leads_somewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = example_site(tmp_path_factory.mktemp("links"))
    pages = parse(files)
    reached = {"index.html"}
    for path, found in pages.items():
        for link in found.links:
            target, _, anchor = link.partition("#")
            assert not target.startswith(("/", "http", "//"))
            full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target or "."))
            full = path if not target else full
            assert full in files, f"{path} links to {link}"
            assert not anchor or anchor in pages[full].ids, f"{path} links to {link}"
            reached.add(full)
    assert reached | {"assets/search-index.js"} == set(files)


DETAILS: list[tuple[dict[str, Any], str]] = [
    ({"fields": [{"name": "class", "type": "int"}]}, "class_ in Python"),
    ({"fields": [{"name": "a", "type": "int", "order": "ignore"}]}, "order: ignore"),
    ({"fields": [{"name": "a", "type": "int", "default": 77}]}, "77"),
    ({"fields": [{"name": "a", "type": []}]}, "an empty union"),
    (
        {"fields": [{"name": "a", "type": {"type": "array", "items": ["null", "int"]}}]},
        "array of (null or int)",
    ),
    ({"doc": "Mañana, 明日, שלום, 👍🏽.", "fields": []}, "Mañana, 明日, שלום, 👍🏽."),
    ({"doc": "a\u202eb\x00c\ud800d", "fields": []}, r"a\u202eb\u0000c\ud800d"),
    ({"doc": "first\n\n  second", "fields": []}, "first\n\n  second"),
]


@pytest.mark.parametrize(("record", "text"), DETAILS)
def test_details(record: dict[str, Any], text: str) -> None:
    assert text in page(record).text


def test_names_that_file_systems_cannot_tell_apart() -> None:
    names = ["con.A", "a.b.C", "A.b.C", "a.B.c", "n" * 300, f"{'n' * 299}m", "nul"]
    schemas = {
        f"{index}.avsc": json.dumps({"type": "enum", "name": name, "symbols": ["X"]})
        for index, name in enumerate(names)
    }
    files = [path for path in pages_of(schemas) if path.startswith("types/")]
    assert len({path.lower() for path in files}) == len(names)
    assert max(len(path) for path in files) < 200
    assert not any(Path(path).name.startswith(("con.", "nul.")) for path in files)


def test_large_landscapes_have_small_pages() -> None:
    """A page for each type; what stands beside it, and pictures, have their bounds."""
    files = widely_used(700)
    pages = {path: text for path, text in files.items() if path.startswith("types/")}
    assert len(pages) == 700
    # That of T0 lists all who use it.
    assert max(len(text) for path, text in pages.items() if path != "types/n.T0.html") < 20_000
    assert "and 688 more" in pages["types/n.T0.html"]
    assert len(files["index.html"]) < 10_000


def widely_used(number: int) -> dict[str, str]:
    """The catalogue of so many types that all refer to the first."""
    fields = [{"name": "next", "type": ["null", "n.T0"]}]
    record = {"type": "record", "namespace": "n", "fields": fields}
    return pages_of({f"{i}.avsc": json.dumps({**record, "name": f"T{i}"}) for i in range(number)})


# --- what is not done -----------------------------------------------------------------------------


def shapes(pages: dict[str, Page]) -> set[tuple[str, frozenset[str]]]:
    """Elements with the names of their attributes."""
    return {(tag, frozenset(found)) for page in pages.values() for tag, found in page.elements}


@pytest.fixture(scope="module")
def harmless(site: dict[str, Page]) -> set[tuple[str, frozenset[str]]]:
    """The shapes of elements in the example, and in hostile schemas with other texts."""
    safe = hostile_schemas(["text"] * len(ATTACKS))
    return shapes(site) | shapes(parse(pages_of(safe, TOPICS))) | shapes(parse(widely_used(20)))


def test_texts_stay_texts(harmless: set[tuple[str, frozenset[str]]]) -> None:
    """Elements are those that pages have anyway, and every text is shown somewhere."""
    pages = parse(pages_of(hostile_schemas(), TOPICS))
    assert shapes(pages) <= harmless
    shown = pages["types/h.R0.html"].text
    assert ATTACKS[0] in shown
    for index, attack in enumerate(ATTACKS):
        if attack.isprintable():
            assert attack in pages[f"types/h.R{index}.html"].text
    assert not any(link.startswith("javascript:") for page in pages.values() for link in page.links)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("file", ["codegen_hazards", "type_name_shadow"])
def test_hazards(file: str, chunk: int, harmless: set[tuple[str, frozenset[str]]]) -> None:
    """Whatever a build takes has a catalogue, with nothing in it but what ours have."""
    taken = 0
    for case in conformance(file)[chunk::CHUNKS]:
        files = dict(case["files"]) if "files" in case else {"schema.avsc": case["schema"]}
        schemas = {
            path: text if isinstance(text, str) else json.dumps(text)
            for path, text in files.items()
            if not path.endswith("/")
        }
        if case.get("valid") is not False:
            found = parse(catalogue(schemas))
            assert shapes(found) <= harmless, case["id"]
            taken += 1
    assert taken > 0


def catalogue(schemas: dict[str, str]) -> dict[str, str]:
    """The catalogue of a case; nothing if avrogen refuses it."""
    found = model_of(schemas)
    return catalogue_pages(found) if found else {}


def test_templates_have_no_inline_scripts_and_styles() -> None:
    """The policy of the pages would not let them run; then they should not be there."""
    for file in sorted((ROOT / "templates/catalogue").glob("*jinja")):
        text = file.read_text("utf-8")
        assert not re.search(r"\bon[a-z]+=|\bstyle=|\|\s*safe\b|autoescape", text), file.name
