"""Codes, log events, loggers and variables, found in the text of whichever module has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from tests.conftest import ROOT, run_avrogen

__all__ = ["diagnostic_codes", "environment_variables", "log_events", "loggers"]

LOG_FUNCTION = "log_event"
"""The function that logs an event: level, event, and the fields as keywords."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_CODE = re.compile(r"AVR\d{3}")
_VARIABLE = re.compile(r"\bAVROGEN_[A-Z]+(?:_[A-Z]+)*\b")
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


@dataclass(frozen=True, slots=True)
class _Call:
    """A call, and the module and the function that it is written in."""

    node: ast.Call
    module: ast.Module
    within: Function | None


def diagnostic_codes() -> Mapping[str, str]:
    """Return the name of each code, and hold that ``avrogen explain`` lists the same codes."""
    found: dict[str, str] = {}
    for _, tree in _modules():
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Tuple(elts=[ast.Constant(value=str(code)), *_]),
                ) if _CODE.fullmatch(code):
                    assert code not in found, f"{code} is there twice"
                    found[code] = name
                case _:
                    pass
    listed = _CODE.findall(run_avrogen("explain").stdout)
    assert sorted(found) == listed, "avrogen explain lists other codes"
    return dict(sorted(found.items()))


def environment_variables() -> list[str]:
    """Return the variables of the environment that the package names."""
    texts = (path.read_text("utf-8") for path, _ in _modules())
    return sorted({name for text in texts for name in _VARIABLE.findall(text)})


def loggers() -> list[str]:
    """Return the names of loggers. A test-kit module may name one after itself."""
    found: set[str] = set()
    for path, tree in _modules():
        for call in _calls(tree):
            if _called(call.node) == "getLogger":
                (argument,) = call.node.args
                match argument:
                    case ast.Constant(value=str(name)):
                        found.add(name)
                    case _:
                        found.add(_module_name(path))
    return sorted(found)


def log_events() -> Mapping[str, Mapping[str, list[str]]]:
    """Return levels and fields of each event, of all calls that log it.

    Raises:
        AssertionError: a call is written in a way that this does not understand.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for call in _all_calls():
        if _called(call.node) != LOG_FUNCTION:
            continue
        fields = _fields(call)
        for level, event in _levels_and_events(call):
            known = found.setdefault(event, {"levels": set(), "fields": set()})
            known["levels"].add(level)
            known["fields"] |= fields
    return {
        event: {key: sorted(values) for key, values in sorted(known.items())}
        for event, known in sorted(found.items())
    }


def _fields(call: _Call) -> set[str]:
    """Names of keywords, with those of dicts that are spread into the call."""
    found: set[str] = set()
    for keyword in call.node.keywords:
        if keyword.arg is not None:
            found.add(keyword.arg)
        elif isinstance(keyword.value, ast.Call):
            found |= _keys_returned_by(_called(keyword.value), call.module)
        else:
            found |= _keys(keyword.value)
    return found - {"level", "event"}


def _keys_returned_by(name: str, module: ast.Module) -> set[str]:
    """Keys of the dict that a function returns: one of the same module, else of any."""
    for trees in ([module], [tree for _, tree in _modules()]):
        functions = [f for tree in trees for f in ast.walk(tree) if _is_function(f, name)]
        returned = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Return)]
        if returned:
            return {key for node in returned for key in _keys(node.value)}
    raise AssertionError(f"nothing called {name} returns fields")


def _keys(node: ast.expr | None) -> set[str]:
    match node:
        case ast.Dict(keys=keys):
            return {str(key.value) for key in keys if isinstance(key, ast.Constant)}
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {keyword.arg for keyword in keywords if keyword.arg}
        case _:
            raise AssertionError(f"fields of an event are not written out: {_source(node)}")


def _levels_and_events(call: _Call) -> Iterator[tuple[str, str]]:
    level, event = (_argument(call.node, at, name) for at, name in ((0, "level"), (1, "event")))
    parameters = _parameters(call.within)
    if {_name_of(level), _name_of(event)}.isdisjoint(parameters):
        yield from ((le, ev) for le in _levels(level) for ev in _texts(event))
        return
    # The function passes on what it was called with.
    assert call.within is not None
    callers = [each for each in _all_calls() if _called(each.node) == call.within.name]
    assert callers, f"nothing calls {call.within.name}"
    for caller in callers:
        given = {
            name: _argument(caller.node, at, name)
            for at, name in enumerate(parameters)
            if name in (_name_of(level), _name_of(event))
        }
        for le in _levels(given.get(_name_of(level), level)):
            yield from ((le, ev) for ev in _texts(given.get(_name_of(event), event)))


def _levels(node: ast.expr) -> list[str]:
    match node:
        case ast.Attribute(value=ast.Name(id="logging"), attr=attr) if attr in _LEVELS:
            return [attr]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_levels(body), *_levels(orelse)]
        case _:
            raise AssertionError(f"the level of an event is not written out: {_source(node)}")


def _texts(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_texts(body), *_texts(orelse)]
        case _:
            raise AssertionError(f"the name of an event is not written out: {_source(node)}")


# --- trees ----------------------------------------------------------------------------------------


@cache
def _modules() -> list[tuple[Path, ast.Module]]:
    paths = sorted((ROOT / "avrogen").rglob("*.py"))
    return [(path, ast.parse(path.read_text("utf-8"), str(path))) for path in paths]


@cache
def _all_calls() -> list[_Call]:
    return [call for _, tree in _modules() for call in _calls(tree)]


def _calls(
    module: ast.Module, node: ast.AST | None = None, within: Function | None = None
) -> Iterator[_Call]:
    if isinstance(node, ast.Call):
        yield _Call(node, module, within)
    inner = node if isinstance(node, Function) else within
    for child in ast.iter_child_nodes(node or module):
        yield from _calls(module, child, inner)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_function(node: ast.AST, name: str) -> bool:
    return isinstance(node, Function) and node.name == name


def _parameters(function: Function | None) -> list[str]:
    """Names of parameters in the order in which a caller gives them."""
    if function is None:
        return []
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def _argument(call: ast.Call, at: int, name: str) -> ast.expr:
    if at < len(call.args):
        return call.args[at]
    given = [keyword.value for keyword in call.keywords if keyword.arg == name]
    assert given, f"no {name} in {_source(call)}"
    return given[0]


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _source(node: ast.expr | None) -> str:
    return "nothing" if node is None else ast.unparse(node)
