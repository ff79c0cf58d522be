"""A service that handles events, for tests that send it signals: it runs as a process of its own.

It prints what it does, a line for each: the numbers of events when they are in hand, and again when
they are done.
"""

from __future__ import annotations

import json
import signal
import sys
from time import sleep

from avrogen.kafka.topic import Topic
from generated_example.com.example import Event
from tests.support.clients import consumer_of
from tests.support.scenes import EventMessage

__all__ = ["main"]


def main(arguments: str) -> None:
    """Handle events until a signal comes.

    Args:
        arguments: JSON with ``config``, ``topic``, ``group``, ``seconds`` that each event takes,
            and ``how`` they are handled: ``run``, ``iterate`` or ``batches``.
    """
    # Whoever runs the tests in the background has the signal ignored, and so had this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = json.loads(arguments)
    seconds: float = given["seconds"]

    def handle(message: EventMessage) -> None:
        print("in hand", message.value.timestamp, flush=True)
        sleep(seconds)
        print("done", message.value.timestamp, flush=True)

    def handle_all(messages: list[EventMessage]) -> None:
        for message in messages:
            handle(message)

    consumer = consumer_of(Topic(given["topic"], value=(Event,), key="string"))
    with consumer(given["config"], group_id=given["group"]) as events:
        match given["how"]:
            case "run":
                events.run(handle)
            case "iterate":
                for message in events:
                    handle(message)
            case _:
                events.run_batches(handle_all, max_records=20)
    print("closed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
