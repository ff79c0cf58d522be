"""``avrogen lint``: rules for schemas that are valid, and could be better.

In reading order:

    rules              table of all rules: code, category, fixable
    linter             one run: findings of the rules that apply
    schema_view        what rules look at: fields and types with names in words and places
    name_words         names in words, and lists of words with a meaning
    nullability_rules  optional fields and unions
    keyword_rules      misspelled and misplaced attributes
    value_rules        numbers, money, identifiers, defaults
    time_rules         timestamps, dates, durations
    naming_rules       names and namespaces
    metadata_rules     docs and tags
    evolution_rules    enums, fields and keys that cannot change
    text_edits         edits of schema text that keep layout and comments
    fixes              fixes that are proved to be compatible
"""
