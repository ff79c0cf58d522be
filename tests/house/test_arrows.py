"""Who imports whom: the arrows between the parts of avrogen, and no way back."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product

import pytest

from tests.conftest import ROOT
from tests.house.modules import FACE, MODULES, PARTS, circles, part_of

BELOW: dict[str, set[str]] = {
    "errors": set(),
    "avro": {"errors"},
    "codec": {"avro"},
    "kafka": {"codec"},
    "runtime": {"kafka"},
    "examples": {"kafka"},
    "testing": {"runtime", "examples"},
    "config": {"avro"},
    "compiler": {"config"},
    "build_plugins": {"compiler"},
    "registry_sync": {"config", "compiler", "kafka"},
    "evolution": {"registry_sync"},
    "console": {"config", "kafka"},
    "dead_letters": {"console"},
    "catalogue": {"compiler", "examples", "evolution"},
    "lint": {"compiler"},
    "cli": {"evolution", "dead_letters", "catalogue", "lint"},
    "__main__": {"cli"},
}
"""The drawing of docs/architecture.md: a part may import these, and what is below them.

Nothing is above the test kit, so that product code imports none of it.
"""

TOOLS = {
    "exports",
    "extras",
    "fork_safety",
    "message_text",
    "registry_url",
    "regular_files",
    "version",
}
"""Modules at the top of the package that every part may import. They import errors at most."""

OF_THE_FACE = {"compiler", "catalogue", "cli"}
"""Parts that may import what ``avrogen`` exports, such as the version. It imports everything."""

EXCEPTIONS = {
    ("avrogen.errors", "avrogen.avro.compat.paths"): "type of ResolutionError's incompatibilities",
    ("avrogen.errors", "avrogen.avro.diagnostics"): "type of SchemaError's diagnostics",
    ("avrogen.config.config", "avrogen.kafka.topic"): "the subject name strategies",
    ("avrogen.config.topic_subjects", "avrogen.kafka.topic"): "the subject name strategies",
}
"""Imports against the drawing, each with its reason. The test of circles holds for them, too."""

LAZY_FACE = {
    f"avrogen.codec.{name}"
    for name in (
        "schema",
        "classes",
        "codec",
        "single_object",
        "compilation",
        "json_encoding.json_codec",
        "json_encoding.pydantic_schema",
        "container.data_file_reader",
        "container.data_file_writer",
        "container.file_header",
    )
}
"""The one circle: a schema makes its codec on first use, and a codec knows its schema."""

THIRD_PARTY = {
    # Inside functions: pydantic calls those; the extra "files"; modules of Python 3.14.
    "codec": {"annotationlib", "backports", "compression", "cramjam", "pydantic_core"},
    "compiler": {"black", "jinja2", "platformdirs"},
    "build_plugins": {"hatchling", "setuptools"},
    "catalogue": {"jinja2", "markdown_it", "markupsafe"},
    "cli": {"click", "watchfiles"},
    "kafka": {"confluent_kafka", "opentelemetry"},  # inside functions: see test_imports
    "console": {"confluent_kafka"},
    "dead_letters": {"confluent_kafka"},
    "testing": {"confluent_kafka", "fastavro", "hypothesis", "pytest"},
}


@cache
def below(part: str) -> frozenset[str]:
    """All parts that a part may import."""
    found = set(BELOW[part])
    for other in BELOW[part]:
        found |= below(other)
    return frozenset(found)


def may_import(part: str, target: str) -> bool:
    if target == part:
        return True
    if part == FACE:
        return target in TOOLS or target in below("runtime")
    if target == FACE:
        return part in OF_THE_FACE
    if part in TOOLS:
        return target == "errors"
    return target in TOOLS or target in below(part)


def drawn() -> Iterator[tuple[str, str]]:
    """The arrows of the drawing in docs/architecture.md: pairs of a part and one below it."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawing = page.split("## Who may import whom\n\n```text\n")[1].partition("```")[0]
    for line in drawing.splitlines():
        steps = [step.strip().split(", ") for step in line.split("<-")]
        for lower, upper in pairwise(steps):
            yield from product(upper, lower)


def test_the_drawing_is_the_table() -> None:
    table = {(part, other) for part, others in BELOW.items() for other in others}
    assert set(drawn()) == table - {("__main__", "cli")}


def test_every_part_has_its_place() -> None:
    assert {*BELOW, *TOOLS, FACE} >= set(PARTS)
    assert set(PARTS) >= {*BELOW, FACE}


@pytest.mark.parametrize("part", PARTS)
def test_imports_follow_the_arrows(part: str) -> None:
    wrong = [
        f"{module.name} imports {target}"
        for module in MODULES.values()
        if module.part == part
        for target in sorted(module.imports)
        if not may_import(part, part_of(target)) and (module.name, target) not in EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", PARTS)
def test_dependencies_are_those_of_the_extras(part: str) -> None:
    allowed = sys.stdlib_module_names | THIRD_PARTY.get(part, set())
    wrong = [
        f"{module.name} imports {name}"
        for module in MODULES.values()
        if module.part == part
        for name in sorted(module.third_party - allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_stale() -> None:
    """An exception that nobody needs any more goes."""
    stale = [
        " imports ".join(pair)
        for pair in EXCEPTIONS
        if pair[0] not in MODULES
        or pair[1] not in MODULES[pair[0]].imports
        or may_import(part_of(pair[0]), part_of(pair[1]))
    ]
    assert not stale, "\n".join(stale)


def test_there_is_one_circle() -> None:
    """No module reaches itself by imports, but for the codec's lazy face; types count as well."""
    others = [sorted(circle) for circle in circles() if circle != LAZY_FACE]
    assert not others, "\n\n".join("\n".join(circle) for circle in others)
    assert len(circles()) == 1


def test_only_the_command_line_prints() -> None:
    printing = [
        module.name
        for module in MODULES.values()
        if module.part != "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not printing, "\n".join(printing)
