"""Files that others write and read: fastavro, Apache's avro, Avro Java, and hamba/avro in Go."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import avro.datafile
import avro.io
import avro.schema
import fastavro
import pytest

from avrogen import DataFileReader
from avrogen.codec.container.compression import CODECS, CodecName
from tests.codec.container.shared_events import (
    SCHEMA,
    SCHEMA_JSON,
    Event,
    events,
    file_of,
    plain,
    values_of,
)
from tests.interop.partners import digest, missing_go
from tests.services.cache import cached_folder
from tests.services.java import FLAGS, java_version, missing_tools, services_required
from tests.services.maven import copy_dependencies

# Their types are too loose for a strict checker.
_fastavro: Any = fastavro
_datafile: Any = avro.datafile
_avro_io: Any = avro.io
_avro_schema: Any = avro.schema

WRITTEN = [plain(event) for event in events(700)]


@pytest.mark.parametrize("codec", CODECS)
def test_fastavro(codec: CodecName) -> None:
    data = file_of(SCHEMA, WRITTEN, codec=codec, sync_interval=3000)
    assert list(_fastavro.reader(io.BytesIO(data))) == WRITTEN
    file = io.BytesIO()
    schema = _fastavro.parse_schema(SCHEMA_JSON)
    _fastavro.writer(file, schema, WRITTEN, codec=codec, sync_interval=3000, metadata={"a": "b"})
    assert values_of(SCHEMA, file.getvalue()) == WRITTEN
    file.seek(0)
    assert list(Event.read_file(file)) == events(700)


def test_fastavro_appends_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(10), codec="deflate")
    with path.open("a+b") as file:
        _fastavro.writer(file, None, WRITTEN[:20])
    Event.write_file(path, events(30), append=True)
    with path.open("rb") as file:
        assert list(_fastavro.reader(file)) == [*WRITTEN[:10], *WRITTEN[:20], *WRITTEN[:30]]
    assert list(Event.read_file(path)) == [*events(10), *events(20), *events(30)]


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_apache_avro(codec: CodecName) -> None:
    simple = [{**value, "at": datetime(2026, 1, 1, tzinfo=UTC)} for value in WRITTEN]
    data = file_of(SCHEMA, simple, codec=codec)
    with _datafile.DataFileReader(io.BytesIO(data), _avro_io.DatumReader()) as reader:
        assert list(reader) == simple
    file = io.BytesIO()
    schema = _avro_schema.parse(json.dumps(SCHEMA_JSON))
    writer = _datafile.DataFileWriter(file, _avro_io.DatumWriter(), schema, codec=codec)
    for value in simple:
        writer.append(value)
    writer.flush()
    assert values_of(SCHEMA, file.getvalue()) == simple


# --- Java -----------------------------------------------------------------------------------------

_SOURCE = Path(__file__).parent / "DataFiles.java"
_JARS = [
    "org.apache.avro:avro:1.12.0",
    "org.apache.commons:commons-compress:1.26.2",
    "org.tukaani:xz:1.9",
    "org.xerial.snappy:snappy-java:1.1.10.5",
    "com.github.luben:zstd-jni:1.5.5-11",
    "org.slf4j:slf4j-nop:2.0.13",
]


@pytest.fixture(scope="module")
def java() -> list[str]:
    """The command of the program beside this file."""
    missing = missing_tools()
    if missing and not services_required():
        pytest.skip(missing)

    def make(folder: Path) -> None:
        copy_dependencies(_JARS, folder)
        command = ["javac", "-cp", f"{folder}/*", "-d", str(folder), str(_SOURCE)]
        subprocess.run(command, capture_output=True, check=True)

    name = f"avro-java-files-1-java-{java_version()}"
    folder = cached_folder(name, "preparing Avro Java's files", make)
    return ["java", *FLAGS, "-cp", f"{folder}:{folder}/*", "DataFiles"]


def _run(command: list[str], *words: str | Path) -> str:
    run = subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_avro_java(java: list[str], tmp_path: Path) -> None:
    words: list[str | Path] = []
    for codec in CODECS:
        Event.write_file(tmp_path / f"{codec}.avro", events(700), codec=codec, sync_interval=3000)
        words += "copy", tmp_path / f"{codec}.avro", tmp_path / f"{codec}-java.avro"
    _run(java, *words)
    for codec in CODECS:
        with Event.read_file(tmp_path / f"{codec}-java.avro") as reader:
            assert list(reader) == events(700), codec
            assert (reader.codec, reader.metadata["copied-by"]) == (codec, b"java")
        Event.write_file(tmp_path / f"{codec}-java.avro", events(5), append=True)
        found = list(Event.read_file(tmp_path / f"{codec}-java.avro"))
        assert found == [*events(700), *events(5)]


def test_splits_are_those_of_avro_java(java: list[str], tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(700), sync_interval=1000)
    size = path.stat().st_size
    with DataFileReader(Event, path) as reader:
        marker = reader.sync_marker
    data = path.read_bytes()
    markers = [place for place in range(size) if data.startswith(marker, place)]
    cuts = [0, *range(97, size, 997), *(m + n for m in markers[2:5] for n in (-1, 0, 1, 16))]
    cuts = sorted({*cuts, size})
    ranges = list(itertools.pairwise(cuts))
    printed = _run(java, "count", path, ",".join(f"{start}-{end}" for start, end in ranges))
    ours = [len(list(Event.read_file(path, start=start, end=end))) for start, end in ranges]
    assert ours == [int(word) for word in printed.split()]
    assert sum(ours) == 700


# --- Go -------------------------------------------------------------------------------------------

_GO: Sequence[CodecName] = ("null", "deflate", "snappy", "zstandard")
"""Codecs of hamba/avro."""


@pytest.fixture(scope="module")
def go() -> list[str]:
    """The program in the folder ``go`` beside this file, where there is Go."""
    missing = missing_go()
    if missing:
        pytest.skip(f"no partner in Go: {missing}")
    sources = Path(__file__).parent / "go"

    def make(folder: Path) -> None:
        environment = {**os.environ, "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        command = ["go", "build", "-o", str(folder / "files"), "."]
        subprocess.run(command, cwd=sources, env=environment, capture_output=True, check=True)

    name = f"hamba-avro-files-{digest(sources.iterdir())}"
    return [str(cached_folder(name, "compiling files in Go", make) / "files")]


def test_go(go: list[str], tmp_path: Path) -> None:
    words: list[str | Path] = []
    for codec in _GO:
        Event.write_file(tmp_path / f"{codec}.avro", events(700), codec=codec, sync_interval=3000)
        words += tmp_path / f"{codec}.avro", tmp_path / f"{codec}-go.avro"
    _run(go, *words)
    for codec in _GO:
        copied = tmp_path / f"{codec}-go.avro"
        with Event.read_file(copied) as reader:
            assert list(reader) == events(700), codec
            assert (reader.codec, reader.metadata["copied-by"]) == (codec, b"go")
        assert list(SCHEMA.read_file(copied)) == WRITTEN
        Event.write_file(copied, events(5), append=True)
        _run(go, copied, tmp_path / "again.avro")
        assert list(Event.read_file(tmp_path / "again.avro")) == [*events(700), *events(5)]
