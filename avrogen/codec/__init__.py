"""Python values to Avro binary and back (specification, "Binary Encoding").

    schema ──planner──▶ plan ──python_backend──▶ encode, decode
                          │                        │ unusual or invalid values and bytes
                          └──────interpreter───────┘

A *plan* says what is written and read, in which order, as which Python values. Two modules run it:
the interpreter, step by step and with every check, so that its errors have a path; and the Python
backend, which compiles it to source for ordinary values and leaves all others to the interpreter.

Modules, in reading order:

    schema, classes, codec, single_object   what users hold: schemas, values, codecs
    compilation          functions for a class, codec or schema, compiled on first use
    plan, logical        operations and logical types
    planner              plans for one schema
    resolving_planner    plans to read data of another schema
    plan_analysis        records of a plan, and least sizes
    type_conversions     types of one's own in generated classes
    unions               the choice of a branch
    interpreter          plans run step by step
    python_backend       plans compiled to Python
    timed_kinds          dates and times under options
    conversions, values, varints   values of logical types, and numbers
    limits               bounds on hostile data
    json_encoding        Avro's JSON encoding
"""
