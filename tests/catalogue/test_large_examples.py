"""Examples of types that contain very many others are left out of a catalogue."""

from __future__ import annotations

import json
from typing import Any

from avrogen.catalogue.example_snippets import ExampleSnippets
from tests.catalogue.pages import model_of


def examples(records: list[Any]) -> dict[str, bool]:
    """Tell by name which types have an example."""
    found = model_of({"a.avsc": json.dumps(records)})
    assert found is not None
    snippets = ExampleSnippets(found)
    return {name: snippets.of(entry) is not None for name, entry in found.entries.items()}


def record(name: str, *types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": type_} for number, type_ in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields}


def test_examples_that_nobody_reads() -> None:
    """Each record contains the next one twice: the first would have 16,000 parts."""
    chain = [record(f"R{n}", f"R{n + 1}", f"R{n + 1}") for n in range(13)]
    found = examples([*chain, record("R13", "int")])
    assert not found["R0"]
    assert found["R9"]
    assert found["R13"]


def test_wide_records_have_an_example() -> None:
    assert examples([record("Wide", *["int"] * 5_000)])["Wide"]


def test_all_examples_together_are_limited() -> None:
    """A record of 1,500 parts in each of 400 others would make 600,000."""
    large = record("Large", *["int"] * 1_500)
    found = examples([large, *(record(f"U{n}", "Large") for n in range(400))])
    assert found["Large"]
    assert 50 < sum(found.values()) < 100
