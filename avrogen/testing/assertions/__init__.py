"""Assertions about schemas and bytes; each raises AssertionError with all that is wrong.

compatible   a new version of a schema and those before it
round_trip   fastavro and avrogen read each other's bytes
golden       bytes are those of a file that is checked in
"""
