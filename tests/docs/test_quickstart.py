"""The quickstart as a newcomer has it: a fresh environment with the wheel, and an empty folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.conftest import ROOT
from tests.docs.pages import blocks
from tests.docs.running import follow
from tests.support.distributions import NewEnvironment

QUICKSTART = ROOT / "docs/quickstart.md"


def test_quickstart_from_the_wheel(new_environment: NewEnvironment, tmp_path: Path) -> None:
    (requirement,) = re.findall(r"pip install '(.+)'", QUICKSTART.read_text("utf-8"))
    environment = new_environment(requirement)
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    follow(blocks(QUICKSTART), tmp_path, {}, outside, environment.python.parent)
