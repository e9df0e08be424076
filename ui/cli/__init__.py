"""The `convrec` command: one file a group of commands, each of which imports what it needs when it runs."""


def main() -> None:
    """Runs the command line; the exit code is 0 done, 1 failed, 2 bad input or usage, 130 stopped by Ctrl-C."""
    from convrec.ui.cli.app import app

    app()
