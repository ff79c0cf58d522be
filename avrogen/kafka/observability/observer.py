"""Who wants to know what producers and consumers do: :class:`Observer`.

What keeps an observer's mistakes away from messages: they are logged and go no further.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

from avrogen.kafka.observability.logs import LOGGER

if TYPE_CHECKING:
    from avrogen.errors import DeliveryError
    from avrogen.kafka.message import Delivered, HeaderLike, Message

__all__ = ["AnyMessage", "Observer", "Partition", "isolate"]

AnyMessage: TypeAlias = "Message[Any, Any]"

Partition: TypeAlias = tuple[str, int]
"""A topic and the number of a partition of it."""


class Observer:
    """Told what producers and consumers do. Subclass it, and override what you want to know.

    Methods are called by the threads that send, poll and handle, so they should be quick. What
    they raise is logged and goes no further. Without an observer nothing of this is called.
    """

    # --- producing --------------------------------------------------------------------------------

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        """A message is about to be queued.

        Args:
            topic: where it goes.
            key: its key; None if it has none.
            value: its value; None for a tombstone.
            headers: its headers, to which some may be added.

        Returns:
            Anything that :meth:`delivered` or :meth:`undelivered` should be given for it.
        """
        return None

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        """A message was acknowledged.

        Args:
            sending: what :meth:`sending` returned for it.
            delivered: where it is.
            latency: seconds since it was queued.
        """

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        """A message was not delivered, or could not be queued.

        Args:
            sending: what :meth:`sending` returned for it.
            error: what its future raises.
        """

    # --- consuming --------------------------------------------------------------------------------

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        """Messages have come in, and wait for the handler."""

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        """Entered before a handler is called with messages, left when it has returned or raised.

        Each attempt is one of its own. A handler that takes one message at a time has one here.
        """
        return nullcontext()

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        """A message cannot be read: its bytes, or their schema, are not what the topic has.

        It goes to the dead-letter topic next, or the consumer stops.

        Args:
            message: it has neither key nor value, but the bytes of both.
            error: what is wrong with it.
        """

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        """A handler failed, and is called again after ``delay`` seconds.

        Args:
            message: what it was called with.
            error: what it raised.
            attempt: how often it has been called with it.
            delay: seconds.
        """

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        """A message could not be handled, and is on the dead-letter topic ``topic`` now."""

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        """A consumer was given partitions."""

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        """A consumer gave partitions up."""

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        """A consumer lost partitions: others have them already."""

    # --- both -------------------------------------------------------------------------------------

    def statistics(self, statistics: dict[str, Any]) -> None:
        """What librdkafka counts, every ``statistics.interval.ms`` milliseconds.

        Source: ``github.com/confluentinc/librdkafka/blob/master/STATISTICS.md``.
        """


def isolate(observer: Observer | None) -> Observer | None:
    """An observer that raises nothing, or None."""
    return None if observer is None else _Guarded(observer)


class _Guarded(Observer):
    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        return _tried(self._observer.sending, topic, key, value, headers)

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        _tried(self._observer.delivered, sending, delivered, latency)

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        _tried(self._observer.undelivered, sending, error)

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        _tried(self._observer.received, messages, group)

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        return _handling(self._observer, messages, group)

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        _tried(self._observer.unreadable, message, error)

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        _tried(self._observer.retrying, message, error, attempt, delay)

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        _tried(self._observer.dead_lettered, message, error, topic)

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        _tried(self._observer.assigned, partitions, group)

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        _tried(self._observer.revoked, partitions, group)

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        _tried(self._observer.lost, partitions, group)

    def statistics(self, statistics: dict[str, Any]) -> None:
        _tried(self._observer.statistics, statistics)


def _tried(method: Callable[..., object], *arguments: object) -> object:
    try:
        return method(*arguments)
    except Exception:
        _log(method)
        return None


@contextmanager
def _handling(observer: Observer, messages: Sequence[AnyMessage], group: str) -> Generator[None]:
    """Enters what the observer gives. What the handler raises passes through, seen by it."""
    around = ExitStack()
    try:
        around.enter_context(observer.handling(messages, group))
    except Exception:
        _log(observer.handling)
    raised: BaseException | None = None
    try:
        yield
    except BaseException as error:
        raised = error
    try:
        around.__exit__(type(raised) if raised else None, raised, None)
    except BaseException as error:
        if error is not raised:
            _log(observer.handling)
    if raised is not None:
        raise raised


def _log(method: Callable[..., object]) -> None:
    LOGGER.exception("observer failed: %s", getattr(method, "__qualname__", method))
