"""Prompts: `NAME/prompt.jinja` filled in, and what else lies beside it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from convrec.core.errors import ConvrecError

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent


def prompt(task: str, part: str = "prompt", /, **slots: object) -> str:
    """Returns a task's prompt with its slots filled in; of a prompt in several parts, `part`.

    Raises:
        ConvrecError: Jinja is not installed.
    """
    return _environment().get_template(f"{task}/{part}.jinja").render(slots).strip()


@cache
def styles(name: str) -> dict[str, str]:
    """Returns the manners of writing that lie beside a prompt, by name."""
    document = yaml.safe_load((_FOLDER / name / "styles.yaml").read_text(encoding="utf-8"))
    return {str(style): str(manner) for style, manner in document.items()}


def prompt_hash(name: str) -> str:
    """Returns 16 hexadecimal digits that change with any word of the prompt and of what lies beside it."""
    digest = hashlib.sha256()
    for path in sorted((_FOLDER / name).iterdir()):
        if path.suffix in (".jinja", ".yaml"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _environment() -> Environment:
    """Returns Jinja without escaping: a prompt is no page."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise ConvrecError(
            "Prompts are filled in by Jinja, which is not installed.", "Run: pip install convrec[llm]"
        ) from error
    return Environment(loader=FileSystemLoader(_FOLDER), autoescape=False, undefined=StrictUndefined)  # noqa: S701
