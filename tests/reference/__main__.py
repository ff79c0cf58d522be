"""Writes what is made of ``docs/commands.md`` and ``docs/configuration.md`` anew."""

from __future__ import annotations

from tests.reference.pages import PAGES, current

for page in PAGES:
    page.write_text(current(page), "utf-8")
