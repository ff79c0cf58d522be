"""Fixes of findings: edits of the text of schemas that are proved to be compatible.

A fix is made if the schemas with it have no errors, every type that it changes can read data of the
type before and the reverse (FULL), no value changes, and build warns of nothing new. If many fixes
together are refused, halves of them are tried, so that one bad fix keeps none of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from avrogen.avro.compat.change_finder import ValueChangeFinder
from avrogen.avro.compat.levels import Level, Version, violations
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics
from avrogen.avro.model import AvroType, Reference
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Source
from avrogen.compiler.discovery import parse_schemas
from avrogen.config.config import Config
from avrogen.lint.linter import Lint, lint_sources
from avrogen.lint.schema_view import RuleFinding
from avrogen.lint.text_edits import edited

__all__ = ["Fixed", "fix"]

_MOST_ROUNDS = 5
"""Rounds of fixes: one may show the next, as edits of one place exclude each other."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Result of fixing.

    Attributes:
        texts: new texts of changed files, by path.
        count: number of fixes made.
        lint: findings that are left.
    """

    texts: dict[str, str]
    count: int
    lint: Lint


def fix(lint: Lint, categories: Sequence[str] = ()) -> Fixed:
    """Make all fixes that are proved, in memory.

    Args:
        lint: result of a run.
        categories: categories of its rules, as for :func:`~avrogen.lint.linter.lint_paths`.
    """
    count = 0
    refused: set[Hashable] = set()
    before = {source.path: source.text for source in lint.sources}
    for _ in range(_MOST_ROUNDS):
        findings = [
            found.finding
            for found in lint.findings
            if found.finding is not None and found.is_fixable and _key(found.finding) not in refused
        ]
        attempt = _Attempt(lint)
        for group in _without_overlaps(lint.sources, findings):
            attempt.add(group)
        refused.update(map(_key, attempt.refused))
        if not attempt.made:
            break
        count += len(attempt.made)
        lint = lint_sources(attempt.sources, lint.config, Diagnostics(), categories)
    texts = {s.path: s.text for s in lint.sources if s.text != before[s.path]}
    return Fixed(texts, count, lint)


def _key(finding: RuleFinding) -> Hashable:
    """Return a key of a finding that edits of other places do not change."""
    return finding.code, finding.origin.source.path, finding.origin.pointer


def _without_overlaps(
    sources: Sequence[Source], findings: Sequence[RuleFinding]
) -> Iterator[list[RuleFinding]]:
    """Yield the findings whose edits can be made together; others are for the next round."""
    together: list[RuleFinding] = []
    for source in sources:
        mine = [finding for finding in findings if finding.origin.source == source]
        kept: list[RuleFinding] = []
        for finding in mine:
            edits = [edit for each in (*kept, finding) for edit in each.edits]
            if edited(source.text, edits) is not None:
                kept.append(finding)
        together += kept
    if together:
        yield together


class _Attempt:
    """Fixes of one round.

    Args:
        lint: the run before it.

    Attributes:
        sources: the schema files with the fixes made.
        made: findings whose fixes were made.
        refused: findings whose fixes were not.
    """

    def __init__(self, lint: Lint) -> None:
        self._lint = lint
        self.sources = lint.sources
        self.made: list[RuleFinding] = []
        self.refused: list[RuleFinding] = []

    def add(self, findings: Sequence[RuleFinding]) -> None:
        """Make fixes if they are proved, together with those made before; else halves of them."""
        waiting = [list(findings)]
        while waiting:
            group = waiting.pop()
            sources = _with_fixes(self._lint.sources, (*self.made, *group))
            if sources is not None and is_proved(self._lint, sources):
                self.made += group
                self.sources = sources
            elif len(group) == 1:
                self.refused += group
            else:
                half = len(group) // 2
                waiting += (group[half:], group[:half])


def _with_fixes(
    sources: Sequence[Source], findings: Sequence[RuleFinding]
) -> tuple[Source, ...] | None:
    """Return schema files with fixes; None if they exclude each other."""
    by_path: dict[str, list[RuleFinding]] = {}
    for finding in findings:
        by_path.setdefault(finding.origin.source.path, []).append(finding)
    found: list[Source] = []
    for source in sources:
        edits = [edit for finding in by_path.get(source.path, ()) for edit in finding.edits]
        text = edited(source.text, edits) if edits else source.text
        if text is None:
            return None
        found.append(replace(source, text=text))
    return tuple(found)


def is_proved(lint: Lint, sources: Sequence[Source]) -> bool:
    """Tell if changed schemas have the meaning that they had, in both directions of reading."""
    config: Config = lint.config
    diagnostics = Diagnostics()
    new = parse_schemas(sources, config, diagnostics)
    if diagnostics.has_errors or not _codes(diagnostics) <= _codes(lint.parsed.diagnostics):
        return False
    old = lint.parsed
    if old.types.keys() != new.types.keys() or len(old.roots) != len(new.roots):
        return False
    changed: list[tuple[AvroType, AvroType]] = [
        (Reference(name), Reference(name))
        for name, named in new.types.items()
        if old.types[name] != named
    ]
    changed += (
        (before.type, now.type)
        for before, now in zip(old.roots, new.roots, strict=True)
        if before.type != now.type
    )
    return all(_is_same(before, now, old, new) for before, now in changed)


def _codes(diagnostics: Iterable[Diagnostic]) -> Counter[Code]:
    return Counter(found.code for found in diagnostics)


def _is_same(before: AvroType, now: AvroType, old: Parsed, new: Parsed) -> bool:
    violated = violations(Version(now, new.types), [Version(before, old.types)], Level.FULL)
    if next(violated, None) is not None:
        return False
    return not any(
        next(iter(ValueChangeFinder(new.types, old.types, direction).between(now, before)), None)
        for direction in Level.FULL.directions
    )
