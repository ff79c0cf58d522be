"""Repositories of people who use avrogen, which tests copy out of the checkout."""

from __future__ import annotations

import pytest

from tests.support.distributions import Environment, NewEnvironment

collect_ignore = ["library", "service"]
"""Their own tests run in the copies."""


@pytest.fixture(scope="session")
def builder(new_environment: NewEnvironment) -> Environment:
    """An environment in which libraries are built without isolation.

    Its backends are the oldest that work with avrogen; builds with isolation take the newest.
    """
    backends = ("hatchling==1.26.*", "setuptools==78.1.1")
    return new_environment("avrogen[cli]", *backends, "build", "editables", "pip", "uv")
