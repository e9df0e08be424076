"""What every script that writes a page of docs/ does with it: put it there, or say that it is stale."""

import sys
from pathlib import Path


def put(page: Path, fresh: str) -> int:
    """Writes the page, or with `--check` compares it; returns the exit code."""
    if "--check" not in sys.argv:
        page.write_text(fresh, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == fresh:
        return 0
    print(f"{page.name} is stale: run `make docs`.", file=sys.stderr)
    return 1
