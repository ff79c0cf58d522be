"""``avrogen check``: schemas against what is in use, and what became of them in the user's words.

Comparing two schemas is Avro's business (:mod:`avrogen.avro`). Here are the places where older
versions are (:mod:`avrogen.evolution.where`), what is compared with what, and what is said of it.
"""
