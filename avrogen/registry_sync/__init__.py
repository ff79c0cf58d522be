"""Schema files and a schema registry: how they stand to each other, and how they come together.

connection  where the registry is, and with which credentials it is asked
local       the schemas and the configuration of a run
subjects    what the configured topics register, and under which subjects
standing    one schema against its subject: in step, new, changed, broken
register    writes what is new; all subjects are checked before the first is written
pull        schemas of the registry as files
lock        ``avrogen.lock``, which ties those files to versions
"""
