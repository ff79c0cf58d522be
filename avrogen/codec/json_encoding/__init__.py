"""Values as JSON, in two styles, and as plain Python values in the form of the first.

*Plain* is for APIs, logs and people; *avro* is the specification's "JSON Encoding". Both go through
Avro's binary encoding, so they accept and refuse exactly what that does:

    value ──to_avro──▶ bytes ──tree_reader──▶ tree ──▶ text
    text ──json_text──▶ tree ──tree_writer──▶ bytes ──from_avro──▶ value

A *tree* is what a JSON text stands for: dicts, lists, str, int, float, bool and None.

    json_plan       the plan of the data, without types of one's own; defaults
    json_numbers    floats as JSON
    json_forms      the interface of a form: leaves and unions
    plain_form      the plain style, and plain Python values
    avro_form       the style of the specification
    tree_reader     binary data to trees
    tree_writer     trees to binary data, with every check
    json_text       text to trees, and the positions of their parts
    text_emitter, tree_emitter   source for ordinary values and trees of the plain style
    json_codec      the functions of one class, codec or schema
    json_schema     JSON Schema of the plain style
    pydantic_schema  schemas of generated classes in pydantic
    pydantic_text    schemas of durations and timestamps in nanoseconds there
"""
