"""The native codec, where it was built: ``make native``."""

from __future__ import annotations

import os
from importlib import import_module
from typing import cast

import pytest

from avrogen.codec.backends import PLAN_FORMAT
from avrogen.codec.native_backend import NativeModule

__all__ = ["native_module"]


def native_module() -> NativeModule:
    """Return ``avrogen_native``; skip the test where it is not installed, except in CI."""
    try:
        found = cast("NativeModule", import_module("avrogen_native"))
    except ImportError as error:
        if os.environ.get("AVROGEN_REQUIRE_SERVICES"):
            pytest.fail(f"the native codec must be tested here: {error}")
        pytest.skip(f"the native codec is not installed (make native): {error}")
    assert found.PLAN_FORMAT == PLAN_FORMAT, "built from another state: make native"
    return found
