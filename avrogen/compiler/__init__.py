"""The compiler: schemas and configuration to the files of a Python package.

In reading order:

    build              the whole of a build; its table of contents is compile_package
    discovery          schema files, and the fingerprint of a build's inputs
    dependencies       types of other packages
    checks             checks of topics, infinite records and ambiguous unions
    override_checks    checks of types of one's own
    naming             Python names for Avro names
    package_layout     package, module and name of every type
    python_names       attributes, members, and names that the configuration sets
    python_model       the generated package as values
    expressions        Python expressions with the imports they need
    literals           Python literals for text of schemas
    type_mapping       annotations of Avro types
    python_defaults    defaults of fields
    lowering           Avro's model to the Python model
    topic_lowering     configured topics to modules
    line_layout        imports, lists, mappings and unions in lines, as black lays them out
    rendering          the Python model to text
    formatting         black for longer lines, and the cache of its output
    output             the output folder: comparison and writing
"""
