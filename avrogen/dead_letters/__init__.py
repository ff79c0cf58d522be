"""Dead-letter queues: inspection and replay of records, ``avrogen dead-letters``.

In reading order:

    command              one command: clients of Kafka and the registry, and lines to print
    dead_letter_reader   records of a dead-letter topic, and the replayed offsets
    replay               replay of records to their source topics, each once
    display              records as text and JSON, with decoded keys and values
"""
