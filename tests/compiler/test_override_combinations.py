"""Types of one's own together with other packages, names, definitions and options for times."""

from __future__ import annotations

import html
import importlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Schemas, forget, run_avrogen, run_python, write_schemas

AMOUNT = {"type": "string", "logicalType": "com.acme.amount"}
DATE = {"type": "int", "logicalType": "date"}
SPAN = {"type": "fixed", "name": "com.acme.base.Span", "size": 12, "logicalType": "duration"}
PRICE = {
    "type": "record",
    "name": "com.acme.base.Price",
    "fields": [{"name": "amount", "type": AMOUNT}, {"name": "day", "type": DATE}],
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.shop.Order",
    "fields": [
        {
            "name": "price",
            "type": "com.acme.base.Price",
            "default": {"amount": "1/2", "day": 3},
        },
        {"name": "paid", "type": DATE, "default": 4},
    ],
}
FRACTION = '[types.logical."com.acme.amount"]\ntype = "fractions:Fraction"\nto-base = "str"\n'
RAW_DATES = '[types.logical]\ndate = "raw"\nduration = "raw"\n'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that imports come from."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))  # pyright: ignore[reportUnknownMemberType]
    yield folder
    for package in ("acme_base", "built"):
        forget(package)


def build(site: Path, package: str, schemas: Schemas) -> Any:
    folder = write_schemas(site.parent / f"{package}_schemas", schemas)
    result = run_avrogen("build", folder, "-o", site / package)
    importlib.invalidate_caches()
    return result


def built(site: Path, package: str, schemas: Schemas) -> Any:
    """Build a package, and import it."""
    result = build(site, package, schemas)
    assert (result.exit_code, result.stderr) == (0, "")
    return importlib.import_module(package)


def mypy(site: Path) -> str:
    options = ("--strict", "--cache-dir", site.parent / "mypy", "--no-error-summary")
    return run_python("-m", "mypy", *options, site, cwd=site, PYTHONWARNINGS="").stdout


BASE: Schemas = {"price.avsc": PRICE, "span.avsc": SPAN, "avrogen.toml": FRACTION + RAW_DATES}
FROM_BASE = '[packages]\nacme_base = "com.acme.base.*"\n'


def test_types_of_other_packages_keep_those_of_their_package(site: Path) -> None:
    base = built(site, "acme_base", BASE)
    span = {"type": "array", "items": "com.acme.base.Span"}
    config = f'{FROM_BASE}[topics.spans]\nvalue = "com.acme.base.Span"\n'
    schemas: Schemas = {"order.avsc": ORDER, "spans.avsc": span, "avrogen.toml": config}
    shop = built(site, "built", schemas)
    value = shop.Order()
    assert value == shop.Order(
        price=base.Price(amount=Fraction(1, 2), day=3), paid=date(1970, 1, 5)
    )
    assert shop.Order.from_avro(value.to_avro()) == value
    assert "Topic[None, bytes]" in (site / "built/topics/_spans.py").read_text("utf-8")
    assert mypy(site) == ""
    pages = run_avrogen("docs", site.parent / "built_schemas", "-o", site.parent / "docs")
    assert pages.exit_code == 0, pages.stderr
    (page,) = (site.parent / "docs").rglob("*shop.Order.html")
    text = re.sub("<[^>]*>", "", html.unescape(page.read_text("utf-8")))
    assert 'amount=Fraction("1/2")' in text


def test_those_of_a_package_are_for_its_own_types(site: Path) -> None:
    base = built(site, "acme_base", {**BASE, "avrogen.toml": FRACTION})
    config = f'{FROM_BASE}[types.logical]\ndate = "raw"\n'
    shop = built(site, "built", {"order.avsc": ORDER, "avrogen.toml": config})
    assert shop.Order() == shop.Order(
        price=base.Price(amount=Fraction(1, 2), day=date(1970, 1, 4)), paid=4
    )
    config = f'{FROM_BASE}[types.fields]\n"com.acme.base.Price.day" = "raw"\n'
    result = build(site, "built", {"order.avsc": ORDER, "avrogen.toml": config})
    assert result.exit_code == 1
    assert (
        "error[AVR630] com.acme.base.Price is a type of another package, which has types of its own"
        in result.stderr
    )


def test_fields_are_selected_by_their_names_in_the_schema(site: Path) -> None:
    order = {
        "type": "record",
        "name": "com.acme.Order",
        "fields": [{"name": "placedAt", "type": "long"}],
    }
    config = (
        '[names]\nfield-style = "snake_case"\ntypes = { "com.acme.Order" = "Placed" }\n'
        '[types.fields]\n"com.acme.Order.placedAt" = "timestamp-millis"\n'
    )
    placed = built(site, "built", {"order.avsc": order, "avrogen.toml": config}).Placed
    value = placed(placed_at=datetime(2024, 5, 1, tzinfo=UTC))
    assert placed.from_avro(value.to_avro()) == value


def test_records_are_selected_by_their_own_names(site: Path) -> None:
    amount: dict[str, Any] = {
        "type": "record",
        "name": "io.acme.Row",
        "fields": [{"name": "amount", "type": AMOUNT}],
    }
    other = {**amount, "fields": [*amount["fields"], {"name": "more", "type": "int"}]}
    config = (
        '[definitions]\n"io.acme.Row" = "rows.{file}"\n'
        '[types.fields]\n"rows.A.amount" = { type = "fractions:Fraction", to-base = "str" }\n'
    )
    schemas: Schemas = {"a.avsc": amount, "b.avsc": other, "avrogen.toml": config}
    result = build(site, "built", schemas)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("warning[AVR502]") == 1
    assert "b.avsc" in result.stderr
    rows = importlib.import_module("built.rows")
    value = rows.A(amount=Fraction(1, 3))
    assert rows.A.from_avro(value.to_avro()) == value
    assert rows.B(amount="1/3", more=1).to_avro() == value.to_avro() + b"\2"
    config = config.replace("rows.A.amount", "io.acme.Row.amount")
    result = build(site, "built", {**schemas, "avrogen.toml": config})
    assert 'error[AVR630] unknown record "io.acme.Row"' in result.stderr


def test_functions_get_numbers_that_are_no_dates(site: Path) -> None:
    site.joinpath("acme_days.py").write_text(
        "from __future__ import annotations\n"
        "from datetime import date\n"
        "def day(value: date | int) -> str:\n"
        "    return str(value)\n"
        "def back(value: str) -> date | int:\n"
        "    return int(value) if value.isdigit() else date.fromisoformat(value)\n",
        "utf-8",
    )
    order = {
        "type": "record",
        "name": "com.acme.Order",
        "fields": [
            {"name": "day", "type": DATE, "default": 10_000_000},
            {"name": "seen", "type": ["null", "long"], "default": None},
            {"name": "plain", "type": DATE, "default": 0},
        ],
    }
    config = (
        '[times]\nout-of-range = "number"\n[types.fields]\n"com.acme.Order.seen" = '
        '"timestamp-millis"\n"com.acme.Order.day" = { type = "str", '
        'from-base = "acme_days:day", to-base = "acme_days:back" }\n'
    )
    order_class = built(site, "built", {"order.avsc": order, "avrogen.toml": config}).Order
    text = (site / "built/com/acme/_order.py").read_text("utf-8")
    assert "MappedType[str, date | int](" in text
    assert "seen: datetime | int | None = None" in text
    for value in (
        order_class(),
        order_class(day="2024-05-01", seen=10**15, plain=date(2024, 1, 1)),
    ):
        assert order_class.from_avro(value.to_avro()) == value
    assert order_class().day == "10000000"
    assert mypy(site) == ""


def test_commands_need_no_warning_either(site: Path) -> None:
    schema = {"type": "record", "name": "com.acme.R", "fields": [{"name": "a", "type": AMOUNT}]}
    schemas: Schemas = {"r.avsc": schema, "avrogen.toml": FRACTION}
    folder = write_schemas(site / "schemas", schemas)
    result = run_avrogen("check", folder, "--against", folder, "--strict")
    assert (result.exit_code, result.stderr) == (0, "")
