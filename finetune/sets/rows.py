"""Rows of a training set: a chat as it is sent, the answer that was right, and where both come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from convrec.catalogue.store import new_file
from convrec.core.errors import InputError
from convrec.prompts.rendering import prompt_hash

Task = Literal["understand", "plan", "explain", "profile", "preference"]
Part = Literal["train", "valid", "heldout_wording", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "heldout_wording", "test")
PROMPT_OF: dict[Task, str] = {
    "understand": "understand",
    "plan": "plan",
    "explain": "explain",
    "profile": "profile",
    "preference": "explain",
}
"""The prompt in `prompts/` that a task's rows are made with."""


class ChatMessage(BaseModel):
    """One message of a chat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class Row(BaseModel):
    """One example. `messages` end with the user's; `answer` is what the assistant is to say, `rejected` what it's not to say (of pairs alone).

    `group` is whose words they are (a hash), or which wording and values they were made of: rows of one group stand in one part.
    `message` is what the user wrote in plain words, by which rows are compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    task: Task
    part: Part
    source: str
    synthetic: bool
    group: str = ""
    user: str = ""
    time: str = ""
    kind: str = Field("", description="what kind of row it is, by which sets are balanced")
    message: str
    names: tuple[str, ...] = Field((), description="the catalogue's values and titles that the message names")
    messages: tuple[ChatMessage, ...]
    answer: str
    rejected: str = ""


def chat(messages: Iterable[tuple[str, str]]) -> tuple[ChatMessage, ...]:
    """Returns messages `(role, text)` as a row holds them."""
    return tuple(ChatMessage.model_validate({"role": role, "content": text}) for role, text in messages)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as JSON lines, whole or not at all."""
    with new_file(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        file.writelines(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows)


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of a file.

    Raises:
        InputError: it is missing, or a line of it is no row; the line is named.
    """
    return list(_rows(path))


def _rows(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield Row.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors()[0]
                    place = ".".join(str(step) for step in first["loc"])
                    raise InputError(
                        f"Line {number} of {path} is no row of a set: {place or 'the line'}: {first['msg']}.",
                        "Build the set anew.",
                    ) from error
    except FileNotFoundError as error:
        raise InputError(f"There is no {path}.", "Build the set first: convrec finetune build.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.", "Build the set anew.") from error


def set_hash(folder: Path) -> str:
    """Returns 16 hexadecimal digits that change with any byte of a set's rows."""
    digest = hashlib.sha256()
    for part in PARTS:
        path = folder / f"{part}.jsonl"
        if path.is_file():
            digest.update(f"{part} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def settings_hash(task: Task) -> str:
    """Returns the hash of the prompt that a task's rows are made with."""
    return prompt_hash(PROMPT_OF[task])


def dumped(document: object) -> str:
    """Returns JSON as prompts show answers."""
    return json.dumps(document, ensure_ascii=False)
