"""Pages for everybody: axe-core finds nothing wrong with them.

axe-core and what drives the browser are npm packages: without Node.js and npm, a browser, or a way
to the registry, this is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.catalogue.pages import EXAMPLE
from tests.catalogue.test_ownership import site_of
from tests.conftest import run_avrogen
from tests.services.cache import cached_folder

PACKAGES = ("axe-core@4.10.3", "puppeteer-core@24.10.0")
SCRIPT = Path(__file__).with_name("axe_check.mjs")


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with the packages, from the npm registry or from the user's cache."""
    missing = [tool for tool in ("node", "npm", "chromium") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")

    def install(folder: Path) -> None:
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", *options, *PACKAGES], cwd=folder, check=True, timeout=300)

    try:
        return cached_folder("axe-4.10.3", "downloading axe-core", install)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no packages from npm: {error}")


def test_axe_finds_nothing(packages: Path, tmp_path: Path) -> None:
    example, owned = tmp_path / "example", tmp_path / "owned"
    assert run_avrogen("docs", EXAMPLE, "-o", example, "--since", EXAMPLE).exit_code == 0
    site_of(owned)
    pages = [
        example / "index.html",
        example / "changes.html",
        example / "search.html",
        example / "namespaces/com.acme.shop.html",
        example / "types/com.acme.shop.OrderPlaced.html",
        example / "topics/shop.orders.v1.html",
        owned / "site/index.html",
        owned / "site/types/shop.Placed.html",
        owned / "site/pages/ordering.html",
    ]
    run = subprocess.run(
        ["node", SCRIPT, packages, str(shutil.which("chromium")), *pages],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,  # twenty seconds, where nothing else runs
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
