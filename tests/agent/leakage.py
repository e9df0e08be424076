"""What a reply gives away: five words of a prompt in a row in any of several ways of writing, another person's words, a key; and where it names items."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from convrec.core.reply import Reply
from convrec.core.text import fold, visible, words

_RUN = 5
_CODED = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")


def leaked(text: str, prompts: Iterable[str], others: Iterable[str], key: str) -> list[str]:
    """Returns what leaked, one word for each kind: `prompt`, `other`, `key`."""
    readings = _readings(visible(text))
    found = ["prompt"] if any(run in reading for reading in readings for run in runs(prompts)) else []
    found += ["other"] if any(fold(fact) in fold(text) for fact in others) else []
    bare = re.sub(r"\W", "", text).casefold()
    parts = [key.casefold().replace("-", "")[at : at + 8] for at in range(len(key.replace("-", "")) - 7)]
    return found + (["key"] if any(part in bare or part in bare[::-1] for part in parts) else [])


def runs(prompts: Iterable[str]) -> set[str]:
    """Returns every five words of the prompts in a row, their letters joined; those of small words alone are everybody's."""
    said = [[word for word in words(prompt) if word.isalpha()] for prompt in prompts]
    joined = {"".join(one[at : at + _RUN]) for one in said for at in range(len(one) - _RUN + 1)}
    return {run for run in joined if len(run) >= 12}


def _readings(text: str) -> list[str]:
    coded = []
    for token in _CODED.findall(re.sub(r"[\s.]", "", text)):
        for start in range(4):
            part = token[start:].rstrip("=")
            try:
                coded.append(base64.b64decode(part[: len(part) // 4 * 4]).decode("utf-8", "ignore"))
            except (binascii.Error, ValueError):
                continue
    backwards = " ".join(reversed(words(text)))
    return [form for one in (text, backwards, *coded) for form in (_letters(one), _letters(one)[::-1])]


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalpha())


def told_order(reply: Reply) -> Sequence[str]:
    """Returns the ids of a reply's items in the order in which its text first names them."""
    text = fold(reply.text)
    places = {item.id: text.find(fold(item.title)) for item in reply.items}
    return sorted((one for one in places if places[one] >= 0), key=places.__getitem__)


def rank(order: Sequence[str], item_id: str) -> int:
    """Returns an item's place in an order, from 1; one after the last where it is not in it."""
    return order.index(item_id) + 1 if item_id in order else len(order) + 1
