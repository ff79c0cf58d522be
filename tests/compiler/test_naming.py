"""Names: valid, distinct, the same every time, and as near to Avro's as Python allows."""

import keyword
import random
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen.compiler import naming

SPECIAL = (
    "self mro name value to_avro _missing_ _ignore_ __members__ __class__ ___ _ class_ class__"
)
AVRO_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
AWKWARD = st.sampled_from([*keyword.kwlist, *keyword.softkwlist, *dir(str), *SPECIAL.split()])
NAME_LISTS = st.lists(AVRO_NAMES | AWKWARD, unique=True, max_size=12)


def is_usable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


@given(NAME_LISTS)
def test_attribute_names_are_distinct_and_not_mangled(fields: list[str]) -> None:
    names = naming.attribute_names(fields)
    assert list(names) == fields
    assert len(set(names.values())) == len(fields)
    assert all(map(is_usable, names.values()))
    assert not any(n.startswith("__") and not n.endswith("__") for n in names.values())
    assert not {"self", "to_avro", "from_avro"} & set(names.values())


@given(NAME_LISTS)
def test_member_names_make_an_enum_with_all_symbols(symbols: list[str]) -> None:
    names = naming.member_names(symbols)
    lines = [f"    {name} = {symbol!r}" for symbol, name in names.items()]
    namespace: dict[str, type[StrEnum]] = {"StrEnum": StrEnum}
    exec("\n".join(["class E(StrEnum):", *(lines or ["    pass"])]), namespace)
    assert [member.value for member in namespace["E"]] == symbols
    assert [member.name for member in namespace["E"]] == list(names.values())


@given(NAME_LISTS, st.randoms(use_true_random=False))
def test_the_order_of_types_does_not_matter(names: list[str], shuffle: random.Random) -> None:
    shuffled = list(names)
    shuffle.shuffle(shuffled)
    assert naming.class_names(sorted(names)) == naming.class_names(sorted(shuffled))
    assert naming.module_names(names) == naming.module_names(shuffled)


@given(NAME_LISTS)
def test_module_names_differ_without_regard_to_case(names: list[str]) -> None:
    modules = naming.module_names(names).values()
    assert len({module.lower() for module in modules}) == len(names)
    assert all(module.startswith("_") and not module.startswith("__") for module in modules)


@given(st.lists(st.lists(AVRO_NAMES | AWKWARD, min_size=1, max_size=4).map(".".join), max_size=8))
def test_packages_are_distinct_folders_everywhere(namespaces: list[str]) -> None:
    paths = naming.package_parts(namespaces)
    assert len({tuple(part.lower() for part in path) for path in paths.values()}) == len(paths)
    assert all(is_usable(part) for path in paths.values() for part in path)
    assert set(namespaces) <= set(paths)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["class", "class_"], ["class__", "class_"]),
        (["self", "from", "type", "match"], ["self_", "from_", "type", "match"]),
        (["__private", "__class__", "___"], ["private", "class__", "_"]),
        (["deleted", "__deleted", "_deleted"], ["deleted", "deleted_", "deleted__"]),
        (["_1", "2nd", "stop id", "@type"], ["field_1", "field_2nd", "stop_id", "type"]),
        (["a.b", "a-b", "", "$"], ["a_b", "a_b_", "field", "_"]),
        (["straße", "日付", "ﬁ", "e\u0301"], ["straße", "日付", "fi", "é"]),
        (["to_avro", "fooBar", "FOO_BAR"], ["to_avro_", "fooBar", "FOO_BAR"]),
    ],
)
def test_attribute_names(fields: list[str], expected: list[str]) -> None:
    assert list(naming.attribute_names(fields).values()) == expected


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        (["None", "mro", "name", "value"], ["None_", "mro_", "name_", "value_"]),
        (["_missing_", "__init__", "count"], ["missing_", "init__", "count_"]),
        (["_1", "__1"], ["symbol_1", "symbol_1_"]),
        (["_x", "__x", "x_"], ["x", "x__", "x_"]),
        (["Level", "_Level__x"], ["Level", "Level__x"]),
        (["A", "a", "ACTIVE"], ["A", "a", "ACTIVE"]),
    ],
)
def test_member_names(symbols: list[str], expected: list[str]) -> None:
    assert list(naming.member_names(symbols).values()) == expected


def test_packages_for_awkward_namespaces() -> None:
    paths = naming.package_parts(["nul.aux", "class", "__init__", "topics", "com.Acme", "com.acme"])
    assert paths["nul.aux"] == ("nul_", "aux_")
    assert paths["class"] == ("class_",)
    assert paths["__init__"] == ("init__",)
    assert paths["topics"] == ("topics_",)
    assert (paths["com.Acme"], paths["com.acme"]) == (("com", "Acme"), ("com", "acme_"))


def test_packages_yield_to_classes() -> None:
    """A nested type whose namespace is the full name of a class does not rename the class."""
    classes = {"com.acme": ["Order", "line"], "com.acme.Order": ["Order"]}
    paths = naming.package_parts(["com.acme.Order.Order", "com.acme.Line"], classes)
    assert paths["com.acme.Order"] == ("com", "acme", "Order_")
    assert paths["com.acme.Order.Order"] == ("com", "acme", "Order_", "Order_")
    assert paths["com.acme.Line"] == ("com", "acme", "Line")


def test_packages_of_namespaces_that_avro_does_not_allow() -> None:
    namespaces = [".visits", "visits", "com.app.Parent-0", "com.acme.", "org.Outer$", "de.größe"]
    paths = naming.package_parts([*namespaces, "0.1"])
    assert paths[".visits"] == ("visits",)
    assert paths["visits"] == ("visits_",)
    assert paths["com.app.Parent-0"] == ("com", "app", "Parent_0")
    assert paths["com.acme."] == ("com", "acme", "ns")
    assert paths["org.Outer$"] == ("org", "Outer_")
    assert paths["de.größe"] == ("de", "grou00dfe")
    assert paths["0.1"] == ("ns_0", "ns_1")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("orderId", "order_id"),
        ("userIDs", "user_ids"),
        ("HTTPStatus2", "http_status2"),
        ("METADATA_ACTION", "metadata_action"),
        ("SYS_NC00008", "sys_nc00008"),
        ("__sourceTsMs", "source_ts_ms"),
        ("Stop ID", "stop_id"),
        ("kebab-Case", "kebab_case"),
        ("_1", "field_1"),
        ("plain", "plain"),
    ],
)
def test_snake_case_of_fields(field: str, expected: str) -> None:
    assert naming.snake_case_attribute(field) == expected


def test_names_that_are_chosen_come_first() -> None:
    names = naming.attribute_names(["id", "orderId"], chosen={"orderId": "id"})
    assert names == {"id": "id_", "orderId": "id"}


def test_long_names_fit_into_file_systems() -> None:
    modules = naming.module_names(["X" * 300, "X" * 301])
    assert len(set(modules.values())) == 2
    assert all(len(module) < 150 for module in modules.values())


@pytest.mark.parametrize("text", ["a b", "1a", "class", "e\u0301", "", "x; import os"])
def test_a_name_is_proven_to_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="not a Python name"):
        naming.AttributeName(text)


def test_names_of_topics() -> None:
    names = naming.topic_names(["Orders", "HTTPEvents2", "lower"])
    assert names["Orders"].all() == (
        "ORDERS",
        "OrdersValue",
        "OrdersMessage",
        "OrdersProducer",
        "OrdersConsumer",
        "AsyncOrdersProducer",
        "AsyncOrdersConsumer",
    )
    assert names["HTTPEvents2"].declaration == "HTTP_EVENTS2"
    assert names["lower"].producer == "lowerProducer"


def test_names_of_topics_are_distinct() -> None:
    """Whatever the order in which they are configured."""
    prefixes = ["Orders", "AsyncOrders", "ORDERS", "orders", "OrdersProducer"]
    names = naming.topic_names(prefixes)
    assert names == naming.topic_names(reversed(prefixes))
    given = [name for prefix in prefixes for name in names[prefix].all()]
    assert len(given) == len(set(given)) == 35
    assert names["ORDERS"].declaration == "ORDERS"
    assert names["Orders"].declaration == "ORDERS_"
    assert names["AsyncOrders"].producer == "AsyncOrdersProducer"
    assert names["Orders"].async_producer == "AsyncOrdersProducer_"
