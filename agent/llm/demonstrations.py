"""Turns that went well, kept as examples for a model: a file that grows by a line a turn, and the examples nearest to a message."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from convrec.core.reply import Reply
from convrec.core.understanding import Understanding
from convrec.tools.contract import Vectors
from convrec.tools.encoder import TextEncoder

_log = logging.getLogger(__name__)
_LATEST = 500  # lines that are searched
_MOST = 4  # examples a message
_ALIKE = 0.4  # cosine from which a message is an example for another
Reach = Literal["off", "own", "all"]


class Demonstration(BaseModel):
    """A message and what it says, as a model was right to answer, with whose turn it was."""

    model_config = ConfigDict(frozen=True)
    user_id: str
    thread_id: str
    turn: int
    message: str
    answer: dict[str, Any]


def went_well(reply: Reply, heard: Understanding) -> bool:
    """Tells whether a turn is an example: every step was the model's at the first try, and the next message, `heard`, takes or likes what was shown."""
    served = (
        reply.engine == "llm"
        and reply.fallback is None
        and not reply.usage.repeated
        and any(step.tool == "model" and step.error is None for step in reply.trace)
    )
    shown = {item.id for item in reply.items}
    liked = any(wish.item_id in shown and wish.polarity > 0 for wish in heard.preferences)
    return served and bool(shown) and "reject" not in heard.acts and ("accept" in heard.acts or liked)


class Demonstrations:
    """The file of one workspace; safe to use from several threads and processes.

    `name` is what a receipt calls its lines. `reach` says whose turns are shown in a person's prompt: nobody's (`off`: none is kept either), their own, or `all` people's.
    """

    name = "demonstrations"

    def __init__(self, path: Path, encoder: TextEncoder, reach: Reach) -> None:
        self.path, self.reach, self._encoder = path, reach, encoder
        self._vectors: dict[str, Vectors] = {}

    def keep(self, reply: Reply, text: str) -> None:
        """Adds a turn that went well."""
        line = Demonstration(
            user_id=reply.user_id, thread_id=reply.thread_id, turn=reply.turn, message=text, answer=_answer(reply.understanding, text)
        )  # fmt: skip
        with self._locked(), self.path.open("a", encoding="utf-8") as file:
            file.write(line.model_dump_json() + "\n")

    def nearest(self, text: str, user_id: str, room: int) -> list[dict[str, Any]]:
        """Returns the examples most like a message, the most alike first, of at most `room` characters together."""
        allowed = [one for one in self._lines() if self.reach == "all" or (user_id and one.user_id == user_id)]
        known = {one.message: one for one in allowed[-_LATEST:]} if self.reach != "off" else {}
        if not known:
            return []
        alike = self._encoded(list(known)) @ self._encoder.encode([text])[0]
        chosen: list[dict[str, Any]] = []
        for place in np.argsort(-alike, kind="stable")[:_MOST].tolist():
            one = list(known.values())[place]
            example = {"message": one.message, "answer": one.answer}
            room -= len(json.dumps(example, ensure_ascii=False))
            if alike[place] < _ALIKE or room < 0:
                break
            chosen.append(example)
        return chosen

    def forget(self, user_id: str, thread_id: str | None = None) -> int:
        """Deletes a user's lines, or those of one conversation, and returns how many there were; lines that can't be read go with them."""
        if not self.path.exists():
            return 0
        with self._locked():
            lines = self._lines()
            kept = [one for one in lines if one.user_id != user_id or thread_id not in (None, one.thread_id)]
            beside = self.path.with_suffix(".new")
            with beside.open("w", encoding="utf-8") as file:
                file.writelines(one.model_dump_json() + "\n" for one in kept)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        self._vectors.clear()
        return len(lines) - len(kept)

    def remaining(self, user_id: str) -> int:
        """Returns how many lines are a user's."""
        return sum(one.user_id == user_id for one in self._lines())

    def _lines(self) -> list[Demonstration]:
        if not self.path.exists():
            return []
        return list(_read(self.path.read_text(encoding="utf-8").splitlines()))

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in texts if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._encoder.encode(new), strict=True))
        encoded: Vectors = np.stack([self._vectors[text] for text in texts])
        return encoded

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


def _read(lines: Sequence[str]) -> Iterator[Demonstration]:
    for number, line in enumerate(lines, 1):
        try:
            yield Demonstration.model_validate_json(line)
        except ValidationError:
            _log.warning("Line %d of the demonstrations is broken and is left out.", number)


def _answer(heard: Understanding, text: str) -> dict[str, Any]:
    """Returns an understanding as a model answers it: with quotes in place of spans."""
    return {
        "acts": list(heard.acts),
        "preferences": [
            {**wish.model_dump(mode="json", include={"facet", "value", "polarity", "strength", "scope"}), "quote": text[slice(*wish.span)]}
            for wish in heard.preferences
        ],
        "references": [
            {"kind": one.kind, "item_ids": list(one.item_ids), "quote": text[slice(*one.span)]} for one in heard.references
        ],
    }  # fmt: skip
