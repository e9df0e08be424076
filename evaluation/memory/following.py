"""Preference following: whether something ruled out for good stays out of every slate, however much is said in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from convrec.catalogue.catalogue import Catalogue
from convrec.core.reply import Reply
from convrec.core.text import fold
from convrec.evaluation.memory.facts import Fact
from convrec.evaluation.memory.remembering import World
from convrec.evaluation.memory.schedule import Plan, Slot
from convrec.evaluation.memory.speaking import Speaker
from convrec.evaluation.memory.talking import Sitting
from convrec.evaluation.memory.tastes import Named, Offer
from convrec.evaluation.run import Answer

Threads = Literal["one thread", "many threads"]
THREADS: tuple[Threads, ...] = ("one thread", "many threads")
_THREAD = 20  # messages, where there are many
_CHECKS = 3  # requests after so many messages of noise
_DAY = 60  # messages


@dataclass(frozen=True)
class Veto:
    """One person who rules something out, then talks of other things, in one conversation or in many."""

    id: str
    speaker: Speaker
    fact: Fact
    beside: Named
    threads: Threads


def vetoes(speakers: Sequence[Speaker], catalogue: Catalogue, offer: Offer, n: int) -> list[Veto]:
    """Returns the first `n` people with something to rule out, each by one of the two ways of talking in turn."""
    found = [
        (speaker, speaker.persona.tastes["veto_kind"]) for speaker in speakers if "veto_kind" in speaker.persona.tastes
    ]
    return [
        Veto(f"veto-{speaker.persona.id}", speaker, fact, _beside(catalogue, offer, speaker, fact), THREADS[place % 2])
        for place, (speaker, fact) in enumerate(found[:n])
    ]  # fmt: skip


def _beside(catalogue: Catalogue, offer: Offer, speaker: Speaker, fact: Fact) -> Named:
    """Returns the kind that most often goes with what is ruled out, of those that the person has no taste in: the hardest to ask for."""
    own = {fold(taste.value.name) for taste in speaker.persona.tastes.values()}
    index = catalogue.values(fact.facet)
    together: Counter[str] = Counter()
    for row in range(len(catalogue)):
        values = _values(catalogue, catalogue.ids[row], fact.facet)
        if fold(fact.value.name) in values:
            together.update(values - own)
    kinds = [kind for kind in offer.kinds if fold(kind.value) not in own and kind.value in index.values]
    return max(kinds, key=lambda kind: together[fold(kind.value)])


class _Talk:
    """A person who ruled something out and goes on talking: how many slates they were shown, and how many broke it."""

    def __init__(self, veto: Veto, world: World, at: datetime) -> None:
        self.veto, self.world, self.at = veto, world, at
        self.number = self.noise = 0
        self.shown: Counter[str] = Counter()

    def say(self, text: str, thread: str) -> Reply:
        """Returns the reply to what is said a minute later, a day later now and then, and counts its slate."""
        reply = self.world.say(self.veto.id, thread, text, self.number, self.at)
        if reply.items:
            fact, catalogue = self.veto.fact, self.world.catalogue
            held = [_values(catalogue, item.id, fact.facet) for item in reply.items]
            self.shown.update(slates=1, broken=any(fold(fact.value.name) in values for values in held))
        return reply

    def next(self, fresh: str) -> str:
        """Goes on to the next message; returns its thread, which is `fresh` where there are many."""
        self.number += 1
        self.at += timedelta(days=1) if self.number % _DAY == 0 else timedelta(minutes=1)
        return "t1" if self.veto.threads == "one thread" else fresh

    def distracted(self, until: int) -> None:
        """Says noise until there was so much of it."""
        while self.noise < until:
            self.noise += 1
            thread = self.next(f"t{1 + self.noise // _THREAD}")
            self.say(self.veto.speaker.noise(Slot(self.number, self.at, thread)).text, thread)

    def checked(self, fresh: str) -> tuple[list[int], list[str]]:
        """Asks for slates; returns how many came and how many of them broke the veto, and what was said where none came."""
        before, silent = Counter(self.shown), []
        for _ in range(_CHECKS):
            thread = self.next(fresh)
            reply = self.say(self.veto.speaker.check(self.veto.beside), thread)
            silent += [] if reply.items else [reply.text]
        return [self.shown[name] - before[name] for name in ("slates", "broken")], silent


def follow(veto: Veto, world: World, after: Sequence[int], start: Sitting) -> Answer:
    """Returns whether the veto was understood, and at each of `after` messages of noise how many slates there were and how many broke it."""
    talk = _Talk(veto, world, start.messages[0].at)
    said, telling = veto.speaker.telling(Plan(veto.fact, "tell"))
    understood, lasting = _understood(talk.say(said, talk.next("t1")), veto.fact)
    checks, silent = {}, []
    for goal in sorted(after):
        talk.distracted(goal)
        world.restart()
        checks[str(goal)], without = talk.checked(f"check-{goal}")
        silent += without
    return {
        "understood": understood, "lasting": lasting, "said": said, "part": telling.part, "checks": checks, "silent": silent,
        "slates": talk.shown["slates"], "broken": talk.shown["broken"],
    }  # fmt: skip


def _understood(reply: Reply, fact: Fact) -> tuple[bool, bool]:
    """Returns whether the veto was heard as one, and as one that lasts."""
    found = [
        wish
        for wish in reply.understanding.preferences
        if wish.polarity < 0 and wish.strength == "hard" and wish.facet == fact.facet and fold(wish.value) == fold(fact.value.name)
    ]  # fmt: skip
    return bool(found), any(wish.scope == "lasting" for wish in found)


def _values(catalogue: Catalogue, item: str, field: str) -> set[str]:
    value = catalogue.item(item).facts.get(field, ())
    return {fold(each) for each in ([value] if isinstance(value, str) else value)}


def followed_row(veto: Veto, answer: Answer, after: Sequence[int]) -> dict[str, tuple[float, float]]:
    """Returns a veto's part in every metric: understanding apart, then of those understood whether it held. In many threads only a lasting one counts as understood."""
    understood = bool(answer.get("understood")) and (veto.threads == "one thread" or bool(answer.get("lasting")))
    row = {"veto understood": (float(understood), 1.0)}
    for goal in after:
        slates, broken = answer.get("checks", {}).get(str(goal), (0, 0))
        row[f"veto held@{goal}"] = (float(understood and slates > 0 and not broken), float(understood and slates > 0))
    slates = answer.get("slates", 0) if understood else 0
    broken = answer.get("broken", 0) if understood else 0
    asked = _CHECKS * len(after)
    row["veto checks without a slate"] = (float(len(answer.get("silent", ()))), float(asked))
    return row | {"slates that keep to a veto": (float(slates - broken), float(slates))}
