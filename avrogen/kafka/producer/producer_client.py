"""The producer of librdkafka beneath typed producers: :class:`ProducerClient`.

One transaction from beginning to end, in steps that each wait: for threads and for asyncio.
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
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, delivery_timeout, producer_settings, split
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.producer.producer_poll_thread import ProducerPollThread
from avrogen.kafka.producer.transactions import TransactionManager

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["ProducerClient", "Transaction"]

_PURGE: Final = 10.0
"""Seconds for what is given up to be reported, which takes moments."""


class ProducerClient:
    """One set of connections and one queue, for any number of typed producers.

    A typed producer makes one for itself unless it is given one. Sharing saves connections, memory
    and a thread for each, and fills batches better::

        with ProducerClient(config) as client:
            orders = OrdersProducer(client=client)
            payments = PaymentsProducer(client=client)

    It may be used by several threads. Close it last: what has not been delivered then is given up.

    Attributes:
        producer: confluent-kafka's. Its settings, and whatever else it offers, are at hand; but
            leave polling and closing to this class.
        delivery_timeout: seconds after which a message is given up; None: never.
        is_closed: whether nothing can be sent any more.
        outboxes: of the typed producers that use it.
        poller: serves callbacks.
        transactions: the calls of a transactional producer; None if it is none.
    """

    def __init__(
        self,
        config: Settings,
        *,
        registry: SchemaRegistry | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Connect, in the background: brokers that cannot be reached are no error yet.

        With a ``transactional.id``, it waits for the coordinator, and takes the place of older
        producers with that id.

        Args:
            config: settings of librdkafka, and of the registry with ``schema.registry.`` before
                them; see :mod:`avrogen.kafka.client_config`.
            registry: where schemas are, if not where the settings say.
            observer: who is given librdkafka's statistics (``statistics.interval.ms``).

        Raises:
            ConfigurationError: the settings cannot work.
            MissingExtraError: confluent-kafka is not installed.
            TransactionError: the coordinator of transactions does not answer, or refuses.
        """
        configuration = split(config)
        settings = producer_settings(configuration.client)
        self._registry_settings = configuration.registry
        self._registry = registry
        self._owns_registry = registry is None
        self._callbacks = Callbacks(isolate(observer))
        self._callbacks.put_before_given(settings)
        self._lock = threading.Lock()
        self.is_closed = False
        self.outboxes: tuple[DeliveryTracker, ...] = ()
        self.delivery_timeout = delivery_timeout(settings)
        self.producer = _make(settings)
        self.poller = ProducerPollThread(self.producer, self._callbacks.on_error)
        # Whoever forgets to close it should not keep a thread for it.
        self._finalizer = weakref.finalize(self, self.poller.stop)
        self.transactions: TransactionManager | None = None
        if settings.get("transactional.id"):
            self._begin_transactions()

    # --- what typed producers need ----------------------------------------------------------------

    @property
    def registry(self) -> SchemaRegistry:
        """The registry, connected when it is first asked for.

        Raises:
            ConfigurationError: nothing says where it is.
            RegistryError: its settings are at fault.
        """
        with self._lock:
            if self._registry is None:
                if not self._registry_settings.get("url"):
                    raise ConfigurationError(
                        "is missing",
                        setting="schema.registry.url",
                        hint='say where the registry is: "schema.registry.url": "https://..."',
                    )
                from avrogen.kafka.registry.connect import connect

                self._registry = connect(self._registry_settings)
            return self._registry

    def add(self, outbox: DeliveryTracker) -> None:
        """A typed producer will send through this client."""
        with self._lock:
            self.outboxes = (*self.outboxes, outbox)

    def remove(self, outbox: DeliveryTracker) -> None:
        """It will not any more."""
        with self._lock:
            self.outboxes = tuple(other for other in self.outboxes if other is not outbox)

    @property
    def fatal(self) -> KafkaError | None:
        """The error after which nothing can be sent; None: there was none."""
        return self._callbacks.fatal

    def fail(self, error: KafkaError) -> None:
        """A call was refused for a fatal error."""
        self._callbacks.on_error(error)

    def check_usable(self) -> None:
        """Raise what keeps messages from being sent, if anything does.

        Raises:
            DeliveryError: librdkafka has met a fatal error, and sends nothing any more.
            ClosedError: the client was closed.
        """
        fatal = self.fatal
        if fatal is not None:
            raise DeliveryError(
                f"the producer can send nothing more and is closed: {fatal.str()}",
                code=fatal.name(),
                fatal=True,
            )
        if self.is_closed:
            raise ClosedError("the producer was closed")

    def wait_until_empty(self, timeout: float | None) -> bool:
        """Send everything now, and wait until the fate of all messages is known.

        Args:
            timeout: seconds; None: as long as it takes.

        Returns:
            Whether it is.
        """
        return self.poller.flush(lambda: self.queued == 0, timeout)

    # --- transactions -----------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Generator[TransactionManager]:
        """Send all or nothing: what typed producers of this client send in this block.

        It is committed at the end of the block, and aborted if the block raises. What is sent
        belongs to it from whichever thread; there is one at a time.

        Yields:
            The calls that make a consumer's offsets part of it (``send_offsets``).

        Raises:
            TransactionError: it was not committed. None of its messages count, and unless the error
                is fatal, the block may be run again.
        """
        block = Transaction(self)
        calls = block.begin()
        try:
            yield calls
            block.commit()
        except BaseException as error:
            fatal = block.give_up(error)
            if fatal is not None and isinstance(error, Exception):
                raise fatal from error
            raise

    def _begin_transactions(self) -> None:
        transactions = TransactionManager(
            self.producer, self.delivery_timeout or _PURGE, self._callbacks.on_error
        )
        try:
            transactions.init()
        except TransactionError:
            self.close(0)
            raise
        self.transactions = transactions

    # --- what users want to know ------------------------------------------------------------------

    def statistics(self) -> dict[str, Any] | None:
        """What librdkafka has counted last; None unless ``statistics.interval.ms`` is set."""
        return self._callbacks.statistics()

    @property
    def queued(self) -> int:
        """Messages that wait for their acknowledgement, and callbacks that wait to be served."""
        return len(self.producer)

    # --- the end ----------------------------------------------------------------------------------

    def close(self, timeout: float | None = None) -> int:
        """Deliver what is queued, and give up what could not be. Nothing can be sent afterwards.

        Args:
            timeout: seconds; None: until everything is delivered or has failed, which is
                ``delivery.timeout.ms`` at most.

        Returns:
            How many messages were given up. Their futures raise DeliveryError.
        """
        with self._lock:
            if self.is_closed:
                return 0
            self.is_closed = True
        self.wait_until_empty(0 if self.fatal else timeout)
        given_up = sum(outbox.pending for outbox in self.outboxes)
        if self.queued:
            self.producer.purge()
            self.wait_until_empty(_PURGE)
        self._finalizer()
        if self.transactions is None or not self.transactions.is_open:
            # Not when it is collected: that may be in a process that was forked, and end it. With
            # a transaction that could not be ended, it would not return; where transactions could
            # not be started, confluent-kafka closes it and fails all the same.
            with suppress(SystemError):
                self.producer.close()
        if self._owns_registry and self._registry is not None:
            self._registry.close()
        return given_up

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


"""Seconds for what is given up to be reported, which takes moments."""


class Transaction:
    """Begins a transaction, and ends it one way or the other.

    Args:
        client: whose typed producers send in it.

    Raises:
        TransactionError: the client has no ``transactional.id``.
    """

    def __init__(self, client: ProducerClient) -> None:
        if client.transactions is None:
            raise TransactionError(
                'the producer has no "transactional.id" in its settings, which transactions need'
            )
        self._client = client
        self._calls = client.transactions
        self._failed_before = 0

    def begin(self) -> TransactionManager:
        """Begin.

        Returns:
            The calls that make offsets part of it.

        Raises:
            DeliveryError: the producer has met a fatal error.
            TransactionError: another transaction goes on.
        """
        self._client.check_usable()
        self._failed_before = self._failed()
        self._calls.begin()
        return self._calls

    def commit(self) -> None:
        """Deliver everything, and commit.

        librdkafka does not know of messages that it has refused to take, and would commit the rest.

        Raises:
            TransactionError: a message was not delivered, or it could not be committed.
        """
        self._client.wait_until_empty(self._client.delivery_timeout)
        failed = self._failed() - self._failed_before
        if failed:
            unseen = (outbox.first_unseen() for outbox in self._client.outboxes)
            first = next(filter(None, unseen), None)
            raise TransactionError(
                f"messages of the transaction were not delivered: {failed}",
                code=first.code if first else None,
                retriable=first is not None and first.retriable,
            ) from first
        self._calls.commit()

    def give_up(self, cause: BaseException) -> TransactionError | None:
        """End it with nothing of it counting. Who gets the cause knows of its messages.

        Args:
            cause: why. What comes of giving up is noted on it.

        Returns:
            A fatal error that came up only now.
        """
        fatal = None
        if isinstance(cause, TransactionError) and cause.fatal:
            self._client.producer.purge()
        else:
            try:
                self._calls.abort()
            except TransactionError as error:
                cause.add_note(f"and the transaction was not aborted: {error}")
                fatal = error if error.fatal else None
        self._client.wait_until_empty(_PURGE)
        for undelivered in filter(None, [o.unseen() for o in self._client.outboxes]):
            cause.add_note(str(undelivered))
        return fatal

    def _failed(self) -> int:
        return sum(outbox.counters().failed for outbox in self._client.outboxes)
