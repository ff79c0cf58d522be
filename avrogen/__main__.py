"""``python -m avrogen`` is ``avrogen``."""

from avrogen.cli import main

main(prog_name="avrogen")
