"""The command line: one module for each command.

A command turns its options into one call, prints the result, and exits with a code. What a command
needs is imported when it runs, so that help and mistakes in options are answered at once.
"""

from __future__ import annotations

import sys

import avrogen
from avrogen.extras import CLI_EXTRA_MISSING

try:
    import click
except ModuleNotFoundError:
    print(CLI_EXTRA_MISSING, file=sys.stderr)
    raise SystemExit(2) from None

from avrogen.cli.build_command import build
from avrogen.cli.check_command import check
from avrogen.cli.dead_letters_command import dead_letters
from avrogen.cli.docs_command import docs
from avrogen.cli.explain_command import explain
from avrogen.cli.init_command import init
from avrogen.cli.registry_command import registry

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(avrogen.__version__, prog_name="avrogen")
def main() -> None:
    """Typed Python packages from Avro schemas.

    \b
    Example:     avrogen build schemas/ -o events
    To begin:    avrogen init
    Exit codes:  0 done, 1 something is wrong with the schemas, 2 usage, or anything else
    """


for command in (build, check, dead_letters, docs, explain, init, registry):
    main.add_command(command)
