"""What was recalled and kept, against what was told: each person's part in every metric, and what to read about misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import bm25s

from convrec.evaluation.memory.entries import Entry, audit
from convrec.evaluation.memory.facts import Known, Part, Value
from convrec.evaluation.memory.reading import stems
from convrec.evaluation.memory.schedule import Message
from convrec.evaluation.memory.talking import TOP, Inquiry, Sitting
from convrec.evaluation.run import Answer

Row = dict[str, tuple[float, float]]
"""A case's part in each metric, as `(numerator, denominator)`."""

RECALL, WINS, JUNK = f"recall@{TOP}", "updated facts win", "junk share"


def recalled_row(inquiry: Inquiry, recalled: Sequence[Sequence[str]], only: Part | None = None) -> Row:
    """Returns a person's part in what is measured of texts recalled, a list a question; of questions worded in one part alone, where named."""
    hits = wins = asked = updated = 0
    for question, texts in zip(inquiry.questions, recalled, strict=True):
        if only is not None and question.part != only:
            continue
        now = rank(question.about.value, texts)
        asked += 1
        hits += now is not None
        if is_updated(question.about):
            before = rank(question.about.old, texts)
            updated += 1
            wins += now is not None and (before is None or now <= before)
    return {RECALL: (float(hits), float(asked)), WINS: (float(wins), float(updated))}


def rank(value: Value | None, texts: Sequence[str]) -> int | None:
    """Returns the place, from 1, of the first text that has the value."""
    return next((place for place, text in enumerate(texts, 1) if value and value.within(text)), None)


def is_updated(each: Known) -> bool:
    """Tells whether a fact has a value that replaced another."""
    return each.old is not None and each.value is not None


def kept_row(inquiry: Inquiry, profile: Sequence[Entry]) -> Row:
    """Returns a person's part in what is measured of their profile."""
    found = audit(profile, inquiry.told)
    n, holding = len(found.entries), sum(each.value is not None for each in inquiry.told)
    gone = [each for each in inquiry.told if each.value is None]
    left = sum(any(audit([entry], [_restored(each)]).right for entry in profile) for each in gone)
    return {
        JUNK: (float(len(found.junk) + len(found.stale)), float(n)),
        "stale share": (float(len(found.stale)), float(n)),
        "duplicates a person": (float(found.doubled), 1.0),
        "entry precision": (float(found.covered), float(n)),
        "entry recall": (float(found.covered), float(holding)),
        "dropped facts gone": (float(len(gone) - left), float(len(gone))),
    }


def _restored(each: Known) -> Known:
    return Known(each.fact, each.old, None, each.part)


def texts_of(answer: Answer, inquiry: Inquiry) -> list[list[str]]:
    """Returns the texts recalled for each question; nothing where asking failed."""
    return [[row["text"] for row in each] for each in answer.get("recalled", [[] for _ in inquiry.questions])]


def by_words(inquiry: Inquiry) -> list[list[str]]:
    """Returns for each question the person's own messages that share most words with it (BM25)."""
    texts = [message.text for message in inquiry.messages]
    index = bm25s.BM25()
    index.index([list(stems(text)) for text in texts], show_progress=False)
    k = min(TOP, len(texts))
    known = [[stem for stem in stems(question.text) if stem in index.vocab_dict] for question in inquiry.questions]
    return [
        [texts[place] for place in index.retrieve([each], k=k, show_progress=False).documents[0].tolist()] if each else []
        for each in known
    ]  # fmt: skip


Origins = Mapping[str, Mapping[str, Message]]
"""The message of every turn, by person and `thread/turn`."""


def origins_of(sittings: Sequence[Sitting], answers: Sequence[Answer]) -> dict[str, dict[str, Message]]:
    """Returns which message became which turn."""
    found: dict[str, dict[str, Message]] = {}
    for sitting, answer in zip(sittings, answers, strict=True):
        said = {message.number: message for message in sitting.messages}
        turns = {f"{thread}/{turn}": said[number] for number, thread, turn in answer.get("turns", ())}
        found.setdefault(sitting.person, {}).update(turns)
    return found


def junk_by_kind(asked: Sequence[Inquiry], answers: Sequence[Answer], origins: Origins) -> dict[str, int]:
    """Returns how many entries that are no fact came from each kind of message, and how many are no longer so."""
    kinds: Counter[str] = Counter()
    for inquiry, answer in zip(asked, answers, strict=True):
        found = audit(answer.get("profile", []), inquiry.told)
        for entry in found.junk:
            origin = _origin(entry, origins[inquiry.id])
            kinds[origin.kind if origin else "nowhere"] += 1
        kinds["no longer so"] += len(found.stale)
    return dict(sorted(kinds.items()))


def _origin(entry: Entry, turns: Mapping[str, Message]) -> Message | None:
    return turns.get(f"{entry['thread_id']}/{entry['turn']}")


def misses(asked: Sequence[Inquiry], answers: Sequence[Answer], origins: Origins) -> Iterator[dict[str, Any]]:
    """Yields what to read: facts not recalled or not replaced, and entries that are none; of the wordings to develop with alone."""
    for inquiry, answer in zip(asked, answers, strict=True):
        for question, texts in zip(inquiry.questions, texts_of(answer, inquiry), strict=True):
            now, before = rank(question.about.value, texts), rank(question.about.old, texts)
            lost = is_updated(question.about) and before is not None and (now is None or before < now)
            if question.part == "dev" and question.about.value and (now is None or lost):
                told = [m.text for m in inquiry.messages if any(t.fact == question.about.fact for t in m.tells)]
                yield {
                    "id": inquiry.id, "miss": "update" if lost else "recall", "question": question.text,
                    "value": question.about.value.name, "told": told, "recalled": texts,
                }  # fmt: skip
        found = audit(answer.get("profile", []), inquiry.told)
        for kind, entries in (("junk", found.junk), ("stale", found.stale)):
            for entry in entries:
                origin = _origin(entry, origins[inquiry.id])
                if origin is None or origin.part == "dev":
                    said = {"kind": origin.kind, "said": origin.text} if origin else {}
                    yield {"id": inquiry.id, "miss": kind, "entry": entry, **said}
