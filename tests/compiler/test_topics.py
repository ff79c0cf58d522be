"""``pkg.topics``: what the build writes for configured topics."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias, get_args
from uuid import UUID

import pytest

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.parser import parse_sources
from avrogen.compiler.discovery import read_sources
from avrogen.config.run_config import read_config
from avrogen.config.topic_subjects import configured_subjects
from avrogen.kafka.message import Message
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.topic import Topic
from avrogen.runtime import v1
from avrogen.testing import Incoming, handling
from tests.conftest import ROOT, Build, Schemas, run_avrogen, run_python, write_schemas
from tests.support.memory_registry import MemoryRegistry

NOWHERE = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}

ORDER: Schemas = {
    "type": "record",
    "name": "com.acme.Order",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "class", "type": "string"},
        {"name": "ref", "type": "com.acme.Ref"},
    ],
}
REF: Schemas = {"type": "record", "name": "com.acme.Ref", "fields": [{"name": "no", "type": "int"}]}
LINE: Schemas = {"type": "record", "name": "com.acme.Line", "fields": []}
AMOUNT: Schemas = {
    "type": "fixed",
    "name": "com.acme.Amount",
    "size": 4,
    "logicalType": "decimal",
    "precision": 4,
    "scale": 2,
}
SCHEMAS: Schemas = {"all.avsc": [ORDER, REF, LINE, AMOUNT]}


def built_topics(build: Build, configuration: str, **more: Any) -> Any:
    """The topics of a package."""
    package = build({**SCHEMAS, **more, "avrogen.toml": configuration})
    return import_module(f"{package.__name__}.topics")


def test_types_that_are_named_like_those_of_a_topic(build: Build) -> None:
    """A record may have the name of an alias, as registries name subjects so."""
    record: dict[str, Any] = {"type": "record", "namespace": "com.acme", "fields": []}
    topics = built_topics(
        build,
        """
        [topics."shop.orders.v1"]
        name = "Orders"
        value = ["com.acme.OrdersValue", "com.acme.OrdersMessage"]
        tombstones = true
        key = "string"
        """,
        **{
            "v.avsc": {**record, "name": "OrdersValue"},
            "m.avsc": {**record, "name": "OrdersMessage"},
        },
    )
    acme: Any = import_module("built.com.acme")
    assert topics.OrdersValue == acme.OrdersValue | acme.OrdersMessage | None
    assert get_args(topics.OrdersMessage) == (str, topics.OrdersValue)
    assert parameters(topics.OrdersConsumer) == (str, topics.OrdersValue)


def configured(schemas: Path) -> list[str]:
    """The subjects that ``avrogen registry`` is about."""
    diagnostics = Diagnostics()
    parsed = parse_sources(read_sources([schemas], diagnostics))
    return [s.name for s in configured_subjects(read_config([schemas], diagnostics), parsed.types)]


def documentation(class_: Any) -> str:
    return inspect.getdoc(class_) or ""


def parameters(class_: Any) -> tuple[Any, ...]:
    """What a client's generic base is given: the types of keys and values.

    Consumers of several types have a variable for values, as they can be told which to handle.
    """
    (base,) = class_.__orig_bases__
    return tuple(getattr(type_, "__bound__", None) or type_ for type_ in get_args(base))


def test_a_topic_is_declared(build: Build) -> None:
    topics = built_topics(
        build,
        """
        [topics."shop.orders.v1"]
        name = "Orders"
        value = ["com.acme.Order", "com.acme.Line"]
        key = "string"
        dead-letter = "shop.orders.v1.dlq"
        """,
    )
    acme: Any = import_module("built.com.acme")
    expected: Topic[Any, Any] = Topic(
        "shop.orders.v1",
        value=(acme.Order, acme.Line),
        key="string",
        subject_strategy="topic-record",
        dead_letter="shop.orders.v1.dlq",
    )
    declared = topics.ORDERS
    assert declared == expected
    assert topics.__all__ == [
        "AsyncOrdersConsumer",
        "AsyncOrdersProducer",
        "ORDERS",
        "OrdersConsumer",
        "OrdersMessage",
        "OrdersProducer",
        "OrdersValue",
    ]
    assert topics.OrdersValue == acme.Order | acme.Line
    assert topics.OrdersMessage == Message[str, acme.Order | acme.Line]
    bases: list[tuple[Any, type[object]]] = [
        (topics.OrdersProducer, v1.KeyedTopicProducer),
        (topics.OrdersConsumer, v1.TopicConsumer),
        (topics.AsyncOrdersProducer, v1.AsyncKeyedTopicProducer),
        (topics.AsyncOrdersConsumer, v1.AsyncTopicConsumer),
    ]
    for class_, base in bases:
        assert class_.topic is topics.ORDERS
        assert base in class_.__mro__
        assert parameters(class_) == (str, acme.Order | acme.Line)
        assert "__dict__" not in dir(class_), "it only declares"
        lines = documentation(class_).splitlines()
        assert "``shop.orders.v1``" in lines[0]
        assert lines[2:5] == [
            "values: com.acme.Order, com.acme.Line",
            "keys: string",
            "subjects: shop.orders.v1-com.acme.Order, shop.orders.v1-com.acme.Line",
        ]
        assert lines[5:] == (
            ["dead letters: shop.orders.v1.dlq"] if "Consumer" in class_.__name__ else []
        )


@pytest.mark.parametrize(
    ("settings", "key", "subjects"),
    [
        ("", type(None), "orders-value"),
        ('key = "long"', int, "orders-value"),
        ('key = "bytes"', bytes, "orders-value"),
        ('key = "com.acme.Ref"', "Ref", "orders-value, orders-key"),
        ('key = "com.acme.Amount"', Decimal, "orders-value, orders-key"),
        ('key-field = "id"', str, "orders-value"),
        ('key = "string"\nkey-field = "class"', str, "orders-value"),
        ('key-field = "ref"', "Ref", "orders-value, orders-key"),
        ('subject-strategy = "record"', type(None), "com.acme.Order"),
        ('subject-strategy = "topic-record"', type(None), "orders-com.acme.Order"),
    ],
)
def test_keys_and_subjects(
    build: Build, tmp_path: Path, settings: str, key: Any, subjects: str
) -> None:
    topics = built_topics(build, f'[topics.orders]\nvalue = "com.acme.Order"\n{settings}\n')
    found = parameters(topics.OrdersConsumer)[0]
    assert (found.__name__ if isinstance(key, str) else found) == key
    assert f"subjects: {subjects}\n" in documentation(topics.OrdersConsumer) + "\n"
    field = topics.ORDERS.key_field
    assert field == (
        settings.rpartition('"')[0].rpartition('"')[2] if "field" in settings else None
    )
    registry = MemoryRegistry()
    with topics.OrdersProducer(NOWHERE, registry=registry, register=True):
        assert sorted(registry.kept) == sorted(subjects.split(", "))
    assert configured(tmp_path / "schemas" / "built") == subjects.split(", ")
    given = "key =" in settings and field is None
    assert issubclass(topics.OrdersProducer, v1.KeyedTopicProducer) == given
    assert issubclass(topics.AsyncOrdersProducer, v1.AsyncKeyedTopicProducer) == given


OfOrder: TypeAlias = Callable[[Any], object]

KEYS: list[tuple[str, OfOrder, OfOrder]] = [
    ("", lambda order: None, lambda order: None),
    ('key = "long"', lambda order: 7, lambda order: 7),
    ('key = "com.acme.Ref"', lambda order: order.ref, lambda order: order.ref),
    ('key-field = "id"', lambda order: None, lambda order: str(order.id)),
    ('key = "string"\nkey-field = "class"', lambda order: "own", lambda order: "own"),
    ('key-field = "ref"', lambda order: None, lambda order: order.ref),
]


@pytest.mark.parametrize(("settings", "given", "read"), KEYS)
def test_what_is_built_handles_messages(
    build: Build, settings: str, given: OfOrder, read: OfOrder
) -> None:
    topics = built_topics(build, f'[topics.orders]\nvalue = "com.acme.Order"\n{settings}\n')
    acme: Any = import_module("built.com.acme")
    order = acme.Order(id=UUID(int=7), class_="first", ref=acme.Ref(no=7))
    messages: list[Any] = []
    consumer: type[v1.TopicConsumer[Any, Any]] = topics.OrdersConsumer
    outcome = handling(consumer).deliver(messages.append, Incoming(order, key=given(order)))
    assert outcome.handled == [order]
    assert [message.key for message in messages] == [read(order)]


def test_tombstones(build: Build) -> None:
    topics = built_topics(
        build,
        '[topics.orders]\nvalue = "com.acme.Order"\nkey = "string"\ntombstones = true\n',
    )
    acme: Any = import_module("built.com.acme")
    assert topics.ORDERS.tombstones
    assert parameters(topics.OrdersProducer) == (str, acme.Order | None)
    assert "values: com.acme.Order, tombstones" in documentation(topics.OrdersProducer)
    consumer: type[v1.TopicConsumer[str, object]] = topics.OrdersConsumer
    assert handling(consumer).deliver(print, Incoming(None, key="gone")).handled == [None]


def test_values_without_a_class(build: Build) -> None:
    """They are what their logical type is in Python, and a codec carries their schema."""
    topics = built_topics(
        build, '[topics.amounts]\nvalue = ["com.acme.Amount", "com.acme.Amount"]\n'
    )
    acme: Any = import_module("built.com.acme")
    assert topics.AMOUNTS.value == (acme.amount,)
    assert parameters(topics.AmountsProducer) == (type(None), Decimal)


@pytest.mark.parametrize(
    ("dead_letters", "problems"),
    [
        ({"a": "a"}, ['"a" is the topic itself']),
        ({"a": "b", "b": "a"}, ['"a" -> "b" -> "a"', '"b" -> "a" -> "b"']),
        (
            {"a": "b", "b": "c", "c": "a"},
            ['"a" -> "b" -> "c" -> "a"', '"b" -> "c" -> "a" -> "b"', '"c" -> "a" -> "b" -> "c"'],
        ),
        ({"a": "b", "b": "b"}, ['"b" has messages of its own', '"b" is the topic itself']),
        ({"a": "b", "b": "elsewhere"}, ['"b" has messages of its own']),
        ({"a": "b", "b": None}, ['"b" has messages of its own']),
        ({"a": "elsewhere", "b": "elsewhere"}, []),
    ],
)
def test_dead_letters_never_return(
    tmp_path: Path, dead_letters: dict[str, str | None], problems: list[str]
) -> None:
    """Nor do they go where another type of messages is expected."""
    tables = [
        f'[topics.{name}]\nvalue = "com.acme.Line"\n'
        + (f'dead-letter = "{target}"\n' if target else "")
        for name, target in dead_letters.items()
    ]
    configuration = "".join(tables)
    schemas = write_schemas(tmp_path / "schemas", {**SCHEMAS, "avrogen.toml": configuration})
    run = run_avrogen("build", schemas, "-o", tmp_path / "pkg")
    found = [line for line in run.stderr.splitlines() if "error[AVR612]" in line]
    assert len(found) == len(problems)
    assert all(part in line for part, line in zip(problems, found, strict=True))
    assert run.exit_code == (1 if problems else 0)


def test_types_of_the_names_that_generated_code_uses(build: Build) -> None:
    names = ["Topic", "TopicProducer", "ORDERS", "OrdersConsumer", "topics"]
    package = build(
        {
            "all.avsc": [{"type": "record", "name": name, "fields": []} for name in names],
            "avrogen.toml": f"[topics.orders]\nvalue = {json.dumps(names)}\n",
        }
    )
    topics: Any = import_module("built.topics")
    assert topics.ORDERS.__class__ is Topic
    assert [name_of(owner.__avro_schema__) for owner in topics.ORDERS.value] == names
    assert get_args(parameters(topics.OrdersProducer)[1]) == topics.ORDERS.value
    assert issubclass(topics.OrdersProducer, v1.TopicProducer)
    assert package.topics is topics
    assert package.topics_ is topics.ORDERS.value[-1]


# --- what is imported when ------------------------------------------------------------------------

TWO_TOPICS = """
[topics.orders]
value = "com.acme.Order"
[topics.lines]
value = "com.acme.Line"
"""


@pytest.fixture(scope="module")
def two_topics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package ``pkg`` with two topics."""
    folder = tmp_path_factory.mktemp("topics")
    schemas = write_schemas(folder / "schemas", {**SCHEMAS, "avrogen.toml": TWO_TOPICS})
    assert run_avrogen("build", schemas, "-o", folder / "pkg").exit_code == 0
    return folder


def test_topics_need_no_extra_and_load_only_their_own_types(two_topics: Path) -> None:
    code = (
        "import sys, json; sys.path.insert(0, '.')\n"
        "from pkg.topics import OrdersProducer, OrdersConsumer\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('pkg.')]))"
    )
    run = run_python("-S", "-c", code, cwd=two_topics, PYTHONPATH=str(ROOT))
    assert run.returncode == 0, run.stderr
    modules = json.loads(run.stdout)
    assert "pkg.com.acme._order" in modules
    assert not {"pkg.com.acme._line", "pkg.topics._lines"} & set(modules)


def test_making_a_client_says_what_to_install(two_topics: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pkg.topics import OrdersProducer\n"
        "OrdersProducer({'bootstrap.servers': 'localhost'})"
    )
    run = run_python("-S", "-c", code, cwd=two_topics, PYTHONPATH=str(ROOT))
    assert run.stderr.splitlines()[-1].endswith("pip install 'avrogen[kafka]'")


def test_without_topics_there_is_no_package_of_them(tmp_path: Path) -> None:
    schemas = write_schemas(tmp_path / "schemas", SCHEMAS)
    assert run_avrogen("build", schemas, "-o", tmp_path / "pkg").exit_code == 0
    assert not (tmp_path / "pkg" / "topics").exists()


# --- for type checkers ----------------------------------------------------------------------------

SERVICE_TOPICS = """
[topics.orders]
value = ["com.acme.Order", "com.acme.Moved"]
key-field = "id"
[topics.by-key]
value = "com.acme.Ref"
key = "long"
tombstones = true
[topics.unkeyed]
value = "com.acme.Amount"
"""

MOVED: Schemas = {
    "type": "record",
    "name": "com.acme.Moved",
    "fields": [{"name": "id", "type": {"type": "string", "logicalType": "uuid"}}],
}

SERVICE = """\
import asyncio
from concurrent.futures import Future
from decimal import Decimal
from typing import assert_never, assert_type
from uuid import uuid4

from avrogen import Delivered, Message
from avrogen.kafka import ProducerClient, SchemaRegistry
from avrogen.testing import HandlerDriver, handling
from pkg.com.acme import Moved, Order, Ref
from pkg.topics import (
    ORDERS,
    AsyncByKeyProducer,
    AsyncOrdersConsumer,
    AsyncOrdersProducer,
    ByKeyConsumer,
    ByKeyProducer,
    OrdersConsumer,
    OrdersProducer,
    UnkeyedProducer,
)

moved = Moved(id=uuid4())
ref = Ref(no=1)


def send(registry: SchemaRegistry, config: dict[str, object]) -> None:
    with ProducerClient(config, registry=registry) as client:
        orders = OrdersProducer(client=client, headers=lambda event: {"id": str(event.id)})
        future = orders.send(moved)
        assert_type(future, Future[Delivered])
        assert_type(future.result().offset, int)
        orders.send(moved, key="k", headers={"a": b"1"}, partition=3)
        orders.send(ref)  # error: another topic's type
        orders.send(None)  # error: no tombstones
        orders.send(moved, key=7)  # error: keys are text
        orders.send(moved, key=uuid4())  # error: keys are what is on the wire
        orders.send()  # error: no event
        orders.send(moved, partition="3")  # error: partitions are numbers
        orders.send(moved, headers={"a": 1})  # error: headers are text or bytes
        OrdersProducer(config, headers=lambda event: {"id": event.no})  # error: no such field
        with orders.transaction() as transaction:
            transaction.commit()


def send_by_key(config: dict[str, object]) -> None:
    with ByKeyProducer(config, partitioner=lambda key, event, number: key % number) as by_key:
        by_key.send(ref, key=1)
        by_key.send(None, key=1)
        by_key.send(ref)  # error: no key
        by_key.send(ref, key="1")  # error: keys are numbers
        by_key.send(moved, key=1)  # error: another topic's type
    with UnkeyedProducer(config) as unkeyed:
        unkeyed.send(Decimal("1.20"))
        unkeyed.send(Decimal("1.20"), key="1")  # error: there are no keys
        unkeyed.send(1.2)  # error: no float


async def send_async(config: dict[str, object]) -> None:
    async with AsyncOrdersProducer(config) as orders:
        future = await orders.send(moved)
        assert_type(future, asyncio.Future[Delivered])
        assert_type(await future, Delivered)
        await orders.send(ref)  # error: another topic's type
        orders.send(moved).result()  # error: not awaited
    async with AsyncByKeyProducer(config) as by_key:
        await by_key.send(ref, key=1)
        await by_key.send(ref)  # error: no key


def handle(message: Message[str, Order | Moved]) -> None:
    assert_type(message.key, str)
    match message.value:
        case Order() as order:
            assert_type(order.class_, str)
        case Moved() as gone:
            assert_type(gone, Moved)
        case _:
            assert_never(message.value)


def forgets(message: Message[str, Order | Moved]) -> None:
    match message.value:
        case Order():
            pass
        case _:
            assert_never(message.value)  # error: Moved is left


def wrong(message: Message[str, Ref]) -> None: ...


def handle_moved(message: Message[str, Moved]) -> None: ...


def select(config: dict[str, object]) -> None:
    with OrdersConsumer(config, group_id="g", only=(Moved,)) as moves:
        assert_type(moves, OrdersConsumer[Moved])
        moves.run(handle_moved)
        moves.run(handle)
        for message in moves:
            assert_type(message, Message[str, Moved])
    with OrdersConsumer(config, group_id="g", unknown="skip") as orders:
        assert_type(orders, OrdersConsumer)
        assert_type(orders, OrdersConsumer[Order | Moved])
        orders.run(handle)
        orders.run(handle_moved)  # error: orders are not skipped
    both = OrdersConsumer(config, group_id="g", only=(Order, Moved))
    assert_type(both, OrdersConsumer[Order | Moved])
    assert_type(handling(OrdersConsumer), HandlerDriver[str, Order | Moved])
    handling(OrdersConsumer, only=(Moved,)).deliver(handle_moved, moved)
    assert_type(ByKeyConsumer(config, group_id="g", only=(Ref,)), ByKeyConsumer[Ref])
    OrdersConsumer(config, group_id="g", only=(Ref,))  # error: another topic's type
    OrdersConsumer(config, group_id="g", unknown="ignore")  # error: no such option
    OrdersConsumer(config, group="g")  # error: no such argument


async def select_async(config: dict[str, object]) -> None:
    async with AsyncOrdersConsumer(config, group_id="g", only=(Moved,)) as moves:
        assert_type(moves, AsyncOrdersConsumer[Moved])
        async for message in moves:
            assert_type(message.value, Moved)


def receive(config: dict[str, object]) -> None:
    with OrdersConsumer(config, group_id="billing") as orders:
        orders.run(handle)
        orders.run(wrong)  # error: another topic's messages
        for message in orders:
            assert_type(message, Message[str, Order | Moved])
        orders.run_batches(lambda messages: assert_type(messages[0].value, Order | Moved))
        orders.run_batches(handle)  # error: one message at a time
        orders.commit(wrong)  # error: no message
        with UnkeyedProducer({**config, "transactional.id": "me"}) as amounts:
            orders.run_transactional(lambda _: amounts.send(Decimal(1)), amounts)
            orders.run_transactional(wrong, amounts)  # error: another topic's messages


async def handle_async(message: Message[str, Order | Moved]) -> None:
    assert_type(message.value, Order | Moved)


async def store(messages: list[Message[str, Order | Moved]]) -> None: ...


async def wrong_async(message: Message[str, Ref]) -> None: ...


async def receive_async(config: dict[str, object]) -> None:
    async with AsyncOrdersConsumer(config, group_id="billing") as orders:
        await orders.run(handle_async)
        await orders.run(wrong_async)  # error: another topic's messages
        await orders.run(handle)  # error: it cannot be awaited
        await orders.run_batches(store, max_records=10)
        await orders.run_batches(handle_async)  # error: one message at a time
        async for message in orders:
            assert_type(message, Message[str, Order | Moved])
        async with AsyncOrdersProducer({**config, "transactional.id": "me"}) as moved:
            await orders.run_transactional(handle_async, moved)
            await orders.run_transactional(wrong_async, moved)  # error: another topic's messages


assert_type(ORDERS.name, str)
"""

EXPECTED = [number for number, line in enumerate(SERVICE.split("\n"), 1) if "# error: " in line]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package and a service that uses and misuses it."""
    folder = tmp_path_factory.mktemp("service")
    schemas = write_schemas(
        folder / "schemas",
        {"all.avsc": [*SCHEMAS["all.avsc"], MOVED], "avrogen.toml": SERVICE_TOPICS},
    )
    result = run_avrogen("build", schemas, "-o", folder / "pkg")
    assert result.exit_code == 0, result.stderr
    (folder / "service.py").write_text(SERVICE)
    return folder


@pytest.mark.xdist_group("topic types")
def test_mypy_finds_the_mistakes_of_a_service_and_no_others(service: Path) -> None:
    run = checked(service, "mypy", "--strict", "--output", "json", "service.py", "pkg")
    found = [json.loads(line) for line in run.stdout.splitlines()]
    wrong = {(f["file"], f["line"]) for f in found if f["severity"] == "error"}
    assert sorted(wrong) == [("service.py", number) for number in EXPECTED], run.stdout


@pytest.mark.xdist_group("topic types")
def test_pyright_finds_the_mistakes_of_a_service_and_no_others(service: Path) -> None:
    settings = {"include": ["."], "typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (service / "pyrightconfig.json").write_text(json.dumps(settings))
    run = checked(service, "pyright", "--outputjson", "--pythonpath", sys.executable)
    found = json.loads(run.stdout)["generalDiagnostics"]
    wrong = {(Path(f["file"]).name, f["range"]["start"]["line"] + 1) for f in found}
    assert sorted(wrong) == [("service.py", number) for number in EXPECTED], run.stdout


def checked(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a type checker in a folder."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
