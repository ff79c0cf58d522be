"""The parser's verdicts, canonical forms and fingerprints on cases from other implementations."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from avrogen.avro.canonical import canonical_form
from avrogen.avro.diagnostics import Severity
from avrogen.avro.fingerprint import crc64_avro, fingerprint
from avrogen.avro.parser import Parsed, parse_schema, parse_sources
from avrogen.avro.source import Source
from tests.shared import conformance, schema_text

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
    cases = [case for case in conformance(name) if expected(case) is not None]
    wrong = [case["id"] for case in cases if is_valid(parsed(case)) != expected(case)]
    record_property("cases", len(cases))
    assert wrong == []


@pytest.mark.parametrize("name", ["schemas", "schemas_context", "type_name_shadow"])
def test_contested_cases_end_in_a_verdict(name: str) -> None:
    for case in conformance(name):
        for diagnostic in parsed(case).diagnostics:
            assert diagnostic.location.line >= 1
            assert diagnostic.message


def test_canonical_forms_and_fingerprints() -> None:
    wrong = [message for case in conformance("canonical") for message in differences(case)]
    assert wrong == []


def differences(case: Case) -> Iterator[str]:
    result = parsed(case)
    if not is_valid(result):
        if case.get("valid", True) is not None:
            yield f"{case['id']} is refused: {result.diagnostics[0]}"
        return
    form = canonical_form(result.roots[0].type, result.types)
    data = form.encode()
    found = {
        "canonical": form,
        "fingerprint64": str(int.from_bytes(crc64_avro(data).to_bytes(8), signed=True)),
        "crc64_le_hex": fingerprint(form).hex(),
        "md5": fingerprint(form, "md5").hex(),
        "sha256": fingerprint(form, "sha256").hex(),
    }
    for key, value in found.items():
        if case.get(key) is not None and value != case[key]:
            yield f"{case['id']}: {key} is {value}, not {case[key]}"
