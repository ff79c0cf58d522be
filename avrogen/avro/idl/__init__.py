"""Avro IDL: the language of ``.avdl`` files (Avro 1.12, "IDL Language").

A file is read into the JSON that an ``.avpr`` file would have, with the place of each value, so
that everything after the syntax is checked as in schema files. In reading order:

    tokens          words, literals and doc comments
    syntax_tree     JSON values with their places
    token_reader    reader of tokens and JSON values
    idl_parser      declarations to JSON
"""
