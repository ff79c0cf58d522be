"""The configuration of a project: ``avrogen.toml`` or ``[tool.avrogen]`` in ``pyproject.toml``.

In reading order:

    keys                  table of all keys, which readers, messages and pages are made of
    toml_reader           TOML tables with positions
    custom_types          types of one's own
    type_tables           own names of types, and types of other packages
    config                the configuration as values
    registry_connection   URL and credentials of the schema registry
    topic_subjects        subjects of the configured topics
"""
