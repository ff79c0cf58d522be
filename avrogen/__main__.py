"""Entry point of ``python -m avrogen``."""

from avrogen.cli import main

main(prog_name="avrogen")
