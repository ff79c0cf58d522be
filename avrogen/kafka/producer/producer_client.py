"""Producer of librdkafka that typed producers send through: :class:`ProducerClient`.

It may replace its librdkafka producer by a new one, which has the same properties: librdkafka makes
a producer unusable whose transaction the brokers have ended, and fixes the size of batches when a
producer is created.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from avrogen.errors import ClosedError, ConfigurationError, DeliveryError, TransactionError
from avrogen.extras import comes_with
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.callbacks import Callbacks, ConnectionState
from avrogen.kafka.checked_access import error_text, refusal_text
from avrogen.kafka.client_config import (
    Settings,
    client_info,
    delivery_timeout,
    producer_settings,
    request_timeout,
    split,
    transaction_timeout,
)
from avrogen.kafka.cluster_metadata import max_message_bytes
from avrogen.kafka.host_process import call_at_exit, forked_error, require_native_threads
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.producer.producer_poll_thread import EXIT_TIMEOUT, ProducerPollThread
from avrogen.kafka.producer.transactions import PURGE_TIMEOUT, TransactionManager

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

    from avrogen.kafka.health import ProducerHealth
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.producer.partitioner import CustomPartitioner
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["ProducerClient"]

_BATCH_SIZE: Final = 1_000_000
_MESSAGE_SIZE: Final = 1_000_000
"""librdkafka's defaults."""

_ASKING: Final = 5.0
"""Seconds to wait for the size of batches that a topic takes."""


class ProducerClient:
    """One librdkafka producer, with its connections and queue, for any number of typed producers.

    A typed producer creates one of its own unless it is given one. Sharing saves connections,
    memory and threads, and fills batches better::

        with ProducerClient(config) as client:
            orders = OrdersProducer(client=client)
            payments = PaymentsProducer(client=client)

    It is thread-safe. Close it after the typed producers: undelivered messages are purged then.

    Attributes:
        producer: confluent-kafka's producer, for its other methods. Do not poll, close or keep it:
            it may be replaced.
        produce: its method ``produce``, for typed producers.
        connection: errors of connections to brokers.
        delivery_timeout: seconds after which a message fails; None: never.
        info: client id and brokers, for observers.
        is_closed: True after :meth:`close`.
        is_forked: True in a process that was forked after its creation, where it is closed, too.
        trackers: delivery trackers of the typed producers that use it.
        poller: thread that serves callbacks.
        transactions: transactional calls; None without a ``transactional.id``.
    """

    def __init__(
        self,
        config: Settings,
        *,
        registry: SchemaRegistry | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Connect in the background: unreachable brokers are not an error yet.

        With a ``transactional.id``, it waits for the coordinator, and fences older producers with
        that id.

        Args:
            config: client properties, and the registry's with the prefix ``schema.registry.``; see
                :mod:`avrogen.kafka.client_config`.
            registry: registry in place of the configured one.
            observer: observer for librdkafka's statistics (``statistics.interval.ms``).

        Raises:
            ConfigurationError: invalid properties.
            MissingExtraError: confluent-kafka is not installed.
            TransactionError: no response of the transaction coordinator, or it refuses.
        """
        require_native_threads()
        configuration = split(config)
        settings = producer_settings(configuration.client)
        self._registry_settings = configuration.registry
        self._registry = registry
        self._owns_registry = registry is None
        self.info = client_info(configuration.client)
        self._observer = isolate(observer, self.info)
        self._settings = settings
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._must_renew = False
        self.is_closed = self.is_forked = False
        self.trackers: tuple[DeliveryTracker, ...] = ()
        self.connection = ConnectionState()
        self.delivery_timeout = delivery_timeout(settings)
        self._request_timeout = request_timeout(settings)
        self.transactions: TransactionManager | None = None
        if settings.get("transactional.id"):
            timeout = self.delivery_timeout or PURGE_TIMEOUT
            self.transactions = TransactionManager(self, timeout, transaction_timeout(settings))
        self.producer, self._callbacks = self._create()
        self.produce: Callable[..., None] = self.producer.produce
        self._partitioners: weakref.WeakSet[CustomPartitioner] = weakref.WeakSet()
        self.poller = ProducerPollThread(self.producer, self._callbacks.on_error)
        self.poller.watch = weakref.WeakMethod(self._watch)
        # A client that is not closed stops its thread when it is collected. Messages in flight of
        # typed producers keep it from that.
        self._finalizer = weakref.finalize(self, self.poller.stop)
        self._finalizer.atexit = False
        self._forget_exit = call_at_exit(self, ProducerClient._end_with_process, "producers")
        renew_after_fork(self, ProducerClient._leave_to_parent)
        if self.transactions is not None:
            try:
                self.transactions.init()
            except TransactionError:
                self.close(0)
                raise

    # --- for typed producers ----------------------------------------------------------------------

    @property
    def registry(self) -> SchemaRegistry:
        """Client of the registry, created on first use.

        Raises:
            ConfigurationError: no registry configured.
            RegistryError: invalid properties of the registry.
        """
        with self._lock:
            if self._registry is None:
                if not self._registry_settings.get("url"):
                    raise ConfigurationError(
                        "is missing",
                        setting="schema.registry.url",
                        hint='set the registry: "schema.registry.url": "https://..."',
                    )
                from avrogen.kafka.registry.connection import connect

                self._registry = connect(self._registry_settings)
            return self._registry

    def add(self, tracker: DeliveryTracker) -> None:
        """Add the delivery tracker of a typed producer."""
        with self._lock:
            self.trackers = (*self.trackers, tracker)

    def remove(self, tracker: DeliveryTracker) -> None:
        """Remove the delivery tracker of a typed producer."""
        with self._lock:
            self.trackers = tuple(other for other in self.trackers if other is not tracker)

    def add_partitioner(self, partitioner: CustomPartitioner) -> None:
        """Add a partitioner, which asks the current librdkafka producer for metadata."""
        self._partitioners.add(partitioner)

    @property
    def fatal(self) -> KafkaError | None:
        """Fatal error of librdkafka; None if there was none."""
        return self._callbacks.fatal

    def fail(self, error: KafkaError) -> None:
        """Record the fatal error that a call was refused with."""
        self._callbacks.on_error(error)

    def check_usable(self) -> None:
        """Raise if no messages can be sent.

        Raises:
            DeliveryError: librdkafka has had a fatal error.
            ClosedError: the client was closed.
        """
        fatal = self.fatal
        if fatal is not None:
            raise DeliveryError(
                f"fatal error, the producer must be closed: {error_text(fatal)}",
                code=fatal.name(),
                fatal=True,
            )
        if self.is_closed:
            raise self.closed_error("the producer")

    def closed_error(self, name: str) -> ClosedError:
        """Return the error for the use of a closed client.

        Args:
            name: what uses it, such as ``the producer for orders``.
        """
        return forked_error(name) if self.is_forked else ClosedError(f"{name} was closed")

    def _leave_to_parent(self) -> None:
        """Close in a forked process, where nothing of the client works, and nothing is delivered.

        The parent's messages are the parent's.
        """
        self.is_closed = self.is_forked = True
        self._lock = threading.Lock()
        for tracker in self.trackers:
            tracker.lock = threading.Lock()
        self._finalizer.detach()

    def wait_until_empty(self, timeout: float | None) -> bool:
        """Send all messages now, and wait until they are delivered or have failed.

        Args:
            timeout: seconds; None: no limit.

        Returns:
            True if no message is in flight.
        """
        return self.poller.flush(lambda: self.queued == 0, timeout)

    # --- transactions -----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Generator[TransactionManager]:
        """Send the messages of a block in one transaction.

        It is committed at the end of the block, and aborted if the block raises. It includes the
        messages of all typed producers of this client, from any thread. There is one transaction at
        a time.

        Yields:
            The transactional calls: ``send_offsets`` commits a consumer's offsets with it.

        Raises:
            TransactionError: it was not committed. Consumers skip its messages, and unless the
                error is fatal, the block may be run again.
        """
        transactions = self.require_transactions()
        transactions.begin()
        try:
            yield transactions
            transactions.commit()
        except BaseException as error:
            transactions.abort(error)
            raise

    def require_transactions(self) -> TransactionManager:
        """Return the transactional calls.

        Raises:
            TransactionError: the client has no ``transactional.id``.
        """
        if self.transactions is None:
            raise TransactionError(
                'transactions need the property "transactional.id", which is not set'
            )
        return self.transactions

    # --- sizes ------------------------------------------------------------------------------------

    def fit_batches(self, topic: str) -> int | None:
        """Make batches that a topic takes, with another librdkafka producer if need be.

        Brokers refuse a batch that is larger than ``max.message.bytes`` of its topic, and with it
        all of its messages. librdkafka neither knows that limit nor divides such a batch.

        Args:
            topic: name of a topic that messages are sent to.

        Returns:
            Bytes that the topic takes; None: not known.
        """
        limit = max_message_bytes(self._settings, topic, _ASKING)
        if limit is not None:
            self.bound_batches(limit)
        return limit

    def bound_batches(self, limit: int) -> None:
        """Make batches of so many bytes at most, before compression."""
        # Compression may add a little to bytes that it cannot compress.
        size = max(1, limit - limit // 64)
        with self._renewing:
            if size >= self.batch_size or self.is_closed:
                return
            self._settings["batch.size"] = size
            if self.transactions is not None:
                self._must_renew = True
                return
            self.produce = _no_room  # senders wait, so that messages of a key stay in order
            try:
                self.wait_until_empty(self.delivery_timeout)
                self._replace()
            finally:
                self.produce = self.producer.produce

    @property
    def batch_size(self) -> int:
        """Bytes of the largest batch."""
        return _bytes(self._settings, "batch.size", _BATCH_SIZE)

    @property
    def message_size(self) -> int:
        """Bytes of the largest message that librdkafka accepts (``message.max.bytes``)."""
        return _bytes(self._settings, "message.max.bytes", _MESSAGE_SIZE)

    # --- the librdkafka producer ------------------------------------------------------------------

    def renew_later(self) -> None:
        """Replace the librdkafka producer before the next transaction."""
        self._must_renew = True

    @property
    def is_renewal_due(self) -> bool:
        """True if the librdkafka producer is replaced before the next transaction."""
        return self._must_renew

    def renew_if_due(self) -> None:
        """Replace the librdkafka producer if it could not end its last transaction.

        The coordinator ends that one when the new producer starts: it is committed or aborted then.

        Raises:
            TransactionError: no response of the transaction coordinator, or it refuses.
            ClosedError: the client was closed.
        """
        with self._renewing:
            if not self._must_renew:
                return
            if self.is_closed:
                raise ClosedError("the producer was closed")
            self._replace()
            if self.transactions is not None:
                self.transactions.is_open = False
                self.transactions.init()
            self._must_renew = False

    def _replace(self) -> None:
        """Create a librdkafka producer with the same properties. No message is in flight."""
        producer, callbacks = self._create()
        self.poller.replace(producer, callbacks.on_error)
        self.producer, self.produce, self._callbacks = producer, producer.produce, callbacks
        for partitioner in self._partitioners:
            partitioner.producer = producer
        log_event(
            logging.INFO,
            "producer.renewed",
            transactional_id=self._settings.get("transactional.id"),
        )

    def _create(self) -> tuple[Producer, Callbacks]:
        """Create a librdkafka producer, with callbacks of its own."""
        trouble = self.transactions.trouble if self.transactions else None
        on_error = trouble.on_error if trouble else None
        callbacks = Callbacks(self._observer, self.connection, on_error)
        settings = dict(self._settings)
        callbacks.install(settings)
        return _make(settings), callbacks

    # --- state ------------------------------------------------------------------------------------

    def health(self) -> ProducerHealth:
        """Return the health, for liveness and readiness probes; see ``docs/kafka/kubernetes.md``.

        It waits for nothing and asks no broker: any thread may call it, and an event loop.
        """
        return self.health_of(self.trackers, is_closed=self.is_closed)

    def health_of(self, trackers: Sequence[DeliveryTracker], *, is_closed: bool) -> ProducerHealth:
        """Return the health of a typed producer.

        Args:
            trackers: its delivery tracker.
            is_closed: True if it was closed.
        """
        from avrogen.kafka.health import producer_health

        return producer_health(
            self.poller,
            self._callbacks,
            trackers,
            is_closed=is_closed or self.is_closed,
            request_timeout=self._request_timeout,
        )

    def _watch(self) -> None:
        """Note what is in flight, and find out if brokers answer again, in the poll thread."""
        now = time.monotonic()
        for tracker in self.trackers:
            tracker.look(now)
        if self.trackers:
            topic = self.trackers[0].topic
            self.connection.check(lambda wait: self.producer.list_topics(topic, timeout=wait))

    def statistics(self) -> dict[str, Any] | None:
        """Return librdkafka's last statistics; None unless ``statistics.interval.ms`` is set."""
        return self._callbacks.statistics()

    @property
    def queued(self) -> int:
        """Number of in-flight messages and of callbacks to be served."""
        return len(self.producer)

    # --- close ------------------------------------------------------------------------------------

    def close(self, timeout: float | None = None) -> int:
        """Deliver the queued messages, purge the rest, and close the connections.

        Args:
            timeout: seconds; None: until all messages are delivered or have failed,
                ``delivery.timeout.ms`` at most.

        In a delivery callback it returns 0 at once, and closes when the callback has returned.

        Returns:
            Number of purged messages. Their futures raise DeliveryError.
        """
        with self._lock:
            if self.is_closed:
                return 0
            self.is_closed = True
        self._forget_exit()
        if self.poller.is_current:
            self.poller.after_callbacks(lambda: self._close(timeout))
            return 0
        return self._close(timeout)

    def _close(self, timeout: float | None) -> int:
        self.wait_until_empty(0 if self.fatal else timeout)
        purged = sum(tracker.pending for tracker in self.trackers)
        if self.queued:
            self.producer.purge()
            self.wait_until_empty(PURGE_TIMEOUT)
        self._finalizer()
        if self.transactions is None or not self.transactions.is_open:
            # Not on garbage collection, which may run in a forked process and end it. With an open
            # transaction, close() would not return. After a failed init_transactions(), it closes
            # the producer and raises SystemError.
            with suppress(SystemError):
                self.producer.close()
        if self._owns_registry and self._registry is not None:
            self._registry.close()
        return purged

    def _end_with_process(self) -> None:
        """Deliver what is in flight at the end of the process, within a bound."""
        if any(tracker.pending for tracker in self.trackers):
            # What was sent in an open transaction will be aborted.
            seconds = 0.0 if self.transactions is not None else EXIT_TIMEOUT
            self.poller.deliver_rest(self.trackers, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()


def _make(settings: dict[str, object]) -> Producer:
    with comes_with("kafka"):
        from confluent_kafka import KafkaException, Producer
    try:
        return Producer(settings)
    except (KafkaException, TypeError, ValueError, SystemError) as error:
        raise ConfigurationError(refusal_text(error)) from error


def _no_room(*_: object) -> NoReturn:
    """Refuse a message while the librdkafka producer is replaced, as if its queue was full."""
    raise BufferError


def _bytes(settings: Settings, name: str, default: int) -> int:
    try:
        return int(str(settings.get(name, default)))
    except ValueError:  # librdkafka reports it
        return default
