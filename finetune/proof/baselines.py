"""What an adapter must beat: the compact engine, a table of what training rows say, the nearest training row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process, utils

from convrec.core.text import fold, words
from convrec.finetune.sets.rows import Row, dumped

Answering = Callable[[Row], str]


def baselines(train: Sequence[Row]) -> Mapping[str, Answering]:
    """Returns the baselines of a set's task by name, each answering a row with a text."""
    if train[0].task == "understand":
        return {"compact": compact, "table": Table(train), "nearest": Nearest(train)}
    return {"commonest": Commonest(train), "nearest": Nearest(train)}


def compact(row: Row) -> str:
    """Returns what the compact engine heard: the draft in the prompt."""
    draft = json.loads(row.messages[-1].content)["draft"]
    stated = [{"facet": one["facet"], "value": one["value"], "polarity": one["polarity"], "strength": one["strength"], "scope": "session", "quote": one["quote"]} for one in draft["preferences"]]  # fmt: skip
    return dumped({"acts": draft["acts"][:8], "preferences": stated[:12], "references": []})


class Commonest:
    """Gives the commonest answer of the training rows."""

    def __init__(self, train: Sequence[Row]) -> None:
        self._answer = Counter(row.answer for row in train).most_common(1)[0][0]

    def __call__(self, row: Row) -> str:
        """Returns the answer."""
        return self._answer


class Table:
    """Looks words up: each quote of the training rows with the wish that it most often was, the longest first."""

    def __init__(self, train: Sequence[Row]) -> None:
        counts: dict[tuple[str, ...], Counter[str]] = {}
        acts = Counter[str]()
        for row in train:
            answer = json.loads(row.answer)
            acts[json.dumps(answer["acts"])] += 1
            for one in answer["preferences"]:
                stance = json.dumps({key: one[key] for key in ("facet", "value", "polarity", "strength", "scope")})
                counts.setdefault(tuple(words(one["quote"])), Counter())[stance] += 1
        self._wishes = {said: json.loads(count.most_common(1)[0][0]) for said, count in counts.items() if said}
        self._longest = max(map(len, self._wishes), default=0)
        self._acts = json.loads(acts.most_common(1)[0][0])

    def __call__(self, row: Row) -> str:
        """Returns the wishes whose words stand in the message."""
        said, found, place = words(row.message), [], 0
        while place < len(said):
            length = next((n for n in range(self._longest, 0, -1) if tuple(said[place : place + n]) in self._wishes), 0)
            if length:
                quote = _as_written(row.message, said[place : place + length])
                found.append({**self._wishes[tuple(said[place : place + length])], "quote": quote})
            place += max(length, 1)
        return dumped({"acts": self._acts, "preferences": found[:12], "references": []})


class Nearest:
    """Gives the answer of the training row whose message is most alike, as far as its words stand in the message."""

    def __init__(self, train: Sequence[Row]) -> None:
        self._rows = list(train)
        self._messages = [utils.default_process(row.message) for row in train]

    def __call__(self, row: Row) -> str:
        """Returns the answer."""
        best = process.extractOne(utils.default_process(row.message), self._messages, scorer=fuzz.token_sort_ratio)
        answer = self._rows[best[2]].answer if best is not None else ""
        if row.task != "understand" or not answer:
            return answer
        document: dict[str, Any] = json.loads(answer)
        for key in ("preferences", "references"):
            document[key] = [one for one in document[key] if fold(one["quote"]) in fold(row.message)]
        return dumped(document)


def _as_written(message: str, said: Sequence[str]) -> str:
    """Returns the stretch of a message that these folded words stand in, as it is written there; the words where it can't be found."""
    low = message.casefold()
    start = low.find(said[0])
    end = low.find(said[-1], start) + len(said[-1])
    return message[start:end] if start >= 0 and end > start else " ".join(said)
