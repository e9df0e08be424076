"""Writes docs/settings.md from the settings' own fields; with --check, says whether it is fresh."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from generated import put
from pydantic import BaseModel

from convrec.core.settings import Rule, Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """# Settings

`convrec.toml` in the workspace holds them; each key can be overridden by `CONVREC_SECTION_KEY` in the environment, as `CONVREC_LLM_BASE_URL`. An unknown key, or a value of the wrong type, is refused by name. This page is written by `make docs`.
"""


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yields every section with its model."""
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation
        if name == "ranking":
            yield "[ranking.rules]", Rule


def table(section: type[BaseModel]) -> Iterator[str]:
    """Yields the rows of a section's table."""
    yield "| key | default | what it does |"
    yield "|---|---|---|"
    for name, field in section.model_fields.items():
        default = json.dumps(field.get_default(call_default_factory=True), ensure_ascii=False, default=str)
        yield f"| `{name}` | `{default}` | {(field.description or '').replace('|', chr(92) + '|')} |"


def page() -> str:
    """Returns the page."""
    parts = [HEAD]
    for name, section in sections():
        about = " ".join((section.__doc__ or "").split())
        parts.append("\n".join([f"## `[{name}]`", "", about, "", *table(section), ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(put(PAGE, page()))
