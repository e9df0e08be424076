"""What a person says, put into words: what tells, noise of ten kinds, and the questions that are asked later."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from convrec.evaluation.memory.facts import PARTS, Fact, Telling, joint, known
from convrec.evaluation.memory.people import Persona
from convrec.evaluation.memory.reading import names, stems, within
from convrec.evaluation.memory.schedule import Message, Plan, Slot, plans, slots
from convrec.evaluation.memory.tastes import Named, Offer
from convrec.evaluation.memory.wording import Choice, Wording, chosen, filled, noise_weights, wordings

_PASSING = {
    "town": "towns", "job": "jobs", "who": "strangers", "pastime": "hobbies", "food": "foods", "animal": "animals",
}  # fmt: skip
_RECENT = 40  # wordings that are not used again so soon


class Speaker:
    """One person's words over weeks. The same seed gives the same words, whatever is answered."""

    def __init__(self, persona: Persona, offer: Offer, choice: Choice, seed: int) -> None:
        self.persona, self.offer, self.choice, self._seed = persona, offer, choice, seed
        self._rng = random.Random(f"speaker/{seed}/{persona.id}")
        self._used: dict[str, list[str]] = {}
        self._pools: dict[str, tuple[Wording, ...]] = {}
        own = [stems(form) for value in persona.values for form in value.forms]
        self._kinds = [k for k in offer.kinds if not any(within(v, stems(k.value)) for v in own)]
        self._titles = [t for _, t in offer.titles if not any(within(v, stems(t)) for v in own)]
        self._passing = {
            slot: [name for name in names(kind) if not any(within(v, stems(name)) for v in own)]
            for slot, kind in _PASSING.items()
        }

    def sittings(self, n: int) -> list[list[Message]]:
        """Returns the person's `n` messages, sitting by sitting."""
        planned = plans(self.persona, n, self.choice, self._rng)
        told: list[Telling] = []
        found = []
        for places in slots(n, self._rng):
            sitting = []
            for slot in places:
                sitting.append(
                    self._telling(slot, planned[slot.number]) if slot.number in planned else self.noise(slot, told)
                )
                told += sitting[-1].tells
            found.append(sitting)
        return found

    def question(self, fact: Fact) -> tuple[str, Wording]:
        """Returns a question for a fact, and how it is worded."""
        wording = self._wording(f"{fact.key}/ask", self._part(fact))
        return self._said(wording, fact.slots), wording

    def noise(self, slot: Slot, told: Iterable[Telling] = ()) -> Message:
        """Returns a message that tells nothing lasting of the person."""
        weights = noise_weights()
        while True:
            kind = self._rng.choices(list(weights), list(weights.values()))[0]
            asked = self._recollected(list(told)) if kind == "recollection" else {"ask": ""}
            found = self._filled(f"noise/{kind}", asked) if asked else None
            if found:
                text, wording = found
                return Message(slot.number, slot.at, slot.thread, self._written(text), kind, part=wording.part)

    def check(self, beside: Named) -> str:
        """Returns words that ask for a slate; `beside` is a kind to ask for."""
        slots_ = {
            "w": beside.said,
            "ws": beside.alone(self.offer.nouns),
            "noun": self.offer.noun,
            "nouns": self.offer.nouns,
        }
        return self._written(filled(self._wording("check", self.choice), slots_, self.persona.style, self._rng))

    def telling(self, plan: Plan) -> tuple[str, Telling]:
        """Returns a sentence that tells a fact, and what it tells."""
        fact = plan.fact
        wording = self._wording(f"{fact.key}/{plan.kind}", self._part(fact))
        now = fact.other if plan.kind == "update" else fact.value
        values = {"v": self._rng.choice(now.forms) if now else "", "old": fact.value.name}
        return self._said(wording, {**fact.slots, **values}), Telling(fact, plan.kind, wording.part)

    def _telling(self, slot: Slot, planned: Sequence[Plan]) -> Message:
        sentences, tells = zip(*(self.telling(plan) for plan in planned), strict=True)
        text, parts = sentences[0], [each.part for each in tells]
        for sentence in sentences[1:]:
            text = self._joined("two", text, b=sentence)
        draw = self._rng.random()
        if draw < 0.35:
            request, wording = self._filled("noise/request", {}) or ("what's good?", None)
            text, parts = self._joined("with_request", text, r=request), parts + ([wording.part] if wording else [])
        elif draw < 0.5:
            trifle, wording = self._filled("noise/trifle", {}) or ("hm", None)
            text, parts = self._joined("with_trifle", text, t=trifle), parts + ([wording.part] if wording else [])
        return Message(slot.number, slot.at, slot.thread, self._written(text), "telling", tuple(tells), joint(parts))

    def _joined(self, how: str, a: str, **others: str) -> str:
        pattern = chosen(wordings(f"joined/{how}", self.choice), self._rng).text
        for slot, text in (("a", a), *others.items()):
            before, _, after = pattern.partition(f"{{{slot}}}")
            pattern = f"{before}{_ended(text, after)}{after}"
        return pattern

    def _recollected(self, told: Sequence[Telling]) -> dict[str, str]:
        facts = [each.fact for each in known(told).values() if each.value is not None]
        return {"ask": self.question(self._rng.choice(facts))[0]} if facts else {}

    def _filled(self, key: str, more: Mapping[str, str]) -> tuple[str, Wording] | None:
        """Returns a wording of noise with things of the day in its slots; none of them is, was or will be true of the person."""
        found = {slot: self._rng.choice(others) for slot, others in self._passing.items()}
        found |= {"noun": self.offer.noun, "nouns": self.offer.nouns, **more}
        if len(self._kinds) >= 2:
            v, w = self._rng.sample(self._kinds, 2)
            found |= {"v": v.said, "w": w.said, "vs": v.alone(self.offer.nouns), "ws": w.alone(self.offer.nouns)}
        if self._titles:
            found["title"] = self._rng.choice(self._titles)
        pool = [each for each in self._unlike(key) if each.slots <= found.keys()]
        if not pool:
            return None
        wording = self._fresh(key, pool)
        return self._said(wording, found), wording

    def _unlike(self, key: str) -> tuple[Wording, ...]:
        """Returns the wordings that have nothing of the person in their own words: "my phone's at 4%" is not noise for who uses a phone."""
        if key not in self._pools:
            self._pools[key] = tuple(
                each for each in wordings(key, self.choice) if not any(v.within(each.text) for v in self.persona.values)
            )
        return self._pools[key]

    def _wording(self, key: str, choice: Choice) -> Wording:
        return self._fresh(key, wordings(key, choice))

    def _part(self, fact: Fact) -> Choice:
        """Returns the part of the wordings in which all is said about a fact, so that recall can be told apart by it."""
        if self.choice != "all":
            return self.choice
        return random.Random(f"part/{self._seed}/{self.persona.id}/{fact.key}").choice(PARTS)

    def _fresh(self, key: str, pool: Sequence[Wording]) -> Wording:
        used = self._used.setdefault(key, [])
        wording = chosen(pool, self._rng, used)
        self._used[key] = [*used, wording.text][-min(_RECENT, max(len(pool) - 1, 1)) :]
        return wording

    def _said(self, wording: Wording, slots_: Mapping[str, str]) -> str:
        return filled(wording, slots_, self.persona.style, self._rng)

    def _written(self, text: str) -> str:
        return self.persona.style.written(text, self._rng)


def _ended(sentence: str, after: str) -> str:
    """Returns a sentence so that what comes after can follow."""
    if after.startswith((".", ",", ";", " —")):
        return sentence.rstrip(".!")
    return f"{sentence}." if after.startswith(" ") and sentence[-1].isalnum() else sentence
