"""JSON beside pydantic-core and msgspec: ``python benchmarks/forms.py [--rounds N]``.

The same values as objects of avrogen's classes, of pydantic's dataclasses and of msgspec's structs,
to JSON and back. Figures are ratios of speed: 0.5 takes twice the time of pydantic.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Literal
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402 - needs the path above
from pydantic import Discriminator, TypeAdapter  # noqa: E402 - as above

from benchmarks.codecs.packages import Packages  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

_SECONDS = 0.01
_LIBRARIES = ("avrogen", "pydantic", "msgspec")


class Kind(StrEnum):
    """Kinds of W1."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"


class Status(StrEnum):
    """Statuses of W2."""

    NEW = "NEW"
    PAID = "PAID"


@dataclass(frozen=True, slots=True)
class Event:
    """W1, for pydantic."""

    id: str
    at: datetime
    kind: Kind
    source: str
    tags: dict[str, str]
    attempt: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of W2."""

    sku: str
    quantity: int
    price: float
    gift: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A payment of W2."""

    type: Literal["w2.Card"]
    network: str
    last_digits: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """The other payment."""

    type: Literal["w2.Transfer"]
    iban: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Address:
    """An address of W2."""

    street: str
    city: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True)
class Order:
    """W2, for pydantic."""

    order_id: UUID
    customer_id: int
    placed_at: datetime
    deliver_on: date
    status: Status
    currency: str
    total: Decimal
    lines: list[Line]
    payment: Annotated[Card | Transfer, Discriminator("type")]
    shipping: Address | None
    coupon: str | None
    weight: float
    express: bool
    attributes: dict[str, str]
    revision: int


class CardStruct(msgspec.Struct, frozen=True, tag_field="$type", tag="w2.Card"):
    """A payment of W2, for msgspec."""

    network: str
    last_digits: str


class TransferStruct(msgspec.Struct, frozen=True, tag_field="$type", tag="w2.Transfer"):
    """The other payment."""

    iban: str
    reference: str | None


def _struct(name: str, like: type[Any], **others: Any) -> type[Any]:
    hints = {each: others.get(each, type_) for each, type_ in _types(like).items()}
    return msgspec.defstruct(name, list(hints.items()), frozen=True)


def _types(class_: type[Any]) -> dict[str, Any]:
    from typing import get_type_hints

    return get_type_hints(class_, include_extras=True)


_LINE = _struct("LineStruct", Line)
_STRUCTS: dict[str, type[Any]] = {
    "W1": _struct("EventStruct", Event),
    "W2": _struct(
        "OrderStruct",
        Order,
        lines=list[_LINE],  # type: ignore[valid-type]
        payment=CardStruct | TransferStruct,
        shipping=_struct("AddressStruct", Address) | None,
    ),
}
_MODELS: dict[str, type[Any]] = {"W1": Event, "W2": Order}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure JSON, and others beside it.")
    parser.add_argument("--rounds", type=int, default=40, help="how often each is timed (40)")
    rounds = parser.parse_args().rounds
    versions = ", ".join(f"{each} {version(each)}" for each in _LIBRARIES)
    print(f"Python {platform.python_version()}; {versions}\n")
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        for line in lines(Packages(Path(folder)), rounds=rounds):
            print(line, flush=True)


def lines(packages: Packages, *, rounds: int) -> Iterator[str]:
    """Measure, and return the lines of a table."""
    yield "|          |    | avrogen / pydantic | msgspec / pydantic | avrogen, µs |"
    yield "|----------|----|-------------------:|-------------------:|------------:|"
    for name, direction, calls in _cases(packages):
        avrogen, pydantic, structs = _measured(calls, rounds)
        ratio, other = _ratio(pydantic, avrogen), _ratio(pydantic, structs)
        micros = median(avrogen) * 1e6
        yield f"| {direction:8} | {name} | {ratio:18.2f} | {other:18.2f} | {micros:11.1f} |"


def _cases(packages: Packages) -> Iterator[tuple[str, str, list[Callable[[], object]]]]:
    for workload in workloads(packages):
        if workload.name not in _MODELS:
            continue
        owner, value = workload.owner, workload.object
        text = value.to_json().encode()
        adapter: TypeAdapter[Any] = TypeAdapter(_MODELS[workload.name])
        theirs = text.replace(b'"$type"', b'"type"')
        model = adapter.validate_json(theirs)
        decoder, encoder = msgspec.json.Decoder(_STRUCTS[workload.name]), msgspec.json.Encoder()
        struct = decoder.decode(text)
        assert owner.from_json(text) == value
        yield workload.name, "to JSON", [
            partial(_bytes_of, value),
            partial(adapter.dump_json, model),
            partial(encoder.encode, struct),
        ]
        yield workload.name, "of JSON", [
            partial(owner.from_json, text),
            partial(adapter.validate_json, theirs),
            partial(decoder.decode, text),
        ]


def _bytes_of(value: Any) -> bytes:
    text: str = value.to_json()
    return text.encode()


def _measured(calls: list[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Return the seconds of a call in each round, for each of the calls, which take turns."""
    found: list[list[float]] = [[] for _ in calls]
    gc.disable()
    for _ in range(rounds):
        for call, seconds in zip(calls, found, strict=True):
            number, start = 0, time.thread_time()
            while (took := time.thread_time() - start) < _SECONDS:
                for _ in range(50):
                    call()
                number += 50
            seconds.append(took / number)
    gc.enable()
    return found


def _ratio(others: list[float], own: list[float]) -> float:
    return median(other / each for other, each in zip(others, own, strict=True))


if __name__ == "__main__":
    main()
