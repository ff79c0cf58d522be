"""The choice of the backend, and what its functions are beside being fast."""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import pickle
import sys
import threading
import tomllib
import weakref
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import pytest

import avrogen
from avrogen import ConfigurationError, DecodeError, Limits, MissingExtraError, Schema
from avrogen.codec import backends, compilation
from avrogen.codec.backends import PLAN_FORMAT, Backend, backend
from tests.conftest import ROOT, Build, run_python
from tests.support.dynamic import Package
from tests.support.native import native_module

NODE: Final = {
    "type": "record",
    "name": "Node",
    "fields": [
        {"name": "text", "type": "string"},
        {"name": "next", "type": ["null", "Node"]},
        {"name": "numbers", "type": {"type": "array", "items": "double"}},
    ],
}


@pytest.fixture(autouse=True)
def choice() -> Iterator[None]:
    """Each test chooses anew, and the process as it did afterwards."""
    backends._choice.cache_clear()  # pyright: ignore[reportPrivateUsage]
    yield
    backends._choice.cache_clear()  # pyright: ignore[reportPrivateUsage]


def pretend(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    """Have ``avrogen_native`` be this module, or raise this error when it is imported."""

    def import_module(name: str) -> object:
        if name != "avrogen_native":  # it is asked first if this is the main interpreter
            return importlib.import_module(name)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(backends, "import_module", import_module)


MISSING = ModuleNotFoundError("No module named 'avrogen_native'", name="avrogen_native")
NATIVE = SimpleNamespace(PLAN_FORMAT=PLAN_FORMAT, __version__="1.2.3")


@pytest.mark.parametrize(
    ("variable", "found", "chosen"),
    [
        (None, NATIVE, Backend("native", "avrogen-native 1.2.3")),
        ("", NATIVE, Backend("native", "avrogen-native 1.2.3")),
        ("auto", NATIVE, Backend("native", "avrogen-native 1.2.3")),
        ("NATIVE ", NATIVE, Backend("native", "avrogen-native 1.2.3")),
        ("python", NATIVE, Backend("python", "AVROGEN_BACKEND=python")),
        ("auto", MISSING, Backend("python", "avrogen-native is not installed")),
        (
            "auto",
            ImportError("the layout of float in this interpreter is unknown"),
            Backend(
                "python",
                "avrogen-native cannot be imported: "
                "the layout of float in this interpreter is unknown",
            ),
        ),
        (
            "auto",
            SimpleNamespace(PLAN_FORMAT=99, __version__="99.0.0"),
            Backend(
                "python",
                f"avrogen-native 99.0.0 is for plan format 99, and this avrogen has {PLAN_FORMAT}",
            ),
        ),
    ],
)
def test_the_choice(
    variable: str | None,
    found: object,
    chosen: Backend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if variable is None:
        monkeypatch.delenv("AVROGEN_BACKEND", raising=False)
    else:
        monkeypatch.setenv("AVROGEN_BACKEND", variable)
    pretend(monkeypatch, found)
    with caplog.at_level("DEBUG", "avrogen.codec"):
        assert avrogen.backend() == backend() == chosen
    assert caplog.messages == [f"codec backend: {chosen.name} ({chosen.reason})"]


def test_native_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVROGEN_BACKEND", "native")
    pretend(monkeypatch, MISSING)
    with pytest.raises(MissingExtraError, match=r"pip install 'avrogen\[native\]'"):
        backend()
    pretend(monkeypatch, ImportError("no sub-interpreters"))
    with pytest.raises(ConfigurationError, match="cannot be imported: no sub-interpreters"):
        backend()
    pretend(monkeypatch, SimpleNamespace(PLAN_FORMAT=99, __version__="99.0.0"))
    with pytest.raises(ConfigurationError, match="plan format 99"):
        Schema.parse('"int"').to_avro(1)


def test_unknown_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVROGEN_BACKEND", "rust")
    with pytest.raises(
        ConfigurationError, match="AVROGEN_BACKEND: expected auto, native or python, got 'rust'"
    ):
        backend()


def test_the_extra_is_for_this_plan_format() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = f"avrogen-native>={PLAN_FORMAT},<{PLAN_FORMAT + 1}"
    assert project["optional-dependencies"]["native"] == [wanted]
    crate = tomllib.loads((ROOT / "native" / "Cargo.toml").read_text("utf-8"))["package"]
    assert crate["version"].startswith(f"{PLAN_FORMAT}.")
    made = tomllib.loads((ROOT / "native" / "pyproject.toml").read_text("utf-8"))["project"]
    assert made["version"] == crate["version"]
    source = (ROOT / "native" / "src" / "plan.rs").read_text("utf-8")
    assert f"pub const PLAN_FORMAT: u32 = {PLAN_FORMAT};" in source


# --- the native backend ---------------------------------------------------------------------------


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native backend in this process."""
    native_module()
    monkeypatch.setenv("AVROGEN_BACKEND", "native")


@pytest.mark.usefixtures("native")
def test_functions_are_methods() -> None:
    package = Package(Schema.parse(json.dumps(NODE)))
    class_ = package.classes["Node"]
    value = class_("a", class_("b", None, []), [1.5])
    data = value.to_avro()
    assert type(class_.to_avro).__name__ == "Function"
    assert value.to_avro() == class_.to_avro(value) == value.to_avro(limits=None) == data
    assert class_.from_avro(data) == value == class_.from_avro(data=bytearray(data))
    bound = value.to_avro
    assert bound() == data
    assert bound.__self__ is value
    assert class_.to_avro.__qualname__ == f"{class_.__qualname__}.to_avro"
    assert class_.to_avro.__doc__
    assert str(inspect.signature(class_.from_avro)) == "(data, *, writer=None, limits=None)"
    assert weakref.ref(class_.to_avro)() is class_.to_avro
    assert "to_avro" in repr(class_.to_avro)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("method", "arguments", "keywords", "message"),
    [
        ("to_avro", (), {}, "to_avro() missing 1 required positional argument: 'value'"),
        ("to_avro", (1, 2), {}, "to_avro() takes 1 positional argument but 2 were given"),
        ("from_avro", (b"",), {"x": 1}, "from_avro() got an unexpected keyword argument 'x'"),
        ("from_avro", ("a",), {}, "memoryview: a bytes-like object is required, not 'str'"),
    ],
)
def test_wrong_calls_are_those_of_python(
    method: str, arguments: tuple[Any, ...], keywords: dict[str, Any], message: str
) -> None:
    schema = Schema.parse('"int"')
    assert schema.to_avro(1) == b"\2"
    assert schema.from_avro(b"\2") == 1
    with pytest.raises(TypeError) as raised:
        getattr(schema, method)(*arguments, **keywords)
    assert str(raised.value) == message


@pytest.mark.usefixtures("native")
def test_options_of_plain_values() -> None:
    text = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": "int", "default": 5},
            {"name": "b", "type": ["null", "int", "string"], "default": None},
        ],
    }
    schema = Schema.parse(json.dumps(text))
    assert schema.to_avro({}) == schema.to_avro({"a": 5, "b": None, "c": 1}) == b"\x0a\x00"
    for fill_defaults, allow_unknown_keys in ((False, True), (True, False)):
        strict = partial(
            schema.to_avro, fill_defaults=fill_defaults, allow_unknown_keys=allow_unknown_keys
        )
        with pytest.raises(avrogen.EncodeError):
            strict({"a": 5, "c": 1})
        assert strict({"a": 5, "b": 1}) == b"\x0a\x02\x02"
    assert schema.from_avro(b"\x0a\x02\x02", named_branches=True) == {"a": 5, "b": ("int", 1)}
    assert schema.from_avro(value := b"\x0a\x00", named_branches=False) == {"a": 5, "b": None}
    assert schema.from_avro(value, limits=Limits(max_depth=0)) == {"a": 5, "b": None}


@pytest.mark.usefixtures("native")
def test_ordinary_values_need_no_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    from avrogen.codec.interpreter.decoder import InterpretedDecoder
    from avrogen.codec.interpreter.encoder import InterpretedEncoder

    calls: list[object] = []

    def interpreted(*arguments: object) -> None:
        calls.append(arguments)

    for class_, name in (
        (InterpretedEncoder, "write"),
        (InterpretedEncoder, "write_part"),
        (InterpretedDecoder, "read"),
        (InterpretedDecoder, "read_part"),
    ):
        monkeypatch.setattr(class_, name, interpreted)
    class_ = Package(Schema.parse(json.dumps(NODE))).classes["Node"]
    value = class_("a", class_("b", None, []), [1.5, 2.0])
    assert class_.from_avro(value.to_avro()) == value
    assert not calls


@pytest.mark.usefixtures("native")
def test_functions_are_collected() -> None:
    """A schema refers to its functions, and they to the schema."""

    def used() -> list[weakref.ref[Any]]:
        schema = Schema.parse(json.dumps(NODE))
        value = {"text": "a", "next": None, "numbers": [1.5]}
        assert schema.from_avro(schema.to_avro(value)) == value
        return [weakref.ref(schema), weakref.ref(schema.to_avro), weakref.ref(schema.from_avro)]

    references = used()
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


@pytest.mark.usefixtures("native")
def test_first_use_in_many_threads() -> None:
    for _ in range(20):
        class_ = Package(Schema.parse(json.dumps(NODE))).classes["Node"]
        value = class_("a", class_("b", None, [0.5]), [])
        data = b"\x02a\x02\x02b\x00\x02" + bytes(6) + b"\xe0\x3f\x00\x00"
        assert not _wrong_in_threads(class_, value, data)


def _wrong_in_threads(class_: Any, value: Any, data: bytes) -> list[object]:
    start, wrong = threading.Barrier(8), list[object]()

    def run() -> None:
        start.wait()
        if value.to_avro() != data or class_.from_avro(data) != value:
            wrong.append(value)
        try:
            class_.from_avro(data[:-1])
        except DecodeError as error:
            if error.offset != len(data) - 1:
                wrong.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.usefixtures("native")
def test_functions_are_pickled_by_name(build: Build) -> None:
    money = build({"m.avsc": {"type": "record", "name": "Money", "fields": []}}).Money
    compilation.install_encoder(money)
    assert type(money.to_avro).__name__ == "Function"
    assert pickle.loads(pickle.dumps(money.to_avro)) is money.to_avro


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the module for them is another in 3.11")
def test_sub_interpreters_have_the_python_backend() -> None:
    native_module()
    code = """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        text = (
            "import avrogen; chosen = avrogen.backend();"
            "assert chosen.name == 'python', chosen;"
            "assert avrogen.Schema.parse('\\"int\\"').to_avro(1) == b'\\\\2'"
        )
        failure = interpreters.run_string(interpreters.create(), text)
        assert failure is None, failure
    """
    run = run_python("-c", inspect.cleandoc(code), AVROGEN_BACKEND="auto")
    assert run.returncode == 0, run.stderr


def test_memory_stays_level() -> None:
    """Values, errors and truncated data of many messages leave nothing behind."""
    native_module()
    code = """
        import json, resource, sys
        from avrogen import CodecError, Schema
        from tests.codec.test_backends import NODE
        from tests.support.dynamic import Package

        package = Package(Schema.parse(json.dumps(NODE)))
        class_ = package.classes["Node"]
        value = class_("text", class_("b", None, [1e300] * 20), [0.1] * 10)
        data = value.to_avro()
        wrong = class_("text", class_("b", None, ["no"]), [])

        def run(times):
            for number in range(times):
                class_.from_avro(data)
                value.to_avro()
                for call in (lambda: class_.from_avro(data[: number % len(data)]), wrong.to_avro):
                    if number % 20 == 0:
                        try:
                            call()
                        except CodecError:
                            pass

        run(5_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run(int(sys.argv[1]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    run = run_python("-c", inspect.cleandoc(code), "100000", cwd=ROOT, AVROGEN_BACKEND="native")
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 1_000  # KB; a single reference of each message would be thousands
