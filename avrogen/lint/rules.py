"""Table of all rules of lint: code, category, fixable, and the function that finds.

docs/lint.md has the same table, and docs/diagnostics.md explains each rule with examples.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from avrogen.avro.diagnostics import Code
from avrogen.lint import (
    evolution_rules,
    keyword_rules,
    metadata_rules,
    naming_rules,
    nullability_rules,
    time_rules,
    value_rules,
)
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView

__all__ = ["RULES", "Category", "LintRule", "rules_of"]

Category: TypeAlias = Literal["standard", "compat", "style", "docs", "privacy"]
"""Category of a rule; the names are those of :data:`avrogen.config.lint_section.CATEGORIES`."""

FieldCheck: TypeAlias = Callable[[FieldView], Iterator[RuleFinding]]
SchemaCheck: TypeAlias = Callable[[SchemaView], Iterator[RuleFinding]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule.

    Attributes:
        code: its code, which has a title and an entry in docs/diagnostics.md.
        category: its category.
        of_field: function that looks at one field; None: ``of_schemas`` does.
        of_schemas: function that looks at all schemas.
        is_fixable: ``--fix`` may fix a finding.
    """

    code: Code
    category: Category
    of_field: FieldCheck | None = None
    of_schemas: SchemaCheck | None = None
    is_fixable: bool = False


def _field(
    code: Code, category: Category, check: FieldCheck, *, is_fixable: bool = False
) -> LintRule:
    return LintRule(code, category, of_field=check, is_fixable=is_fixable)


def _schemas(
    code: Code, category: Category, check: SchemaCheck, *, is_fixable: bool = False
) -> LintRule:
    return LintRule(code, category, of_schemas=check, is_fixable=is_fixable)


RULES: Final[Sequence[LintRule]] = (
    _field(
        Code.OPTIONAL_WITHOUT_DEFAULT,
        "standard",
        nullability_rules.optional_without_default,
        is_fixable=True,
    ),
    _field(Code.NULL_NOT_FIRST, "standard", nullability_rules.null_not_first, is_fixable=True),
    _schemas(Code.SINGLE_BRANCH, "standard", nullability_rules.single_branches, is_fixable=True),
    _schemas(Code.MISSPELT_KEYWORD, "standard", keyword_rules.misspelled_keywords, is_fixable=True),
    _schemas(Code.MISPLACED_KEYWORD, "standard", keyword_rules.misplaced_keywords),
    _schemas(Code.PRECISION_WITHOUT_DECIMAL, "standard", keyword_rules.precision_without_decimal),
    _schemas(Code.LARGE_PRECISION, "standard", value_rules.large_precisions),
    _field(Code.MONEY_TYPE, "standard", value_rules.money_types),
    _field(Code.EPOCH_NUMBER, "standard", time_rules.epoch_numbers),
    _field(Code.LOCAL_INSTANT, "standard", time_rules.local_instants),
    _schemas(Code.MIXED_TIME_UNITS, "standard", time_rules.mixed_units),
    _field(Code.INEXACT_IDENTIFIER, "standard", value_rules.inexact_identifiers),
    _schemas(Code.SIMILAR_FIELDS, "standard", naming_rules.similar_fields),
    _field(Code.PLACEHOLDER_DEFAULT, "standard", value_rules.placeholder_defaults, is_fixable=True),
    _schemas(Code.OWN_ALIAS, "standard", evolution_rules.own_aliases, is_fixable=True),
    _schemas(Code.NULLABLE_KEY, "standard", evolution_rules.nullable_keys),
    _schemas(Code.UNSTABLE_KEY, "standard", evolution_rules.unstable_keys),
    _field(Code.MONEY_WITHOUT_SCALE, "standard", value_rules.money_without_scale),
    _schemas(Code.ENUM_WITHOUT_DEFAULT, "compat", evolution_rules.enums_without_default),
    _schemas(Code.PERMANENT_FIELD, "compat", evolution_rules.permanent_fields),
    _schemas(Code.TYPE_CASE, "style", naming_rules.type_cases),
    _schemas(Code.FIELD_CASE, "style", naming_rules.field_cases),
    _schemas(Code.SYMBOL_CASE, "style", naming_rules.symbol_cases),
    _schemas(Code.FOLDER_NAMESPACE, "style", naming_rules.folder_namespaces),
    _schemas(Code.RESERVED_NAME, "style", naming_rules.reserved_names),
    _schemas(Code.NO_NAMESPACE, "style", naming_rules.missing_namespaces),
    _schemas(Code.REDUNDANT_OBJECT, "style", nullability_rules.redundant_objects, is_fixable=True),
    _field(Code.NO_UNIT, "style", time_rules.durations_without_unit),
    _field(Code.UUID_TEXT, "style", value_rules.uuid_texts),
    _field(Code.TIME_TEXT, "style", time_rules.time_texts),
    _field(Code.BOOLEAN_TYPE, "style", value_rules.boolean_types),
    _schemas(Code.TYPE_WITHOUT_DOC, "docs", metadata_rules.types_without_doc),
    _field(Code.FIELD_WITHOUT_DOC, "docs", metadata_rules.fields_without_doc),
    _schemas(Code.EMPTY_DOC, "docs", metadata_rules.empty_docs),
    _field(Code.UNTAGGED_PERSONAL_DATA, "privacy", metadata_rules.untagged),
)
"""All rules in the order of their codes."""


def rules_of(categories: Collection[str]) -> Sequence[LintRule]:
    """Return the rules of some categories."""
    return [rule for rule in RULES if rule.category in categories]
