"""Pages as tests read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.source import Source
from avrogen.catalogue.catalogue_model import CatalogueModel, catalogue_model
from avrogen.catalogue.site import catalogue_pages
from avrogen.compiler.build import analyse
from avrogen.config.config import Config, parse_config
from tests.conftest import ROOT, run_avrogen

__all__ = ["EXAMPLE", "Page", "example_site", "model_of", "pages_of", "parse"]

EXAMPLE = ROOT / "schemas"

_EMPTY = {"br", "hr", "input", "link", "meta", "path", "rect", "wbr"}
"""Elements without an end."""


class Page(HTMLParser):
    """What a page has: elements with their attributes, links, ids and text.

    Raises:
        AssertionError: elements do not end where they should, or ids are not unique.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []
        assert len(set(self.ids)) == len(self.ids)

    @property
    def text(self) -> str:
        """All that is shown."""
        return "".join(self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        self.links += [found[name] for name in ("href", "src", "action") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parse(files: Mapping[str, str]) -> dict[str, Page]:
    """The pages among the files of a catalogue."""
    return {path: Page(text) for path, text in files.items() if path.endswith(".html")}


def model_of(schemas: Mapping[str, str], config: str = "") -> CatalogueModel | None:
    """The catalogue of schema texts by their paths; None if they have errors."""
    diagnostics = Diagnostics()
    sources = [Source(path, text, path) for path, text in schemas.items()]
    settings = parse_config("avrogen.toml", config.encode(), diagnostics) if config else Config()
    analysis = analyse(sources, settings, diagnostics)
    return catalogue_model(analysis, settings.topics) if analysis else None


def pages_of(schemas: Mapping[str, str], config: str = "") -> dict[str, str]:
    """The files of the catalogue of valid schemas."""
    found = model_of(schemas, config)
    assert found is not None
    return catalogue_pages(found)


@cache
def example_site(folder: Path) -> dict[str, str]:
    """The catalogue of the example schemas, written into a folder: its files by their paths."""
    result = run_avrogen("docs", EXAMPLE, "-o", folder)
    assert result.exit_code == 0, result.stderr
    return {
        PurePosixPath(file.relative_to(folder)).as_posix(): file.read_text("utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
