"""The folder of cases and schemas that lies outside the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["COUNTS", "Tally", "conformance", "find_folder", "schema_text", "shared_folder"]

VARIABLE = "AVROGEN_SHARED"
"""Names the folder. Where it is set, the tests that need the folder must run."""

COUNTS = "conformance"
"""The property of a test's report that its tally goes into; the run prints them at its end."""


@cache
def shared_folder() -> Path:
    """The folder that ``AVROGEN_SHARED`` names, or ``../shared`` beside the checkout.

    Tests that ask for it fail if the folder that is named does not exist. Where none is named and
    none lies beside the checkout, they are skipped, in CI as well.
    """
    return find_folder(os.environ.get(VARIABLE, ""), beside=Path(__file__).parents[3] / "shared")


def find_folder(named: str, *, beside: Path) -> Path:
    """The folder of cases; fail or skip the test that asks for it where there is none.

    Args:
        named: the value of ``AVROGEN_SHARED``; "" if it is not set.
        beside: the folder that is taken instead.
    """
    if named:
        if not Path(named).is_dir():
            pytest.fail(f"{VARIABLE} names a folder that does not exist: {named}")
        return Path(named)
    if not beside.is_dir():
        reason = f"the shared cases are not here: set {VARIABLE} to their folder"
        pytest.skip(reason, allow_module_level=True)
    return beside


@cache
def conformance(name: str) -> tuple[dict[str, Any], ...]:
    """The cases of one file of ``conformance/``."""
    text = (shared_folder() / "conformance" / f"{name}.json").read_text("utf-8")
    cases: list[dict[str, Any]] = json.loads(text)["cases"]
    return tuple(cases)


class Tally:
    """What became of the cases of a file.

    A case is right, wrong, or contested: then implementations differ, and what avrogen does is in
    docs/decisions.md.
    """

    def __init__(self, file: str, record: Callable[[str, object], None]) -> None:
        """``record`` is pytest's ``record_property``."""
        self._file = file
        self._record = record
        self._right = self._contested = 0
        self._wrong: list[str] = []

    def right(self) -> None:
        """As the case has it."""
        self._right += 1

    def contested(self) -> None:
        """The case has no answer."""
        self._contested += 1

    def wrong(self, case: str, found: str) -> None:
        """Not as the case has it, but ``found``."""
        self._wrong.append(f"{case}: {found}"[:300])

    def finish(self) -> None:
        """Fail if anything was wrong, or if there was nothing."""
        assert self._wrong == []
        assert self._right + self._contested > 0
        counts = f"{self._right} right, {self._contested} contested"
        self._record(COUNTS, f"{self._file}: {counts}")


def schema_text(case: dict[str, Any]) -> str:
    """The schema of a case, which gives it as text where the text is what matters."""
    return str(case["schema_text"]) if "schema_text" in case else json.dumps(case["schema"])
