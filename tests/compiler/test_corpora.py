"""Real schemas of public projects: each becomes a package that works and that type checkers accept.

Every file is built as a package of its own, together with the files that it refers to, and every
package is seen by both type checkers.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from avrogen.avro.diagnostics import Code
from tests.compiler.test_hazards import PLACED_ERROR
from tests.conftest import ROOT, run_avrogen
from tests.support.corpora import RealSchema, invalid_files, valid_schemas
from tests.support.exercise import Job, Outcome, exercise
from tests.support.random_data import Partner, random_datum
from tests.support.schema_meaning import Json, Meaning, canonical_form, loads, meaning

# Building is dear: one worker does it for all tests of this module.
pytestmark = pytest.mark.xdist_group("corpora")

WITHOUT_VALUES = {
    "apache-schema-tests/case016.avsc",
    "li-avro-util/avro-codegen/src/test/resources/schemas/TestProblematicRecord.avsc",
}
"""Files with a union of no branches: they build, with a warning, and there is nothing to write."""

REFUSED = {
    "li-avro-util/avro-codegen/src/test/resources/schemas/DollarSignInDoc.avsc": "AVR201",
    "li-avro-util/fastserde/avro-fastserde-tests-common/src/test/avro/stringableTest.avsc": "AVR106",
    "li-avro-util/helper/tests/codegen-14/src/main/compat-avro/under14/RecordWithComplexDefaults.avsc": "AVR401",
    "li-avro-util/helper/tests/helper-tests-allavro/src/test/resources/allavro/RecordWithDefaultUnionFieldIncorrectObjectNotation_reader.avsc": "AVR401",
    "li-avro-util/helper/tests/helper-tests-common/src/main/resources/EnumWithInvalidName.avsc": "AVR201",
    "li-avro-util/helper/tests/helper-tests-common/src/main/resources/FixedWithInvalidName.avsc": "AVR201",
    "li-avro-util/helper/tests/helper-tests-common/src/main/resources/RecordWithInvalidFieldName.avsc": "AVR201",
    "li-avro-util/helper/tests/helper-tests-common/src/main/resources/RecordWithInvalidName.avsc": "AVR201",
    "li-avro-util/helper/tests/helper-tests-common/src/main/resources/RecordWithInvalidNamespace.avsc": "AVR202",
    "li-avro-util/parser/src/test/resources/schemas/badDefaultValues/BadRecord.avsc": "AVR401",
    "li-avro-util/parser/src/test/resources/schemas/badDefaultValues/BadUnion.avsc": "AVR401",
    "minimal/default_nan.avsc": "AVR105",
    "minimal/invalid_dup_field.avsc": "AVR206",
}
"""Files that the index calls valid, as a lenient library takes them, and the specification does
not: invalid names, defaults that do not fit, a key that stands twice, a field that does."""

DATA_PER_SCHEMA = 5


@dataclass
class Built:
    """A schema that was built, and what its file means."""

    schema: RealSchema
    meaning: Meaning
    ambiguous: bool

    @property
    def type(self) -> str | None:
        """The name of the type that the file is about, if it has one."""
        root = self.meaning.type
        return root if isinstance(root, str) and root in self.meaning.definitions else None

    def data(self) -> Iterator[bytes]:
        """What fastavro writes for random values, always the same."""
        if self.schema.name in WITHOUT_VALUES:
            return
        partner = Partner(self.meaning)
        for number in range(DATA_PER_SCHEMA):
            source = random.Random(f"{self.schema.name} {number}")
            yield partner.write(random_datum(self.meaning, source))


@dataclass
class Everything:
    """All packages in one folder."""

    folder: Path
    built: list[Built]
    failures: dict[str, str]


def meaning_of(schema: RealSchema) -> Meaning:
    first, *others = schema.files
    definitions: dict[str, Json] = {}
    for other in reversed(others):
        definitions = meaning(loads(other.read_text("utf-8")), definitions).definitions
    return meaning(loads(first.read_text("utf-8")), definitions)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    result = Everything(tmp_path_factory.mktemp("corpora"), [], {})
    for schema in valid_schemas():
        run = run_avrogen("build", *schema.files, "-o", result.folder / schema.package)
        if run.exit_code:
            result.failures[schema.name] = run.stderr
        else:
            ambiguous = Code.AMBIGUOUS_UNION.id in run.stderr
            result.built.append(Built(schema, meaning_of(schema), ambiguous))
    return result


@pytest.fixture(scope="module")
def outcomes(everything: Everything) -> list[tuple[Built, list[str], Outcome]]:
    """What the packages have done with data of fastavro."""
    data = [[one.hex() for one in built.data()] for built in everything.built]
    jobs = [
        Job(built.schema.package, built.type, hexes)
        for built, hexes in zip(everything.built, data, strict=True)
    ]
    tried = exercise(jobs, everything.folder)
    return list(zip(everything.built, data, tried, strict=True))


def test_all_valid_files_build(everything: Everything) -> None:
    unexpected = {n: e for n, e in everything.failures.items() if n not in REFUSED}
    assert not unexpected, "\n".join(unexpected.values())
    assert len(everything.built) > 800
    for name, code in REFUSED.items():
        assert f": error[{code}] " in everything.failures[name]


def test_bytes_equal_those_of_fastavro(outcomes: list[tuple[Built, list[str], Outcome]]) -> None:
    """Where a union is ambiguous in Python, values must be equal, as the build has warned."""
    failures: list[str] = []
    for built, data, outcome in outcomes:
        same = outcome.data == data or (built.ambiguous and len(outcome.data) == len(data))
        if outcome.problem or not same or not all(outcome.equal):
            failures.append(f"{built.schema.name}: {outcome.problem or 'other bytes'}")
    assert not failures, "\n".join(failures)


def test_json_and_pydantic(everything: Everything) -> None:
    """Every value comes back from all forms as the same bytes, so in the same branch of unions."""
    jobs = [
        Job(each.schema.package, each.type, [data.hex() for data in each.data()][:3], forms=True)
        for each in everything.built
    ]
    began = monotonic()
    tried = exercise(jobs, everything.folder)
    assert monotonic() - began < 240
    failures = [
        f"{each.schema.name}: {outcome.problem}"
        for each, outcome in zip(everything.built, tried, strict=True)
        if outcome.problem
    ]
    assert not failures, "\n".join(failures[:20])
    assert sum(len(outcome.data) for outcome in tried) > 2_000


def test_embedded_schemas_mean_the_same(outcomes: list[tuple[Built, list[str], Outcome]]) -> None:
    failures: list[str] = []
    for built, _, outcome in outcomes:
        if outcome.schema is None:
            continue
        source, embedded = reachable(built.meaning), meaning(json.loads(outcome.schema))
        if text(embedded) != text(source):
            failures.append(
                f"{built.schema.name}: the schemas differ\n{difference(source, embedded)}"
            )
        if outcome.canonical_form != canonical_form(source):
            failures.append(f"{built.schema.name}: the canonical forms differ")
    assert not failures, "\n".join(failures)


def reachable(found: Meaning) -> Meaning:
    """Without definitions that the type does not lead to."""
    reached: dict[str, Json] = {}
    waiting: list[Json] = [found.type]
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, str):
            if schema in found.definitions and schema not in reached:
                reached[schema] = found.definitions[schema]
                waiting += [f["type"] for f in reached[schema].get("fields", [])]
        elif isinstance(schema, list):
            waiting += schema
        else:
            waiting += [schema[k] for k in ("type", "items", "values") if k in schema]
    return Meaning(found.type, reached)


def text(found: Meaning) -> str:
    """A text that is equal for equal meanings, numbers as they are written."""
    return json.dumps([found.type, found.definitions], sort_keys=True)


def difference(source: Meaning, embedded: Meaning) -> str:
    """The first definition that differs."""
    for name in sorted({*source.definitions, *embedded.definitions}):
        one, other = source.definitions.get(name), embedded.definitions.get(name)
        if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
            return f"  {str(json.dumps(one))[:600]}\n  {str(json.dumps(other))[:600]}"
    return f"  {source.type}\n  {embedded.type}"


def test_invalid_files_are_refused_at_a_place(tmp_path: Path) -> None:
    for file in invalid_files():
        run = run_avrogen("build", file, "-o", tmp_path / "built")
        assert run.exit_code == 1, file
        assert PLACED_ERROR.search(run.stderr), run.stderr
        assert not (tmp_path / "built").exists()


# --- type checkers --------------------------------------------------------------------------------


def test_mypy_strict(everything: Everything) -> None:
    packages = [built.schema.package for built in everything.built]
    run = check(everything.folder, "mypy", "--strict", "--no-error-summary", *packages)
    assert run.returncode == 0, run.stdout[:5000] + run.stderr


def test_pyright_strict(everything: Everything) -> None:
    settings: dict[str, Any] = {
        "include": ["."],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT)],
    }
    (everything.folder / "pyrightconfig.json").write_text(json.dumps(settings))
    run = check(everything.folder, "pyright", "--pythonpath", sys.executable)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr


def check(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a type checker over packages in a folder."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT), "NODE_OPTIONS": "--max-old-space-size=8192"},
        capture_output=True,
        text=True,
        check=False,
    )
