"""Avro schemas: the model, the parser and its diagnostics, and relations between schemas.

    source          schema files, places in them, comments
    model           schemas as values, and references between types
    names           names and namespaces
    diagnostics     problems with codes, places and hints
    deep_json       JSON beyond the depth of Python's own reader and writer
    json_reader     strict JSON
    parser          schema files to the model
    named_types     definitions of records, enums and fixed
    differences     two definitions of one full name
    attributes      attributes of schemas and the scope that they are read in
    logical_types   logical types and their base types
    time_options    options for dates and times that cannot be represented exactly
    type_overrides  other Python types for logical types, connect.name and fields
    defaults        defaults of fields against their types
    type_labels     labels of types and values in messages
    schema_json     schemas to JSON
    schema_text     schemas as indented text
    canonical_form  Parsing Canonical Form and fingerprints
    resolution      schema resolution: some data of a writer's schema can be read
    compat          compatibility: all data can be read, and have the same values

Modules log nothing and read no files.
"""
