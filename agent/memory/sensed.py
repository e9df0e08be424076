"""Facts told in words that no rule foresaw: what a statement is about by its meaning, the value by what such a value looks like."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from convrec.agent.memory.facts import Fact, looks_like_job, part, states
from convrec.agent.memory.recall import parts_of
from convrec.agent.memory.topics import NONE, Floats, Topics

_SURE = 0.55
"""How likely a statement must tell a topic before a value is looked for in it."""
_NAMES = re.compile(r"(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*")
_NO_NAME = frozenset(
    "I I'm I've I'd I'll Im Ive Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter English Netflix Lol Ok Also Anyway And But So".split()
)
_ONE = re.compile(r"\b[^\W\d]{3,}\b")


def sensed(text: str, vectors: Floats, topics: Topics) -> Iterator[Fact]:
    """Yields the facts that the statements of a message tell, one a statement; `vectors` are those of `parts_of(text)`."""
    for said, likely in zip(parts_of(text), topics.of(vectors), strict=True):
        topic, sure = topics.likeliest(likely)
        start = text.find(said)
        if topic == NONE or sure < _SURE or start < 0 or not states(said):
            continue
        for value in _values(topic, said)[-1:]:
            yield Fact(_ABOUT.get(topic, topic), value, (start, start + len(said)))


_ABOUT = {"device": "uses"}


def _values(topic: str, said: str) -> Sequence[str]:
    """Returns what in a statement looks like a value of the topic, in order."""
    if topic in ("home", "origin", "language", "learns", "nationality"):
        return [name for name in _NAMES.findall(said) if not {*name.split()} & _NO_NAME]
    if topic == "job":
        return [word for word in _ONE.findall(said) if looks_like_job(word)]
    pattern = _lookalikes().get(topic)
    return pattern.findall(said) if pattern is not None else []


@cache
def _lookalikes() -> Mapping[str, re.Pattern[str]]:
    """Returns how the values of a topic look that come from a short list or have a shape."""
    shapes = {
        "age": r"\d{1,2}", "birthday": rf"(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {part('month')}|{part('month')}(?: the)? \d{{1,2}}(?:st|nd|rd|th)?)",
        "plays": part("instrument"), "hobby": part("activity"), "device": part("device"), "diet": r"vegetarian|vegan|pescatarian|flexitarian|teetotal|coeliac|gluten[- ]free|halal|kosher",
        "pet": part("pet"),
    }  # fmt: skip
    return {topic: re.compile(rf"\b(?:{shape})\b", re.IGNORECASE) for topic, shape in shapes.items()}
