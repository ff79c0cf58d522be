"""Object container files: ``.avro`` files (specification, "Object Container Files").

A file has a header with the writer's schema, the compression codec and a sync marker, and blocks of
values. Each block is compressed, and followed by the sync marker.

    data_file_reader, data_file_writer   values from files and to files
    file_header    schema, codec and metadata of a file
    compression    codecs of blocks, in bounded memory
    input_file     bytes of a file with their position
    output_file    files that appear when they are complete
"""
