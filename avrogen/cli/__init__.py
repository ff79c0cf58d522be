"""The command line: a module for each command.

A command turns its options into one call, prints the result and exits with a code. Its imports run
with the command, so that help and usage errors are fast. In reading order:

    common                 conventions of all commands: choices, reports, errors
    terminal_report        diagnostics with colour and lines of the source
    build_command          avrogen build
    watch                  its option --watch
    check_command          avrogen check
    lint_command           avrogen lint
    registry_command       avrogen registry
    cluster_options        options of the commands that talk to Kafka
    read_command           avrogen read
    send_command           avrogen send
    dead_letters_command   avrogen dead-letters
    docs_command           avrogen docs
    explain_command        avrogen explain
    init_command           avrogen init
    show_command           avrogen show
    hooks                  entry points of the pre-commit hooks
"""

from __future__ import annotations

import sys

import avrogen
from avrogen.extras import CLI_EXTRA_MISSING, require_own_package

try:
    require_own_package()
except ImportError as error:
    print(error, file=sys.stderr)
    raise SystemExit(2) from None

try:
    import click
except ModuleNotFoundError:
    print(CLI_EXTRA_MISSING, file=sys.stderr)
    raise SystemExit(2) from None

from avrogen.cli.build_command import build
from avrogen.cli.check_command import check
from avrogen.cli.common import CommandGroup
from avrogen.cli.dead_letters_command import dead_letters
from avrogen.cli.docs_command import docs
from avrogen.cli.explain_command import explain
from avrogen.cli.init_command import init
from avrogen.cli.lint_command import lint
from avrogen.cli.read_command import read
from avrogen.cli.registry_command import registry
from avrogen.cli.send_command import send
from avrogen.cli.show_command import show

__all__ = ["main"]


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(avrogen.__version__, prog_name="avrogen")
def main() -> None:
    """Generate typed Python packages from Avro schemas.

    \b
    Example:     avrogen build schemas/ -o events
    To begin:    avrogen init
    Exit codes:  0 success, 1 errors in schemas, 2 usage error or other failure
    """


for command in (build, check, dead_letters, docs, explain, init, lint, read, registry, send, show):
    main.add_command(command)
