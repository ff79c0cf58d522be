"""The site can be made, needs nothing of the network, and its reference has every public name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT, run_python
from tests.docs.pages import PAGES

PUBLIC = [
    "avrogen",
    "avrogen.errors",
    "avrogen.kafka",
    "avrogen.runtime.v1",
    "avrogen.testing",
    "avrogen.testing.broker",
    "avrogen.testing.registry",
]
NOT_FOR_USERS = {"__version__", "lazy_exports", "ConsumerArguments", "TypeVar"}
"""What generated code alone uses is among them."""


def test_site_is_made_and_whole(tmp_path: Path) -> None:
    """Links, anchors and references that lead nowhere are errors, as are pages nobody leads to."""
    arguments = ("--quiet", "--fail-on-warning", "--keep-going", "-c", ROOT / "docs", ROOT)
    made = run_python("-W", "ignore", "-m", "sphinx", *arguments, tmp_path)
    assert made.returncode == 0, made.stderr
    html = {page: page.read_text("utf-8") for page in tmp_path.rglob("*.html")}
    assert len(html) > len(PAGES)
    fetched = r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//"""
    assert not [page for page, text in html.items() if re.search(fetched, text)]
    styles = "".join(style.read_text("utf-8") for style in tmp_path.rglob("*.css"))
    assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", styles)
    (first,) = re.findall(r"url=(.+?)\"", html[tmp_path / "index.html"])
    assert (tmp_path / first).is_file()


@pytest.mark.parametrize("module", PUBLIC)
def test_reference_has_every_public_name(module: str) -> None:
    reference = "".join(page.read_text("utf-8") for page in (ROOT / "docs/api").glob("*.rst"))
    if f".. automodule:: {module}\n" in reference:
        return
    described = set(re.findall(r"^\.\. auto\w+:: (?:[\w.]+\.)?(\w+)$", reference, re.MULTILINE))
    described |= set(import_module("avrogen.errors").__all__)
    assert set(import_module(module).__all__) - NOT_FOR_USERS <= described
