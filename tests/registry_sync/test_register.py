"""``avrogen registry register``: all or nothing, and safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from avrogen.testing.registry import EmbeddedRegistry, Request
from tests.conftest import Build, write_schemas
from tests.registry_sync.conftest import FILES, MONEY, SUBJECTS, TOPICS, Peek, Run, add_field, edit
from tests.support.registry_requests import ask, path


def is_registration(request: Request) -> bool:
    """Whether a request would write a schema."""
    return request.method == "POST" and request.path[0] == "subjects" and len(request.path) == 3


def registrations(registry: EmbeddedRegistry) -> list[str]:
    """The subjects that were written to, in order."""
    return [request.path[1] for request in registry.requests if is_registration(request)]


def after(count: int) -> Callable[[Request], bool]:
    """Whether so many requests have been asked about before."""
    left = iter(range(count))
    return lambda request: next(left, None) is None


def results(run: Run, *arguments: str | Path) -> dict[str, str]:
    result = run("register", *arguments, "--format", "json")
    return {each["subject"]: each["result"] for each in json.loads(result.stdout)["subjects"]}


def test_first_and_again(run: Run, registry: EmbeddedRegistry, schemas: Path) -> None:
    result = run("register", schemas)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "orders-value                registered  version 1  acme.shop.Order",
        "orders-key                  registered  version 1  acme.Key",
        "everything-acme.shop.Order  registered  version 1  acme.shop.Order",
        "everything-acme.Money       registered  version 1  acme.Money",
        "4 subjects: 4 registered",
    ]
    assert sorted(registrations(registry)) == SUBJECTS
    again = run("register", schemas)
    assert again.exit_code == 0
    assert again.stdout.splitlines()[-1] == "4 subjects: 4 in step"
    assert sorted(registrations(registry)) == SUBJECTS


def test_a_dry_run_writes_nothing(run: Run, registry: EmbeddedRegistry, schemas: Path) -> None:
    result = run("register", schemas, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "4 subjects: 4 would be registered"
    assert registrations(registry) == []
    assert results(run, schemas, "--dry-run")["orders-key"] == "would be registered"


def test_only_what_is_new_is_written(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    assert run("register", schemas).exit_code == 0
    edit(schemas / "money.avsc", add_field("currency", default=0))
    before = len(registrations(registry))
    assert results(run, schemas) == {
        "orders-value": "registered",
        "orders-key": "in step",
        "everything-acme.shop.Order": "registered",
        "everything-acme.Money": "registered",
    }
    assert "orders-key" not in registrations(registry)[before:]
    assert peek.versions("orders-value") == [1, 2]


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_nothing_is_written_if_one_is_broken(
    run: Run, registry: EmbeddedRegistry, schemas: Path, dry: list[str]
) -> None:
    assert run("register", schemas).exit_code == 0
    before = len(registrations(registry))
    edit(schemas / "shop" / "line.avsc", add_field("count"))
    edit(schemas / "money.avsc", add_field("currency", default=0))
    result = run("register", schemas, *dry)
    assert result.exit_code == 1
    assert len(registrations(registry)) == before
    assert "The field 'count' at path" in result.stdout
    waiting = "1 would be registered" if dry else "1 not tried"
    assert result.stdout.splitlines()[-1] == f"4 subjects: 2 failed, 1 in step, {waiting}"


def test_a_subject_of_another_kind(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    peek.register("orders-key", 'syntax = "proto3";', schemaType="PROTOBUF")
    before = len(registrations(registry))
    result = run("register", schemas)
    assert result.exit_code == 2
    assert "expected schema type AVRO, got PROTOBUF" in result.stdout
    assert len(registrations(registry)) == before


def test_one_is_refused_and_the_others_go_on(
    run: Run, registry: EmbeddedRegistry, schemas: Path
) -> None:
    """Somebody may have set it to read-only in the meantime."""
    status, _ = ask(registry.url + path("mode", "orders-key"), "PUT", {"mode": "READONLY"})
    assert status == 200
    result = run("register", schemas)
    assert result.exit_code == 2
    assert "is in read-only mode" in result.stdout
    assert result.stdout.splitlines()[-1] == "4 subjects: 3 registered, 1 failed"
    ask(registry.url + path("mode", "orders-key"), "PUT", {"mode": "READWRITE"})
    assert results(run, schemas) == {
        **dict.fromkeys(SUBJECTS, "in step"),
        "orders-key": "registered",
    }


@pytest.mark.parametrize("written", range(4))
def test_the_registry_goes_away(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek, written: int
) -> None:
    """After so many registrations, it wants other credentials: nothing else goes either."""
    is_over = after(written)
    registry.fail(401, times=None, where=lambda r: is_registration(r) and is_over(r))
    result = run("register", schemas, "--format", "json")
    assert result.exit_code == 2
    said = {s["subject"]: s["result"] for s in json.loads(result.stdout)["subjects"]}
    assert list(said.values()) == [
        *["registered"] * written,
        "failed",
        *["not tried"] * (3 - written),
    ]
    assert peek.subjects() == sorted(s for s in said if said[s] == "registered")
    registry.recover()
    assert set(results(run, schemas).values()) <= {"in step", "registered"}
    assert [peek.versions(subject) for subject in SUBJECTS] == [[1]] * 4


@pytest.mark.parametrize("status", [401, 403, 404])
def test_the_registry_fails_at_every_step(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek, status: int
) -> None:
    """From the n-th request on; whatever has been written by then stays, and can be completed."""
    assert run("register", schemas, "--dry-run").exit_code == 0
    steps = len(registry.requests)
    for step in range(0, 2 * steps, 3):
        registry.fail(status, times=None, where=after(step))
        result = run("register", schemas)
        assert result.exit_code in (0, 2)
        assert "Traceback" not in result.output
        registry.recover()
    assert run("register", schemas).exit_code == 0
    assert [peek.versions(subject) for subject in SUBJECTS] == [[1]] * 4


# --- what is written ------------------------------------------------------------------------------


def test_texts_are_those_of_generated_classes(
    run: Run, registry: EmbeddedRegistry, schemas: Path, build: Build
) -> None:
    """Registries compare texts: a program must find what the command has registered."""
    assert run("register", schemas).exit_code == 0
    package = build(schemas)
    sent = [json.loads(r.body)["schema"] for r in registry.requests if is_registration(r)]
    assert sent == [
        str(package.Order.__avro_schema__),
        str(package.Key.__avro_schema__),
        str(package.Order.__avro_schema__),
        str(package.Money.__avro_schema__),
    ]


def test_with_references(run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek) -> None:
    write_schemas(schemas, {"avrogen.toml": f"[registry]\nreferences = true\n{TOPICS}"})
    assert run("register", schemas).exit_code == 0
    assert registrations(registry) == [
        "acme.Money",
        "acme.shop.Line",
        "orders-value",
        "orders-key",
        "everything-acme.shop.Order",
        "everything-acme.Money",
    ]
    assert peek.references("orders-value") == [("acme.Money", 1), ("acme.shop.Line", 1)]
    assert peek.schema("acme.shop.Line")["fields"][0]["type"] == "acme.Money"
    again = run("register", schemas)
    assert again.stdout.splitlines()[-1] == "6 subjects: 6 in step"
    edit(schemas / "money.avsc", add_field("currency", default=0))
    assert run("register", schemas).exit_code == 0
    assert peek.references("orders-value") == [("acme.Money", 2), ("acme.shop.Line", 2)]
    assert run("status", schemas).stdout.splitlines()[-1] == "4 subjects: 4 in step"


def test_references_are_checked_before_any_is_written(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    write_schemas(schemas, {"avrogen.toml": f"[registry]\nreferences = true\n{TOPICS}"})
    peek.register("acme.Money", MONEY)
    before = len(registrations(registry))
    edit(schemas / "money.avsc", add_field("currency"))
    result = run("register", schemas)
    assert result.exit_code == 1
    assert len(registrations(registry)) == before


def test_what_others_registered_otherwise_is_found(
    run: Run, registry: EmbeddedRegistry, schemas: Path, peek: Peek
) -> None:
    """With other white space, order of attributes, and references in place of definitions."""
    peek.register("acme.Money", MONEY)
    reference = {"name": "acme.Money", "subject": "acme.Money", "version": 1}
    order = json.loads(json.dumps(FILES["shop/order.avsc"]))
    order["fields"][2]["type"]["items"] = FILES["shop/line.avsc"]
    peek.register("orders-value", json.dumps(order, indent=3), references=[reference])
    before = len(registrations(registry))
    assert results(run, schemas)["orders-value"] == "in step"
    assert "orders-value" not in registrations(registry)[before:]
