"""Words of the glossary are sorted, have one meaning each, and name their source."""

from __future__ import annotations

import re

from tests.conftest import ROOT

SECTIONS = re.findall(
    r"^## (.+?)\n\n\| word \| meaning \| source \|\n\|(?:---\|)+\n((?:\|.+\n)+)",
    (ROOT / "docs/glossary.md").read_text("utf-8"),
    re.MULTILINE,
)


def rows(table: str) -> list[list[str]]:
    cells = (re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines())
    return [[cell.strip() for cell in row] for row in cells]


def test_words_have_a_meaning_and_a_source() -> None:
    assert len(SECTIONS) == 6
    for _, table in SECTIONS:
        for row in rows(table):
            assert len(row) == 3, row
            assert all(row), row


def test_words_are_sorted_within_their_section() -> None:
    for section, table in SECTIONS:
        words = [row[0].casefold() for row in rows(table)]
        assert words == sorted(words), section


def test_words_have_one_meaning() -> None:
    words = [word for _, table in SECTIONS for row in rows(table) for word in row[0].split(", ")]
    assert sorted(words) == sorted(set(words))
