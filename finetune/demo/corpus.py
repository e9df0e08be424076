"""What a tiny base reads before it is tuned: the demo catalogue's cards, names to copy, and messages of the grammar with notes on them.

None of it is a chat, and the notes are in another notation than the answers that tuning teaches. No value that is kept for measuring is
named in a message; cards and lists of names to copy have them all, for the catalogue's words are known before anybody speaks of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.finetune.demo.tiny import Text
from convrec.finetune.grammar.draft import Context
from convrec.finetune.grammar.schema import View
from convrec.finetune.grammar.understand import write_turn
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.sets.own import OwnNames, own_view
from convrec.finetune.sets.understand import answered

_SLIPS = 0.25  # share of wishes that a draft has wrong or lacks


@dataclass(frozen=True)
class Corpus:
    """Texts about one catalogue, without end; `words` are all values of each field, in the forms in which they are said."""

    catalogue: Catalogue
    view: View
    names: OwnNames
    wording: Wording
    words: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, catalogue: Catalogue, today: int) -> Corpus:
        """Returns the texts about a catalogue."""
        known, fresh = own_view(catalogue, today, "known"), own_view(catalogue, today, "fresh")
        words: dict[str, dict[str, None]] = {}
        for facet in (*known.facets, *fresh.facets):
            for value in facet.spec.values:
                words.setdefault(facet.name, {}).update(dict.fromkeys((value.name, *value.modifiers, value.plural)))
        spoken = tuple(tuple(word for word in each if word) for each in words.values())
        return cls(catalogue, known, OwnNames(catalogue, "known"), Wording("train"), spoken)

    def texts(self, seed: int, n_early: int = 0) -> Iterator[Text]:
        """Yields texts, the same ones for the same seed, so many early ones first."""
        rng = Random(seed)
        for number in count():
            yield Text("", self.draw(rng, early=number < n_early))

    def spelt(self) -> Iterator[str]:
        """Yields what the tokenizer is to know beside the texts: cards, and every value in the forms in which it is written."""
        yield from islice(self.catalogue.cards(), 2_000)
        for words in self.words:
            for word in words * (30 if len(words) < 200 else 1):
                yield f'"{word}" "{word.lower()}" {word} {word.lower()}'

    def draw(self, rng: Random, *, early: bool = False) -> str:
        """Returns one text; `early` ones are copies above all, for everything else is learned faster by who can copy."""
        kinds: Sequence[Callable[[Random], str]] = (self.noted, self.told, self.copied, self.repeated, self.card)
        return rng.choices(kinds, (13, 15, 42, 28, 2) if early else (34, 40, 10, 12, 4))[0](rng)

    def card(self, rng: Random) -> str:
        """Returns an item's card."""
        return self.catalogue.card(rng.randrange(len(self.catalogue)))[:300]

    def copied(self, rng: Random) -> str:
        """Returns names, twice: what is copied is read by what stands before it."""
        named = [self._name(rng) for _ in range(rng.randint(2, 6))]
        return "; ".join(named) + "\n" + "; ".join(named)

    def _name(self, rng: Random) -> str:
        said = self.names.title(rng) if rng.random() < 0.3 else rng.choice(rng.choice(self.words))
        return said.lower() if rng.random() < 0.4 else said

    def repeated(self, rng: Random) -> str:
        """Returns an answer as it is given at last, twice, without the message that it answers."""
        _, answer = self._turn(rng)
        return f"{json.dumps(answer, ensure_ascii=False)}\n{json.dumps(answer, ensure_ascii=False)}"

    def noted(self, rng: Random) -> str:
        """Returns a message with a draft of what it says, and notes on what it does say, a line a wish."""
        message, answer = self._turn(rng)
        document = json.dumps({"draft": drafted(answer, rng), "message": message}, ensure_ascii=False)
        return f"{document}\n{notes(answer)}"

    def told(self, rng: Random) -> str:
        """Returns what a message says, and only then the draft and the message: the same copies as in an answer, the other way round."""
        message, answer = self._turn(rng)
        return (
            json.dumps(answer, ensure_ascii=False)
            + "\n"
            + json.dumps({"draft": drafted(answer, rng), "message": message}, ensure_ascii=False)
        )

    def _turn(self, rng: Random) -> tuple[str, dict[str, Any]]:
        turn = write_turn(rng, self.view, self.names, self.wording, Context())
        return turn.message, answered(turn.answer, self.catalogue.schema.names)


def drafted(answer: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Returns an answer as rules might have found it: a part of the wishes missing, or read the wrong way."""
    found = []
    for wish in answer["preferences"]:
        kept = {key: wish[key] for key in ("facet", "value", "polarity", "strength", "quote")}
        roll = rng.random()
        if roll < _SLIPS / 3:
            continue
        if roll < _SLIPS * 2 / 3:
            kept["polarity"] = -kept["polarity"]
        elif roll < _SLIPS:
            kept["strength"] = "soft" if kept["strength"] == "hard" else "hard"
        found.append(kept)
    acts = answer["acts"] if rng.random() < 0.6 else ["request"]
    return {"acts": acts, "preferences": found}


def notes(answer: dict[str, Any]) -> str:
    """Returns an answer in a line a wish: `+ hard session genres <westerns> Western`."""
    lines = [f"= {' '.join(answer['acts'])}"]
    for wish in answer["preferences"]:
        sign = "+" if wish["polarity"] > 0 else "-"
        lines.append(f"{sign} {wish['strength']} {wish['scope']} {wish['facet']} <{wish['quote']}> {wish['value']}")
    lines += [f"^ {one['kind']} <{one['quote']}> {' '.join(one['item_ids'])}" for one in answer["references"]]
    return "\n".join(lines)
