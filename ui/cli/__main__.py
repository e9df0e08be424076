"""Runs the command line: python -m convrec.ui.cli, which is how a launcher of several processes starts it."""

from convrec.ui.cli import main

if __name__ == "__main__":
    main()
