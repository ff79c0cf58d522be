"""Writes what is made of the reference pages anew, and the JSON Schema of ``avrogen.toml``."""

from __future__ import annotations

from tests.reference.config_schema import FILE, config_schema
from tests.reference.pages import PAGES, current

for page in PAGES:
    page.write_text(current(page), "utf-8")
FILE.write_text(config_schema(), "utf-8")
