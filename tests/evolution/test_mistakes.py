"""A repository of schemas in which somebody commits a mistake, or something harmless."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_avrogen
from tests.evolution.repositories import Repository
from tests.evolution.shop import (
    SHOP,
    Change,
    added,
    all_of,
    changed,
    field_change,
    file,
    moved,
    removed,
    replaced,
    type_change,
    without,
)
from tests.support.schemas import field, logical


@dataclass
class Mistake:
    """A change that must not go unnoticed.

    Attributes:
        change: what is committed.
        code: what is reported, once.
        place: the file, and what stands at the place in it.
        message: part of what is said.
        hint: part of what is said to do.
        affected: what else the report names.
        also: codes of what else the same change does.
    """

    change: Change
    code: str
    place: tuple[str, str]
    message: str
    hint: str
    affected: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


ORDER, CANCELLED, TAKEN = "order_placed.avsc", "order_cancelled.avsc", "payment_taken.avsc"
MONEY, STATUS, REASON = "common/money.avsc", "common/status.avsc", "common/reason.avsc"
TOML = "avrogen.toml"
ON_ORDERS = "com.acme.shop.OrderPlaced (topic shop.orders.v1)"


MISTAKES: dict[str, Mistake] = {
    "a new field without a default": Mistake(
        added(ORDER, field("vat", "double")),
        "AVR805",
        (ORDER, '{\n      "name": "vat"'),
        "OrderPlaced.vat was added without a default: existing data cannot be read",
        'give it a default: "default": 0.0',
        (ON_ORDERS, "shop_event.avsc"),
    ),
    "a new field of a type that has no natural default": Mistake(
        added(TAKEN, field("card", "Card")),
        "AVR805",
        (TAKEN, '{\n      "name": "card"'),
        "PaymentTaken.card was added without a default",
        '"type": ["null", "com.acme.shop.Card"], "default": null',
    ),
    "a renamed field": Mistake(
        field_change(ORDER, "customer_number", name="customer_no"),
        "AVR805",
        (ORDER, '{\n      "name": "customer_no"'),
        "OrderPlaced.customer_no was added without a default",
        'if it is the renamed customer_number, add "aliases": ["customer_number"]',
    ),
    "a renamed field that has a default": Mistake(
        field_change(ORDER, "note", name="remark"),
        "AVR910",
        (ORDER, '{\n      "name": "remark"'),
        "OrderPlaced.remark: note was removed and remark was added",
        '"aliases": ["note"]',
    ),
    "a new field in a type that others use": Mistake(
        added("card.avsc", field("holder", "string")),
        "AVR805",
        ("card.avsc", '{\n      "name": "holder"'),
        "Card.holder was added without a default",
        'give it a default: "default": ""',
        ("com.acme.shop.Card", ON_ORDERS, "shop_event.avsc"),
    ),
    "a narrower number": Mistake(
        field_change(ORDER, "customer_number", type="int"),
        "AVR801",
        (ORDER, '"int"'),
        "OrderPlaced.customer_number changed from long to int: existing data cannot be read",
        "types can be widened, not narrowed: keep long",
    ),
    "another type": Mistake(
        field_change("order_line.avsc", "quantity", type="string"),
        "AVR801",
        ("order_line.avsc", '"string"'),
        "OrderLine.quantity changed from int to string",
        "add a new field of the new type, with a default",
        (ON_ORDERS,),
    ),
    "another type of items": Mistake(
        field_change(ORDER, "lines", type={"type": "array", "items": "string"}),
        "AVR801",
        (ORDER, '"string"'),
        "each item of OrderPlaced.lines changed from record com.acme.shop.OrderLine to string",
        "keep record com.acme.shop.OrderLine",
    ),
    "a field that may be null no more": Mistake(
        field_change(ORDER, "note", type="string", default=""),
        "AVR801",
        (ORDER, '"string"'),
        "OrderPlaced.note changed from a union with null to string",
        "keep null in the union",
        also=("AVR907",),
    ),
    "a symbol that was removed": Mistake(
        type_change(STATUS, symbols=["NEW", "SHIPPED"]),
        "AVR804",
        (STATUS, '[\n    "NEW"'),
        "PAID was removed from Status, which has no default",
        'such as "default": "NEW"',
        ("com.acme.shop.Status", ON_ORDERS),
    ),
    "a branch that was removed": Mistake(
        field_change(ORDER, "payment", type=["Card"]),
        "AVR806",
        (ORDER, '[\n        "Card"'),
        "OrderPlaced.payment could be record com.acme.shop.Transfer, which is missing in the new "
        "union",
        "keep the branch as long as data with it exist",
    ),
    "a branch that was renamed": Mistake(
        all_of(
            type_change("transfer.avsc", name="BankTransfer"),
            field_change(ORDER, "payment", type=["Card", "BankTransfer"]),
        ),
        "AVR802",
        ("transfer.avsc", '"BankTransfer"'),
        "com.acme.shop.Transfer was renamed to com.acme.shop.BankTransfer without an alias",
        '"aliases": ["com.acme.shop.Transfer"]',
        ("com.acme.shop.BankTransfer", ON_ORDERS, "shop_event.avsc"),
    ),
    "a branch that was exchanged": Mistake(
        all_of(
            file("voucher.avsc", {"type": "record", "name": "com.acme.shop.Voucher", "fields": []}),
            removed("transfer.avsc"),
            field_change(ORDER, "payment", type=["Card", "Voucher"]),
        ),
        "AVR806",
        (ORDER, '[\n        "Card"'),
        "OrderPlaced.payment could be record com.acme.shop.Transfer",
        "if com.acme.shop.Voucher is the renamed com.acme.shop.Transfer, add "
        '"aliases": ["com.acme.shop.Transfer"] to it',
        (ON_ORDERS, "shop_event.avsc"),
    ),
    "a renamed type": Mistake(
        all_of(
            type_change("order_line.avsc", name="Line"),
            field_change(ORDER, "lines", type={"type": "array", "items": "Line"}),
        ),
        "AVR802",
        ("order_line.avsc", '"Line"'),
        "com.acme.shop.OrderLine was renamed to com.acme.shop.Line without an alias",
        '"aliases": ["com.acme.shop.OrderLine"]',
        ("com.acme.shop.Line", ON_ORDERS),
    ),
    "a longer fixed": Mistake(
        field_change(
            "card.avsc", "digits", type={"type": "fixed", "name": "LastDigits", "size": 8}
        ),
        "AVR803",
        ("card.avsc", "8"),
        "the size of LastDigits changed from 4 to 8 bytes",
        "define another fixed type of the new size",
        ("com.acme.shop.Card", ON_ORDERS),
    ),
    "an event that was removed": Mistake(
        all_of(
            removed(TAKEN),
            replaced(TOML, '"com.acme.shop.PaymentTaken"', '"com.acme.shop.OrderPlaced"'),
        ),
        "AVR807",
        (TAKEN, ""),
        "com.acme.shop.PaymentTaken was removed, and topic shop.payments.v1 carries it: "
        "existing data cannot be read",
        "keep it as long as such data exist",
        also=("AVR916",),
    ),
    "an event that was removed, and its topic forgotten": Mistake(
        removed(TAKEN),
        "AVR807",
        (TOML, '"com.acme.shop.PaymentTaken"'),
        "com.acme.shop.PaymentTaken was removed, and topic shop.payments.v1 carries it",
        "keep it as long as such data exist",
    ),
    "an event that was renamed, and its topic forgotten": Mistake(
        all_of(
            type_change(TAKEN, name="PaymentMade", aliases=["PaymentTaken"]),
        ),
        "AVR609",
        (TOML, '"com.acme.shop.PaymentTaken"'),
        'unknown type "com.acme.shop.PaymentTaken"',
        "",
    ),
    "a union that was removed": Mistake(
        removed("shop_event.avsc"),
        "AVR807",
        ("shop_event.avsc", ""),
        "the union of shop_event.avsc was removed",
        "keep it as long as such data exist",
    ),
    "an event that was taken off its topic": Mistake(
        replaced(
            TOML,
            '["com.acme.shop.OrderPlaced", "com.acme.shop.OrderCancelled"]',
            '"com.acme.shop.OrderPlaced"',
        ),
        "AVR808",
        (TOML, '"com.acme.shop.OrderPlaced"'),
        "com.acme.shop.OrderCancelled was removed from the topic shop.orders.v1",
        "keep it in the topic's values until those messages have expired",
    ),
    "a new event on a topic": Mistake(
        all_of(
            file("refund.avsc", {"type": "record", "name": "com.acme.shop.Refund", "fields": []}),
            replaced(
                TOML,
                '"com.acme.shop.OrderCancelled"]',
                '"com.acme.shop.OrderCancelled", "com.acme.shop.Refund"]',
            ),
        ),
        "AVR916",
        (TOML, '"com.acme.shop.Refund"'),
        "com.acme.shop.Refund was added to the topic shop.orders.v1: consumers of the old schemas "
        "do not know it",
        "deploy consumers first",
        ("topic shop.orders.v1",),
    ),
    "tombstones": Mistake(
        replaced(
            TOML,
            'PaymentTaken"\nkey = "string"',
            'PaymentTaken"\nkey = "string"\ntombstones = true',
        ),
        "AVR917",
        (TOML, "true"),
        "tombstones were allowed on the topic shop.payments.v1",
        "deploy consumers first",
        ("topic shop.payments.v1",),
    ),
    "keys no more": Mistake(
        replaced(TOML, 'PaymentTaken"\nkey = "string"', 'PaymentTaken"'),
        "AVR917",
        (TOML, '"shop.payments.v1"]'),
        "the keys of the topic shop.payments.v1 changed from string to none",
        "deploy consumers first",
        ("topic shop.payments.v1",),
    ),
    "another type of keys": Mistake(
        replaced(TOML, 'PaymentTaken"\nkey = "string"', 'PaymentTaken"\nkey = "long"'),
        "AVR801",
        (TOML, '"long"'),
        "the key of topic shop.payments.v1 changed from string to long",
        "create a new topic",
        ("the key of topic shop.payments.v1",),
    ),
    "another namespace": Mistake(
        all_of(
            type_change(MONEY, namespace="com.acme.money"),
            *(
                field_change(path, name, type="com.acme.money.Money")
                for path, name in [
                    (ORDER, "total"),
                    (CANCELLED, "refund"),
                    (TAKEN, "amount"),
                    ("order_line.avsc", "price"),
                ]
            ),
        ),
        "AVR911",
        (MONEY, '{\n  "type": "record"'),
        "com.acme.shop.Money became com.acme.money.Money",
        '"aliases": ["com.acme.shop.Money"]',
        ("com.acme.money.Money",),
    ),
    "another scale": Mistake(
        field_change(MONEY, "amount", type=logical("bytes", "decimal", precision=10, scale=4)),
        "AVR901",
        (MONEY, '{\n        "type": "bytes"'),
        "Money.amount: decimal(10, 2) became decimal(10, 4)",
        "add a new field",
        ("com.acme.shop.Money", ON_ORDERS),
    ),
    "another unit": Mistake(
        field_change(ORDER, "placed_at", type=logical("long", "timestamp-micros")),
        "AVR902",
        (ORDER, '{\n        "type": "long"'),
        "OrderPlaced.placed_at: timestamp-millis became timestamp-micros",
        "add a new field",
    ),
    "local times": Mistake(
        field_change(CANCELLED, "cancelled_at", type=logical("long", "local-timestamp-millis")),
        "AVR903",
        (CANCELLED, '{\n        "type": "long"'),
        "OrderCancelled.cancelled_at: timestamp-millis became local-timestamp-millis",
        "add a new field",
    ),
    "a meaning for plain numbers": Mistake(
        field_change(TAKEN, "received", type=logical("long", "timestamp-millis")),
        "AVR904",
        (TAKEN, '{\n        "type": "long"'),
        "PaymentTaken.received: long became timestamp-millis",
        "add a new field",
    ),
    "a meaning for plain text": Mistake(
        field_change(TAKEN, "order", type=logical("string", "uuid")),
        "AVR904",
        (TAKEN, '{\n        "type": "string"'),
        "PaymentTaken.order: string became uuid",
        "add a new field",
    ),
    "numbers with fewer digits": Mistake(
        field_change(ORDER, "customer_number", type="double"),
        "AVR905",
        (ORDER, '"double"'),
        "OrderPlaced.customer_number: long became double",
        "no type is wider than long",
    ),
    "bytes as text": Mistake(
        field_change(CANCELLED, "trace", type="string"),
        "AVR906",
        (CANCELLED, '"string"'),
        "OrderCancelled.trace: bytes became string",
        "make sure that all data are UTF-8",
    ),
    "another default": Mistake(
        field_change(TAKEN, "attempts", default=0),
        "AVR907",
        (TAKEN, "0"),
        "PaymentTaken.attempts: the default 1 became 0",
        "keep the default",
    ),
    "a default that was removed": Mistake(
        without(ORDER, "channel", "default"),
        "AVR908",
        (ORDER, '{\n      "name": "channel"'),
        'OrderPlaced.channel: the default "web" was removed',
        "keep the default",
    ),
    "another default of an enum": Mistake(
        type_change(REASON, default="LATE"),
        "AVR909",
        (REASON, '"LATE"'),
        "Reason: the default OTHER became LATE",
        "keep the default",
        ("com.acme.shop.Reason",),
    ),
    "an alias that is the name of another field": Mistake(
        all_of(
            without(CANCELLED, "trace"),
            field_change(CANCELLED, "id", aliases=["trace"]),
        ),
        "AVR912",
        (CANCELLED, '{\n      "name": "id"'),
        "OrderCancelled.id: it could be read from id and from trace",
        "remove the alias",
    ),
    "an event by another name": Mistake(
        all_of(
            type_change(CANCELLED, name="OrderDropped", aliases=["OrderCancelled"]),
            file("shop_event.avsc", ["com.acme.shop.OrderPlaced", "com.acme.shop.OrderDropped"]),
            replaced(TOML, "OrderCancelled", "OrderDropped"),
        ),
        "AVR913",
        (TOML, '"com.acme.shop.OrderDropped"'),
        "changes its subject from shop.orders.v1-com.acme.shop.OrderCancelled to "
        "shop.orders.v1-com.acme.shop.OrderDropped",
        "keep the name",
        ("topic shop.orders.v1",),
    ),
}


HARMLESS: dict[str, Change] = {
    "nothing": all_of(),
    "a doc": type_change(ORDER, doc="A customer confirmed an order."),
    "a doc of a field": field_change(ORDER, "total", doc="With taxes."),
    "an attribute of our own": type_change(ORDER, owner="checkout"),
    "another layout": file("transfer.avsc", json.dumps(SHOP["schemas/transfer.avsc"])),
    "a comment": file("transfer.avsc", "// By bank.\n" + json.dumps(SHOP["schemas/transfer.avsc"])),
    "a new field with a default": added(ORDER, field("gift", "boolean", default=False)),
    "a new field that may be null": added(
        ORDER, field("voucher", ["null", "string"], default=None)
    ),
    "a field less": without(CANCELLED, "trace"),
    "fields in another order": lambda files: files[f"schemas/{ORDER}"]["fields"].reverse(),
    "a renamed field with an alias": field_change(
        ORDER, "customer_number", name="customer_no", aliases=["customer_number"]
    ),
    "a renamed type with an alias": all_of(
        type_change("order_line.avsc", name="Line", aliases=["OrderLine"]),
        field_change(ORDER, "lines", type={"type": "array", "items": "Line"}),
    ),
    "another namespace with an alias": all_of(
        type_change("transfer.avsc", namespace="bank", aliases=["com.acme.shop.Transfer"]),
        field_change(ORDER, "payment", type=["Card", "bank.Transfer"]),
    ),
    "a wider number": field_change("order_line.avsc", "quantity", type="long"),
    "a field that may be null from now on": field_change(
        ORDER, "customer_number", type=["null", "long"]
    ),
    "a default": field_change("transfer.avsc", "iban", default=""),
    "a new symbol": type_change(STATUS, symbols=["NEW", "PAID", "SHIPPED", "LOST"]),
    "symbols in another order": type_change(STATUS, symbols=["SHIPPED", "PAID", "NEW"]),
    "a symbol less, with a default": type_change(REASON, symbols=["OTHER", "LATE"]),
    "a default of an enum": type_change(STATUS, default="NEW"),
    "a new branch": field_change(ORDER, "payment", type=["Card", "Transfer", "null"]),
    "branches in another order": field_change(ORDER, "payment", type=["Transfer", "Card"]),
    "a new event": file(
        "refund.avsc", {"type": "record", "name": "com.acme.shop.Refund", "fields": []}
    ),
    "a new event on a topic of its own": all_of(
        file("refund.avsc", {"type": "record", "name": "com.acme.shop.Refund", "fields": []}),
        replaced(
            TOML,
            '[topics."shop.payments.v1"]',
            '[topics."shop.refunds.v1"]\nvalue = "com.acme.shop.Refund"\n'
            '[topics."shop.payments.v1"]',
        ),
    ),
    "a file that was moved": moved(MONEY, "money/amount.avsc"),
    "a union that was moved": moved("shop_event.avsc", "events/shop_event.avsc"),
    "a type in a file of its own": all_of(
        file("digits.avsc", {"type": "fixed", "name": "com.acme.shop.LastDigits", "size": 4}),
        field_change("card.avsc", "digits", type="LastDigits"),
    ),
    "two files as one": all_of(
        file("pay.avsc", [SHOP["schemas/card.avsc"], SHOP["schemas/transfer.avsc"]]),
        removed("card.avsc"),
        removed("transfer.avsc"),
    ),
    "a field less, and its type": all_of(without(CANCELLED, "reason"), removed(REASON)),
    "a topic less": file(
        TOML, str(SHOP["schemas/avrogen.toml"]).partition('[topics."shop.payments')[0]
    ),
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "repository")
    monkeypatch.chdir(repository.folder)
    repository.commit(SHOP)
    return repository


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_named(case: str, repository: Repository) -> None:
    mistake = MISTAKES[case]
    repository.commit(changed(mistake.change))
    result = run_avrogen("check", "schemas", "--against", "git:HEAD~1", "--format", "json")
    found = json.loads(result.stderr)
    assert sorted(f["code"] for f in found) == sorted([mistake.code, *mistake.also])
    (finding,) = [f for f in found if f["code"] == mistake.code]
    assert finding["path"] == f"schemas/{mistake.place[0]}"
    assert text_at(finding).startswith(mistake.place[1])
    assert mistake.message in finding["message"]
    assert mistake.hint in (finding["hint"] or "")
    assert set(mistake.affected) <= set(finding["affected"])
    assert result.exit_code == (0 if mistake.code.startswith("AVR9") else 1)
    strict = run_avrogen("check", "schemas", "--against", "git:HEAD~1", "--strict")
    assert strict.exit_code == 1
    assert f"error[{mistake.code}]" in strict.stderr


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_harmless_passes(case: str, repository: Repository) -> None:
    repository.commit(changed(HARMLESS[case]))
    result = run_avrogen("check", "schemas", "--against", "git:HEAD~1", "--strict")
    assert (result.exit_code, result.stderr) == (0, "")


def text_at(finding: dict[str, Any]) -> str:
    """What stands at the place of a finding, if the file is there."""
    path = Path(finding["path"])
    if not path.exists():
        return ""
    lines = path.read_text("utf-8").splitlines(keepends=True)[finding["line"] - 1 :]
    return "".join(lines)[finding["column"] - 1 :]
