"""What every reply promises, whatever was asked: items that exist, sums that add up, no title out of nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tests.agent.facts import Items
from tests.agent.titles import named_titles, spoken, stands

_CLOSE = 1e-6
_FACT = re.compile(r"item:(.+)\.(\w+)")
Document = Mapping[str, Any]  # a Reply as JSON, or a part of one
Heard = tuple[str, Document]  # a message, and the Understanding of it


def broken_promises(reply: Document, items: Items, heard: Sequence[Heard], shown_before: Collection[str]) -> list[str]:
    """Returns, in plain words, what is wrong with a reply.

    `heard` are the person's messages in the thread with what was understood, the one answered last; `shown_before` the
    items of earlier slates.
    """
    return [
        *_text(reply, items, heard, shown_before),
        *_slate(reply),
        *(what for item in reply["items"] for what in (*_sums(item), *_facts(item, items))),
    ]


def _text(reply: Document, items: Items, heard: Sequence[Heard], shown_before: Collection[str]) -> Iterable[str]:
    if not reply["text"].strip():
        yield "the text is empty"
    for item in reply["items"]:
        if not stands(item["title"], reply["text"]):
            yield f"the text does not name {item['title']!r}: {reply['text']!r}"
    allowed = {item["title"] for item in reply["items"]} | {
        items.title(item) for item in shown_before if item in items.facts
    }
    for title in sorted(named_titles(reply["text"], items.years) - allowed):
        carriers = [item for item, facts in items.facts.items() if facts["title"] == title]
        if not any(spoken(title, say, understanding, item) for say, understanding in heard for item in carriers):
            yield f"the text names {title!r} out of nowhere: {reply['text']!r}"


def _slate(reply: Document) -> Iterable[str]:
    shown = [item["id"] for item in reply["items"]]
    if len(set(shown)) < len(shown):
        yield f"an item is shown twice: {shown}"
    if [item["rank"] for item in reply["items"]] != list(range(1, len(shown) + 1)):
        yield "the ranks do not count from 1"
    by_score = [item["confidence"] for item in sorted(reply["items"], key=lambda item: item["score"])]
    if by_score != sorted(by_score) or any(not 0 <= confidence <= 1 for confidence in by_score):
        yield f"confidences are no probabilities that grow with the score: {by_score}"


def _sums(item: Document) -> Iterable[str]:
    contributions, weights = sum(item["contributions"].values()), sum(reason["weight"] for reason in item["reasons"])
    if abs(contributions - item["score"]) > _CLOSE:
        yield f"{item['title']}: the contributions sum to {contributions}, the score is {item['score']}"
    if abs(weights - item["score"]) > _CLOSE:
        yield f"{item['title']}: the reasons' weights sum to {weights}, the score is {item['score']}"


def _facts(item: Document, items: Items) -> Iterable[str]:
    if item["id"] not in items.facts:
        yield f"no item has the id {item['id']}"
        return
    facts = items.facts[item["id"]]
    if item["title"] != facts["title"]:
        yield f"{item['title']!r} is called {facts['title']!r}"
    if dict(item["facts"]) != facts:
        yield f"{item['title']}: the facts {item['facts']} are not the catalogue's {facts}"
    for source, value in [(e["source"], e["value"]) for reason in item["reasons"] for e in reason["evidence"]]:
        found = _FACT.fullmatch(source)
        if found and (found[1] not in items.facts or items.facts[found[1]].get(found[2]) != value):
            yield f"{item['title']}: {source} is not {value!r}"
