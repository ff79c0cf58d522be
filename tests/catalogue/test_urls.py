"""Pages of types whose names Avro does not allow: they stay in the folder of the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import run_avrogen, write_schemas

NAMES = ["..", "a/../../../x", ".hidden", "a b", "C:\\x", "Größe", "a%2e", "a?b#c", 'q"<b>']


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_inside_of_the_folder(tmp_path: Path, name: str) -> None:
    fields = [{"name": name, "type": "int"}]
    record = {"type": "record", "name": "R", "namespace": name, "fields": fields}
    toml = "[names]\nlenient = true\n"
    folder = write_schemas(tmp_path / "s", {"a.avsc": record, "avrogen.toml": toml})
    result = run_avrogen("docs", folder, "-o", tmp_path / "deep" / "er" / "site")
    assert result.exit_code == 0, result.output
    site = tmp_path / "deep" / "er" / "site"
    pages = [path.relative_to(site).as_posix() for path in tmp_path.rglob("*.html")]
    assert len(pages) == len({page.lower() for page in pages})
    assert all(page.count("/") <= 1 and page.isascii() and " " not in page for page in pages)
    assert len([page for page in pages if page.startswith("types/")]) == 1
