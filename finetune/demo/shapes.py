"""What a tiny base reads before it is tuned on a planted task: documents as they are sent, about people and items drawn by chance, with notes.

The notes are in another notation than the answers that tuning teaches; those are read too, but about nobody. To find what is commonest, to copy a
name and to write an answer's marks is what a base brings along; what to answer is not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from convrec.finetune.demo.planted import FIELD, TOPICS, Planted, drawn_events, drawn_items
from convrec.finetune.demo.tiny import Text
from convrec.finetune.sets.rows import Task, dumped
from convrec.finetune.sets.turns import LEADS, SAID

_WORLDS = 40  # catalogues that documents are drawn from, none of them the one that is tuned on
_SLATE, _TOP, _COMMON = 5, 8, 5


@dataclass(frozen=True)
class Shapes:
    """Texts of a task's shape, without end; `seed` draws catalogues and people of their own. What is given is read, what is said of it is learned."""

    task: Task
    seed: int

    def texts(self, seed: int, n_early: int = 0) -> Iterator[Text]:
        """Yields texts, the same ones for the same seed; of the early ones most are copies, for everything else is learned faster by who can copy."""
        rng = Random(f"{self.seed}/{seed}/shapes")
        worlds = [drawn_items(Random(f"{self.seed}/world {number}")) for number in range(_WORLDS)]
        for number in count():
            items = rng.choice(worlds)
            copies, answers = (0.7, 0.1) if number < n_early else (0.2, 0.2)
            roll = rng.random()
            if roll < copies:
                said = _names(rng, items)
                yield Text(_asked(said), said)
            elif roll < copies + answers:
                said = self._answer(rng, items)
                yield Text(_asked(said), said)
            else:
                yield self._noted(rng, items)

    def spelt(self) -> Iterator[str]:
        """Yields what the tokenizer is to know beside the texts."""
        for topic in TOPICS:
            yield from (f'"{topic}" {topic} {topic.title()}',) * 30

    def _noted(self, rng: Random, items: tuple[Planted, ...]) -> Text:
        document, notes = {"profile": _person, "plan": _search}.get(self.task, _slate)(rng, items)
        return Text(_asked(json.dumps(document, ensure_ascii=False)), notes)

    def _answer(self, rng: Random, items: tuple[Planted, ...]) -> str:
        """Returns an answer in the task's own notation, about nobody."""
        return {"profile": _taste, "plan": _steps}.get(self.task, _reply)(rng, items)


def _asked(text: str) -> str:
    return f"<|user|>{text}<|end|><|assistant|>"


def _names(rng: Random, items: Sequence[Planted]) -> str:
    drawn = rng.sample(items, rng.randint(8, 30))
    return "; ".join(rng.choice((item.id, item.id, item.title, item.topic)) for item in drawn)


def _taste(rng: Random, items: Sequence[Planted]) -> str:
    found = [{"field": FIELD, "value": topic, "weight": weight} for topic, weight in zip(rng.sample(TOPICS, 2), (rng.choice((2, 3)), -2), strict=True)]  # fmt: skip
    return dumped({"tastes": found[: rng.randint(1, 2)]})


def _steps(rng: Random, items: Sequence[Planted]) -> str:
    call = {"tool": "explore", "field": FIELD, "value": rng.choice(TOPICS)}
    return dumped({"calls": [call], "stop": False} if rng.random() < 0.6 else {"calls": [], "stop": True})


def _reply(rng: Random, items: Sequence[Planted]) -> str:
    lines = [f"{place}. [[item:{item.id}]]: {rng.choice((f'{FIELD} [[fact:{item.id}.{FIELD}]]', *SAID.values()))}." for place, item in enumerate(rng.sample(items, _SLATE), 1)]  # fmt: skip
    return "\n".join([rng.choice(LEADS), *lines])


def _person(rng: Random, items: tuple[Planted, ...]) -> tuple[dict[str, Any], str]:
    events = drawn_events(items, rng)[: rng.randint(8, 10)]
    document = {
        "events": [
            {"did": "liked" if liked else "disliked", "title": item.title, FIELD: item.topic} for item, liked in events
        ]
    }
    best, worst = (
        Counter(item.topic for item, liked in events if liked is side).most_common(1) for side in (True, False)
    )
    return document, "\n".join(f"{side} {found[0][0]}" for side, found in (("+", best), ("-", worst)) if found)


def _search(rng: Random, items: tuple[Planted, ...]) -> tuple[dict[str, Any], str]:
    liked = rng.sample(items, rng.choice((0, 0, 1, 1, 1, 2)))
    led = liked[-1].topic if liked else ""
    seen = [rng.choice(items).topic for _ in range(30)]
    top = [led if led and rng.random() < 0.7 else rng.choice(seen) for _ in range(_TOP)]
    commonest = Counter(top).most_common(1)[0][0]
    document = {
        "wanted": {"words": "", "demands": rng.choice(("", "", rng.choice(TOPICS), f"without {rng.choice(TOPICS)}")), "wishes": []},
        "liked": [{"id": item.id, "title": item.title} for item in liked], "matching": rng.randint(8, 96), "top": [{FIELD: [topic]} for topic in top],
        "common": {FIELD: dict(Counter(seen).most_common(_COMMON))}, "done": [],
    }  # fmt: skip
    return document, f"+ {commonest}" if liked else "-"


def _slate(rng: Random, items: tuple[Planted, ...]) -> tuple[dict[str, Any], str]:
    shown, like = rng.sample(items, _SLATE), rng.choice(items)
    kinds = ("{topic}", "{topic}, like {title}", "liked by people who liked {title}", "well known among people", "near what you describe", "rather on the {topic} side, I think")  # fmt: skip
    reasons = {
        item.id: [kind.format(topic=item.topic, title=like.title) for kind in rng.sample(kinds, rng.randint(1, 3))]
        for item in shown
    }
    document = {
        "liked": [like.title], "items": [{"id": item.id, "facts": {FIELD: item.topic}, "reasons": reasons[item.id]} for item in shown], "message": f"something like {like.title}",
    }  # fmt: skip
    return document, "\n".join(f"{item.id} {'; '.join(reasons[item.id][:2])}" for item in shown)
