"""What producers and consumers log: events with fields, to the logger ``avrogen.kafka``.

The text of a record is for people. Formatters for machines find the name of the event and its
fields as attributes of the record (``record.event``, ``record.topic``), as ``extra`` puts them.
"""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["LOGGER", "log_event"]

LOGGER: Final = logging.getLogger("avrogen.kafka")


def log_event(
    level: int, event: str, *, error: BaseException | None = None, **fields: object
) -> None:
    """Log an event.

    Args:
        level: as :mod:`logging` has it.
        event: what happened, such as ``producer.started``.
        error: the exception it is about, whose traceback is logged as well.
        fields: what to know about it; None is left out. Their names must not be attributes that
            every record has.
    """
    if not LOGGER.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    text = " ".join((event, *(f"{name}={value}" for name, value in known.items())))
    LOGGER.log(level, "%s", text, exc_info=error, extra={"event": event, **known})
