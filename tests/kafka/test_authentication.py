"""Credentials and access that are refused: the service is told, by an error or by its health."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from time import sleep
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, admin

from avrogen import ConsumeError, DeliveryError, RegistryError, RetryPolicy, TransactionError
from avrogen.errors import ConfigurationError
from avrogen.kafka.callbacks import ConnectionState
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.services.fixtures import ON_SERVICES, prepared
from tests.services.kafka import KafkaCluster, kafka_cluster
from tests.support.clients import async_consumer_of, async_producer_of, producer_of
from tests.support.clusters import embedded_cluster, real_cluster
from tests.support.events import event
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import SECONDS, EventMessage, Handled, Member, Scene, eventually

REFUSED = "Authentication failed: Invalid username or password"
"""What the broker says."""


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[KafkaCluster]:
    """A broker that wants a password; alice may do nothing yet."""
    folder = tmp_path_factory.mktemp("guarded")
    with prepared(lambda: kafka_cluster(folder, users={"alice": "secret"}), pytestconfig) as made:
        yield made


@pytest.fixture
def scene(guarded: KafkaCluster) -> Iterator[Scene]:
    """A topic on that broker, with events on it."""
    with EmbeddedRegistry() as registry:
        made = Scene.of(real_cluster(guarded.bootstrap_servers, registry.url))
        made.send(3)
        yield made


def login(scene: Scene, guarded: KafkaCluster, password: str, **more: object) -> dict[str, object]:
    """Settings for clients with a name and a password."""
    return {
        **scene.config(),
        "bootstrap.servers": guarded.sasl_servers,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "alice",
        "sasl.password": password,
        **more,
    }


def allow_to_read(guarded: KafkaCluster, kind: str, name: str) -> None:
    """Let alice read a topic or a group."""
    kafka: Any = admin  # it exports what its annotations do not
    client = kafka.AdminClient({"bootstrap.servers": guarded.bootstrap_servers})
    acl = kafka.AclBinding(
        kafka.ResourceType[kind],
        name,
        kafka.ResourcePatternType.LITERAL,
        "User:alice",
        "*",
        kafka.AclOperation.READ,
        kafka.AclPermissionType.ALLOW,
    )
    for done in client.create_acls([acl]).values():
        done.result(SECONDS)


# --- wrong passwords ------------------------------------------------------------------------------


@ON_SERVICES
def test_a_consumer_with_a_wrong_password_stops_and_says_why(
    scene: Scene, guarded: KafkaCluster
) -> None:
    error = scene.stops(Handled(), login(scene, guarded, "wrong"))
    assert (error.topic, error.code) == (scene.topic.name, "_AUTHENTICATION")
    assert REFUSED in str(error)
    assert "no broker accepts the credentials: see the properties sasl.* and ssl.*" in str(error)
    assert isinstance(error.__cause__, KafkaException)


@ON_SERVICES
def test_an_asyncio_consumer_with_a_wrong_password(scene: Scene, guarded: KafkaCluster) -> None:
    async def handle(message: EventMessage) -> None: ...

    async def main() -> None:
        settings = login(scene, guarded, "wrong")
        async with async_consumer_of(scene.topic)(settings, group_id="g") as consumer:
            with pytest.raises(ConsumeError, match=REFUSED):
                async with asyncio.timeout(SECONDS):
                    await consumer.run(handle)
            assert not consumer.health().alive

    asyncio.run(main())


@ON_SERVICES
def test_a_consumer_that_waits_for_the_right_password(scene: Scene, guarded: KafkaCluster) -> None:
    settings = login(scene, guarded, "wrong")
    consumer = scene.consumer(settings, on_auth_failure="retry")
    with Member(consumer, Handled()):
        eventually(lambda: consumer.health().auth_error is not None)
        sleep(8)  # it would have stopped by now
        health = consumer.health()
        assert (health.alive, health.ready, health.state) == (True, False, "waiting")
        assert REFUSED in (health.auth_error or "")
        assert any(REFUSED in reason for reason in health.reasons)


@ON_SERVICES
def test_failures_of_a_producer_name_a_wrong_password(scene: Scene, guarded: KafkaCluster) -> None:
    reason = f"brokers refuse the credentials: SASL authentication error: {REFUSED}"
    settings = login(scene, guarded, "wrong", **{"delivery.timeout.ms": 3000})
    producer = producer_of(scene.topic)(settings)
    with pytest.raises(DeliveryError, match="Message timed out; " + reason) as late:
        producer.send(event(), key="a").result(SECONDS)
    assert late.value.code == "_MSG_TIMED_OUT"
    health = producer.health()
    assert (health.alive, health.ready) == (True, False)
    assert REFUSED in (health.auth_error or "") and REFUSED in health.reasons[0]
    producer.send(event(), key="a")
    with pytest.raises(DeliveryError, match=reason):
        producer.close(0.5)


@ON_SERVICES
def test_failures_at_the_start_of_a_producer(scene: Scene, guarded: KafkaCluster) -> None:
    settings = login(scene, guarded, "wrong")
    transactional = {"transactional.id": "tx", "transaction.timeout.ms": 3000}
    with pytest.raises(TransactionError, match=REFUSED):
        producer_of(scene.topic)({**settings, **transactional})
    with pytest.raises(DeliveryError, match=REFUSED):
        producer_of(scene.topic)(settings, partitioner=lambda key, value, number: 0)


@ON_SERVICES
def test_a_full_queue_of_a_producer(scene: Scene, guarded: KafkaCluster) -> None:
    settings = login(scene, guarded, "wrong", **{"queue.buffering.max.messages": 1})
    settings["delivery.timeout.ms"] = 2500
    producer = producer_of(scene.topic)(settings)
    failures: list[str] = []
    for _ in range(4):
        try:
            producer.send(event(), key="a").exception(0)
        except DeliveryError as error:
            failures.append(str(error))
        except TimeoutError:
            pass  # in flight
    with pytest.raises(DeliveryError):
        producer.close()
    assert all(REFUSED in failure for failure in failures)


@ON_SERVICES
def test_an_asyncio_producer(scene: Scene, guarded: KafkaCluster) -> None:
    async def main() -> None:
        settings = login(scene, guarded, "wrong", **{"delivery.timeout.ms": 3000})
        async with async_producer_of(scene.topic)(settings) as producer:
            with pytest.raises(DeliveryError, match=REFUSED):
                await (await producer.send(event(), key="a"))

    asyncio.run(main())


# --- access ---------------------------------------------------------------------------------------


@ON_SERVICES
def test_a_consumer_waits_for_access_if_it_is_told_to(scene: Scene, guarded: KafkaCluster) -> None:
    settings = login(scene, guarded, "secret", **{"topic.metadata.refresh.interval.ms": 500})
    error = scene.stops(Handled(), settings)
    assert error.code in ("GROUP_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED")
    handled = Handled()
    consumer = scene.consumer(settings, on_auth_failure="retry")
    with Member(consumer, handled):
        eventually(lambda: consumer.health().auth_error is not None)
        health = consumer.health()
        assert (health.alive, health.ready) == (True, False)
        assert "authorization failed" in (health.auth_error or "")
        allow_to_read(guarded, "GROUP", scene.group)
        allow_to_read(guarded, "TOPIC", scene.topic.name)
        eventually(lambda: len(handled) == 3)
        eventually(lambda: consumer.health().ready)
        assert consumer.health().auth_error is None


def test_access_to_a_topic_that_comes_back(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        scene.send(3)
        broker.fail_topic(scene.topic.name, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        error = scene.stops(Handled())
        assert error.code == "TOPIC_AUTHORIZATION_FAILED"
        handled = Handled()
        settings: dict[str, object] = {"topic.metadata.refresh.interval.ms": 200}
        consumer = scene.consumer(settings, on_auth_failure="retry")
        with Member(consumer, handled):
            eventually(lambda: consumer.health().auth_error is not None)
            assert consumer.health().alive
            broker.recover()
            eventually(lambda: len(handled) == 3 and consumer.health().ready)


def test_what_else_might_be_asked_for(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        with pytest.raises(ConfigurationError, match="on_auth_failure: must be one of"):
            scene.consumer(on_auth_failure="ignore")


# --- the registry ---------------------------------------------------------------------------------


class RefusingRegistry(MemoryRegistry):
    """Refuses the credentials until it is told not to."""

    def __init__(self, schema: SchemaText, id: int) -> None:
        super().__init__()
        self.ids[schema] = id
        self.refuses = True

    def by_id(self, id: int) -> SchemaText:
        if self.refuses:
            raise RegistryError("the registry rejects the credentials", id=id, status=401)
        return super().by_id(id)


@dataclass(frozen=True)
class Shop:
    """A topic with events, whose schema a registry does not return."""

    scene: Scene
    registry: RefusingRegistry


@pytest.fixture
def shop(broker: EmbeddedBroker) -> Iterator[Shop]:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), dead_letters=1)
        scene.send(3)
        first, *_ = scene.cluster.records(scene.topic.name)
        assert first.value is not None
        schema = SchemaText(str(scene.topic.value[0].__avro_schema__))
        yield Shop(scene, RefusingRegistry(schema, int.from_bytes(first.value[1:5], "big")))


def test_a_registry_that_refuses_stops_a_consumer(shop: Shop) -> None:
    error = shop.scene.stops(Handled(), registry=shop.registry)
    assert "the registry rejects the credentials" in str(error)
    assert shop.scene.letters() == ()


def test_a_registry_that_refuses_a_handler_stops_it(shop: Shop) -> None:
    """Other messages would fail as well: none of them is a dead letter."""

    def handle(message: EventMessage) -> None:
        raise RegistryError("the registry rejects the credentials", status=401)

    assert "rejects the credentials" in str(shop.scene.stops(handle))
    assert shop.scene.letters() == ()


def test_a_consumer_waits_for_a_registry_that_refuses(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avrogen.kafka.serde.decoders.NEGATIVE_LIFETIME", 0.1)
    handled, policy = Handled(), RetryPolicy(attempts=1, maximum=0.05)
    consumer = shop.scene.consumer(registry=shop.registry, on_auth_failure="retry", retry=policy)
    with Member(consumer, handled):
        eventually(lambda: consumer.health().auth_error is not None)
        health = consumer.health()
        assert (health.alive, health.ready) == (True, False)
        assert "the registry rejects the credentials" in health.reasons[0]
        eventually(lambda: consumer.counters().retried > 2)
        shop.registry.refuses = False
        eventually(lambda: len(handled) == 3 and consumer.health().ready)
    assert shop.scene.letters() == ()


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_refuses_at_the_start(broker: EmbeddedBroker, status: int) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        registry.fail(status, times=None)
        for client in (
            scene.consumer().__enter__,
            lambda: producer_of(scene.topic)(scene.config()),
        ):
            with pytest.raises(RegistryError) as caught:
                client()
            assert caught.value.status == status


# --- what librdkafka reports ----------------------------------------------------------------------

AUTH = KafkaError(
    KafkaError._AUTHENTICATION, f"sasl_ssl://a:1/1: {REFUSED} (after 3ms in state AUTH_REQ)"
)
AWAY = KafkaError(KafkaError._TRANSPORT, "sasl_ssl://a:1/1: Connect failed: Connection refused")
OTHER = KafkaError(KafkaError._TRANSPORT, "sasl_ssl://b:1/2: Connect failed: Connection refused")
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
TOKEN = KafkaError(KafkaError._AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token: away")


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Known:
    """What is known of a client's connections."""

    clock: Clock
    state: ConnectionState

    def passes(self, seconds: int, *errors: KafkaError, answered: bool = False) -> None:
        """So many seconds, in each of which this is reported."""
        for _ in range(seconds):
            self.clock.now += 1
            for error in errors:
                self.state.failed(error)
            self.state.check(answer if answered else no_answer)


def answer(timeout: float) -> None:
    """A broker answers."""


def no_answer(timeout: float) -> None:
    """None does."""
    raise KafkaException(KafkaError(KafkaError._TRANSPORT))


@pytest.fixture
def known() -> Known:
    clock = Clock()
    return Known(clock, ConnectionState(clock))


def test_credentials_are_refused_if_that_lasts(known: Known) -> None:
    known.passes(3, AUTH, DOWN)
    assert known.state.auth_error == REFUSED and known.state.refused is None
    known.passes(5, AUTH)
    assert known.state.refused is AUTH
    known.passes(3, answered=True)
    assert known.state.auth_error is None and known.state.refused is None
    assert not known.state.brokers_down


def test_a_token_that_cannot_be_had(known: Known) -> None:
    known.passes(8, TOKEN)
    assert known.state.refused is TOKEN


@pytest.mark.parametrize("after", [1, 4])
def test_brokers_that_go_away_after_a_refusal_refuse_nothing(known: Known, after: int) -> None:
    """A broker that starts may refuse for a moment; an hour without it is no refusal."""
    known.passes(after, AUTH, DOWN)
    known.passes(3600, AWAY, DOWN)
    assert known.state.refused is None and known.state.auth_error is None
    assert known.state.brokers_down


def test_one_broker_that_refuses_is_no_reason_to_stop(known: Known) -> None:
    known.passes(600, AUTH, answered=True)
    assert known.state.refused is None
    assert not known.state.unanswered


def test_another_broker_that_is_away_changes_nothing(known: Known) -> None:
    known.passes(8, AUTH, OTHER, DOWN)
    assert known.state.refused is AUTH


def test_an_old_refusal_counts_no_more(known: Known) -> None:
    known.passes(8, AUTH)
    known.passes(61)
    assert known.state.refused is None


def test_nothing_is_asked_while_all_is_well(known: Known) -> None:
    known.passes(60)
    assert not known.state.unanswered


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("SSL handshake failed: certificate verify failed: broker certificate could not be", True),
        ("SSL handshake failed: ssl/tls alert bad certificate", True),
        ("SSL handshake failed: tlsv1 alert unknown ca", True),
        ("SSL handshake failed: connecting to a PLAINTEXT broker listener?", False),
        ("SSL handshake failed: Disconnected", False),
    ],
)
def test_certificates(known: Known, text: str, refused: bool) -> None:
    known.passes(8, KafkaError(KafkaError._SSL, f"ssl://a:1/1: {text} (after 3ms)"))
    assert (known.state.refused is not None) is refused
