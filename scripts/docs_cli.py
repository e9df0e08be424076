"""Writes docs/cli.md from the commands' own help; with --check, says whether it is fresh."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.update({"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"})

import typer
from generated import put
from typer.main import get_command
from typer.testing import CliRunner

from convrec.ui.cli.app import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """# The command line

Every command takes `--json` for one document on stdout (logs and progress go to stderr) and `--debug` for the traceback of an
error. Exit codes: 0 done, 1 failed, 2 bad input or usage, 130 stopped by Ctrl-C. This page is written by `make docs`.
"""


def commands(at: typer.Typer) -> Iterator[list[str]]:
    """Yields the words of every command, groups before their members."""
    yield []
    for name, found in get_command(at).commands.items():  # type: ignore[attr-defined]
        yield [name]
        yield from ([name, member] for member in getattr(found, "commands", {}))


def page() -> str:
    """Returns the page."""
    parts = [HEAD]
    for words in commands(app):
        shown = CliRunner().invoke(app, [*words, "--help"], prog_name="convrec", terminal_width=100)
        if shown.exit_code:
            raise SystemExit(f"`convrec {' '.join(words)} --help` failed: {shown.output}")
        lines = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
        parts.append(f"## `{' '.join(['convrec', *words])}`\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(put(PAGE, page()))
