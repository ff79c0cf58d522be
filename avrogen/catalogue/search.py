"""What the search in the pages looks through: a script that every page loads when it is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from avrogen.avro import model
from avrogen.catalogue.addresses import Addresses
from avrogen.catalogue.landscape import Entry, Landscape
from avrogen.catalogue.views import first_line

__all__ = ["search_index"]


def search_index(landscape: Landscape, addresses: Addresses) -> str:
    """A script that defines ``avrogenIndex``: a row for each topic and type.

    A row is name, kind, page, full name, the beginning of the doc, and the names of fields or
    symbols. As it is a file of its own, no text in it can end a script; it is ASCII all the same.
    """
    rows = (json.dumps(row, separators=(",", ":")) for row in _rows(landscape, addresses))
    return "const avrogenIndex = [\n" + ",\n".join(rows) + "\n];\n"


def _rows(landscape: Landscape, addresses: Addresses) -> Iterator[list[object]]:
    for topic in landscape.topics:
        values = ", ".join(topic.value)
        yield [topic.topic, "topic", addresses.topics[topic.topic], topic.name, values, []]
    for entry in landscape.entries.values():
        href, doc = addresses.types[entry.id], first_line(entry.doc)
        yield [entry.name, entry.kind, href, entry.id, doc, _members(entry)]


def _members(entry: Entry) -> list[str]:
    match entry.named:
        case model.Record(fields=fields):
            return [field.name for field in fields]
        case model.EnumType(symbols=symbols):
            return list(symbols)
        case _:
            return []
