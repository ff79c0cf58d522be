"""The example: it is current, complete, readable by type checkers, and it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_avrogen, run_python

EXAMPLE = ROOT / "generated_example"

MAPPING = {
    "null": r"-?: \w+ \| None = None",
    "boolean": r": bool = True",
    "string": r": str\b",
    "bytes": r': bytes = b""',
    "int": r"stock: int = 0",
    "long": r"views: int = 0",
    "float": r"rating: float = 0\.0",
    "double": r"weight_kg: float = 0\.25",
    "record": r"class Money\(AvroRecord\)",
    "recursion through an array": r"children: list\[Category\]",
    "recursion through a union": r"next: Stop \| None",
    "enum": r"class Currency\(AvroEnum\)",
    "enum symbol that clashes": r'None_ = "None"',
    "fixed": r"class Sha256\(AvroFixed\)",
    "array": r": list\[OrderLine\]",
    "map": r": dict\[str, str\]",
    "union of records": r": Card \| Transfer",
    "union of primitives": r"dict\[str, bool \| int \| float \| str \| None\]",
    "top-level union": r"ShopEvent: TypeAlias = ",
    "top-level array": r"Basket: TypeAlias = list\[OrderLine\]",
    "top-level map": r"Labels: TypeAlias = dict\[str, str\]",
    "top-level primitive": r"CorrelationId: TypeAlias = UUID",
    "codec of a union": r"shop_event: Codec\[ShopEvent\] = Codec\(",
    "decimal on bytes": r"amount: Decimal\n",
    "decimal on fixed": r'vat_rate: \w+ = Decimal\("0\.190"\)',
    "uuid on string": r"order_id: UUID\n",
    "uuid on fixed": r"DeviceId: TypeAlias = UUID",
    "date": r": date\n",
    "time-millis": r"opens: time = time\(8, 0\)",
    "time-micros": r"closes: time = time\(18, 0\)",
    "timestamp-millis": r"placed_at: datetime\n",
    "timestamp-micros": r"settled_at: datetime\n",
    "timestamp-nanos": r"scanned_at: TimestampNanos\n",
    "local-timestamp-millis": r"hub_time: datetime\n",
    "local-timestamp-micros": r"promised: datetime\n",
    "local-timestamp-nanos": r"predicted: LocalTimestampNanos\n",
    "duration": r"kept_for: \w+ = Duration\(months=0, days=7, milliseconds=0\)",
    "logical type on the field": r"timestamp: int\n",
    "keyword as a field": r"class_: CustomerClass",
    "default of an enum": r"currency: Currency = Currency\.EUR",
    "default of an array": r'tags: list\[str\] = field\(default_factory=lambda: \["web"\]\)',
    "default of a map": r"metadata: dict\[str, str\] = field\(default_factory=dict\[str, str\]\)",
    "default of a fixed": r'last_digits: LastDigits = LastDigits\(b"0000"\)',
    "default of a record": r'Money\(amount=Decimal\("4\.99"\), currency=Currency\.EUR\)',
    "doc of a record": r'\n    """A customer confirmed an order\."""\n',
    "doc of a field": r'\n    """Identifies the order\."""\n',
    "source": r"\n# source: shop/order_placed\.avsc\n",
}


@pytest.fixture(scope="module")
def text() -> str:
    """All generated modules."""
    return "\n".join(path.read_text("utf-8") for path in sorted(EXAMPLE.rglob("*.py")))


def test_is_current() -> None:
    """Otherwise: make example."""
    result = run_avrogen("build", ROOT / "schemas", "-o", EXAMPLE, "--check")
    assert result.exit_code == 0, result.stdout


@pytest.mark.parametrize("row", MAPPING)
def test_shows_every_row_of_the_mapping(text: str, row: str) -> None:
    assert re.search(MAPPING[row], text)


def test_logical_type_on_the_field_is_a_warning_with_the_fix(tmp_path: Path) -> None:
    result = run_avrogen("build", ROOT / "schemas", "-o", tmp_path / "built")
    warning, hint = result.stderr.splitlines()
    assert re.search(r"schemas/event\.avsc:7:\d+: warning\[AVR5\d\d\] ", warning)
    assert '{"type": "long", "logicalType": "timestamp-millis"}' in hint


def test_three_topics_are_configured() -> None:
    import tomllib

    topics = tomllib.loads((ROOT / "schemas/avrogen.toml").read_text("utf-8"))["topics"]
    assert len(topics) == 3
    assert sum(isinstance(topic["value"], list) for topic in topics.values()) == 1
    assert sum(topic.get("key", "").startswith("com.acme.") for topic in topics.values()) == 1


def test_demo(tmp_path: Path) -> None:
    """It ends by saying that all that was received equals what was sent."""
    package = tmp_path / "generated_example"
    assert run_avrogen("build", ROOT / "schemas", "-o", package).exit_code == 0
    run = run_python(ROOT / "examples/demo.py", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert run.returncode == 0, run.stderr
    assert "\n  PaymentSettled, " in run.stdout
    assert "FramingError: expected a schema id in front, got plain JSON" in run.stdout
    assert "ValueError: an order of nothing" in run.stdout
    assert run.stdout.splitlines()[-1] == (
        "5 events of 3 topics sent and received, all equal; 2 dead letters"
    )
