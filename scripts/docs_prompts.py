"""Writes docs/prompts.md: every prompt, what goes into it, the shape of its answer. `--check` only tells whether it is up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from convrec.prompts.rendering import prompt_hash
from convrec.prompts.tasks import TASKS, Task

_ROOT = Path(__file__).resolve().parents[1]
_PAGE = _ROOT / "docs" / "prompts.md"
_HEAD = """# What a language model is asked

Where a chat model is configured, it is asked to do these tasks and no others. Each request has two messages: the system prompt below, and a JSON document that describes the turn.
Nothing that a catalogue, a person or a memory holds stands outside that document, and no text in it can end its own string. Answers are checked against
the schema, then against the message and the catalogue; see [the engine](llm-engine.md). This page is written by `make docs`.
"""


def page() -> str:
    """Returns the page."""
    return "\n".join([_HEAD, *(_section(task) for task in TASKS)])


def _section(task: Task) -> str:
    folder = _ROOT / "prompts" / task.name
    text = (folder / "system.jinja").read_text(encoding="utf-8")
    schema = json.dumps(task.answer.model_json_schema(), indent=1) if task.answer else ""
    shape = (
        f"The answer's schema:\n\n```json\n{schema}\n```\n"
        if schema
        else "The answer is text with slots: `[[item:ID]]`, `[[fact:ID.field]]`.\n"
    )
    return (
        f"## {task.name}\n\nIt {task.purpose}. Version `{prompt_hash(task.name)}`; at most {task.prompt_tokens:,} tokens of prompt with a catalogue's fields, "
        f"{task.answer_tokens:,} of answer.\n\n```jinja\n{text.strip()}\n```\n\n{shape}"
    )


def main() -> None:
    """Writes or checks the page."""
    if "--check" not in sys.argv:
        _PAGE.write_text(page(), encoding="utf-8")
    elif not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/prompts.md is out of date: run `make docs`")


if __name__ == "__main__":
    main()
