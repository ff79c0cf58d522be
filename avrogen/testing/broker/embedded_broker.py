"""Embedded broker: an in-process Kafka cluster with fault injection."""

from __future__ import annotations

import re
import threading
import weakref
from types import TracebackType
from typing import Final, Self

from avrogen.testing.broker.mock_cluster import MockCluster
from avrogen.testing.broker.records import Record, RequestType, read_records

__all__ = ["EmbeddedBroker"]

_TOPIC_NAME: Final = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")  # as Kafka has it
_MOST_REPLICAS: Final = 3
_DISCONNECT: Final = -195  # RD_KAFKA_RESP_ERR__TRANSPORT, which closes the connection
_NOT_AUTHORIZED: Final = 53  # TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which ends a producer
_REFUSALS: Final = 1_000
_TRANSACTIONAL: Final = (
    RequestType.ADD_PARTITIONS_TO_TXN,
    RequestType.ADD_OFFSETS_TO_TXN,
    RequestType.END_TXN,
    RequestType.TXN_OFFSET_COMMIT,
)


class EmbeddedBroker:
    """In-process Kafka cluster for tests.

    It listens on free ports of 127.0.0.1, and forgets everything when it is stopped::

        with EmbeddedBroker() as broker:
            broker.create_topic("shop.orders.v1", partitions=3)
            producer = Producer({"bootstrap.servers": broker.bootstrap_servers})

    Producers, consumers, groups of both protocols, committed offsets, headers, timestamps and all
    compressions work. A topic that nobody made is made with four partitions by the first producer
    that asks for it.

    Things can be made to go wrong::

        broker.fail(RequestType.PRODUCE, KafkaError.KAFKA_STORAGE_ERROR, times=3)
        broker.disconnect(RequestType.OFFSET_COMMIT)
        broker.fail_topic("shop.orders.v1", KafkaError.TOPIC_AUTHORIZATION_FAILED)
        broker.delay(0.2)       # all answers come so much later
        broker.take_down()      # and bring_up()
        broker.recover()        # everything is well again

    Threads may share it, and there may be several. Close clients before the broker, or they log
    that it is gone.

    What a real cluster does and this one does not:

    * Transactions. A consumer would see what was aborted, offsets in transactions would be lost,
      and nobody would be fenced: so a transactional producer is refused, with the fatal error
      ``TRANSACTIONAL_ID_AUTHORIZATION_FAILED``.
    * Requests of ``AdminClient`` such as ``create_topics``. They fail at once as not supported.
    * More than 5 MB or 100,000 batches of a partition: the oldest are dropped. :meth:`records`
      raises an error then; consumers cannot know.
    * Idempotence. The requests work, but a batch that is sent again, because its answer came too
      late, is written again.
    * Offsets for timestamps: whichever is asked for, the answer is the end of the partition.
    * Quick rebalances: when members of a group have joined or left, it waits for others, for
      ``session.timeout.ms`` less one second. Set that to 1,200 in tests; the default is 45,000.
    * Serve clients that are not made with librdkafka: those of Java and Go wait for ever.
    * Groups whose members differ in ``partition.assignment.strategy``: the process ends.
    * Checks of any kind: authentication, authorization, sizes, ``message.max.bytes``.
    * Taking over. A partition stays with its broker; when that one is down, it cannot be reached.
    """

    def __init__(self, *, brokers: int = 1, pretend_transactions: bool = False) -> None:
        """Configure the cluster; :meth:`start` starts it.

        Args:
            brokers: how many, from 1 up. They are numbered from 1.
            pretend_transactions: answer transactional producers, though what they do is none: what
                they send is visible at once and for good. For tests of how a program takes errors
                of such requests, see :meth:`fail`.

        Raises:
            ValueError: fewer than one broker.
        """
        if brokers < 1:
            raise ValueError(f"a cluster needs at least one broker, not {brokers}")
        self._brokers = brokers
        self._pretend_transactions = pretend_transactions
        self._failing_topics: set[str] = set()
        self._cluster: MockCluster | None = None
        self._close: weakref.finalize[[], EmbeddedBroker] | None = None
        self._lock = threading.Lock()

    # --- running ----------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start listening, unless it already does. After a stop, the cluster is new and empty.

        Raises:
            ImportError: ``confluent_kafka`` is not installed.
            RuntimeError: its librdkafka has no mock cluster, or could not start it.
        """
        with self._lock:
            if self._cluster is None:
                self._cluster = cluster = MockCluster(self._brokers)
                # Also when nobody calls stop: the threads would live on.
                self._close = weakref.finalize(self, cluster.close)
                self._refuse_transactions(cluster)
        return self

    def stop(self) -> None:
        """Close the ports and drop all records. Idempotent."""
        with self._lock:
            close, self._close, self._cluster = self._close, None, None
            self._failing_topics.clear()
            if close is not None:
                close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """Value for ``bootstrap.servers``: ``127.0.0.1:PORT``, comma-separated.

        Raises:
            RuntimeError: it does not run.
        """
        return self._running().bootstrap_servers

    # --- topics -----------------------------------------------------------------------------------

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Create a topic, with up to three replicas per partition.

        Args:
            name: 1 to 249 letters, digits, dots, underscores, hyphens, as Kafka wants it.
            partitions: how many, from 1 up.

        Raises:
            ValueError: the name or number is not allowed, or there is one of that name.
            RuntimeError: the broker does not run.
        """
        if not _TOPIC_NAME.fullmatch(name):
            raise ValueError(f"Kafka allows no topic of the name {name!r}")
        if partitions < 1:
            raise ValueError(f"a topic needs at least one partition, not {partitions}")
        try:
            self._running().create_topic(name, partitions, min(_MOST_REPLICAS, self._brokers))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def records(self, topic: str, *, timeout: float = 10.0) -> tuple[Record, ...]:
        """Return all records of a topic by partition and offset, as bytes.

        It is read by a consumer, so what is planned to go wrong goes wrong for it too.

        Args:
            topic: its name.
            timeout: seconds.

        Raises:
            LookupError: there is no such topic.
            TimeoutError: the brokers did not answer in time.
            RuntimeError: the broker has dropped records of this topic, or it does not run.
        """
        return read_records(self.bootstrap_servers, topic, timeout)

    # --- going wrong ------------------------------------------------------------------------------

    def fail(self, request: RequestType, error: int, *, times: int = 1) -> None:
        """Answer the next requests of a type with an error, without processing them.

        Args:
            request: which requests, of any client.
            error: one that brokers send: a constant of ``confluent_kafka.KafkaError``.
            times: how many requests this is for.

        Raises:
            ValueError: no error of a broker, not even one request, or a request of transactional
                producers, which are refused anyway.
            RuntimeError: the broker does not run.
        """
        if error < 1:
            raise ValueError(f"a broker sends errors from 1 up, not {error}")
        self._push(request, error, times)

    def disconnect(self, request: RequestType, *, times: int = 1) -> None:
        """Close the connection of the next request of a type, without processing it.

        Args:
            request: which requests, of any client.
            times: how many requests this is for.

        Raises:
            ValueError, RuntimeError: as :meth:`fail`.
        """
        self._push(request, _DISCONNECT, times)

    def fail_topic(self, topic: str, error: int) -> None:
        """Report an error in the metadata of a topic, until :meth:`recover`.

        Clients ask when they use a topic for the first time, and every five minutes.

        Args:
            topic: its name. If it does not exist, it is made, with four partitions.
            error: as for :meth:`fail`; for a topic that is not there, ``UNKNOWN_TOPIC_OR_PART``.

        Raises:
            ValueError: no error of a broker.
            RuntimeError: the broker does not run.
        """
        if error < 1:
            raise ValueError(f"a broker sends errors from 1 up, not {error}")
        self._running().set_topic_error(topic, error)
        self._failing_topics.add(topic)

    def delay(self, seconds: float, *, broker: int | None = None) -> None:
        """Delay all responses, until :meth:`recover` or another delay.

        Args:
            seconds: how late, in whole milliseconds; 0 for no delay.
            broker: its number; None for all.

        Raises:
            ValueError: a negative delay, or no such broker.
            RuntimeError: the broker does not run.
        """
        if seconds < 0:
            raise ValueError(f"answers cannot come {-seconds} s early")
        self._require_broker(broker)
        self._running().set_delay(round(seconds * 1000), broker)

    def take_down(self, broker: int | None = None) -> None:
        """Close all connections and refuse new ones, until :meth:`bring_up` or :meth:`recover`.

        The records stay, and so does the port.

        Args:
            broker: its number; None for all.

        Raises:
            ValueError: no such broker.
            RuntimeError: the broker does not run.
        """
        self._require_broker(broker)
        self._running().set_up(False, broker)

    def bring_up(self, broker: int | None = None) -> None:
        """Accept connections again.

        Args:
            broker: its number; None for all.

        Raises:
            ValueError, RuntimeError: as :meth:`take_down`.
        """
        self._require_broker(broker)
        self._running().set_up(True, broker)

    def recover(self) -> None:
        """Clear all planned faults; all brokers are up and respond at once.

        Raises:
            RuntimeError: the broker does not run.
        """
        cluster = self._running()
        for request in RequestType:
            cluster.clear_errors(request)
        while self._failing_topics:
            cluster.set_topic_error(self._failing_topics.pop(), 0)
        cluster.set_delay(0, None)
        cluster.set_up(True, None)
        self._refuse_transactions(cluster)

    # --- inside -----------------------------------------------------------------------------------

    def _push(self, request: RequestType, error: int, times: int) -> None:
        if times < 1:
            raise ValueError(f"something can go wrong once or more often, not {times} times")
        if request in _TRANSACTIONAL and not self._pretend_transactions:
            raise ValueError(
                f"{request.name} comes from transactional producers, which are refused: "
                "EmbeddedBroker(pretend_transactions=True) answers them"
            )
        self._running().push_errors(request, [error] * times)

    def _refuse_transactions(self, cluster: MockCluster) -> None:
        """By the first requests that only transactions need: the one before them, for a producer's
        number, comes from idempotent producers too."""
        if not self._pretend_transactions:
            for request in (RequestType.ADD_PARTITIONS_TO_TXN, RequestType.ADD_OFFSETS_TO_TXN):
                cluster.push_errors(request, [_NOT_AUTHORIZED] * _REFUSALS)

    def _require_broker(self, broker: int | None) -> None:
        if broker is not None and not 1 <= broker <= self._brokers:
            raise ValueError(f"there is no broker {broker}: they are numbered 1 to {self._brokers}")

    def _running(self) -> MockCluster:
        if self._cluster is None:
            raise RuntimeError(
                "the embedded broker does not run: write `with EmbeddedBroker() as broker:`, or "
                "call start()"
            )
        return self._cluster
