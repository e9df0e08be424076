"""What a tiny base reads before it is tuned on a planted task: documents as they are sent, about people and items drawn by chance, with notes.

The notes are in another notation than the answers that tuning teaches, and none of it is a chat: to find what is commonest and to copy a
name is what a base brings along, what to answer is not.
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
from convrec.finetune.sets.rows import Task

_WORLDS = 40  # catalogues that documents are drawn from, none of them the one that is tuned on
_SLATE, _TOP, _COMMON = 5, 8, 5


@dataclass(frozen=True)
class Shapes:
    """Texts of a task's shape, without end; `seed` draws catalogues and people of their own."""

    task: Task
    seed: int

    def texts(self, seed: int, n_early: int = 0) -> Iterator[str]:
        """Yields texts, the same ones for the same seed; of the early ones most are copies, for everything else is learned faster by who can copy."""
        rng = Random(f"{self.seed}/{seed}/shapes")
        worlds = [drawn_items(Random(f"{self.seed}/world {number}")) for number in range(_WORLDS)]
        for number in count():
            items = rng.choice(worlds)
            yield _copies(rng, items) if rng.random() < (0.6 if number < n_early else 0.1) else self._noted(rng, items)

    def spelt(self) -> Iterator[str]:
        """Yields what the tokenizer is to know beside the texts."""
        for topic in TOPICS:
            yield from (f'"{topic}" {topic} {topic.title()}',) * 30

    def _noted(self, rng: Random, items: Sequence[Planted]) -> str:
        document, notes = {"profile": _person, "plan": _search}.get(self.task, _slate)(rng, tuple(items))
        return f"{json.dumps(document, ensure_ascii=False)}\n{notes}"


def _copies(rng: Random, items: Sequence[Planted]) -> str:
    """Returns names, twice."""
    said = [rng.choice((item.id, item.id, item.title, item.topic)) for item in rng.sample(items, rng.randint(3, 9))]
    return "; ".join(said) + "\n" + "; ".join(said)


def _person(rng: Random, items: tuple[Planted, ...]) -> tuple[dict[str, Any], str]:
    events = drawn_events(items, rng)[: rng.randint(8, 10)]
    document = {
        "events": [{"did": "liked" if liked else "disliked", "title": item.title, FIELD: item.topic} for item, liked in events]
    }
    best, worst = (Counter(item.topic for item, liked in events if liked is side).most_common(1) for side in (True, False))
    return document, "".join(f"{side} {found[0][0]} {found[0][1]}\n" for side, found in (("+", best), ("-", worst)) if found)


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
        item.id: [kind.format(topic=item.topic, title=like.title) for kind in rng.sample(kinds, rng.randint(1, 3))] for item in shown
    }
    document = {
        "liked": [like.title], "items": [{"id": item.id, "facts": {FIELD: item.topic}, "reasons": reasons[item.id]} for item in shown], "message": f"something like {like.title}",
    }  # fmt: skip
    return document, "\n".join(f"{item.id} {'; '.join(reasons[item.id][:2])}" for item in shown)
