"""What is recalled for a turn: entries and past turns of one person, by what they say and when, not by recency alone."""

import math
import re
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from convrec.agent.memory.facts import states
from convrec.agent.memory.topics import Topics
from convrec.agent.memory.when import Window, window
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold, words

Vector = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_DENSE = 0.55  # of a memory's score; the rest is shared words
_TOPIC = 0.8  # of a memory's score where it surely tells what is asked for
_KEPT = 1.2  # what was kept on purpose before what was only said
_CURRENT = 0.05  # of how lately, so that of two alike the later one stands first
_HALF_DAYS = 30.0
_ASKED = 0.5
_OF_OTHERS = 0.6  # what says nothing of the person, where they ask about themselves
_DRAWN = 3  # times as many as are wanted, for some say the same
_IDLE = 0.5  # of a score that small talk loses
_MOST_PARTS = 3
_SELF = re.compile(r"\b(?:i|i'?m|i'?ve|me|my|mine|we|we'?re|our|us)\b", re.IGNORECASE)
_PARTS = re.compile(
    r"(?:[.!?;…]+|\s-+|[—–])\s+|,\s*(?=(?:and|but|so)\s)|\banyway,?\s|\s(?:and|but|so)\s(?=(?:i|my|we|our|i'?m)\b)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?\s*$|^\s*(?:what|which|who|where|when|how|do|did|is|are|was|can|could)\b", re.IGNORECASE)
_STOP = frozenset(
    "a an the i im ive id me my mine we our us you your it its is are was were be been am do did does have has had to of in on at for and or but so that this these those with as by from about again what which who whom whose where when why"
    " how tell told say said remember know can could please just really very much some any there here".split()
)
_ENDING = re.compile(r"(?:'s|ies|ied|ing|ed|es|s|ly)$")
_ASKED_AS = {  # what a question about a matter says, where the matter itself is not named
    "home": "live living city town place where", "origin": "from hometown born grow grew raised", "job": "work job do living profession occupation career", "workplace": "work company employer where",
    "name": "called name", "age": "old age", "birthday": "born birthday birth", "pet": "pet animal dog cat", "diet": "eat diet food", "allergy": "allergic allergy eat",
    "plays": "instrument sport play music", "hobby": "hobby hobbies free time spare fun", "language": "language speak", "learns": "learn learning", "studies": "study studying degree university subject",
    "teaches": "teach subject", "car": "drive car", "uses": "own use device play watch read", "collects": "collect collection", "family": "children kids family siblings", "status": "married single family",
}  # fmt: skip


@dataclass(frozen=True)
class Recalled:
    """One memory: where it stands (`profile:e7`, `turn:t1/3`), what it says, since when it is known, how well it fits, best at about 1, and the person's own words."""

    source: str
    text: str
    created: datetime
    score: float
    quote: str = ""


@dataclass(frozen=True)
class Trace:
    """What can be recalled, before it is asked for: `said` are the words that it is found by, `vectors` the meanings of its
    parts, `(n_parts, n_dimensions)`, where there are any; `kept` for a profile entry."""

    source: str
    text: str
    said: str
    created: datetime
    vectors: Vectors | None
    quote: str
    kept: bool
    about: str = ""


def of_entry(entry: ProfileEntry, vectors: Vectors | None) -> Trace:
    """Returns what is recalled of an entry: its value in the words that told it."""
    return Trace(
        f"profile:{entry.id}",
        entry_text(entry),
        f"{_statement(entry)} {entry.quote} {_asked_as(entry)}",
        entry.updated,
        vectors,
        entry.quote,
        True,
        entry.about,
    )


def entry_text(entry: ProfileEntry) -> str:
    """Returns an entry in a line: what it is about, its value, the quote."""
    return f"{_statement(entry)} (“{entry.quote}”)" if entry.quote else _statement(entry)


def _statement(entry: ProfileEntry) -> str:
    if entry.about:
        return f"{entry.about}: {'no longer ' if entry.polarity < 0 else ''}{entry.value}"
    felt = {(1, "soft"): "likes", (1, "hard"): "only", (-1, "soft"): "dislikes", (-1, "hard"): "never"}[
        entry.polarity, entry.strength
    ]
    facet = "" if entry.facet in ("item", "text") else f"{entry.facet.replace('_', ' ')}: "
    return f"{felt} {facet}{entry.value}"


def _asked_as(entry: ProfileEntry) -> str:
    """Returns words by which people ask for an entry beside its own."""
    if entry.about:
        return _ASKED_AS.get(entry.about.rpartition("'s ")[2], "")
    felt = (
        "like love enjoy favourite fan"
        if entry.polarity > 0
        else "never hate dislike stand avoid recommend show suggest thing rule out"
    )
    kind = "film movie book game one title" if entry.facet == "item" else "genre kind sort type whose who by"
    return f"{felt} {kind}"


def parts_of(text: str) -> list[str]:
    """Returns the statements of a message that say something of their own, at most three, those about the person first."""
    said = [part.strip() for part in _PARTS.split(text) if len(terms(part)) > 0]
    said = [part for part in said if states(part)] or said
    return sorted(said or [text], key=lambda part: _SELF.search(part) is None)[:_MOST_PARTS]


def recalled(
    traces: Sequence[Trace], text: str, vector: Vector | None, now: datetime, k: int, layer: Topics | None = None
) -> list[Recalled]:
    """Returns the `k` memories that fit a text best, best first; a stretch of time that it names leaves only what is from then.

    `layer` says what is told and asked for by its meaning; it must be of the encoder that made the vectors.
    """
    when = window(text, now)
    within = [trace for trace in traces if when is None or trace.created in when]
    if not within:
        return []
    asked = terms(text if when is None else _without(text, when))
    lexical, near = _shared(asked, [trace.said for trace in within]), _nearness(within, vector, layer)
    of_self = _SELF.search(text) is not None
    fits = _DENSE * near.dense + (1 - _DENSE) * lexical + _TOPIC * near.topic
    lately = _CURRENT * np.array(
        [0.5 ** (max((now - t.created).total_seconds(), 0.0) / 86_400 / _HALF_DAYS) for t in within]
    )
    most = fits * np.array([_KEPT if trace.kept else 1.0 for trace in within]) + lately
    found: list[tuple[float, str, Trace]] = []
    for place in np.argsort(-most, kind="stable").tolist():
        if len(found) >= _DRAWN * k and most[place] < -found[_DRAWN * k - 1][0]:
            break  # none of those left can be better
        trace = within[place]
        worth = _KEPT if trace.kept else _worth(trace, of_self) * (1.0 - _IDLE * float(near.idle[place]))
        score = worth * float(fits[place]) + float(lately[place])
        insort(found, (-round(score, 6), trace.source, trace), key=lambda one: one[:2])
    best: dict[str, Recalled] = {}  # what was said in the same words again is one memory
    for score, _, trace in found:
        best.setdefault(
            trace.quote or trace.text, Recalled(trace.source, trace.text, trace.created, -score, trace.quote)
        )
    return list(best.values())[:k]


def _worth(trace: Trace, of_self: bool) -> float:
    """Returns how much what was only said counts beside what is kept."""
    asked = _ASKED if _QUESTION.search(trace.quote) else 1.0  # an earlier question is no answer
    return asked * (_OF_OTHERS if of_self and not (_SELF.search(trace.quote) and states(trace.quote)) else 1.0)


@dataclass(frozen=True)
class _Near:
    """How near memories are to a question, all `(n_traces,)` in [0, 1]: by their nearest part, by what they tell, and how idle their talk is."""

    dense: Floats
    topic: Floats
    idle: Floats


def _nearness(traces: Sequence[Trace], vector: Vector | None, layer: Topics | None) -> _Near:
    """Returns how near the memories are; what has no vectors is far, and not idle."""
    dense, topic, idle = (np.zeros(len(traces)) for _ in range(3))
    found = [(place, trace.vectors) for place, trace in enumerate(traces) if trace.vectors is not None]
    if vector is None or not found:
        return _Near(dense, topic, idle)
    places, starts = [place for place, _ in found], np.cumsum([0, *(len(parts) for _, parts in found)][:-1])
    parts = np.concatenate([parts for _, parts in found]).astype(np.float32)
    dense[places] = np.maximum(np.maximum.reduceat(parts @ vector, starts), 0.0)
    if layer is not None:
        asked, told = layer.told(layer.of(vector[None])[0]), layer.of(parts)
        topic[places] = np.maximum.reduceat(layer.told(told) @ asked, starts)
        idle[places] = np.minimum.reduceat(layer.idle(told), starts)
        for place, trace in enumerate(traces):
            if layer.topic(trace.about) in layer.names:
                topic[place] = float(layer.about(trace.about) @ asked)
    return _Near(dense, topic, idle)


def _without(text: str, when: Window) -> str:
    return re.sub(re.escape(when.words), " ", text, flags=re.IGNORECASE)


def terms(text: str) -> list[str]:
    """Returns the telling words of a text without their endings."""
    return [_ENDING.sub("", word) if len(word) > 4 else word for word in words(text) if word not in _STOP]


def _shared(asked: Sequence[str], said: Sequence[str]) -> Floats:
    """Returns `(n_texts,)`: how much of what is asked each text says, rare words counting most, in [0, 1]."""
    wanted = list(dict.fromkeys(asked))
    documents = [_among(wanted, text) for text in said]
    weights = {term: math.log(1 + len(said) / (1 + sum(term in document for document in documents))) for term in wanted}
    whole = sum(weights.values()) or 1.0
    return np.array([sum(weight for term, weight in weights.items() if term in has) / whole for has in documents])


def _among(wanted: Sequence[str], text: str) -> set[str]:
    """Returns which terms a text has; one without their letters in a row is not read word by word."""
    folded = fold(text)
    return {*terms(text)} if any(term in folded for term in wanted) else set()
