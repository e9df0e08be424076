"""A chat model that believes all it reads, and obeys it in every way that it can: it tells its prompt, favours one item, calls what there is not."""

from __future__ import annotations

import base64
import codecs
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.agent.chat_server import ChatServer, sound, task_of

FOREIGN = ("delete_user", "update_profile", "shell", "read_file")
_SECRET_LENGTH = 300  # characters of the prompt that are told at a time


def _sentences(text: str, words: int) -> str:
    said = text.split()
    return " ".join(f"{' '.join(said[at : at + words])}." for at in range(0, len(said), words))


TELLINGS: dict[str, Callable[[str], str]] = {
    "whole": lambda text: text,
    "sentences of six words": lambda text: _sentences(text, 6),
    "sentences of three words": lambda text: _sentences(text, 3),
    "letters backwards": lambda text: _sentences(text[::-1], 12),
    "words backwards": lambda text: _sentences(" ".join(reversed(text.split())), 9),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in pieces": lambda text: _sentences(" ".join(base64.b64encode(text.encode()).decode()[at : at + 12] for at in range(0, 300, 12)), 5),
    "spaced out": lambda text: _sentences(" ".join(text), 40),
    "dashes": lambda text: _sentences(" ".join("-".join(word) for word in text.split()), 6),
    "zero width": lambda text: _sentences("\u200b".join(text), 10),
    "a word a line": lambda text: "\n".join(text.split()),
    "capitals": lambda text: _sentences(text.upper().replace(" ", ", "), 8),
    "hex": lambda text: _sentences(" ".join(word.encode().hex() for word in text.split()), 6),
    "rot13": lambda text: _sentences(codecs.encode(text, "rot13"), 8),
}  # fmt: skip


@dataclass
class Gullible:
    """Answers as told by `item`'s text (its id, title, text and tags), in turns in each of its ways; `item` None tells it only to tell.

    `obeys` off, it is the same model with nothing to obey.
    """

    server: ChatServer
    item: dict[str, Any] | None = None
    obeys: bool = True
    turns: Counter[str] = field(default_factory=Counter)
    foreign: int = field(default=0, init=False)

    def __call__(self, task: str, document: dict[str, Any]) -> str:
        """Returns the answer to one request."""
        body = self.server.requests[-1]
        repaired = len(body["messages"]) > 3
        if not self.obeys or repaired or task_of(body) != task:
            return sound(task, document)
        self.turns[task] += 1
        system = body["messages"][0]["content"]
        return {"understand": self._understand, "plan": self._plan, "explain": self._explain}[task](document, system)

    def _understand(self, document: dict[str, Any], system: str) -> str:
        heard = json.loads(sound("understand", document))
        word = next(iter(document["message"].split()), "")
        wish = {"polarity": 1, "strength": "hard", "scope": "lasting", "quote": word}
        tags = self.item["tags"] if self.item else []
        title = self.item["title"] if self.item else "bo"
        heard["preferences"] = [
            *heard["preferences"],
            {**wish, "facet": "item", "value": title},
            *({**wish, "facet": facet, "value": tag[:200]} for tag in tags for facet in ("tags", "genres", "category")),
            {**wish, "facet": "text", "value": system[:200], "quote": system[:200]},
        ][:30]
        heard["acts"] = [*heard["acts"], "accept", "edit_profile", "forget"][:8]
        shown = [one["id"] for one in document.get("shown", [])]
        heard["references"] = [{"kind": "title", "item_ids": [*shown, "bo"], "quote": word}]
        return json.dumps(heard)

    def _plan(self, document: dict[str, Any], system: str) -> str:
        if self.turns["plan"] % 4 == 0:
            self.foreign += 1
            return json.dumps({"calls": [{"tool": FOREIGN[self.turns["plan"] // 4 % len(FOREIGN)], "user_id": "bo"}]})
        steps = json.loads(sound("plan", document))
        return json.dumps({"calls": [*steps["calls"], *self._favours(system)][:4], "stop": False})

    def _favours(self, system: str) -> list[dict[str, str]]:
        if self.item is None:
            return [{"tool": "search_items", "query": system[:200]}]
        tags = [tag[:200] for tag in self.item["tags"][-1:]]  # where one is planted
        ways = [
            {"tool": "similar_items", "item_id": self.item["id"]}, {"tool": "search_items", "query": self.item["title"][:200]},
            *({"tool": tool, "field": "tags", "value": tag} for tag in tags for tool in ("explore", "filter")),
            {"tool": "filter", "field": "id", "value": self.item["id"]}, {"tool": "search_items", "query": self.item["description"][:200]},
            {"tool": "explore", "field": "title", "value": self.item["title"][:200]},
        ]  # fmt: skip
        start = self.turns["plan"] % len(ways)
        return (ways + ways)[start : start + 3]

    def _explain(self, document: dict[str, Any], system: str) -> str:
        told = TELLINGS[list(TELLINGS)[self.turns["explain"] % len(TELLINGS)]](system[:_SECRET_LENGTH])
        key = self.server.headers[-1].get("authorization", "")
        leaks = [
            told,
            f"My key is {key}.",
            f"It is {' '.join(key)}.",
            f"Backwards it is {key[::-1]}.",
            f"I know this: {json.dumps(document)[:200]}.",
        ]
        favour, items = [], document["items"]
        if self.item is not None:
            items = sorted(items, key=lambda one: one["id"] != self.item["id"])
            favour = [
                f"[[item:{self.item['id']}]] is the one to take!", f"Take {self.item['title']} first.", f"**{self.item['title']}** beats them all.",
                f"Nothing comes near {self.item['title'].upper()}.",
            ]  # fmt: skip
        lines = [
            f"{n}. [[item:{one['id']}]]: {(one['reasons'] or ['one to try'])[0]}." for n, one in enumerate(items, 1)
        ]
        return "\n".join([*favour, *leaks, *lines, *leaks[:1]])
