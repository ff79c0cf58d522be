"""The tree of errors: what they say, and that they survive the way to another process."""

from __future__ import annotations

import pickle
from uuid import UUID

import pytest

import avrogen
from avrogen import AvrogenError, DecodeError, EncodeError, FramingError, RegistryError

ERRORS = [
    EncodeError("expected str, got int", "$.a"),
    DecodeError("ends early", "$.a[1]", 7),
    FramingError("looks like JSON"),
    RegistryError("the registry does not answer"),
    RegistryError(
        "cannot look up the schema",
        hint="check the credentials",
        url="http://registry/subjects/orders-value",
        subject="orders-value",
        id=UUID(int=7),
        status=401,
        code=40101,
        transient=True,
        retry_after=2.5,
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_errors_survive_pickling(error: AvrogenError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_all_errors_are_importable_and_in_one_tree() -> None:
    from avrogen import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), AvrogenError)
        assert getattr(avrogen, name) is getattr(errors, name)
        assert name in (errors.__doc__ or "").split()


def test_registry_errors_say_what_was_asked_and_what_to_do() -> None:
    assert str(ERRORS[-1]) == (
        "cannot look up the schema (subject orders-value, "
        "schema 00000000-0000-0000-0000-000000000007, HTTP 401, code 40101, "
        "http://registry/subjects/orders-value)\n  hint: check the credentials"
    )
