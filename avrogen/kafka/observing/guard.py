"""What keeps an observer's mistakes away from messages: they are logged and go no further."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from avrogen.kafka.observing.events import LOGGER
from avrogen.kafka.observing.observer import AnyMessage, Observer, Partition

if TYPE_CHECKING:
    from avrogen.errors import DeliveryError
    from avrogen.kafka.message import Delivered, HeaderLike

__all__ = ["guarded"]


def guarded(observer: Observer | None) -> Observer | None:
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
