"""The parser's verdicts on cases from other implementations."""

from collections.abc import Callable
from typing import Any

import pytest

from avrogen.avro.diagnostics import Severity
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from tests.support.parsed_schema import parse_schema
from tests.support.shared import Tally, conformance, schema_text

Case = dict[str, Any]


def parsed(case: Case) -> Parsed:
    if "files" in case:
        files: dict[str, str] = dict(case["files"])
        return parse_sources([Source(name, text, name) for name, text in files.items()])
    return parse_schema(schema_text(case))


def is_valid(result: Parsed) -> bool:
    return not any(d.severity is Severity.ERROR for d in result.diagnostics)


def expected(case: Case) -> bool | None:
    """Named types called like complex types are legal, and their file has no verdicts."""
    if "expect" in case:
        return bool(case["expect"] == "resolves")
    verdict: bool | None = case.get("valid", True)
    return verdict


@pytest.mark.parametrize(
    "name", ["schemas", "schemas_context", "multifile", "type_name_shadow", "codegen_hazards"]
)
def test_validity(name: str, record_property: Callable[[str, object], None]) -> None:
    tally = Tally(f"{name}, compiled", record_property)
    for case in conformance(name):
        if expected(case) is None:
            tally.contested()
        elif is_valid(parsed(case)) is expected(case):
            tally.right()
        else:
            tally.wrong(case["id"], f"{expected(case)} is expected")
    tally.finish()


@pytest.mark.parametrize("name", ["schemas", "schemas_context", "type_name_shadow"])
def test_contested_cases_end_in_a_verdict(name: str) -> None:
    for case in conformance(name):
        for diagnostic in parsed(case).diagnostics:
            assert diagnostic.location.line >= 1
            assert diagnostic.message
