"""Producer of librdkafka that typed producers send through: :class:`ProducerClient`.

:class:`Transaction` has the blocking steps of one transaction. ``ProducerClient.transaction`` runs
them in the caller's thread, ``async_transaction`` in threads of an event loop.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from avrogen.errors import ClosedError, ConfigurationError, DeliveryError, TransactionError
from avrogen.extras import comes_with
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, delivery_timeout, producer_settings, split
from avrogen.kafka.host_process import call_at_exit, forked_error, require_native_threads
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.producer.producer_poll_thread import EXIT_TIMEOUT, ProducerPollThread
from avrogen.kafka.producer.transactions import TransactionManager

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["ProducerClient", "Transaction"]

_PURGE_TIMEOUT: Final = 10.0
"""Seconds to wait for the reports of purged messages, which take moments."""


class ProducerClient:
    """One librdkafka producer, with its connections and queue, for any number of typed producers.

    A typed producer creates one of its own unless it is given one. Sharing saves connections,
    memory and threads, and fills batches better::

        with ProducerClient(config) as client:
            orders = OrdersProducer(client=client)
            payments = PaymentsProducer(client=client)

    It is thread-safe. Close it after the typed producers: undelivered messages are purged then.

    Attributes:
        producer: confluent-kafka's producer, for its other methods. Do not poll or close it.
        delivery_timeout: seconds after which a message fails; None: never.
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
        self._callbacks = Callbacks(isolate(observer))
        self._callbacks.install(settings)
        self._lock = threading.Lock()
        self.is_closed = self.is_forked = False
        self.trackers: tuple[DeliveryTracker, ...] = ()
        self.delivery_timeout = delivery_timeout(settings)
        self.producer = _make(settings)
        self.poller = ProducerPollThread(self.producer, self._callbacks.on_error)
        # A client that is not closed stops its thread when it is collected. Messages in flight of
        # typed producers keep it from that.
        self._finalizer = weakref.finalize(self, self.poller.stop)
        self._finalizer.atexit = False
        self._forget_exit = call_at_exit(self, ProducerClient._end_with_process, "producers")
        renew_after_fork(self, ProducerClient._leave_to_parent)
        self.transactions: TransactionManager | None = None
        if settings.get("transactional.id"):
            self._begin_transactions()

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
                f"fatal error, the producer must be closed: {fatal.str()}",
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
        transaction = Transaction(self)
        calls = transaction.begin()
        try:
            yield calls
            transaction.commit()
        except BaseException as error:
            transaction.abort(error)
            raise

    def _begin_transactions(self) -> None:
        transactions = TransactionManager(
            self.producer, self.delivery_timeout or _PURGE_TIMEOUT, self._callbacks.on_error
        )
        try:
            transactions.init()
        except TransactionError:
            self.close(0)
            raise
        self.transactions = transactions

    # --- state ------------------------------------------------------------------------------------

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

        Returns:
            Number of purged messages. Their futures raise DeliveryError.
        """
        with self._lock:
            if self.is_closed:
                return 0
            self.is_closed = True
        self._forget_exit()
        self.wait_until_empty(0 if self.fatal else timeout)
        purged = sum(tracker.pending for tracker in self.trackers)
        if self.queued:
            self.producer.purge()
            self.wait_until_empty(_PURGE_TIMEOUT)
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
    except KafkaException as error:
        raise ConfigurationError(error.args[0].str()) from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from error


class Transaction:
    """One transaction: begin, then commit or abort. All methods block.

    Args:
        client: client of the typed producers that send in it.

    Raises:
        TransactionError: the client has no ``transactional.id``.
    """

    def __init__(self, client: ProducerClient) -> None:
        if client.transactions is None:
            raise TransactionError(
                'transactions need the property "transactional.id", which is not set'
            )
        self._client = client
        self._calls = client.transactions
        self._failed_before = 0

    def begin(self) -> TransactionManager:
        """Begin.

        Returns:
            The transactional calls, for ``send_offsets``.

        Raises:
            DeliveryError: the producer has had a fatal error.
            TransactionError: another transaction is open.
        """
        self._client.check_usable()
        self._failed_before = self._failed()
        self._calls.begin()
        return self._calls

    def commit(self) -> None:
        """Deliver all messages, and commit.

        librdkafka would commit without the messages that it refused to queue; those count here.

        Raises:
            TransactionError: a message was not delivered, or the commit failed.
        """
        self._client.wait_until_empty(self._client.delivery_timeout)
        failed = self._failed() - self._failed_before
        if failed:
            unretrieved = (tracker.first_unretrieved() for tracker in self._client.trackers)
            first = next(filter(None, unretrieved), None)
            raise TransactionError(
                f"messages of the transaction were not delivered: {failed}",
                code=first.code if first else None,
                retriable=first is not None and first.retriable,
            ) from first
        self._calls.commit()

    def abort(self, cause: BaseException) -> None:
        """Abort. Undelivered messages count as reported: the cause has notes about them.

        Args:
            cause: exception that the transaction is aborted for.

        Raises:
            TransactionError: a fatal error of the abort. Its cause is ``cause``, unless that is an
                interrupt or a cancellation, which is raised by the caller instead.
        """
        fatal = None
        if isinstance(cause, TransactionError) and cause.fatal:
            self._client.producer.purge()
        else:
            try:
                self._calls.abort()
            except TransactionError as error:
                cause.add_note(f"the transaction was not aborted: {error}")
                fatal = error if error.fatal else None
        self._client.wait_until_empty(_PURGE_TIMEOUT)
        for undelivered in filter(None, [each.unretrieved() for each in self._client.trackers]):
            cause.add_note(str(undelivered))
        if fatal is not None and isinstance(cause, Exception):
            raise fatal from cause

    def _failed(self) -> int:
        return sum(tracker.counters().failed for tracker in self._client.trackers)
