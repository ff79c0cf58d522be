"""What dead letters say, and that it can be read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.kafka.consumer.dead_letter_topic import (
    DeadLetterOrigin,
    full_name,
    headers_for,
    origin_of,
    original_headers,
)
from avrogen.kafka.message import Header

ORIGIN = DeadLetterOrigin(
    topic="shop.orders.v1",
    partition=3,
    offset=41,
    timestamp=1_700_000_000_000,
    stage="TASK_PUT",
    group="billing",
    handler="billing.handle",
)

text = st.text(st.characters(codec="utf-8"), max_size=200)
headers = st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.binary()))
origins = st.builds(
    DeadLetterOrigin,
    topic=st.from_regex(r"[a-zA-Z0-9._-]+", fullmatch=True).filter(lambda name: name.strip(".")),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    timestamp=st.none() | st.integers(0, 2**63 - 1),
    stage=text,
    group=text,
    handler=text,
    error=text,
    message=text,
    traceback=text,
)


def test_the_headers_are_those_of_kafka_connect() -> None:
    try:
        raise ValueError("negative price")
    except ValueError as error:
        origin = ORIGIN.after(error)
    made = dict(headers_for([("trace_id", b"7")], origin))
    stacktrace = made.pop("__connect.errors.exception.stacktrace")
    assert stacktrace is not None
    assert b"test_dead_letter_topic.py" in stacktrace
    assert made == {
        "trace_id": b"7",
        "__connect.errors.topic": b"shop.orders.v1",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"41",
        "__connect.errors.connector.name": b"billing",
        "__connect.errors.stage": b"TASK_PUT",
        "__connect.errors.class.name": b"billing.handle",
        "__connect.errors.exception.class.name": b"builtins.ValueError",
        "__connect.errors.exception.message": b"negative price",
        "__avrogen.errors.timestamp": b"1700000000000",
    }


@given(headers, origins)
def test_what_is_said_can_be_read(own: list[Header], origin: DeadLetterOrigin) -> None:
    own = original_headers(own)
    made = headers_for(own, origin)
    assert origin_of(made) == origin
    assert original_headers(made) == own


@given(headers, origins, origins)
def test_a_dead_letter_that_dies_again_tells_of_its_last_death(
    own: list[Header], first: DeadLetterOrigin, second: DeadLetterOrigin
) -> None:
    assert headers_for(headers_for(own, first), second) == headers_for(own, second)


def test_long_texts_lose_their_middle() -> None:
    long = "begin" + "ö" * 20_000 + "end"
    made = dict(headers_for([], DeadLetterOrigin("t", 0, 0, message=long)))
    message = made["__connect.errors.exception.message"]
    assert message is not None
    assert len(message) <= 8_000
    assert message.decode().startswith("beginö")
    assert message.decode().endswith("öend")


@pytest.mark.parametrize(
    "foreign",
    [
        [],
        [("__connect.errors.topic", b"t")],
        [
            ("__connect.errors.topic", b"t"),
            ("__connect.errors.partition", b"x"),
            ("__connect.errors.offset", b"1"),
        ],
        [
            ("__connect.errors.topic", None),
            ("__connect.errors.partition", b"1"),
            ("__connect.errors.offset", b"1"),
        ],
    ],
)
def test_other_messages_have_no_origin(foreign: list[Header]) -> None:
    assert origin_of(foreign) is None


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (ValueError, "builtins.ValueError"),
        (full_name, "avrogen.kafka.consumer.dead_letter_topic.full_name"),
        (ORIGIN, "avrogen.kafka.consumer.dead_letter_topic.DeadLetterOrigin"),
        (ORIGIN.after, "avrogen.kafka.consumer.dead_letter_topic.DeadLetterOrigin.after"),
    ],
)
def test_full_names(thing: object, name: str) -> None:
    assert full_name(thing) == name
