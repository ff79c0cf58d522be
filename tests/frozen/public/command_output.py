"""Exit codes of commands and the shapes of what they print for machines."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from click.testing import Result

from tests.frozen.public.scenes import DEAD_LETTERS, Scene

__all__ = ["dead_letter_headers", "exit_codes", "json_shapes"]

_NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


def exit_codes() -> Mapping[str, int]:
    """Return the exit codes of commands in situations that scripts tell apart by them."""
    found: dict[str, int] = {}
    with Scene.opened() as scene:
        for command in (
            "--version",
            "--help",
            "no-such-command",
            "build schemas -o pkg",
            "build schemas -o pkg --check",
            "build narrower -o pkg --check",
            "build unknown -o pkg",
            "build warning -o with_warnings",
            "build warning -o strict --strict",
            "build schemas -o foreign/pkg",
            "build empty -o pkg",
            "build nowhere -o pkg",
            "build schemas",
            "build schemas -o pkg --format xml",
            "check schemas --against schemas",
            "check schemas --against pkg",
            "check narrower --against schemas",
            "check schemas --against narrower",
            "check schemas --against integral",
            "check schemas --against integral --strict",
            "check schemas --against narrower --level FULL",
            "check unknown --against schemas",
            "check schemas --against unknown",
            "check schemas --against git:no-such-ref",
            f"check schemas --against {_NOWHERE}",
            "docs schemas -o site",
            "docs unknown -o site",
            "docs empty -o site",
            "explain",
            "explain AVR203",
            "explain 203",
            "explain AVR999",
            "init new",
            "init schemas/order.avsc",
            f"registry status schemas --url {_NOWHERE}",
            "registry status schemas",
            f"registry status unknown --url {_NOWHERE}",
            f"registry pull no-such-subject -o pulled --url {_NOWHERE}",
            "dead-letters some-topic",
        ):
            found[command] = scene.run(command).exit_code
        with scene.registry() as url:
            for command in (
                "registry status schemas",
                "registry register schemas --dry-run",
                "registry register schemas",
                "registry status narrower",
                "registry register narrower",
                "check schemas --against REGISTRY",
                "check narrower --against REGISTRY",
                "registry pull shop.orders-value -o pulled",
                "registry pull no-such-subject -o pulled",
            ):
                given = command.replace("REGISTRY", url)
                more = [] if given != command else ["--url", url]
                found[f"{command} (with a registry)"] = scene.run(given, *more).exit_code
        with scene.dead_letter() as (servers, _):
            for command in (f"dead-letters {DEAD_LETTERS}", "dead-letters no-such-topic"):
                found[f"{command} (with servers)"] = scene.run(command, *servers).exit_code
    return {command.replace(_NOWHERE, "UNREACHABLE"): code for command, code in found.items()}


def json_shapes() -> Mapping[str, list[str]]:
    """Return the paths and types of what commands print as JSON, and of ``avrogen.lock``."""
    found: dict[str, list[str]] = {}
    with Scene.opened() as scene:
        found["build, errors: stderr"] = _stderr(scene.run("build unknown -o p --format json"))
        found["build, warnings: stderr"] = _stderr(scene.run("build warning -o w --format json"))
        found["build, nothing: stderr"] = _stderr(scene.run("build schemas -o s --format json"))
        found["docs, errors: stderr"] = _stderr(scene.run("docs unknown -o d --format json"))
        breaking = scene.run("check narrower --against schemas --format json")
        found["check, breaking: stderr"] = _stderr(breaking)
        found["check, breaking: stdout"] = _stdout(breaking)
        same = scene.run("check schemas --against schemas --format json")
        found["check, unchanged: stderr"] = _stderr(same)
        found["check, unchanged: stdout"] = _stdout(same)
        with scene.registry() as url:
            at = ("--url", url, "--format", "json")
            for command in ("status schemas", "register schemas", "register narrower"):
                found[f"registry {command}"] = _stdout(scene.run(f"registry {command}", *at))
            for command in ("status schemas", "status narrower"):
                again = _stdout(scene.run(f"registry {command}", *at))
                found[f"registry {command}, after register"] = again
            pulled = scene.run("registry pull shop.orders-value -o pulled", *at)
            found["registry pull"] = _stdout(pulled)
            lock = (scene.folder / "pulled" / "avrogen.lock").read_text("utf-8")
            found["avrogen.lock"] = _shape(tomllib.loads(lock))
            against = scene.run(f"check narrower --against {url} --format json")
            found["check, against a registry: stderr"] = _stderr(against)
            found["check, against a registry: stdout"] = _stdout(against)
        with scene.dead_letter() as (servers, _):
            listed = scene.run(f"dead-letters {DEAD_LETTERS} --format json", *servers)
            found["dead-letters, each line"] = _stdout(listed)
            bare = scene.run(f"dead-letters {DEAD_LETTERS} --format json", *servers[:2])
            found["dead-letters, each line, without a registry"] = _stdout(bare)
    return found


def dead_letter_headers() -> list[str]:
    """Return the names of the headers of a dead-lettered record, after one of its own."""
    with Scene.opened() as scene, scene.dead_letter() as (_, (record,)):
        return [name for name, _ in record.headers]


def _stdout(result: Result) -> list[str]:
    return _shape(json.loads(result.stdout))


def _stderr(result: Result) -> list[str]:
    return _shape(json.loads(result.stderr))


def _shape(value: object) -> list[str]:
    """Paths with types, each once; of lists, those of all their items."""
    return sorted({f"{path or 'document'}: {kind}" for path, kind in _paths(value, "")})


def _paths(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            yield path, "object"
            for key, member in cast("dict[str, Any]", value).items():
                yield from _paths(member, f"{path}.{key}" if _is_name(key) else f"{path}.*")
        case list():
            yield path, "array"
            for item in cast("Iterable[object]", value):
                yield from _paths(item, f"{path}[]")
        case None:
            yield path, "null"
        case bool():
            yield path, "boolean"
        case int() | float():
            yield path, "number"
        case _:
            assert isinstance(value, str), f"JSON and TOML have no {type(value).__name__}"
            yield path, "string"


def _is_name(key: str) -> bool:
    """Keys of avrogen's are names; others are names of subjects, files and the like."""
    return key.replace("-", "_").isidentifier()
