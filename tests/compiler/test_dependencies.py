"""Types of other packages: three libraries, each a wheel built with those before it installed."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from avrogen import Schema, SchemaError
from avrogen.avro.differences import meaning_fingerprint
from avrogen.compiler import dependencies
from avrogen.testing import EmbeddedKafka, example
from tests.conftest import Schemas, forget, run_avrogen, run_python, write_schemas

CURRENCY = {"type": "enum", "name": "Currency", "symbols": ["EUR", "None"]}
MONEY: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.base.Money",
    "fields": [
        {"name": "cents", "type": "long"},
        {"name": "currency", "type": CURRENCY, "default": "None"},
    ],
}
ID = {"type": "fixed", "name": "com.acme.base.Id", "size": 16, "logicalType": "uuid"}
CARD: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.common.Card",
    "doc": "A card.",
    "fields": [
        {"name": "limit", "type": "com.acme.base.Money"},
        {"name": "class", "type": "int", "default": 1},
    ],
}
TAG: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.common.Tag",
    "fields": [{"name": "class", "type": "string", "default": ""}],
}
SHIPPED: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.common.Shipped",
    "fields": [{"name": "order", "type": "com.acme.base.Id"}],
}
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "com.acme.shop.Order",
    "fields": [
        {"name": "id", "type": "com.acme.base.Id"},
        {"name": "card", "type": ["null", "com.acme.common.Card"], "default": None},
        {"name": "tag", "type": "com.acme.common.Tag", "default": {"class": "new"}},
        {"name": "currency", "type": "com.acme.base.Currency", "default": "None"},
    ],
}
TOPIC = """
[topics.orders]
value = ["com.acme.shop.Order", "com.acme.common.Shipped"]
key = "string"
"""
FROM_COMMON = '[packages]\n"acme_common.events" = ["com.acme.common.*"]\n'
LIBRARIES: dict[str, Schemas] = {
    "acme_base": {"money.avsc": MONEY, "id.avsc": ID},
    "acme_common/events": {
        "card.avsc": CARD,
        "tag.avsc": TAG,
        "shipped.avsc": SHIPPED,
        "avrogen.toml": '[packages]\nacme_base = "com.acme.base.*"\n',
    },
    "acme_shop": {
        "order.avsc": ORDER,
        "any.avsc": ["com.acme.shop.Order", "com.acme.common.Card"],
        "avrogen.toml": FROM_COMMON + TOPIC,
    },
}
"""Schemas by the package. The second is inside of a package that is written by hand."""

PROJECT = """
[build-system]
requires = ["hatchling", "avrogen[build]"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"

[tool.hatch.build.targets.wheel]
packages = ["src/{top}"]

[tool.hatch.build.hooks.avrogen]
schemas = ["schemas"]
out = "src/{package}"
"""
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
NOT_EXECUTED = "raise SystemExit('code of another package was executed')\n"


def install(package: str, schemas: Schemas, folder: Path, version: str = "1.0") -> None:
    """Build a wheel of a library, and unpack it where the others are.

    Args:
        package: path of the package.
        schemas: its schemas.
        folder: has the projects, and ``site`` with what is installed.
        version: version of the distribution.
    """
    top = package.partition("/")[0]
    name = top.replace("_", "-")
    project, site = folder / f"{name}-{version}", folder / "site"
    text = PROJECT.format(name=name, version=version, top=top, package=package)
    write_schemas(project, {"pyproject.toml": text, f"src/{top}/__init__.py": ""})
    write_schemas(project / "schemas", schemas)
    if top == package:
        shutil.rmtree(project / "src" / top)
    built = run_python("-c", BUILD, project / "dist", cwd=project, PYTHONPATH=str(site))
    assert built.returncode == 0, built.stderr
    for old in site.glob(f"{top}*"):
        shutil.rmtree(old)
    (wheel,) = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three libraries, installed in ``site``."""
    folder = tmp_path_factory.mktemp("libraries")
    (folder / "site").mkdir()
    for package, schemas in LIBRARIES.items():
        install(package, schemas, folder)
    return folder


@pytest.fixture
def site(libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of what is installed, from which imports come."""
    copy = tmp_path / "site"
    shutil.copytree(libraries / "site", copy)
    monkeypatch.syspath_prepend(str(copy))  # pyright: ignore[reportUnknownMemberType]
    importlib.invalidate_caches()
    yield copy
    for package in ("acme_base", "acme_common", "acme_shop", "built"):
        forget(package)


def imports(module: str) -> Any:
    return importlib.import_module(module)


def build(tmp_path: Path, site: Path, schemas: Schemas) -> Any:
    folder = write_schemas(tmp_path / "schemas", schemas)
    return run_avrogen("build", folder, "-o", site / "built")


def order() -> Any:
    """An order with parts of all three libraries."""
    base, common = imports("acme_base.com.acme.base"), imports("acme_common.events")
    money = base.Money(cents=5, currency=base.Currency.EUR)
    id_ = base.id.from_avro(bytes(range(16)))
    return imports("acme_shop").Order(id=id_, card=common.Card(limit=money, class_=2))


def test_each_type_exists_once(site: Path) -> None:
    assert [path.name for path in sorted((site / "acme_shop/com/acme").iterdir())] == [
        "__init__.py",
        "shop",
    ]
    value = order()
    shop, common = imports("acme_shop"), imports("acme_common.events.com.acme.common")
    read = shop.Order.from_avro(value.to_avro())
    assert read == value
    assert type(read.card) is common.Card
    assert type(read.card.limit) is imports("acme_base").Money
    assert read.tag == common.Tag(class_="new")
    assert read.currency is imports("acme_base").Currency.None_
    assert shop.any.from_avro(shop.any.to_avro(value.card)) == value.card


def test_schemas_are_whole(site: Path) -> None:
    text = str(imports("acme_shop").Order.__avro_schema__)
    schema = Schema.parse(text)
    assert set(schema.types) == {
        "com.acme.shop.Order",
        "com.acme.base.Id",
        "com.acme.common.Card",
        "com.acme.base.Money",
        "com.acme.base.Currency",
        "com.acme.common.Tag",
    }
    assert schema.to_avro(schema.from_avro(order().to_avro())) == order().to_avro()


def test_type_checkers_follow_the_imports(site: Path, tmp_path: Path) -> None:
    use = tmp_path / "use.py"
    use.write_text(
        "from acme_base import Money\n"
        "from acme_shop import Order\n"
        "def limit(order: Order) -> Money | None:\n"
        "    return order.card.limit if order.card else None\n"
        "def wrong(order: Order) -> int:\n"
        "    return order.tag.class_\n",
        "utf-8",
    )
    options = ("--strict", "--cache-dir", tmp_path / "mypy", "--no-error-summary", "--no-pretty")
    ran = run_python("-m", "mypy", *options, use, cwd=site, PYTHONWARNINGS="")
    errors = [line.partition("error: ")[2] for line in ran.stdout.splitlines() if "error:" in line]
    assert errors == ['Incompatible return value type (got "str", expected "int")  [return-value]']


def test_packages_are_found_as_imports_find_them(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In folders without a package around them, and by finders of editable installations."""

    moved = tmp_path / "moved"

    class Finder:
        """The finder of an editable installation."""

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            folder = {"acme_linked": tmp_path / "src", "acme_linked.events": moved}.get(name)
            if folder is None:
                return None
            file = folder / "__init__.py"
            return spec_from_file_location(name, file, submodule_search_locations=[str(folder)])

    parts = tmp_path / "one", tmp_path / "two"
    for part in parts:
        write_schemas(part, {"acme_parts/x/readme.txt": ""})
        monkeypatch.syspath_prepend(str(part))  # pyright: ignore[reportUnknownMemberType]
    shutil.move(site / "acme_base", parts[0] / "acme_parts/x/base")
    shutil.move(site / "acme_common/events", moved)
    write_schemas(tmp_path / "src", {"__init__.py": NOT_EXECUTED})
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    importlib.invalidate_caches()
    money = {"type": "array", "items": "com.acme.base.Money"}
    config = '[packages]\n"acme_parts.x.base" = "com.acme.base.*"\n'
    result = build(tmp_path, site, {"a.avsc": money, "avrogen.toml": config})
    assert result.exit_code == 0, result.stderr
    assert "from acme_parts.x.base.com.acme.base import Money" in text_of(site / "built/_a.py")
    tag = {"type": "array", "items": "com.acme.common.Tag"}
    config = '[packages]\n"acme_linked.events" = "com.acme.common.Tag"\n'
    result = build(tmp_path, site, {"a.avsc": tag, "avrogen.toml": config})
    assert result.exit_code == 0, result.stderr
    assert "from acme_linked.events.com.acme.common import Tag" in text_of(site / "built/_a.py")


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def test_topics_and_the_test_kit(site: Path, avrogen_kafka: EmbeddedKafka) -> None:
    topics = imports("acme_shop.topics")
    shipped = example(imports("acme_common.events").Shipped)
    with avrogen_kafka.producer(topics.OrdersProducer) as producer:
        producer.send(order(), key="a")
        producer.send(shipped, key="b")
    received = [message.value for message in avrogen_kafka.messages(topics.ORDERS)]
    assert received == [order(), shipped]
    assert type(example(imports("acme_shop").Order).tag) is imports("acme_common.events").Tag


def test_nothing_is_executed(tmp_path: Path, site: Path) -> None:
    for module in [*site.glob("acme_base/**/*.py"), *site.glob("acme_common/**/*.py")]:
        module.write_text(module.read_text("utf-8") + NOT_EXECUTED, "utf-8")
    assert build(tmp_path, site, LIBRARIES["acme_shop"]).exit_code == 0
    assert not {"acme_base", "acme_common"} & sys.modules.keys()


def test_commands(tmp_path: Path, site: Path, avrogen_kafka: EmbeddedKafka) -> None:
    folder = write_schemas(tmp_path / "schemas", LIBRARIES["acme_shop"])
    result = run_avrogen("build", folder, "-o", site / "acme_shop", "--check")
    assert (result.exit_code, result.stderr) == (0, "")
    for against in (folder, site / "acme_shop"):
        result = run_avrogen("check", folder, "--against", against)
        assert (result.exit_code, result.stderr) == (0, "")
    result = run_avrogen("docs", folder, "-o", tmp_path / "docs")
    assert result.exit_code == 0, result.stderr
    (page,) = (tmp_path / "docs").rglob("*common.Card.html")
    text = page.read_text("utf-8")
    assert "from acme_common.events.com.acme.common import Card" in text
    url = avrogen_kafka.registry.url
    for command in ("register", "status"):
        result = run_avrogen("registry", command, folder, "--url", url)
        assert result.exit_code == 0, result.output
    assert "2 in step" in result.stdout
    result = run_avrogen("check", folder, "--against", url)
    assert result.stdout == f"against {url}: 2 unchanged\n"
    # A pull writes copies, which have to equal the types of the packages.
    pull = ("registry", "pull", "orders-com.acme.shop.Order", "-o", folder, "--url", url)
    for _ in range(2):
        result = run_avrogen(*pull)
        assert result.exit_code == 0, result.output
    assert (folder / "com/acme/common/Card.avsc").is_file()
    result = run_avrogen("build", folder, "-o", site / "acme_shop", "--check")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_type_that_moved_to_another_package_is_no_change(tmp_path: Path, site: Path) -> None:
    files: Schemas = {"order.avsc": ORDER, "card.avsc": CARD, "tag.avsc": TAG, "money.avsc": MONEY}
    before = write_schemas(tmp_path / "before", {**files, "id.avsc": ID})
    after = write_schemas(tmp_path / "after", {"order.avsc": ORDER, "avrogen.toml": FROM_COMMON})
    result = run_avrogen("check", after, "--against", before)
    assert (result.exit_code, result.stderr) == (0, "")


# --- copies ---------------------------------------------------------------------------------------


def test_equal_copies_are_the_type_of_the_package(tmp_path: Path, site: Path) -> None:
    copy = {
        **CARD,
        "doc": "Another text.",
        "fields": [{"name": "limit", "type": MONEY}, *CARD["fields"][1:]],
    }
    result = build(tmp_path, site, {**LIBRARIES["acme_shop"], "card.avsc": copy})
    assert result.exit_code == 0
    assert "warning[AVR517] definitions of com.acme.common.Card differ in docs" in result.stderr
    assert not list((site / "built").rglob("_card.py"))
    assert imports("built.com.acme.shop").Order.__avro_schema__ == (
        imports("acme_shop").Order.__avro_schema__
    )


def test_another_definition_is_an_error(tmp_path: Path, site: Path) -> None:
    copy = {**CARD, "fields": CARD["fields"][:1]}
    result = build(tmp_path, site, {**LIBRARIES["acme_shop"], "card.avsc": copy})
    assert result.exit_code == 1
    message, hint = result.stderr.replace(f"{tmp_path.as_posix()}/", "").splitlines()
    assert message.startswith("schemas/card.avsc:1:")
    assert message.endswith(
        'error[AVR204] conflicting definitions of com.acme.common.Card: field "class" is only there'
    )
    module = "site/acme_common/events/com/acme/common/_card.py"
    lines = (tmp_path / module).read_text("utf-8").splitlines()
    (line,) = (n for n, text in enumerate(lines, 1) if '"name": "Card"' in text)
    assert hint.startswith(f"  hint: the other definition is at {module}:{line}:9")


def test_types_that_the_package_lacks_are_generated(tmp_path: Path, site: Path) -> None:
    own = {"type": "record", "name": "com.acme.common.Own", "fields": CARD["fields"][:1]}
    result = build(tmp_path, site, {**LIBRARIES["acme_shop"], "own.avsc": own})
    assert result.exit_code == 0
    assert (site / "built/com/acme/common/_own.py").is_file()


# --- skew -----------------------------------------------------------------------------------------


def renewed(libraries: Path, tmp_path: Path, package: str, schemas: Schemas) -> Path:
    """The folder of the libraries, with another version of one."""
    folder = tmp_path / "renewed"
    shutil.copytree(libraries / "site", folder / "site")
    install(package, {**LIBRARIES[package], **schemas}, folder, "2.0")
    return folder / "site"


@pytest.mark.parametrize(
    ("package", "file", "change", "name"),
    [
        ("acme_common/events", "tag.avsc", {**TAG, "aliases": ["Label"]}, "com.acme.common.Tag"),
        (
            "acme_base",
            "money.avsc",
            {**MONEY, "fields": [MONEY["fields"][0], {**MONEY["fields"][1], "default": "EUR"}]},
            "com.acme.common.Card",
        ),
    ],
)
def test_skew_is_refused_at_first_use(
    libraries: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    file: str,
    change: Any,
    name: str,
) -> None:
    site = renewed(libraries, tmp_path, package, {file: change})
    code = (
        "from avrogen import SchemaError\n"
        "from acme_shop import Order\n"
        "for _ in range(2):\n"
        "    try: Order.from_avro(b'')\n"
        "    except SchemaError as error: print(error)\n"
    )
    ran = run_python("-c", code, PYTHONPATH=str(site))
    assert ran.returncode == 0, ran.stderr
    top = package.partition("/")[0]
    first, *rest = ran.stdout.splitlines()
    assert "error[AVR617]" in first
    assert "is defined differently in the installed package" in first
    if top == "acme_common":
        assert f"{name}, or a type in it, is" in first
        assert "(acme-common 2.0)" in first
    assert "generate it again" in rest[0]
    assert len([line for line in (first, *rest) if "AVR617" in line]) == 2


def test_a_topic_of_another_definition_is_refused(libraries: Path, tmp_path: Path) -> None:
    fields = [*SHIPPED["fields"], {"name": "by", "type": "string", "default": ""}]
    schemas: Schemas = {"shipped.avsc": {**SHIPPED, "fields": fields}}
    site = renewed(libraries, tmp_path, "acme_common/events", schemas)
    ran = run_python("-c", "from acme_shop.topics import OrdersProducer", PYTHONPATH=str(site))
    assert ran.returncode == 1
    assert "SchemaError" in ran.stderr
    assert "com.acme.common.Shipped, or a type in it, is defined differently" in ran.stderr


def test_other_docs_and_other_types_are_no_skew(libraries: Path, tmp_path: Path) -> None:
    schemas: Schemas = {
        "card.avsc": {**CARD, "doc": "Other docs."},
        "more.avsc": {"type": "fixed", "name": "com.acme.common.More", "size": 1},
    }
    site = renewed(libraries, tmp_path, "acme_common/events", schemas)
    code = (
        "from acme_shop import Order; from acme_shop.topics import ORDERS\n"
        "print(*Order.__avro_schema__.types)"
    )
    ran = run_python("-c", code, PYTHONPATH=str(site))
    assert ran.returncode == 0, ran.stderr
    assert "com.acme.common.Card" in ran.stdout


def test_fingerprints_are_those_of_every_version() -> None:
    """Packages that were generated contain them."""
    types = Schema.parse(json.dumps(MONEY)).types
    assert meaning_fingerprint("com.acme.base.Money", types) == "a0a7d06cc9bdd5c4"


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packages", "problem"),
    [
        ('"acme_lost.events" = "a.*"', "package acme_lost.events is not installed"),
        ('"acme_common.lost" = "a.*"', "package acme_common.lost is not installed"),
        ('"json" = "a.*"', "package json was not generated by avrogen"),
        (
            '"acme_common" = "com.acme.common.*"',
            "package acme_common was not generated by avrogen\n"
            '  hint: did you mean "acme_common.events"?',
        ),
        (
            '"acme_common.events.com" = "com.acme.common.*"',
            "package acme_common.events.com was not generated by avrogen",
        ),
        (
            '"acme_common.events" = "com.acme.comon.*"',
            "acme_common.events has no type com.acme.comon.*\n"
            "  hint: did you mean com.acme.common?",
        ),
        (
            '"acme_common.events" = ["com.acme.common.*", "com.acme.common.Crad"]',
            "acme_common.events has no type com.acme.common.Crad\n"
            "  hint: did you mean com.acme.common.Card?",
        ),
        ('"acme-common" = "a.*"', '"acme-common" is not the import path of a package'),
        ('"class.events" = "a.*"', '"class.events" is not the import path of a package'),
        (
            '"acme_common.events" = "com.*.Card"',
            '"acme_common.events" must be a list of full names',
        ),
        ('"acme_common.events" = []', '"acme_common.events" must be a list of full names'),
    ],
)
def test_mistakes(tmp_path: Path, site: Path, packages: str, problem: str) -> None:
    own = {"type": "fixed", "name": "Own", "size": 1}
    result = build(tmp_path, site, {"own.avsc": own, "avrogen.toml": f"[packages]\n{packages}\n"})
    assert result.exit_code == 1
    assert problem in result.stderr
    assert "avrogen.toml:2:" in result.stderr


def test_one_type_in_two_packages(tmp_path: Path, site: Path) -> None:
    copies = write_schemas(tmp_path / "copies", {"money.avsc": MONEY})
    assert run_avrogen("build", copies, "-o", site / "acme_copies").exit_code == 0
    config = f'{FROM_COMMON}acme_copies = "com.acme.base.*"\n'
    result = build(tmp_path, site, {"order.avsc": ORDER, "avrogen.toml": config})
    assert result.exit_code == 1
    assert "com.acme.base.Money is a type of acme_base and of acme_copies" in result.stderr


def test_unknown_types_have_near_names_of_packages(tmp_path: Path, site: Path) -> None:
    order = {**ORDER, "fields": [{"name": "card", "type": "com.acme.common.Crad"}]}
    result = build(tmp_path, site, {"order.avsc": order, "avrogen.toml": FROM_COMMON})
    assert 'error[AVR203] unknown type "com.acme.common.Crad"' in result.stderr
    assert "did you mean com.acme.common.Card" in result.stderr


def test_skew_of_a_class_is_an_error_of_schemas(site: Path) -> None:
    from avrogen.runtime.v1 import imported

    card = imports("acme_common.events").Card
    with pytest.raises(SchemaError, match="Card, or a type in it"):
        imported(card, "0" * 16)


def test_chains_of_types_are_read_once(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All types of a package may refer to each other."""
    count = 60
    schemas: Schemas = {
        f"t{n}.avsc": {
            "type": "record",
            "name": f"chain.T{n}",
            "fields": [{"name": "next", "type": ["null", f"chain.T{n - 1}"] if n else "null"}],
        }
        for n in range(count)
    }
    folder = write_schemas(tmp_path / "chain", schemas)
    assert run_avrogen("build", folder, "-o", site / "acme_chain").exit_code == 0
    looked_up: list[str] = []
    reader: Any = vars(dependencies)["_Reading"]
    types_of = reader._types

    def counted(reading: Any, package: str) -> Any:
        looked_up.append(package)
        return types_of(reading, package)

    monkeypatch.setattr(reader, "_types", counted)
    result = build(
        tmp_path,
        site,
        {
            "a.avsc": {"type": "array", "items": f"chain.T{count - 1}"},
            "avrogen.toml": '[packages]\nacme_chain = "chain.*"\n',
        },
    )
    assert result.exit_code == 0, result.stderr
    assert len(looked_up) < 10 * count
