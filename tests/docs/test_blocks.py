"""Every block of code on a page runs, or says why it does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, forget, run_avrogen
from tests.docs.pages import PAGES, blocks, name, starts_empty
from tests.docs.running import KNOWN, follow
from tests.docs.scene import scene
from tests.docs.summary import NOT_RUN

__all__ = ["scene"]

HELD_ELSEWHERE = {
    "docs/diagnostics.md": "tests/avro/test_diagnostics.py",
    "docs/recipes.md": "tests/downstream/test_recipes.py",
}
"""Pages that take more than their blocks, and the tests that have it."""

WITH_BLOCKS = [page for page in PAGES if blocks(page) and name(page) not in HELD_ELSEWHERE]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example schemas in ``schemas/``, and ``pkg/`` made of them."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    result = run_avrogen("build", folder / "schemas", "-o", folder / "pkg")
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_blocks_run(
    page: Path,
    made: Path,
    tmp_path: Path,
    scene: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    folder = tmp_path / "reader"
    if starts_empty(page):
        folder.mkdir()
    else:
        shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))  # pyright: ignore[reportUnknownMemberType]
    found = blocks(page)
    for block in found:
        if block.reason:
            record_property(NOT_RUN, f"{block.place}: {block.reason}")
    try:
        follow(found, folder, {"config": scene})
    finally:
        forget("pkg")


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_blocks_say_what_they_are(page: Path) -> None:
    """Commands are in ``console`` blocks, in which they are tried; ``text`` is for the rest."""
    unknown = [b.place for b in blocks(page) if b.language not in KNOWN and not b.reason]
    assert not unknown, f"give these a language of {sorted(KNOWN)}, or a reason not to run"


def test_pages_held_elsewhere() -> None:
    for page, test in HELD_ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text("utf-8")
