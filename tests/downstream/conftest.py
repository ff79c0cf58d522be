"""Repositories of people who use avrogen, which tests copy out of the checkout."""

from __future__ import annotations

import pytest

from tests.distributions import Environment, NewEnvironment

collect_ignore = ["library", "service"]
"""Their own tests run in the copies."""


@pytest.fixture(scope="session")
def builder(new_environment: NewEnvironment) -> Environment:
    """An environment in which libraries are built without isolation, as in CI of some."""
    tools = ("build", "editables", "hatchling", "pip", "setuptools", "uv")
    return new_environment("avrogen[cli]", *tools)
