"""Accepted findings: in ``[lint]`` of the configuration, and by an attribute of schemas.

``"avrogen.lint": ["AVR502"]`` in a definition, a field or a type accepts what is found in it. An
acceptance is a part of a text: one way serves findings of lint and warnings of builds. What accepts
nothing is reported, so that acceptances do not outlive their reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity, diagnostic
from avrogen.avro.json_reader import INVALID_JSON, read_json
from avrogen.avro.model import Json
from avrogen.avro.source import JsonSpan, Location, Origin, Source, locate, offset_of, span_of
from avrogen.config.lint_section import ALL_RULES, AcceptedCode, LintSection, acceptable_code

__all__ = ["ATTRIBUTE", "Acceptances", "accept_warnings"]

ATTRIBUTE = "avrogen.lint"
"""Attribute of a schema or a field: a code, or a list of codes, accepted in it."""


@dataclass(frozen=True, slots=True)
class _Attribute:
    """A code in an attribute of a schema."""

    span: JsonSpan
    text: str
    code: Code | None
    location: Location


class Acceptances:
    """The acceptances of a run, and which of them had an effect.

    Args:
        section: the table ``[lint]``.
        sources: the schema files.
        types: named types by full name.
    """

    def __init__(
        self,
        section: LintSection,
        sources: Iterable[Source],
        types: Mapping[str, model.NamedType],
    ) -> None:
        self._section = section
        self._sources = {source.path: source for source in sources}
        self._types = types
        self._attributes: dict[str, list[_Attribute]] = {}
        self._used: set[AcceptedCode | _Attribute] = set()
        self._definitions: dict[str, list[tuple[JsonSpan, str]]] | None = None
        for source in self._sources.values():
            if f'"{ATTRIBUTE}"' in source.text:
                self._attributes[source.path] = list(_attributes(source))

    def __bool__(self) -> bool:
        return bool(self._section.accepted or self._attributes)

    def accepts(self, found: Diagnostic) -> bool:
        """Tell if a finding or a warning is accepted; remember by which acceptances."""
        if found.severity is Severity.ERROR:
            return False
        matching: set[AcceptedCode | _Attribute] = {
            accepted for accepted in self._section.accepted if self._matches(accepted, found)
        }
        attributes = self._attributes.get(found.location.path, ())
        if attributes:
            offset = offset_of(self._sources[found.location.path].text, found.location)
            matching.update(
                attribute
                for attribute in attributes
                if _is_of(attribute.code, attribute.text, found.code)
                and attribute.span.key <= offset < attribute.span.end
            )
        self._used |= matching
        return bool(matching)

    def unused(
        self, is_judged: Callable[[Code | None], bool], *, whole: bool
    ) -> Iterator[Diagnostic]:
        """Yield a warning for each acceptance that accepted nothing.

        Args:
            is_judged: tells of a code that the run would have found it; None is every rule.
            whole: the run has all schemas of a folder; otherwise the configuration may be for
                others.
        """
        for accepted in self._section.accepted if whole else ():
            if accepted not in self._used and is_judged(accepted.code):
                name = accepted.code.id if accepted.code else ALL_RULES
                place = f' in "{accepted.selector}"' if accepted.selector else ""
                yield _unused(name, place, accepted.location)
        for attributes in self._attributes.values():
            for attribute in attributes:
                is_known = attribute.code is not None or attribute.text == ALL_RULES
                if attribute not in self._used and is_judged(attribute.code):
                    yield _unused(attribute.text[:60], " here", attribute.location, is_known)

    def _matches(self, accepted: AcceptedCode, found: Diagnostic) -> bool:
        if not _is_of(accepted.code, ALL_RULES, found.code):
            return False
        if not found.location.path.startswith(accepted.below):
            return False
        match accepted.scope:
            case "everywhere":
                return True
            case "path":
                source = self._sources.get(found.location.path)
                return source is not None and fnmatchcase(source.name, accepted.selector)
            case "type":
                return self._is_in_type(accepted.selector, found.location)

    def _is_in_type(self, selector: str, location: Location) -> bool:
        """Tell if a place is in a type or a field, and in no definition inside of it."""
        source = self._sources.get(location.path)
        if source is None:
            return False
        offset = offset_of(source.text, location)
        around = [
            (span.end - span.start, name)
            for span, name in self._definitions_in(source)
            if span.key <= offset < span.end
        ]
        if not around:
            return False
        name = min(around)[1]
        if name == selector:
            return True
        owner, _, field_name = selector.rpartition(".")
        named = self._types.get(name)
        if owner != name or not isinstance(named, model.RecordType):
            return False
        spans = [_span(field.origin) for field in named.fields if field.name == field_name]
        return any(span.key <= offset < span.end for span in spans)

    def _definitions_in(self, source: Source) -> list[tuple[JsonSpan, str]]:
        if self._definitions is None:
            self._definitions = {}
            for name, named in self._types.items():
                if named.origin is not None and named.origin.source.path in self._sources:
                    inside = self._definitions.setdefault(named.origin.source.path, [])
                    inside.append((_span(named.origin), name))
        return self._definitions.get(source.path, [])


def accept_warnings(
    section: LintSection,
    sources: Collection[Source],
    types: Mapping[str, model.NamedType],
    diagnostics: Diagnostics,
    *,
    whole: bool,
) -> None:
    """Remove the accepted warnings of a build, and report acceptances without one.

    Args:
        section: the table ``[lint]``.
        sources: the schema files.
        types: named types by full name.
        diagnostics: everything found.
        whole: the run has all schemas of a folder.
    """
    acceptances = Acceptances(section, sources, types)
    if not acceptances:
        return
    diagnostics.discard([found for found in diagnostics if acceptances.accepts(found)])
    diagnostics.extend(acceptances.unused(_is_build_warning, whole=whole))


def _is_build_warning(code: Code | None) -> bool:
    return code is not None and not code.is_lint_rule


def _is_of(code: Code | None, text: str, found: Code) -> bool:
    return code is found or (code is None and text == ALL_RULES and found.is_lint_rule)


def _unused(name: str, place: str, location: Location, is_known: bool = True) -> Diagnostic:
    problem = "nothing was found" if is_known else "there is no such rule or warning"
    return diagnostic(
        Code.ACCEPTANCE_UNUSED,
        location,
        f"{name} is accepted{place}, and {problem}",
        "remove it" if is_known else "list all codes: avrogen explain",
    )


def _span(origin: Origin | None) -> JsonSpan:
    span = span_of(origin) if origin is not None else None
    return span or JsonSpan(0, 0, 0)


def _attributes(source: Source) -> Iterator[_Attribute]:
    document = read_json(source, Diagnostics(tolerant=True))
    if document is INVALID_JSON:
        return
    waiting: list[tuple[Json, Origin]] = [(document, Origin(source))]
    while waiting:
        value, origin = waiting.pop()
        if isinstance(value, list):
            waiting += [(item, origin / index) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [(item, origin / key) for key, item in value.items() if key != ATTRIBUTE]
            codes = value.get(ATTRIBUTE)
            for index, code in enumerate(codes if isinstance(codes, list) else [codes]):
                at = origin / ATTRIBUTE
                at = at / index if isinstance(codes, list) else at
                if ATTRIBUTE in value:
                    text = code if isinstance(code, str) else json.dumps(code)
                    yield _Attribute(_span(origin), text, acceptable_code(text), locate(at))
