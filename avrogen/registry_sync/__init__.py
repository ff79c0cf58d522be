"""Synchronization of schema files with a schema registry: ``avrogen registry``.

In reading order:

    commands         status, register and pull: from the arguments of a command to its result
    status           the status of subjects: local schemas compared with the registry
    register         registration: all subjects are checked before the first is written
    pull             pulled schemas as files, and the lock file
    fetch            schemas of the registry with all that they reference
    file_placement   the files of pulled types
    lockfile         avrogen.lock: the registered version of each pulled file
    sync_report      results as text and JSON
"""
