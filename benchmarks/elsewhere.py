"""Running a library in an environment of its own."""

import os


def environment() -> dict[str, str]:
    """Returns this process's environment variables without the path of its packages: another Python has its own."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
