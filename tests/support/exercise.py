"""Imports generated packages and sends bytes through them, in a process of its own.

Reads a JSON list of jobs from stdin, writes a JSON list of what came of them to stdout. A job names
a package on the path, the full name of a type in it (null for what a file has at its top beside
definitions) and data as hex; see :class:`Job` and :class:`Outcome`.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import random
import subprocess
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from avrogen import DecodeError
from avrogen.avro.model import Reference
from avrogen.runtime.v1 import AvroRecord, Codec

__all__ = ["Job", "Outcome", "exercise"]

ROOT = Path(__file__).parents[2]


@dataclass
class Job:
    """What to try: every module is imported, then data is read and written.

    With ``forms``, values are also written and read as JSON in both styles, as plain Python values
    and by pydantic; and broken JSON is read.
    """

    package: str
    type: str | None = None
    data: list[str] = field(default_factory=list[str])
    import_only: bool = False
    forms: bool = False


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        problem: a traceback, or what else is wrong; None if all went well.
        data: what the values that were read are written as.
        equal: whether what was written reads as an equal value, for each datum.
        schema: the embedded schema of the type.
        canonical_form: of that schema.
    """

    package: str
    problem: str | None = None
    data: list[str] = field(default_factory=list[str])
    equal: list[bool] = field(default_factory=list[bool])
    schema: str | None = None
    canonical_form: str | None = None


def exercise(jobs: Iterable[Job], folder: Path) -> list[Outcome]:
    """Try jobs on the packages in a folder."""
    environment = {k: v for k, v in os.environ.items() if k != "AVROGEN_PWNED"}
    environment |= {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "error"}
    run = subprocess.run(
        [sys.executable, "-B", __file__],
        input=json.dumps([asdict(job) for job in jobs]),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [Outcome(**outcome) for outcome in json.loads(run.stdout)]


def main() -> None:
    """Do the jobs on stdin."""
    sys.path.remove(str(Path(__file__).parent))  # it would offer this folder's modules as well
    jobs = [Job(**job) for job in json.load(sys.stdin)]
    json.dump([asdict(_try(job)) for job in jobs], sys.stdout)


def _try(job: Job) -> Outcome:
    outcome = Outcome(job.package)
    try:
        modules = list(_all_modules(job.package))
        if not job.import_only:
            _send(job, modules, outcome)
    except Exception:
        outcome.problem = traceback.format_exc(limit=-4)
    if os.environ.pop("AVROGEN_PWNED", None) is not None:
        outcome.problem = "the package has run text of its schema"
    for name in [m for m in sys.modules if m.partition(".")[0] == job.package]:
        del sys.modules[name]
    return outcome


def _all_modules(package: str) -> Iterator[ModuleType]:
    """Every module of a package, with everything that it offers loaded."""
    top = importlib.import_module(package)
    names = [m.name for m in pkgutil.walk_packages(top.__path__, f"{package}.", onerror=_raise)]
    for module in (top, *map(importlib.import_module, names)):
        for name in getattr(module, "__all__", ()):
            getattr(module, name)
        yield module


def _raise(name: str) -> None:
    raise ImportError(name)


def _send(job: Job, modules: Iterable[ModuleType], outcome: Outcome) -> None:
    """Decode and encode the data of a job."""
    owners = [o for m in modules for o in list(vars(m).values()) if _is_owner(o, job.package)]
    owner: Any = next((o for o in owners if _has_type(o, job.type)), None)
    if owner is None:
        outcome.problem = f"nothing in the package is {job.type or 'at the top'}"
        return
    outcome.schema = str(owner.__avro_schema__)
    outcome.canonical_form = owner.__avro_schema__.canonical_form
    is_codec = Codec in type(owner).__mro__
    for data in job.data:
        value = owner.from_avro(bytes.fromhex(data))
        again: bytes = owner.to_avro(value) if is_codec else value.to_avro()
        outcome.data.append(again.hex())
        outcome.equal.append(_equal(owner.from_avro(again), value))
        if job.forms:
            _try_forms(owner, value, again, is_codec)


def _try_forms(owner: Any, value: Any, data: bytes, is_codec: bool) -> None:
    """Have a value come back from each form as the same bytes, so in the same branches."""
    from pydantic import TypeAdapter  # most jobs need none

    own = (value,) if is_codec else ()
    forms = owner if is_codec else value
    for style in ("plain", "avro"):
        text: str = forms.to_json(*own, style=style)
        _require_same(owner.from_json(text, style=style), value, data, owner, f"{style}: {text}")
        indented: str = forms.to_json(*own, style=style, indent=1)
        _require_same(owner.from_json(indented, style=style), value, data, owner, indented)
        converted = owner.__avro_schema__.avro_to_json(data, style=style)
        assert owner.__avro_schema__.json_to_avro(converted, style=style) == data, converted
        _break_text(owner, text, style)
    tree = forms.to_dict(*own)
    _require_same(owner.from_dict(tree), value, data, owner, f"dict: {tree}")
    if not is_codec:
        adapter: Any = TypeAdapter(owner)
        text = adapter.dump_json(value).decode()
        _require_same(adapter.validate_json(text), value, data, owner, f"pydantic: {text}")
        _require_same(adapter.validate_python(value), value, data, owner, "pydantic: value")


def _require_same(found: Any, value: Any, data: bytes, owner: Any, form: str) -> None:
    is_codec = Codec in type(owner).__mro__
    again: bytes = owner.to_avro(found) if is_codec else found.to_avro()
    assert type(found) is type(value) and again == data, form[:1000]


_PIECES = (
    '"',
    "{",
    "}",
    "[",
    ",",
    ":",
    "null",
    "-1",
    "1e999",
    "NaN",
    '"x"',
    "\\ud800",
    "\0",
    "9" * 50,
)


def _break_text(owner: Any, text: str, style: Any) -> None:
    """Read broken texts, each of which is a value or a DecodeError."""
    source = random.Random(text)
    for _ in range(6):
        start, removed = source.randrange(len(text)), source.randrange(4)
        broken = text[:start] + source.choice(_PIECES) + text[start + removed :]
        try:
            owner.from_json(broken, style=style)
        except DecodeError as error:
            assert error.line is not None, broken


def _is_owner(thing: Any, package: str) -> bool:
    """Whether it is a generated class or codec, and not what they are made of."""
    if not isinstance(thing, type):
        return isinstance(thing, Codec)
    return thing.__module__.partition(".")[0] == package and hasattr(thing, "__avro_schema__")


def _has_type(owner: Any, wanted: str | None) -> bool:
    """Whether a class or codec is of the type of a name, or of one without a name."""
    found = owner.__avro_schema__.type
    return (
        isinstance(found, Reference) and found.name == wanted
        if wanted
        else isinstance(owner, Codec)
    )


def _equal(left: object, right: object) -> bool:
    """Equality that lets NaN equal itself."""
    return left == right or repr(_shown(left)) == repr(_shown(right))


def _shown(value: Any) -> Any:
    """A value all of which is in its repr."""
    match value:
        case AvroRecord():
            members = {f.name: _shown(getattr(value, f.name)) for f in fields(cast("Any", value))}
            return type(value).__name__, members
        case list():
            return [_shown(item) for item in cast("list[Any]", value)]  # type: ignore[redundant-cast]
        case dict():
            entries = cast("dict[Any, Any]", value)  # type: ignore[redundant-cast]
            return {key: _shown(each) for key, each in entries.items()}
        case _:
            return value


if __name__ == "__main__":
    main()
