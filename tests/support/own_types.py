"""Types of one's own, as a user of generated code has them, with their conversions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NewType, Protocol

if TYPE_CHECKING:
    from tests.golden.custom_types.expected.custom_types.com.acme import Country, Point

__all__ = [
    "Coordinates",
    "CountryCode",
    "Money",
    "OrderId",
    "Place",
    "place_from_point",
    "place_to_point",
    "read_country",
    "write_country",
]

OrderId = NewType("OrderId", str)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency, as text "EUR 12.00"."""

    currency: str
    amount: Decimal

    @classmethod
    def parse(cls, text: str) -> Money:
        """Parse the text."""
        currency, amount = text.split(" ")
        return cls(currency, Decimal(amount))

    @classmethod
    def from_decimal(cls, amount: Decimal) -> Money:
        """Return an amount in euros."""
        return cls("EUR", amount)

    def to_decimal(self) -> Decimal:
        """Return the amount of euros."""
        if self.currency != "EUR":
            raise ValueError(f"{self.currency} is no euro")
        return self.amount

    def text(self) -> str:
        """Return the text."""
        return f"{self.currency} {self.amount}"


@dataclass(frozen=True, slots=True)
class CountryCode:
    """Two letters."""

    letters: str


def read_country(value: bytes) -> CountryCode:
    """Convert a fixed."""
    return CountryCode(value.decode("ascii"))


def write_country(value: CountryCode) -> Country:
    """Convert to a fixed."""
    from tests.golden.custom_types.expected.custom_types.com.acme import Country

    return Country(value.letters.encode("ascii"))


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a map."""

    x: int
    y: int


class Coordinates(Protocol):
    """What a point has."""

    @property
    def x(self) -> int: ...

    @property
    def y(self) -> int: ...


def place_from_point(value: Coordinates) -> Place:
    """Convert a record."""
    return Place(value.x, value.y)


def place_to_point(value: Place) -> Point:
    """Convert to a record."""
    from tests.golden.custom_types.expected.custom_types.com.acme import Point

    return Point(x=value.x, y=value.y)
