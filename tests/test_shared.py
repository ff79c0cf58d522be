"""The shared cases are required where they are named, and skipped elsewhere, in CI as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared import find_folder


@pytest.fixture(autouse=True, params=[None, "true"], ids=["at home", "in CI"])
def ci(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI makes no difference."""
    if request.param is None:
        monkeypatch.delenv("CI", raising=False)
    else:
        monkeypatch.setenv("CI", request.param)


def test_a_named_folder_is_taken(tmp_path: Path) -> None:
    assert find_folder(str(tmp_path), beside=tmp_path / "beside") == tmp_path


def test_a_named_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"AVROGEN_SHARED names .* not exist: .*/none"):
        find_folder(str(tmp_path / "none"), beside=tmp_path)


def test_the_folder_beside_the_checkout_is_taken(tmp_path: Path) -> None:
    assert find_folder("", beside=tmp_path) == tmp_path


def test_without_a_folder_tests_are_skipped(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="set AVROGEN_SHARED to their folder"):
        find_folder("", beside=tmp_path / "none")
