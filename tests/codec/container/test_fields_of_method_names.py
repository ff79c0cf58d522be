"""Fields with the names of methods: the methods came after the packages that have such fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from avrogen import DataFileReader, DataFileWriter, Schema
from avrogen.runtime.v1 import AvroRecord
from tests.conftest import run_avrogen, write_schemas

_SCHEMA = {
    "type": "record",
    "name": "Step",
    "fields": [
        {"name": "read_file", "type": "string"},
        {"name": "write_file", "type": "string", "default": "out"},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(AvroRecord):
    """As a package of an earlier version has it."""

    read_file: str  # type: ignore[assignment]
    write_file: str = "out"  # type: ignore[assignment]

    __avro_schema__: ClassVar[Schema] = Schema.embedded(json.dumps(_SCHEMA))


class Special(Step):
    """A subclass of the user's."""

    __slots__ = ()


def test_the_field_has_the_name(tmp_path: Path) -> None:
    step = Step(read_file="in.txt")
    assert (step.read_file, step.write_file) == ("in.txt", "out")
    assert Step.from_avro(step.to_avro()) == step
    without: Any = Step
    with pytest.raises(TypeError, match="read_file"):
        without()


def test_files_are_read_and_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "steps.avro"
    for class_ in (Step, Special):
        steps = [class_(read_file=str(number)) for number in range(3)]
        with DataFileWriter(class_, path) as writer:
            writer.write_all(steps)
        assert list(DataFileReader(class_, path)) == steps
        assert next(iter(class_.__avro_schema__.read_file(path))) == {
            "read_file": "0",
            "write_file": "out",
        }


def test_a_subclass_without_such_fields_has_the_methods(tmp_path: Path) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Plain(AvroRecord):
        n: int

        __avro_schema__: ClassVar[Schema] = Schema.embedded(
            '{"type": "record", "name": "Plain", "fields": [{"name": "n", "type": "int"}]}'
        )

    class Own(Plain):
        __slots__ = ()

    path = tmp_path / "plain.avro"
    assert Own.write_file(path, [Own(n=1)]) == 1
    (found,) = Own.read_file(path)
    assert type(found) is Own
    assert Own(n=1).read_file == Own.read_file


def test_generated_fields_keep_their_names(tmp_path: Path) -> None:
    """Type checkers are told that the field hides the method; other fields are as they were."""
    schemas = write_schemas(tmp_path / "schemas", {"step.avsc": _SCHEMA})
    result = run_avrogen("build", schemas, "-o", tmp_path / "pkg")
    assert result.exit_code == 0, result.stderr
    text = (tmp_path / "pkg" / "_step.py").read_text("utf-8")
    assert "    read_file: str  # type: ignore[assignment]\n" in text
    assert '    write_file: str = "out"  # type: ignore[assignment]\n' in text
    assert text.count("type: ignore") == 2
