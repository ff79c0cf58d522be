"""Topics on the command line: ``avrogen read`` and ``avrogen send``.

In reading order:

    cluster_connection  configuration of commands: client properties, and the client of the registry
    topic_reader        records of a topic from offsets to offsets, in one time order, and new ones
    start_position      beginnings of reading: offsets, the last records, a time
    schema_lookup       schemas of the registry, by ids and by subjects
    record_output       records as lines of JSON, with decoded keys and values
    record_input        lines of JSON as records, with encoded keys and values
    record_sender       delivery of records that were checked before
"""
