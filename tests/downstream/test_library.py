"""A library that generates its package at build time, by hatchling and by setuptools."""

from __future__ import annotations

import functools
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.conftest import ROOT
from tests.support.distributions import DISTRIBUTED, Environment, NewEnvironment, Run

pytestmark = DISTRIBUTED

LIBRARY = Path(__file__).parent / "library"
Changes: TypeAlias = Mapping[str, tuple[str, str]]
BACKENDS = ("hatchling", "setuptools")
PIP = ("-m", "pip", "install", "--no-build-isolation", "--no-deps")
OUT = "src/acme_billing/events"
SCHEMAS = {
    "schemas/avrogen.toml",
    "schemas/billing/invoice_issued.avsc",
    "schemas/billing/invoice_item.avsc",
}
PACKAGE = {
    "__init__.py",
    "com/__init__.py",
    "com/acme/__init__.py",
    "com/acme/billing/__init__.py",
    "com/acme/billing/_invoice_issued.py",
    "com/acme/billing/_invoice_item.py",
    "py.typed",
    "topics/__init__.py",
    "topics/_invoices.py",
}

USE = """
import importlib.util, sys
for name in ("black", "click", "confluent_kafka", "jinja2"):
    assert importlib.util.find_spec(name) is None, name
from datetime import date
from decimal import Decimal
from acme_billing import InvoiceIssued, InvoiceItem, total
from acme_billing.events.topics import InvoicesConsumer, InvoicesProducer
item = InvoiceItem(text="Tea", amount=Decimal("3.20"))
invoice = InvoiceIssued(number="7", issued_on=date(2024, 2, 29), items=[item, item])
assert InvoiceIssued.from_avro(invoice.to_avro()) == invoice
print(total(invoice))
"""


def copy_library(folder: Path, backend: str, changes: Changes | None = None) -> Path:
    """The library, built by a backend, with some text in its files replaced."""
    ignore = shutil.ignore_patterns("pyproject.*.toml", "__pycache__")
    shutil.copytree(LIBRARY, folder, ignore=ignore)
    shutil.copy(LIBRARY / f"pyproject.{backend}.toml", folder / "pyproject.toml")
    for path, (old, new) in (changes or {}).items():
        replace(folder / path, old, new)
    return folder


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def contents(folder: Path) -> set[str]:
    """Files of a folder, but for those that tools leave in any."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in paths
        if not any(part.endswith((".egg-info", "__pycache__")) for part in path.parts)
    }


def build(builder: Environment, folder: Path, out: Path, *options: str) -> Run:
    """``python -m build``, at a time that is given, as whoever wants reproducible files does."""
    time = {"SOURCE_DATE_EPOCH": "1700000000"}
    return builder.run("-m", "build", *options, "--outdir", out, cwd=folder, **time)


def wheel_in(folder: Path) -> Path:
    (file,) = folder.glob("*.whl")
    return file


@dataclass(frozen=True, slots=True)
class Built:
    """A library and its distributions.

    Attributes:
        backend: what built it.
        folder: its source tree.
        before: files of the source tree before the build.
        distributions: where sdist and wheel are.
    """

    backend: str
    folder: Path
    before: set[str]
    distributions: Path


@pytest.fixture(scope="module")
def build_once(
    tmp_path_factory: pytest.TempPathFactory, builder: Environment
) -> Callable[[str], Built]:
    """Builds the library as its ``[build-system]`` says; the wheel is made from the sdist."""

    def build_it(backend: str) -> Built:
        folder = tmp_path_factory.mktemp("built")
        library = copy_library(folder / "library", backend)
        before = contents(library)
        made = build(builder, library, folder / "dist", "--installer", "uv")
        assert made.returncode == 0, made.stdout
        return Built(backend, library, before, folder / "dist")

    return functools.cache(build_it)


@pytest.fixture(params=BACKENDS)
def built(request: pytest.FixtureRequest, build_once: Callable[[str], Built]) -> Built:
    """The library, built by a backend."""
    return build_once(request.param)


def test_sdist_has_the_schemas_and_wheel_has_the_package(built: Built) -> None:
    (sdist,) = built.distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        sources = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert sources >= SCHEMAS
    assert not any(path.startswith(OUT) for path in sources)
    with zipfile.ZipFile(wheel_in(built.distributions)) as archive:
        modules = {name for name in archive.namelist() if ".dist-info/" not in name}
    generated = {f"acme_billing/events/{path}" for path in PACKAGE}
    assert modules == {"acme_billing/__init__.py", "acme_billing/py.typed", *generated}


def test_nothing_is_left_in_the_source_tree(built: Built) -> None:
    assert contents(built.folder) == built.before


def test_wheel_needs_nothing_but_base_avrogen(
    built: Built, new_environment: NewEnvironment, tmp_path: Path
) -> None:
    environment = new_environment(wheel_in(built.distributions))
    use = environment.run("-W", "error", "-c", USE, cwd=tmp_path)
    assert use.stdout == "6.40\n"


def test_wheel_is_the_same_whatever_older_builds_left(
    built: Built, builder: Environment, tmp_path: Path
) -> None:
    library = copy_library(tmp_path / "library", built.backend)
    with zipfile.ZipFile(wheel_in(built.distributions)) as archive:
        archive.extractall(library / "src")
    package = library / OUT
    shutil.copy(package / "com/acme/billing/_invoice_item.py", package / "com/acme/_gone.py")
    replace(package / "com/acme/billing/_invoice_item.py", "text: str", "text: int")
    made = build(builder, library, tmp_path / "dist", "--installer", "uv", "--wheel")
    assert made.returncode == 0, made.stdout
    again, first = wheel_in(tmp_path / "dist"), wheel_in(built.distributions)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_editable_installation(backend: str, builder: Environment, tmp_path: Path) -> None:
    """The package is in the source tree, where editors and type checkers look for it."""
    library = copy_library(tmp_path / "library", backend)
    editable = (*PIP, "--quiet", "--editable", ".")
    where = ("-c", "import acme_billing.events as e; print(e.__file__, *dir(e))")

    install = builder.run(*editable, cwd=library)
    assert install.returncode == 0, install.stdout
    shown = builder.run(*where, cwd=tmp_path).stdout.split()
    assert shown[0] == str(library / OUT / "__init__.py")
    assert "InvoiceItem" in shown

    for file in [*library.rglob("*.avsc"), library / "src/acme_billing/__init__.py"]:
        file.write_text(file.read_text("utf-8").replace("InvoiceItem", "InvoiceLine"), "utf-8")
    install = builder.run(*editable, cwd=library)
    assert install.returncode == 0, install.stdout
    shown = builder.run(*where, cwd=tmp_path).stdout.split()
    assert "InvoiceLine" in shown
    assert "InvoiceItem" not in shown


@pytest.mark.parametrize("backend", BACKENDS)
def test_library_without_a_line_by_hand(backend: str, builder: Environment, tmp_path: Path) -> None:
    """Neither backend finds such a package by itself in a fresh clone, where it is not yet.

    Its schemas are shared with other projects, through a symbolic link.
    """
    settings = {"pyproject.toml": (OUT, "src/acme_billing"), "MANIFEST.in": ("/events", "")}
    library = copy_library(tmp_path / "library", backend, settings)
    shutil.rmtree(library / "src")
    (library / "schemas").rename(tmp_path / "elsewhere")
    (library / "schemas").symlink_to("../elsewhere")
    made = build(builder, library, tmp_path / "dist", "--no-isolation")
    assert made.returncode == 0, made.stdout
    with zipfile.ZipFile(wheel_in(tmp_path / "dist")) as archive:
        modules = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert modules == {f"acme_billing/{path}" for path in PACKAGE}

    builder.install("--no-build-isolation", "--no-deps", "--editable", library)
    shown = builder.run("-c", "from acme_billing import InvoiceItem as I; print(I)", cwd=tmp_path)
    assert shown.stdout == "<class 'acme_billing.com.acme.billing._invoice_item.InvoiceItem'>\n"


# --- what users see -------------------------------------------------------------------------------

MISTAKES = {
    "schemas": (
        (*PIP, "."),
        {"schemas/billing/invoice_issued.avsc": ('"InvoiceItem"', '"InvoiceItm"')},
        'schemas/billing/invoice_issued.avsc:9:58: error[AVR203] unknown type "InvoiceItm"',
    ),
    "editable": (
        (*PIP, "--editable", "."),
        {"schemas/avrogen.toml": ("key =", "kay =")},
        'schemas/avrogen.toml:4:1: error[AVR602] unknown key "kay"',
    ),
    "settings": (
        ("-m", "build", "--no-isolation"),
        {"pyproject.toml": ("schemas =", "scemas =")},
        'pyproject.toml:12:1: error[AVR602] unknown key "scemas"',
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_shown_without_a_traceback(
    backend: str, mistake: str, builder: Environment, tmp_path: Path
) -> None:
    command, changes, diagnostic = MISTAKES[mistake]
    library = copy_library(tmp_path / "library", backend, changes)
    made = builder.run(*command, cwd=library)
    assert made.returncode == 1
    assert "avrogen: no package was generated" in made.stdout
    assert diagnostic in made.stdout
    assert "Traceback" not in made.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_warnings_are_shown_and_do_not_fail(
    backend: str, builder: Environment, tmp_path: Path
) -> None:
    text = '{"type": "string", "logicalType": "uid"}'
    changes = {"schemas/billing/invoice_item.avsc": ('"string"', text)}
    library = copy_library(tmp_path / "library", backend, changes)
    made = build(builder, library, tmp_path / "dist", "--no-isolation", "--wheel")
    assert made.returncode == 0, made.stdout
    assert "warning[AVR502]" in made.stdout


@pytest.fixture(scope="module")
def bare(new_environment: NewEnvironment) -> Environment:
    """An environment with backends and avrogen, but without the compiler."""
    return new_environment("avrogen", "build", "hatchling", "setuptools")


@pytest.mark.parametrize("backend", BACKENDS)
def test_whoever_needs_the_extra_is_told(backend: str, bare: Environment, tmp_path: Path) -> None:
    library = copy_library(tmp_path / "library", backend)
    made = build(bare, library, tmp_path / "dist", "--no-isolation", "--skip-dependency-check")
    assert made.returncode == 1
    assert 'add "avrogen[cli]" to "requires" of [build-system]' in made.stdout
    assert "Traceback" not in made.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_libraries_that_generate_nothing_are_built_as_ever(
    backend: str, bare: Environment, tmp_path: Path
) -> None:
    """Backends load the plugins of all that is installed."""
    library = copy_library(tmp_path / "library", backend)
    text = (library / "pyproject.toml").read_text("utf-8")
    (library / "pyproject.toml").write_text(text.partition("[tool.")[0], "utf-8")
    made = build(bare, library, tmp_path / "dist", "--no-isolation", "--skip-dependency-check")
    assert made.returncode == 0, made.stdout
    with zipfile.ZipFile(wheel_in(tmp_path / "dist")) as archive:
        assert "acme_billing/__init__.py" in archive.namelist()
        assert "acme_billing/events/__init__.py" not in archive.namelist()


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_page_shows_what_is_tested_here(backend: str) -> None:
    page = (ROOT / "docs/build-step.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert (LIBRARY / f"pyproject.{backend}.toml").read_text("utf-8") in blocks
