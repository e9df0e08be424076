"""The bot that convrec has to be better than: it looks up the words of the latest message, and that is all."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from convrec.core.text import words
from tests.agent.facts import Items

_SHOWN = 4
_TENS = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_DECADES = {word: 1920 + 10 * place for place, word in enumerate(_TENS)}
_DECADE = re.compile(r"(?:(?:19|20)?(\d)0)'?s")
_STOPWORDS = frozenset(
    words("""a about actually after all also am an and any anything are as at be been before but by can come could did do does for from
    get give got had hate hated have he her him his how i if in into is it its it's just know like liked love loved make me more
    my no not nothing of off ok on one ones only or other others please same seen she should show so some something than that
    the their them then there they this to too up was we well what what's when which who who's why will with without would you
    your film films movie movies good great""")
)


class KeywordBot:
    """Shows the four items whose genres, decade, people, title and description share most with the latest message.

    A shared word counts the more the fewer items have it. It holds nothing between turns and answers no question.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        self._words = {
            item: keywords(" ".join(map(str, _flat(facts)))) | {_decade(facts)} for item, facts in items.facts.items()
        }
        self._carried = Counter(word for found in self._words.values() for word in found)

    def reply(self, text: str) -> dict[str, Any]:
        """Returns a whole Reply as JSON; with no word in common, one without items."""
        asked = keywords(text)
        scores = {item: self._score(asked & found) for item, found in self._words.items()}
        found = sorted((item for item in scores if scores[item] > 0), key=lambda item: (-scores[item], item))
        shown = [self._shown(item, rank, scores[item]) for rank, item in enumerate(found[:_SHOWN], 1)]
        named = "\n".join(f"{item['rank']}. **{item['title']}**" for item in shown)
        understood = {"acts": ["request"], "preferences": [], "references": [], "filter": None, "query": text}
        said = f"I found:\n{named}" if named else "I found nothing."
        return {"text": said, "items": shown, "question": None, "understanding": understood}

    def _score(self, shared: set[str]) -> float:
        return sum(math.log(len(self._words) / self._carried[word]) for word in shared)

    def _shown(self, item: str, rank: int, score: float) -> dict[str, Any]:
        facts = self._items.facts[item]
        evidence = [{"source": f"item:{item}.{name}", "value": facts[name]} for name in ("genres",) if name in facts]
        reason = {"kind": "text_match", "text": "your words", "weight": score, "evidence": evidence}
        return {
            "id": item, "title": facts["title"], "rank": rank, "score": score, "confidence": score / (1 + score),
            "reasons": [reason], "contributions": {"keywords": score}, "facts": facts,
        }  # fmt: skip


def keywords(text: str) -> set[str]:
    """Returns the words that may be looked up: no stopwords, singular, a decade as its first year."""
    return {_normal(word) for word in words(text) if word not in _STOPWORDS}


def _normal(word: str) -> str:
    if word in _DECADES:
        return f"{_DECADES[word]}s"
    if found := _DECADE.fullmatch(word):
        tens = int(found[1])
        return f"{(1900 if tens >= 3 else 2000) + 10 * tens}s"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word.removesuffix("s") if len(word) > 3 else word


def _decade(facts: Mapping[str, Any]) -> str:
    return f"{int(facts.get('year', 0)) // 10 * 10}s"


def _flat(facts: Mapping[str, Any]) -> list[object]:
    known = [value for name, value in facts.items() if name != "source"]
    return [part for value in known for part in (value if isinstance(value, list) else [value])]
