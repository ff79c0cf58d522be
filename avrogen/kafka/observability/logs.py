"""Log events of producers and consumers, to the logger ``avrogen.kafka``.

The text of a record is for people. The name of the event and its fields are attributes of the
record (``record.event``, ``record.topic``), for structured formatters.
"""

from __future__ import annotations

import logging
from typing import Final

from avrogen.message_text import exception_text

__all__ = ["LOGGER", "log_event"]

LOGGER: Final = logging.getLogger("avrogen.kafka")


def log_event(
    level: int, event: str, *, error: BaseException | None = None, **fields: object
) -> None:
    """Log an event.

    Args:
        level: level of :mod:`logging`.
        event: name of the event, such as ``producer.started``.
        error: exception to be logged with its traceback.
        fields: fields by name; None is left out. Attributes that every record has are no valid
            names.
    """
    if not LOGGER.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    text = " ".join((event, *(f"{name}={exception_text(value)}" for name, value in known.items())))
    LOGGER.log(level, "%s", text, exc_info=error, extra={"event": event, **known})
