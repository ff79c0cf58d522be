"""Compatibility of schemas: breaking changes, and compatible changes that alter values.

Modules, in reading order:

    levels          compatibility levels and messages of Confluent's Schema Registry
    checker         incompatibilities of two schemas, as Avro Java finds them
    paths           places in two schemas, and incompatibilities as data
    root_causes     the definitions that cause incompatibilities
    change_finder   value-changing changes of two versions
    value_changes   changes of logical types, promotions and defaults
    renames         changes of names, namespaces and aliases
"""
