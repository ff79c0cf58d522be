"""Delivery reports that are called with an exception pending.

confluent-kafka raises the fatal error of librdkafka where somebody polls. If that takes longer than
0.2 s, or happens inside of a transactional call, it goes on to call delivery reports with the
exception already set. Whatever is called next then may fail with SystemError, for no fault of its
own: even the acquisition of a lock, which nobody would release.

So the first thing that a report does is a call that has no effect and is sure to be checked for
this. Python checks calls of C functions, but not those that it has specialised after a while;
calls of ``partial`` objects are never specialised (Python 3.11 to 3.14).
"""

from __future__ import annotations

from functools import partial

__all__ = ["checked_call"]

checked_call = partial(bool)
"""Raises SystemError if an exception was pending, which is gone then."""
