"""What holds for any two versions of any schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from avrogen import Schema
from avrogen.avro.compat.change_finder import value_changes
from avrogen.avro.compat.checker import incompatibilities
from avrogen.avro.compat.levels import Direction, Level, Version, violations
from avrogen.avro.compat.root_causes import RootCauses
from avrogen.avro.diagnostics import Severity
from avrogen.avro.parser import Parsed
from avrogen.evolution.comparison import Comparisons, compare_units
from avrogen.evolution.findings import breaking_change_findings, value_change_findings
from avrogen.evolution.matching import match
from avrogen.evolution.removals import removals
from avrogen.evolution.snapshot import Snapshot
from avrogen.evolution.units import units
from tests.support.parsed_schema import parse_schema
from tests.support.strategies import Case, cases, schemas

TYPES: list[Any] = [
    "null",
    "int",
    "long",
    "double",
    "bytes",
    "string",
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
    ["null", "string"],
]


@st.composite
def changed(draw: DrawFn, schema: Any) -> Any:
    """Another version of a schema, valid or not."""
    schema = copy.deepcopy(schema)
    for _ in range(draw(st.integers(0, 3))):
        nodes = list(_nodes(schema))
        if nodes:
            _change(draw, draw(st.sampled_from(nodes)))
    return schema


def _nodes(schema: Any) -> Iterator[Any]:
    """Definitions, fields, unions, arrays and maps."""
    if isinstance(schema, list | dict):
        yield schema
        for inner in _inside(schema):
            yield from _nodes(inner)


def _is_list(node: object) -> bool:
    return isinstance(node, list)


def _inside(schema: Any) -> list[Any]:
    if _is_list(schema):
        return [*schema]
    parts = [schema.get(key) for key in ("type", "items", "values")]
    return [*parts, *schema.get("fields", ())]


def _change(draw: DrawFn, node: Any) -> None:
    coin = draw(st.booleans())
    another_type = copy.deepcopy(draw(st.sampled_from(TYPES)))
    if _is_list(node):
        _change_list(draw, node, another_type)
        return
    match draw(st.sampled_from([key for key in _CHANGES if key in node] or ["doc"])):
        case "fields" if coin:
            _change_list(draw, node["fields"], None)
        case "fields":
            default = draw(st.sampled_from([{}, {"default": None}]))
            node["fields"].insert(0, {"name": "added", "type": ["null", "int"], **default})
        case "symbols":
            _change_list(draw, node["symbols"], "ADDED")
        case "size":
            node["size"] += 1
        case "name":
            node["name"] += "Two"
        case "aliases" | "default" as key:
            del node[key]
        case "items" | "values" as key:
            node[key] = another_type
        case "type" if isinstance(node["type"], str) and "name" in node and "fields" not in node:
            node["type"] = another_type
        case _:
            node["doc"] = "changed"


def _change_list(draw: DrawFn, items: list[Any], another: Any) -> None:
    """One item less, or another one."""
    if items and (another is None or draw(st.booleans())):
        del items[draw(st.integers(0, len(items) - 1))]
    elif another is not None:
        items.append(another)


_CHANGES = ("fields", "symbols", "size", "name", "aliases", "default", "items", "values", "type")


def parsed(schema: Any) -> Parsed:
    """The schema, if it is valid."""
    found = parse_schema(json.dumps(schema), "a.avsc")
    assume(not any(d.severity is Severity.ERROR for d in found.diagnostics))
    return found


def version(found: Parsed) -> Version:
    return Version(found.roots[0].type, found.types)


def compared(old: Parsed, new: Parsed, level: Level) -> Comparisons:
    before, now = Snapshot("old", old), Snapshot("new", new)
    return compare_units(units(before, now, match(old, new), level))


QUICK = settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])


@QUICK
@given(st.data())
def test_there_is_a_cause_for_what_java_finds_and_for_nothing_else(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    old, new = version(parsed(schema)), version(parsed(data.draw(changed(schema))))
    for reader, writer in ((old, new), (new, old)):
        found = incompatibilities(reader.type, reader.types, writer.type, writer.types)
        causes = list(RootCauses(reader.types, writer.types).between(reader.type, writer.type))
        assert bool(found) == bool(causes)
        assert len({cause.key for cause in causes}) == len(causes)


@QUICK
@given(st.data(), st.sampled_from(Level))
def test_what_is_incompatible_is_what_an_error_names(data: st.DataObject, level: Level) -> None:
    schema = data.draw(schemas())
    old, new = parsed(schema), parsed(data.draw(changed(schema)))
    comparisons = compared(old, new, level)
    findings = list(breaking_change_findings(comparisons.breaking_changes))
    broken = {o.unit.title for o in comparisons.results if not o.is_compatible}
    assert {title for finding in findings for title in finding.affected} == broken
    for outcome in comparisons.results:
        unit = outcome.unit
        breached = any(violations(unit.new, [p.version for p in unit.previous], unit.level))
        assert breached == (not outcome.is_compatible)
    for finding in (*findings, *value_change_findings(comparisons.value_changes)):
        assert finding.diagnostic.hint
        assert finding.diagnostic.location.path == "a.avsc"
    before, now = Snapshot("old", old), Snapshot("new", new)
    assert len(list(removals(before, now, match(old, new), PurePosixPath()))) <= len(old.types) + 1


@QUICK
@given(schemas())
def test_nothing_is_found_between_a_schema_and_itself(schema: Any) -> None:
    old, new = parsed(schema), parsed(schema)
    for direction in Direction:
        assert list(value_changes(version(new), version(old), direction)) == []
    assert incompatibilities(*_sides(new), *_sides(old)) == ()
    comparisons = compared(old, new, Level.FULL)
    assert all(o.is_unchanged for o in comparisons.results)


@QUICK
@given(cases(), st.data())
def test_what_passes_without_a_word_can_be_read(case: Case, data: st.DataObject) -> None:
    """Every value of the old schema, with the new one."""
    change = data.draw(changed(case.schema))
    old, new = version(parsed(case.schema)), version(parsed(change))
    assume(not incompatibilities(new.type, new.types, old.type, old.types))
    assume(not list(value_changes(new, old, Direction.BACKWARD)))
    writer, reader = Schema.parse(json.dumps(case.schema)), Schema.parse(json.dumps(change))
    reader.from_avro(writer.to_avro(case.value.written), writer=writer)


def _sides(found: Parsed) -> tuple[Any, Any]:
    return found.roots[0].type, found.types
