"""The tree of errors: what they say, and that they survive the way to another process."""

from __future__ import annotations

import pickle
from uuid import UUID

import pytest

import avrogen
from avrogen import (
    AvrogenError,
    ClosedError,
    ConfigurationError,
    ConsumeError,
    DecodeError,
    DeliveryError,
    EncodeError,
    FramingError,
    Incompatibility,
    IncompatibilityType,
    MissingExtraError,
    RegistryError,
    ResolutionError,
    SchemaError,
    TransactionError,
)
from avrogen.avro.diagnostics import Code, Diagnostic
from avrogen.avro.source import Location

ERRORS: list[AvrogenError] = [
    SchemaError([Diagnostic(Code.UNKNOWN_TYPE, "unknown type", Location("a.avsc", 2, 3), "b?")]),
    EncodeError("expected str, got int", "$.a"),
    DecodeError("ends early", "$.a[1]", 7),
    FramingError("looks like JSON"),
    ResolutionError(
        [Incompatibility(IncompatibilityType.TYPE_MISMATCH, "reader type", "/", "/", "/")], "$.a", 7
    ),
    ConfigurationError("must be a number", setting="linger.ms", hint="leave it out"),
    ConsumeError("cannot decode the value", topic="orders", partition=0, offset=3, code="_FAIL"),
    DeliveryError("not delivered", topic="orders", key="a", code="_TIMED_OUT", retriable=True),
    TransactionError("cannot commit", code="_FENCED", fatal=True),
    ClosedError("the producer is closed"),
    MissingExtraError("kafka"),
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


def test_copies_keep_notes() -> None:
    error = DecodeError("ends early", "$.a[1]", 7)
    error.add_note("message 7 of orders")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["message 7 of orders"]


def test_errors_of_clients_show_their_facts() -> None:
    assert [str(error) for error in ERRORS[4:9]] == [
        "$.a: the writer's schema does not match: TYPE_MISMATCH at /: reader type (byte 7)",
        "linger.ms: must be a number\n  hint: leave it out",
        "cannot decode the value (topic orders, partition 0, offset 3, _FAIL)",
        "not delivered (topic orders, key 'a', _TIMED_OUT)",
        "cannot commit (_FENCED)",
    ]
    assert str(DeliveryError("not delivered", key=0, code="")) == "not delivered (key 0)"


def test_registry_errors_say_what_was_asked_and_what_to_do() -> None:
    assert str(ERRORS[-1]) == (
        "cannot look up the schema (subject orders-value, "
        "schema 00000000-0000-0000-0000-000000000007, HTTP 401, code 40101, "
        "http://registry/subjects/orders-value)\n  hint: check the credentials"
    )
