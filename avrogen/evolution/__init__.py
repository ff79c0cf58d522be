"""``avrogen check``: compare schemas with a baseline and report breaking changes.

Comparing two schemas is Avro's business (:mod:`avrogen.avro.compat`). Here are the baselines
(:mod:`avrogen.evolution.baselines`), the choice of what is compared with what, and the messages.
"""
