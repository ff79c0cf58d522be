"""The configuration of a project: ``avrogen.toml`` or ``[tool.avrogen]`` in ``pyproject.toml``.

In reading order:

    keys                  table of all keys, which readers, messages and pages are made of
    toml_reader           TOML tables with positions
    custom_types          types of one's own
    type_tables           own names of types, and types of other packages
    lint_section          rules of lint, and accepted findings
    catalogue_section     title, introduction, pages, links and logo of the event catalogue
    config                the configuration as values
    config_files          files of a run
    run_config            the configuration of a run, of one file or several
    project_paths         paths of a project, for commands without arguments
    registry_connection   URL and credentials of the schema registry
    topic_subjects        subjects of the configured topics
"""
