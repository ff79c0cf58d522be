"""Python values to Avro binary and back (specification, "Binary Encoding").

    schema ──planner──▶ plan ──backend──▶ encode, decode
                          │                 │ unusual or invalid values and bytes
                          └───interpreter───┘

A *plan* says what is written and read, in which order, as which Python values. The interpreter
runs it step by step and with every check, so that its errors have a path. A backend is for
ordinary values, and leaves all others to the interpreter: the Python backend compiles the plan to
source, the native backend has ``avrogen-native`` walk it.

Modules, in reading order:

    schema, classes, codec, single_object   what users hold: schemas, values, codecs
    container            object container files
    compilation          functions for a class, codec or schema, compiled on first use
    plan, logical        operations and logical types
    planner              plans for one schema
    resolving_planner    plans to read data of another schema
    plan_analysis        records of a plan, and least sizes
    type_conversions     types of one's own in generated classes
    unions               the choice of a branch
    interpreter          plans run step by step
    backends             the choice of the backend
    python_backend       plans compiled to Python
    native_backend       plans for avrogen-native
    branch_types         branches of a union by the types of their values
    timed_kinds          dates and times under options
    conversions, values, varints   values of logical types, and numbers
    limits               bounds on hostile data
    json_encoding        values as JSON
"""
