"""The folder of cases and schemas that lies outside the repository."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["conformance", "schema_text", "shared_folder"]


@cache
def shared_folder() -> Path:
    """The folder that ``AVROGEN_SHARED`` names, or ``../shared`` beside the checkout.

    Tests that ask for it are skipped where it is absent, except in CI, where they fail.
    """
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("AVROGEN_SHARED", beside))
    if not folder.is_dir():
        reason = f"there is no {folder}; AVROGEN_SHARED can name another"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
    return folder


@cache
def conformance(name: str) -> tuple[dict[str, Any], ...]:
    """The cases of one file of ``conformance/``."""
    text = (shared_folder() / "conformance" / f"{name}.json").read_text("utf-8")
    cases: list[dict[str, Any]] = json.loads(text)["cases"]
    return tuple(cases)


def schema_text(case: dict[str, Any]) -> str:
    """The schema of a case, which gives it as text where the text is what matters."""
    return str(case["schema_text"]) if "schema_text" in case else json.dumps(case["schema"])
