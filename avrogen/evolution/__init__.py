"""Schema evolution: ``avrogen check`` compares schemas with a baseline.

Comparing two schemas is :mod:`avrogen.avro.compat`; this package finds the baseline, decides which
definitions are compared with which, and writes the messages. In reading order:

    check               one check: from the arguments of the command to findings and verdicts
    baselines           the baseline that ``--against`` names: a folder, a package, git, a registry
    snapshot            all schemas of a baseline, and the schemas under check
    git_baseline        schemas of a git commit, found as in a working copy
    git_repository      read-only access to git: commits, trees, file contents
    registry_baseline   subjects of a schema registry as baseline
    matching            pairs of old and new types: by name, alias or likeness
    units               comparison units: types, files, topic keys, subjects
    comparison          changes between the versions of units, each once
    removals            removed types and files, changed topics, new subjects
    name_changes        changes of Python names
    findings            changes and removals as diagnostics
    breaking_messages   messages and hints for breaking changes
    value_messages      messages and hints for value-changing changes
    part_labels         names of schema parts in messages
    check_report        a check as text, JSON and GitHub annotations
"""
