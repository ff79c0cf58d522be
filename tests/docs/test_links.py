"""Links of pages lead to files, pages and headings that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, anchors, links, name, raw_html


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    astray: list[str] = []
    for link in links(page):
        if link.target.startswith("https://"):
            continue
        target = (page.parent / link.target) if link.target else page
        if not target.exists() or (link.anchor and link.anchor not in anchors(target)):
            astray.append(f"{link.target}#{link.anchor}")
    assert not astray


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_are_markdown(page: Path) -> None:
    """The site copies no pictures of what stands in HTML, and nothing tries its links."""
    assert not raw_html(page)
