"""Container files: written, read, appended to, split."""

from __future__ import annotations

import gc
import io
import json
import os
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrogen import (
    Codec,
    ConfigurationError,
    DataFileReader,
    DataFileWriter,
    DecodeError,
    EncodeError,
    Limits,
    ResolutionError,
    Schema,
)
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

LONG = Schema.parse('"long"')
MARKER = bytes(range(16))


# --- reading and writing --------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
def test_events_come_back(codec: CodecName, tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    written = events(2000)
    assert Event.write_file(path, written, codec=codec) == 2000
    with Event.read_file(path) as reader:
        assert list(reader) == written
        assert reader.codec == codec
        assert reader.writer_schema == SCHEMA
    assert list(SCHEMA.read_file(str(path))) == [plain(event) for event in written]


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_without_events(codec: CodecName, tmp_path: Path) -> None:
    path = tmp_path / "none.avro"
    assert Event.write_file(path, [], codec=codec) == 0
    assert list(Event.read_file(path)) == []
    assert path.stat().st_size < 1000


def test_generators_are_written_block_by_block() -> None:
    file = io.BytesIO()
    sizes: list[int] = []

    def made() -> Iterator[Event]:
        for event in events(3000):
            sizes.append(file.tell())
            yield event

    assert Event.write_file(file, made(), codec="null") == 3000
    assert len(set(sizes)) > 3
    assert max(b - a for a, b in pairwise(sizes)) < 2 * 64_000 + 2000


def test_large_values_have_blocks_of_their_own() -> None:
    small, large = ["x"] * 1000, ["y" * 300_000] * 50
    schema = Schema.parse('"string"')
    data = file_of(schema, [*small, *large, *small], codec="null")
    # A block that is not full gets at most two intervals, or one value.
    assert values_of(schema, data, limits=Limits(max_block_bytes=64_000 + 300_200)) == [
        *small,
        *large,
        *small,
    ]


def test_one_by_one() -> None:
    file = io.BytesIO()
    written = events(300)
    with DataFileWriter(Event, file, sync_interval=1000) as writer:
        for number, event in enumerate(written):
            writer.write(event)
            assert writer.count == number + 1
    file.seek(0)
    reader = DataFileReader(Event, file)
    assert next(reader) == written[0]
    assert list(reader) == written[1:]


def test_codecs_of_types_without_a_class() -> None:
    codec: Codec[list[int]] = Codec(Schema.parse('{"type": "array", "items": "long"}'))
    file = io.BytesIO()
    assert codec.write_file(file, [[1, 2], [], [3]]) == 3
    file.seek(0)
    assert list(codec.read_file(file)) == [[1, 2], [], [3]]


def test_plain_values_have_their_options() -> None:
    union = Schema.parse('["null", "string", {"type": "enum", "name": "E", "symbols": ["A"]}]')
    file = io.BytesIO()
    union.write_file(file, [("E", "A"), "A", None])
    data = file.getvalue()
    assert list(union.read_file(io.BytesIO(data))) == ["A", "A", None]
    named = list(union.read_file(io.BytesIO(data), named_branches=True))
    assert named == [("E", "A"), ("string", "A"), None]
    value = {**plain(events(1)[0]), "other": 1}
    SCHEMA.write_file(io.BytesIO(), [value])
    with pytest.raises(EncodeError, match="other"):
        SCHEMA.write_file(io.BytesIO(), [value], allow_unknown_keys=False)
    del value["other"], value["note"]
    with pytest.raises(EncodeError, match="note"):
        SCHEMA.write_file(io.BytesIO(), [value], fill_defaults=False)


def test_files_of_other_writers() -> None:
    older = {**SCHEMA_JSON, "fields": [*reversed(SCHEMA_JSON["fields"][:3])]}
    older["fields"][0] = {"name": "amount", "type": "int"}
    older["fields"] += {"name": "gone", "type": "string"}, SCHEMA_JSON["fields"][3]
    schema = Schema.parse(json.dumps(older))
    written: list[dict[str, Any]] = [
        {"id": event.id, "at": event.at, "amount": number, "gone": "x", "tags": {}}
        for number, event in enumerate(events(500))
    ]
    # The reader's limits on values are those of one datum, not of a file.
    limits = Limits(max_values=100)
    file = io.BytesIO(file_of(schema, [*written, *written]))
    found = list(Event.read_file(file, limits=limits))
    assert [(e.id, e.at, e.amount, e.tags, e.note) for e in found] == [
        (each["id"], each["at"], float(each["amount"]), {}, None) for each in [*written, *written]
    ]


def test_a_file_of_another_type() -> None:
    file = io.BytesIO(file_of(LONG, [1]))
    with pytest.raises(ResolutionError, match="header: the writer's schema does not match"):
        Event.read_file(file)


def test_foreign_schemas_are_read_with_tolerance() -> None:
    text = '{"type": "record", "name": "my-event", "fields": [{"name": "a.b", "type": "long"}]}'
    schema = Schema.parse(text, tolerant=True)
    data = file_of(schema, [{"a.b": 1}])
    assert values_of(schema, data) == [{"a.b": 1}]


@given(data=st.data(), interval=st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_round_trips(data: st.DataObject, interval: int) -> None:
    text = st.text(max_size=20) | st.text("ab", max_size=200)
    values = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "s": text,
                    "l": st.integers(-(2**63), 2**63 - 1),
                    "a": st.lists(st.binary(max_size=5), max_size=4),
                    "u": st.none() | text | st.booleans(),
                }
            ),
            max_size=30,
        )
    )
    codec = data.draw(st.sampled_from(CODECS))
    fields = [
        {"name": "s", "type": "string"},
        {"name": "l", "type": "long"},
        {"name": "a", "type": {"type": "array", "items": "bytes"}},
        {"name": "u", "type": ["null", "string", "boolean"]},
    ]
    schema = Schema.parse(json.dumps({"type": "record", "name": "R", "fields": fields}))
    content = file_of(schema, values, codec=codec, sync_interval=interval)
    assert values_of(schema, content) == values
    size = len(content)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=4)))
    ranges = zip([0, *cuts], [*cuts, size], strict=True)
    parts = [values_of(schema, content, start=start, end=end) for start, end in ranges]
    assert [value for part in parts for value in part] == values


# --- header ---------------------------------------------------------------------------------------


def test_metadata() -> None:
    data = file_of(LONG, [1], codec="null", metadata={"team": "shop", "raw": b"\xff"})
    reader = DataFileReader[int](LONG, io.BytesIO(data))
    assert dict(reader.metadata) == {
        "avro.schema": b'"long"',
        "avro.codec": b"null",
        "team": b"shop",
        "raw": b"\xff",
    }
    assert reader.sync_marker in data
    with pytest.raises(ConfigurationError, match="reserved"):
        file_of(LONG, [], metadata={"avro.codec": "null"})


def test_files_with_a_chosen_marker_are_reproducible() -> None:
    one, other = (file_of(LONG, [1, 2, 3], sync_marker=MARKER) for _ in range(2))
    assert one == other
    assert file_of(LONG, [1]) != file_of(LONG, [1])
    with pytest.raises(ConfigurationError, match="16 bytes"):
        file_of(LONG, [], sync_marker=b"short")


def test_codecs_and_levels_are_checked() -> None:
    unknown: Any = "gzip"
    with pytest.raises(ConfigurationError, match="unknown codec 'gzip'") as caught:
        file_of(LONG, [], codec=unknown)
    assert "deflate" in str(caught.value)
    values: list[Any] = [
        {"id": "x" * 1000, "at": event.at, "amount": 1.0, "tags": {}} for event in events(50)
    ]
    for codec, low, high in (
        ("deflate", 0, 9),
        ("bzip2", 1, 9),
        ("xz", 0, 9),
        ("zstandard", 1, 22),
    ):
        for level in (low, high):
            data = file_of(SCHEMA, values, codec=codec, level=level)
            assert len(values_of(SCHEMA, data)) == 50
        with pytest.raises(ConfigurationError, match="level"):
            file_of(SCHEMA, values, codec=codec, level=100)
    for codec in ("null", "snappy"):
        with pytest.raises(ConfigurationError, match="leave it out"):
            file_of(SCHEMA, values, codec=codec, level=1)


# --- files at paths -------------------------------------------------------------------------------


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    path.write_bytes(b"before")
    path.chmod(0o640)
    with DataFileWriter(Event, path, sync_interval=1) as writer:
        writer.write_all(events(10))
        writer.flush()
        assert path.read_bytes() == b"before"
    assert list(Event.read_file(path)) == events(10)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["events.avro"]


def test_nothing_remains_of_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    wrong: Any = [*events(150), "no event"]
    with pytest.raises(EncodeError, match=r"events\.avro, value 150: expected"):
        Event.write_file(path, wrong)
    assert list(tmp_path.iterdir()) == []

    def broken() -> Iterator[Event]:
        yield from events(5)
        raise KeyError("the source failed")

    Event.write_file(path, events(3))
    with pytest.raises(KeyError):
        Event.write_file(path, broken())
    assert list(Event.read_file(path)) == events(3)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_values_before_a_wrong_one_are_written() -> None:
    file = io.BytesIO()
    wrong: Any = "no event"
    with DataFileWriter(Event, file) as writer:
        for attempt in range(3):
            with pytest.raises(EncodeError):
                writer.write_all([*events(40), wrong, *events(40)])
            assert writer.count == 40 * (attempt + 1)
    file.seek(0)
    assert list(Event.read_file(file)) == events(40) * 3


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    link = tmp_path / "link.avro"
    link.symlink_to(tmp_path / "data" / "real.avro")
    Event.write_file(link, events(3))
    assert link.is_symlink()
    assert list(Event.read_file(tmp_path / "data" / "real.avro")) == events(3)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Event.read_file(tmp_path / "none.avro")
    with pytest.raises(FileNotFoundError):
        Event.write_file(tmp_path / "none" / "events.avro", events(1))


def test_files_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(300), sync_interval=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Event.read_file(path)
        for _ in Event.read_file(path):
            break
        reader = Event.read_file(path)
        next(reader)
        reader.close()
        assert list(reader) == []
        del reader
        gc.collect()
    writer = DataFileWriter(Event, path)
    with pytest.warns(ResourceWarning, match="not closed"):
        del writer
        gc.collect()
    assert len(list(Event.read_file(path))) == 300


def test_pipes() -> None:
    read, write = os.pipe()
    written = events(20)
    with os.fdopen(write, "wb") as target:
        Event.write_file(target, written)
    with os.fdopen(read, "rb") as source:
        assert list(Event.read_file(source)) == written


class _Trickle(io.RawIOBase):
    """A file that is not seekable and returns few bytes at once."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to seven bytes."""
        return self._file.read(min(size, 7))

    def seekable(self) -> bool:
        """Return False."""
        return False


def test_streams() -> None:
    values = list(range(5000))
    data = file_of(LONG, values, codec="null", sync_interval=100)
    assert list(LONG.read_file(_Trickle(data))) == values
    half = len(data) // 2
    first = list(LONG.read_file(_Trickle(data), end=half))
    assert [*first, *LONG.read_file(_Trickle(data), start=half)] == values
    assert first


def test_text_files_are_refused() -> None:
    text: Any = io.StringIO("Obj")
    with pytest.raises(TypeError, match="binary mode"):
        LONG.read_file(text)


class _Store:
    """A file system as of fsspec: objects appear when they are closed."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def open(self, url: str, mode: str) -> io.BytesIO:
        """Open an object."""
        store, name = self, url
        if mode == "rb":
            return io.BytesIO(self.objects[url])
        if mode == "r+b" and url not in self.objects:
            raise FileNotFoundError(url)

        class _Object(io.BytesIO):
            def close(self) -> None:
                store.objects[name] = self.getvalue()
                super().close()

        return _Object(b"" if mode == "wb" else self.objects[url])


def test_openers() -> None:
    store = _Store()
    url = "s3://bucket/events.avro"
    written = events(100)
    wrong: Any = [*written, None]
    with pytest.raises(EncodeError):
        Event.write_file(url, wrong, opener=store.open)
    assert store.objects == {}
    assert Event.write_file(url, written, opener=store.open) == 100
    assert list(Event.read_file(url, opener=store.open)) == written
    for _ in range(2):
        Event.write_file("s3://bucket/more.avro", written, opener=store.open, append=True)
    assert list(Event.read_file("s3://bucket/more.avro", opener=store.open)) == written * 2


# --- append ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
def test_append(codec: CodecName, tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(50), codec=codec, append=True)
    with Event.read_file(path) as reader:
        marker = reader.sync_marker
    Event.write_file(path, events(70), append=True)
    with Event.read_file(path) as reader:
        assert list(reader) == [*events(50), *events(70)]
        assert (reader.sync_marker, reader.codec) == (marker, codec)


def test_append_to_a_file_object() -> None:
    file = io.BytesIO()
    for _ in range(3):
        Event.write_file(file, events(5), append=True)
    file.seek(0)
    assert list(Event.read_file(file)) == events(5) * 3


def test_a_failed_append_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(5))
    before = path.read_bytes()
    wrong: Any = [*events(5000), None]
    with pytest.raises(EncodeError):
        Event.write_file(path, wrong, append=True)
    assert path.read_bytes() == before


def _docs_differ() -> Schema:
    return Schema.parse(json.dumps({**SCHEMA_JSON, "doc": "Something happened."}))


def _scale_differs() -> Schema:
    fields = [dict(each) for each in SCHEMA_JSON["fields"]]
    fields[1] = {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}}
    return Schema.parse(json.dumps({**SCHEMA_JSON, "fields": fields}))


def test_append_checks_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    _docs_differ().write_file(path, [plain(event) for event in events(5)])
    Event.write_file(path, events(5), append=True)
    assert list(Event.read_file(path)) == events(5) * 2
    for other in (_scale_differs(), LONG):
        other.write_file(path, [])
        with pytest.raises(ConfigurationError, match="it has another schema"):
            Event.write_file(path, events(1), append=True)


def test_append_checks_codec_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(5), codec="xz", metadata={"team": "shop"})
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="its codec is xz"):
        Event.write_file(path, events(1), codec="deflate", append=True)
    with pytest.raises(ConfigurationError, match="'team'"):
        Event.write_file(path, events(1), metadata={"team": "pay"}, append=True)
    assert path.read_bytes() == before
    Event.write_file(path, events(1), codec="xz", metadata={"team": "shop"}, append=True)
    assert len(list(Event.read_file(path))) == 6


def test_append_to_what_is_no_complete_file(tmp_path: Path) -> None:
    path = tmp_path / "events.avro"
    Event.write_file(path, events(50))
    for content in (path.read_bytes()[:-1], b"something else, and not Avro"):
        path.write_bytes(content)
        with pytest.raises(DecodeError, match="cannot append"):
            Event.write_file(path, events(1), append=True)
        assert path.read_bytes() == content


# --- splits ---------------------------------------------------------------------------------------


def test_a_block_belongs_to_the_range_in_which_its_marker_begins() -> None:
    values = list(range(100))
    data = file_of(LONG, values, codec="null", sync_interval=20, sync_marker=MARKER)
    markers = [i for i in range(len(data)) if data.startswith(MARKER, i)]
    last_block = values_of(LONG, data, start=markers[-2], end=len(data))
    assert last_block == values[-len(last_block) :]
    assert values_of(LONG, data, start=markers[-2] + 1) == []
    assert values_of(LONG, data, end=markers[-2]) == values[: -len(last_block)]
    assert values_of(LONG, data, end=markers[-2] + 1) == values
    assert values_of(LONG, data, start=markers[0]) == values
    assert values_of(LONG, data, start=10 * len(data)) == []
    assert values_of(LONG, data, end=0) == []
    with pytest.raises(ValueError, match="from 0 on"):
        values_of(LONG, data, start=-1)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 50])
def test_ranges_cover_a_file(parts: int) -> None:
    values = list(range(2000))
    data = file_of(LONG, values, sync_interval=50)
    step = len(data) // parts + 1
    found = [
        value
        for start in range(0, len(data), step)
        for value in values_of(LONG, data, start=start, end=start + step)
    ]
    assert found == values


def test_reading_continues_after_a_corrupt_block() -> None:
    values = [str(number) for number in range(2000)]
    schema = Schema.parse('"string"')
    data = bytearray(file_of(schema, values, codec="deflate", sync_interval=500))
    middle = len(data) // 2
    data[middle : middle + 4] = b"\xff\xff\xff\xff"
    found: list[str] = []
    start = 0
    faults = 0
    while True:
        try:
            for value in DataFileReader[str](schema, io.BytesIO(bytes(data)), start=start):
                found.append(value)
            break
        except DecodeError as error:
            start = error.offset + 1
            faults += 1
    assert 1 <= faults <= 2
    assert 1500 < len(found) < 2000
    assert found == sorted(found, key=int)


def test_temporary_files_of_openers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    spooled: Callable[..., Any] = tempfile.SpooledTemporaryFile

    def open_spooled(size: int) -> Any:
        opened.append(size)
        return spooled(size)

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", open_spooled)
    Event.write_file("x", events(1), opener=_Store().open)
    assert opened == [16 * 2**20]
