"""Conventions of all commands: shared parameters, reports of problems, errors with exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import click

from avrogen.errors import AvrogenError, SchemaError
from avrogen.extras import CLI_EXTRA_MISSING
from avrogen.message_text import printable, printable_json, printable_lines

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.reports import Format
    from avrogen.config.project_paths import ProjectPaths

__all__ = [
    "DOCUMENTS",
    "PROBLEM_FORMAT",
    "SCHEMAS",
    "STYLES",
    "Choice",
    "CommandGroup",
    "FileError",
    "ResultFormat",
    "cli_extra",
    "configured_paths",
    "confirm",
    "counted",
    "echo",
    "echo_problems",
    "echo_progress",
    "exit_on_error",
    "missing_option",
]

ResultFormat: TypeAlias = Literal["text", "json"]
"""Format of results on stdout."""


class Choice(click.Choice[str]):
    """One of a few words; a misspelled one gets a suggestion, as options and commands do."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Return a message with all choices, and the nearest one."""
        message = super().get_invalid_choice_message(value, ctx)
        words = {self.normalize_choice(choice, ctx): choice for choice in self.choices}
        near = get_close_matches(self.normalize_choice(value, ctx), words, n=1)
        return f"{message} Did you mean {words[near[0]]!r}?" if near else message


_ADVICE: Final = {
    errno.EACCES: "check the owner and the permissions",
    errno.EPERM: "check the owner and the permissions",
    errno.EROFS: "choose a folder that can be written to",
    errno.ENOSPC: "free some space, then repeat the command",
    errno.EDQUOT: "free some space, then repeat the command",
    errno.ELOOP: "remove the link, or choose another folder",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "move the folder away",
    errno.EEXIST: "move it away",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EMFILE: "allow more open files: ulimit -n",
}


class FileError(click.ClickException):
    """An error of the system about a file: path, reason and advice on one line."""

    exit_code = 2

    def __init__(self, error: OSError) -> None:
        reason = error.strerror or str(error) or type(error).__name__
        path: object = error.filename
        if isinstance(path, str | bytes):
            reason = f"{os.fsdecode(path)}: {reason}"
        elif isinstance(path, Path):
            reason = f"{path}: {reason}"
        advice = _ADVICE.get(error.errno or 0, "check that the path and the disk are in order")
        super().__init__(printable(f"{reason} ({advice})"))


STYLES: Final = ("text", "json", "github", "sarif", "junit", "gitlab")
"""Formats of problems; see :data:`avrogen.avro.reports.FORMATS`."""

DOCUMENTS: Final = ("json", "sarif", "junit", "gitlab")
"""Formats that are whole documents, also without problems."""

SCHEMAS = click.argument(
    "schemas",
    nargs=-1,
    required=False,
    type=click.Path(exists=True, path_type=Path),
)
"""Argument of commands that read schemas; without it, see :func:`configured_paths`."""

PROBLEM_FORMAT = click.option(
    "--format",
    "style",
    type=Choice(STYLES),
    default="text",
    help="Output format of problems on stderr.",
)
"""Option of commands that report problems of schemas."""


def configured_paths(schemas: Sequence[Path], style: Format) -> ProjectPaths:
    """Return the paths of a run: those of the command line, or else those of the configuration.

    Args:
        schemas: files and folders of the command line, from which come no other paths.
        style: format of mistakes in the configuration.

    Raises:
        UsageError: there are neither.
        SystemExit: the configuration has errors, which are printed.
    """
    from avrogen.config.project_paths import ProjectPaths, files_without_schemas, find_project

    if schemas:
        return ProjectPaths(None, tuple(schemas), None, None, None)
    from avrogen.avro.diagnostics import Diagnostics

    diagnostics = Diagnostics()
    project = find_project(diagnostics)
    if diagnostics.has_errors:
        echo_problems(tuple(diagnostics), style)
        sys.exit(1)
    if project is not None:
        return project
    without = files_without_schemas()
    found = f"{without[0].as_posix()} has none" if without else "no such file is here or above"
    raise click.UsageError(
        "Missing argument 'SCHEMAS...'. Name the schema folder, or set it in avrogen.toml or "
        f'[tool.avrogen] of pyproject.toml, such as schemas = ["schemas"] ({found}).'
    )


def missing_option(names: str, key: str, project: ProjectPaths) -> click.UsageError:
    """Return the error of an option that neither the command line nor the configuration has.

    Args:
        names: the option, as in ``'-o' / '--out'``.
        key: key of the configuration.
        project: paths of the run.
    """
    text = f"Missing option {names}."
    if project.file is not None:
        text += f" Name it, or set {key} in {project.file.as_posix()}."
    return click.UsageError(text)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 schema file``, ``2 schema files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def echo(text: str, *, err: bool = False, nl: bool = True, style: Format = "text") -> None:
    """Print a text: the one way from a command to a terminal, a file or the log of a CI job.

    Texts of schemas, paths, registries and messages may hold escape sequences, characters that
    change the direction of writing, and commands for the CI job. They are printed as escapes.

    Args:
        text: lines.
        err: print to stderr.
        nl: end with a line end.
        style: format of the text; in ``github``, lines are commands for the CI job.
    """
    if style in ("json", "sarif", "gitlab"):
        shown = printable_json(text)
    else:
        shown = printable_lines(text, commands=style == "github")
    click.echo(shown, err=err, nl=nl)


def echo_progress(text: str, *, end: bool) -> None:
    """Replace the last line of the terminal by a text of avrogen's own, or, at the end, by none."""
    click.echo("\r\x1b[K" if end else f"\r{text}", err=True, nl=False)


def confirm(question: str, *, is_stdin_free: bool) -> bool:
    """Ask on the terminal, and return True for yes.

    Args:
        question: a question of avrogen's own.
        is_stdin_free: False if stdin has data, so that the answer comes from the terminal itself.

    Raises:
        UsageError: there is no terminal.
    """
    if is_stdin_free and sys.stdin.isatty():
        return click.confirm(question, err=True)
    try:
        if not sys.stderr.isatty():
            raise OSError
        terminal = open("/dev/tty", encoding="utf-8")  # noqa: SIM115 -- closed below
    except OSError:
        raise click.UsageError("there is no terminal to ask on: use --yes.") from None
    with terminal:
        click.echo(f"{question} [y/N]: ", err=True, nl=False)
        return terminal.readline().strip().lower() in ("y", "yes")


class CommandGroup(click.Group):
    """A group of commands that prints errors of usage as :func:`echo` does.

    An error of the system about a file ends a command with one line.
    """

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments of the group."""
        with _printable_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the arguments of the command, and run it.

        Raises:
            FileError: the system reports an error about a file.
        """
        with _printable_errors():
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise  # The reader of the output has seen enough; click ends the command.
            except OSError as error:
                raise FileError(error) from error


@contextmanager
def _printable_errors() -> Generator[None]:
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = printable_lines(error.message)
        raise


def echo_problems(
    diagnostics: Sequence[Diagnostic], style: Format, *, text: str | None = None
) -> None:
    """Print a report to stderr, and on a terminal how to get details of its first error.

    Args:
        diagnostics: the problems; a document is printed if there are none as well.
        style: format of the report. In those of CI systems, paths are relative to the repository.
        text: report of the diagnostics; None: the usual one.
    """
    if diagnostics and style == "text" and text is None and _echo_on_terminal(diagnostics):
        pass
    elif diagnostics or style in DOCUMENTS:
        echo(_report(diagnostics, style) if text is None else text, err=True, style=style)
    errors = [d.code.id for d in diagnostics if d.severity == "error"]
    if errors and style == "text" and sys.stderr.isatty():
        echo(f"for details: avrogen explain {errors[0]}", err=True)


def _echo_on_terminal(diagnostics: Sequence[Diagnostic]) -> bool:
    """Print diagnostics with lines of the source to stderr if that is a terminal."""
    from avrogen.cli.terminal_report import stderr_terminal, terminal_report

    terminal = stderr_terminal()
    if terminal is not None:
        report = terminal_report(diagnostics, terminal)
        click.echo(report, err=True, color=terminal.has_colour)
    return terminal is not None


def _report(diagnostics: Sequence[Diagnostic], style: Format) -> str:
    """Return a report; in the formats of CI systems, paths are relative to the repository."""
    from avrogen.avro.reports import report

    return report(diagnostics if style in ("text", "json") else _in_repository(diagnostics), style)


def _in_repository(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    here = Path.cwd()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)

    def relative(path: str) -> str:
        absolute = os.path.normpath(here / path)
        inside = Path(absolute).is_relative_to(top)
        return Path(os.path.relpath(absolute, top)).as_posix() if inside else path

    return [
        replace(found, location=replace(found.location, path=relative(found.location.path)))
        for found in diagnostics
    ]


@contextmanager
def cli_extra() -> Generator[None]:
    """Guard imports of packages that the extra ``cli`` installs.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None


@contextmanager
def exit_on_error(*, schema_errors: bool = False, style: Format = "text") -> Generator[None]:
    """Print errors of avrogen, and exit with 2. Those of files are for :class:`Commands`.

    Args:
        schema_errors: print a SchemaError without a prefix, as it is a report of schemas, and
            exit with 1.
        style: format of that report.

    Raises:
        UsageError: an extra is not installed.
    """
    try:
        with cli_extra():
            yield
    except ImportError as error:
        # A missing extra is named in the message.
        raise click.UsageError(str(error)) from None
    except AvrogenError as error:
        is_report = schema_errors and isinstance(error, SchemaError)
        if isinstance(error, SchemaError) and is_report and style != "text":
            echo_problems(error.diagnostics, style)
        elif isinstance(error, SchemaError) and is_report and _echo_on_terminal(error.diagnostics):
            pass
        else:
            echo(str(error) if is_report else f"error: {error}", err=True)
        sys.exit(1 if is_report else 2)
