"""The public surface, written down: a JSON file for each of its parts.

:data:`RECORDS` has a function for each file, which finds out what there is today through doors that
users have: the command line, names that can be imported, files that commands write. What has no
such door (names of codes, events and variables) is searched in the text of the whole package, so
that it does not matter which module has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from tests.frozen.public import command_line, command_output, files, names, package_text

__all__ = ["RECORDS", "changes", "frozen", "text", "write"]

RECORDS: Mapping[str, Callable[[], object]] = {
    "names": names.public_names,
    "module_paths": names.module_paths,
    "distribution": names.distribution,
    "pre_commit_hooks": names.pre_commit_hooks,
    "pytest_plugin": names.pytest_plugin,
    "commands": command_line.commands,
    "exit_codes": command_output.exit_codes,
    "json_shapes": command_output.json_shapes,
    "dead_letter_headers": command_output.dead_letter_headers,
    "configuration_keys": files.configuration_keys,
    "file_markers": files.file_markers,
    "file_names": files.file_names,
    "diagnostic_codes": package_text.diagnostic_codes,
    "log_events": package_text.log_events,
    "loggers": package_text.loggers,
    "environment_variables": package_text.environment_variables,
}
"""The functions that find out each part, by the names of files."""


def frozen(name: str) -> object:
    """Return what was written down for a part."""
    return json.loads(_file(name).read_text("utf-8"))


def text(value: object) -> str:
    """Return the JSON of a part, as its file has it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write(name: str) -> bool:
    """Write down a part as it is today; return True if that changed its file."""
    file = _file(name)
    now = text(RECORDS[name]()).encode()
    if file.exists() and file.read_bytes() == now:
        return False
    file.write_bytes(now)
    return True


def changes(old: object, new: object) -> list[str]:
    """Return a line for each value that is gone, new or different, with its path in the file."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    found: list[str] = []
    for path in dict.fromkeys([*before, *after]):
        if path not in after:
            found.append(f"gone: {path}{before[path]}")
        elif path not in before:
            found.append(f"new: {path}{after[path]}")
        elif before[path] != after[path]:
            found.append(f"changed: {path}{before[path]} ->{after[path].removeprefix(' =')}")
    return found


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Members by their paths. Items of a list are in the path, so that one more is one line."""
    if isinstance(value, dict) and value:
        for key, member in cast("dict[str, Any]", value).items():
            yield from _leaves(member, f"{path}[{key}]")
    elif isinstance(value, list) and value:
        for each in cast("Iterable[object]", value):
            yield f"{path} {each}", ""
    else:
        yield path, f" = {json.dumps(value, ensure_ascii=False)}"


def _file(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.json")
