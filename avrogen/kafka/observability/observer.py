"""Callbacks for the events of producers and consumers: :class:`Observer`.

Clients call observers through :func:`isolate`: exceptions of an observer are logged, and do not
affect messages.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from avrogen.kafka.observability.logs import LOGGER

if TYPE_CHECKING:
    from avrogen.errors import DeliveryError
    from avrogen.kafka.message import Delivered, HeaderLike, Message

__all__ = ["AnyMessage", "ClientInfo", "Observer", "Partition", "isolate", "wants_lag"]

AnyMessage: TypeAlias = "Message[Any, Any]"

Partition: TypeAlias = tuple[str, int]
"""Name of a topic and number of a partition."""


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """A client whose events an observer is told of.

    Attributes:
        client_id: its ``client.id``.
        servers: host and port of the brokers that it is configured with.
        group: consumer group; None for a producer.
    """

    client_id: str
    servers: tuple[tuple[str, int | None], ...]
    group: str | None = None


class Observer:
    """Base class of observers. Subclass it and override the methods for the events of interest.

    Methods are called by the threads that send, poll and handle, so they should be quick. Their
    exceptions are logged and not propagated. Without an observer there are no calls.
    """

    def for_client(self, client: ClientInfo) -> Observer:
        """Return the observer that is told of the events of a client; this one by default.

        Called once for each producer and consumer, when it is created.
        """
        return self

    # --- producing --------------------------------------------------------------------------------

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        """Called before a message is queued.

        Args:
            topic: name of its topic.
            key: its key; None if it has none.
            value: its value; None for a tombstone.
            headers: its headers; more may be appended.

        Returns:
            Any object; :meth:`delivered` or :meth:`undelivered` gets it with the outcome.
        """
        return None

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        """Called after a message was acknowledged.

        Args:
            sending: result of :meth:`sending` for it.
            delivered: its position.
            latency: seconds since it was queued.
        """

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        """Called after a message was not delivered or not queued.

        Args:
            sending: result of :meth:`sending` for it.
            error: exception of its future.
        """

    # --- consuming --------------------------------------------------------------------------------

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        """Called after messages were fetched, before they are handled."""

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        """Return a context manager that is entered around each call of a handler.

        A retry is a call of its own. ``messages`` has one message unless the handler takes batches.
        """
        return nullcontext()

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        """Called after a message could not be decoded.

        It is dead-lettered next, or the consumer stops.

        Args:
            message: the message, with its undecoded key and value only.
            error: reason.
        """

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        """Called after a handler failed, if it will be called again.

        Args:
            message: the message of the call.
            error: exception of the handler.
            attempt: number of calls with this message so far.
            delay: seconds until the next call.
        """

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        """Called after a message was delivered to the dead-letter topic ``topic``."""

    def skipped(self, partition: Partition, offset: int, name: str, group: str) -> None:
        """Called after a message was skipped, as its type is not selected.

        Nothing of it was decoded.

        Args:
            partition: its partition.
            offset: its offset.
            name: full name of its type, or ``tombstone``.
            group: the consumer group.
        """

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        """Called after partitions were assigned to a consumer."""

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        """Called after partitions were revoked from a consumer."""

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        """Called after a consumer lost partitions: other members may own them already."""

    def polled(
        self, topic: str, count: int, group: str, duration: float, error: str | None
    ) -> None:
        """Called after a poll that has returned messages, or an error.

        Args:
            topic: name of the topic.
            count: number of messages.
            group: name of the consumer group.
            duration: seconds that the poll took.
            error: librdkafka's name of the error; None: there was none.
        """

    def committed(
        self, offsets: Mapping[Partition, int], group: str, duration: float, error: str | None
    ) -> None:
        """Called after a commit of offsets.

        Args:
            offsets: the offsets of next messages, by partition.
            group: name of the consumer group.
            duration: seconds that it took; 0 for commits that librdkafka does in the background.
            error: librdkafka's name of the error; None: they are committed.
        """

    def offset_reset(self, partition: Partition, offset: int, to: str, group: str) -> None:
        """Called after ``auto.offset.reset`` was applied to an offset that does not exist.

        Its messages were deleted before the consumer has read them, or the topic was created anew.

        Args:
            partition: the partition.
            offset: the offset at which the consumer was.
            to: ``beginning`` or ``end``, where it goes on.
            group: its consumer group.
        """

    def lag(self, lag: Mapping[Partition, int], group: str) -> None:
        """Called every few seconds with the lag of the assigned partitions.

        It is computed only for observers that override this method.
        """

    # --- both -------------------------------------------------------------------------------------

    def statistics(self, statistics: dict[str, Any]) -> None:
        """Called with librdkafka's statistics, every ``statistics.interval.ms`` milliseconds.

        Source: ``github.com/confluentinc/librdkafka/blob/master/STATISTICS.md``.
        """


def isolate(observer: Observer | None, client: ClientInfo | None = None) -> Observer | None:
    """Return an observer that logs the exceptions of another one; None for None.

    Args:
        observer: the other one.
        client: the client whose events it is told of.
    """
    if observer is None:
        return None
    isolated = _IsolatedObserver(observer)
    return isolated if client is None else isolated.for_client(client)


def wants_lag(observer: Observer | None) -> bool:
    """Return True if an isolated observer is to be told of the lag."""
    return isinstance(observer, _IsolatedObserver) and observer.wants_lag


class _IsolatedObserver(Observer):
    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.wants_lag = type(observer).lag is not Observer.lag

    def for_client(self, client: ClientInfo) -> Observer:
        bound = _call_isolated(self._observer.for_client, client)
        return _IsolatedObserver(bound) if isinstance(bound, Observer) else self

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        return _call_isolated(self._observer.sending, topic, key, value, headers)

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        _call_isolated(self._observer.delivered, sending, delivered, latency)

    def undelivered(self, sending: object, error: DeliveryError) -> None:
        _call_isolated(self._observer.undelivered, sending, error)

    def received(self, messages: Sequence[AnyMessage], group: str) -> None:
        _call_isolated(self._observer.received, messages, group)

    def handling(
        self, messages: Sequence[AnyMessage], group: str
    ) -> AbstractContextManager[object]:
        return _handling(self._observer, messages, group)

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        _call_isolated(self._observer.unreadable, message, error)

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        _call_isolated(self._observer.retrying, message, error, attempt, delay)

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        _call_isolated(self._observer.dead_lettered, message, error, topic)

    def skipped(self, partition: Partition, offset: int, name: str, group: str) -> None:
        _call_isolated(self._observer.skipped, partition, offset, name, group)

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        _call_isolated(self._observer.assigned, partitions, group)

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        _call_isolated(self._observer.revoked, partitions, group)

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        _call_isolated(self._observer.lost, partitions, group)

    def polled(
        self, topic: str, count: int, group: str, duration: float, error: str | None
    ) -> None:
        _call_isolated(self._observer.polled, topic, count, group, duration, error)

    def committed(
        self, offsets: Mapping[Partition, int], group: str, duration: float, error: str | None
    ) -> None:
        _call_isolated(self._observer.committed, offsets, group, duration, error)

    def lag(self, lag: Mapping[Partition, int], group: str) -> None:
        _call_isolated(self._observer.lag, lag, group)

    def offset_reset(self, partition: Partition, offset: int, to: str, group: str) -> None:
        _call_isolated(self._observer.offset_reset, partition, offset, to, group)

    def statistics(self, statistics: dict[str, Any]) -> None:
        _call_isolated(self._observer.statistics, statistics)


def _call_isolated(method: Callable[..., object], *arguments: object) -> object:
    try:
        return method(*arguments)
    except Exception:
        _log(method)
        return None


@contextmanager
def _handling(observer: Observer, messages: Sequence[AnyMessage], group: str) -> Generator[None]:
    """Enter the observer's context manager. It sees the handler's exception, which is raised."""
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
