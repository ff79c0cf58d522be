"""One run of lint: findings of the rules that apply, without those that are accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity, diagnostic
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Source
from avrogen.compiler.acceptances import Acceptances
from avrogen.compiler.checks import check_definitions, check_topics
from avrogen.compiler.discovery import parse_schemas, read_sources
from avrogen.config.config import Config
from avrogen.config.run_config import read_config
from avrogen.lint.rules import LintRule, rules_of
from avrogen.lint.schema_view import RuleFinding, SchemaView

__all__ = ["Lint", "LintFinding", "lint_paths", "lint_sources"]


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A finding that is reported.

    Attributes:
        finding: the finding of a rule; None: a problem of the schemas or the configuration.
        diagnostic: the finding as a diagnostic.
    """

    finding: RuleFinding | None
    diagnostic: Diagnostic

    @property
    def is_fixable(self) -> bool:
        """True if there is a fix for it."""
        return self.finding is not None and bool(self.finding.edits)


@dataclass(frozen=True, slots=True)
class Lint:
    """Result of a run.

    Attributes:
        sources: the schema files.
        config: the configuration.
        parsed: the schemas; incomplete if they have errors.
        findings: findings, or errors of the schemas, in the order of places.
        has_errors: the schemas or the configuration have errors, and no rule was applied.
    """

    sources: tuple[Source, ...]
    config: Config
    parsed: Parsed
    findings: tuple[LintFinding, ...]
    has_errors: bool

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The findings as diagnostics."""
        return tuple(found.diagnostic for found in self.findings)


def lint_paths(paths: Sequence[Path], categories: Collection[str] = ()) -> Lint:
    """Read schemas and their configuration, and apply rules.

    Args:
        paths: existing files and folders.
        categories: categories of rules; none: those of the configuration.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    config = read_config(paths, diagnostics, is_one_package=False)
    return lint_sources(sources, config, diagnostics, categories)


def lint_sources(
    sources: Sequence[Source],
    config: Config,
    diagnostics: Diagnostics,
    categories: Collection[str] = (),
) -> Lint:
    """Apply rules to schemas.

    Args:
        sources: the schema files.
        config: their configuration.
        diagnostics: problems that were found in both.
        categories: categories of rules; none: those of the configuration.
    """
    parsed = parse_schemas(sources, config, diagnostics)
    check_definitions(parsed.types, diagnostics)
    if not diagnostics.has_errors:
        check_topics(config, parsed.types, diagnostics)
    errors = [found for found in diagnostics if found.severity is Severity.ERROR]
    if errors:
        found = tuple(LintFinding(None, error) for error in errors)
        return Lint(tuple(sources), config, parsed, found, True)
    rules = rules_of(categories or config.lint.categories)
    acceptances = Acceptances(config.lint, sources, parsed.types)
    findings = [
        reported
        for finding in _in_files(_findings(SchemaView(parsed, config), rules))
        if not acceptances.accepts((reported := _reported(finding)).diagnostic)
    ]
    codes = {rule.code for rule in rules}
    noticed = (found for found in diagnostics if found.code is Code.CONFIG_BELOW)
    findings += (LintFinding(None, found) for found in noticed if not acceptances.accepts(found))
    unused = acceptances.unused(lambda code: _is_judged(code, codes), whole=config.is_whole)
    findings += (LintFinding(None, found) for found in unused)
    findings.sort(key=lambda f: (f.diagnostic.location, f.diagnostic.code.id, f.diagnostic.message))
    return Lint(tuple(sources), config, parsed, tuple(findings), False)


def _is_judged(code: Code | None, applied: Collection[Code]) -> bool:
    """Tell if the run would have found a code; build judges its own warnings."""
    return code is None or code in applied


def _findings(view: SchemaView, rules: Sequence[LintRule]) -> Iterator[RuleFinding]:
    of_fields = [rule.of_field for rule in rules if rule.of_field is not None]
    for field in view.fields:
        for check in of_fields:
            yield from check(field)
    for rule in rules:
        if rule.of_schemas is not None:
            yield from rule.of_schemas(view)


def _in_files(findings: Iterator[RuleFinding]) -> list[RuleFinding]:
    """Return findings by file, as the places in one file are computed together."""
    return sorted(findings, key=lambda finding: finding.origin.source.path)


def _reported(finding: RuleFinding) -> LintFinding:
    found = diagnostic(
        finding.code, finding.origin, finding.message, finding.hint, key=finding.is_key
    )
    return LintFinding(finding, found)
