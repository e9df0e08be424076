"""A person with an agenda: a stack of wishes taken from their target, pushed and popped as the conversation goes.

After Schatzmann et al. 2007 (agenda-based user simulation) and Zhang & Balog 2020 (for recommenders). The person answers
from the target's fields and from a comparison of what is shown with the target, over any schema, and never says what
gives the target away.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from convrec.evaluation.sessions.agenda_answers import answer
from convrec.evaluation.sessions.agenda_goals import fold
from convrec.evaluation.sessions.agenda_mind import Mind
from convrec.evaluation.sessions.agenda_reactions import react
from convrec.evaluation.sessions.agenda_slips import change_mind, misspeak
from convrec.evaluation.sessions.agenda_voice import Line, Voice
from convrec.evaluation.sessions.people import Mistake, Person, Shown, Utterance, View

_SLIPS: dict[Mistake, float] = {"wrong": 3.0, "silence": 2.5, "typo": 3.0, "change_of_mind": 2.5}
_REACT_RATHER_THAN_ANSWER = 0.3


class AgendaSimulator:
    """People who follow an agenda. They stay for `Person.patience` utterances; the next one says that they leave (`done`)."""

    name = "agenda"

    def begin(self, person: Person, catalogue: View, rng: random.Random) -> AgendaConversation:
        """Returns the person at the beginning of a conversation; style, agenda and words are drawn from `rng`."""
        return AgendaConversation(person, catalogue, rng)


class AgendaConversation:
    """One person in one conversation; see `people.Conversation`."""

    def __init__(self, person: Person, view: View, rng: random.Random) -> None:
        self._mind = Mind(person, view, rng)
        self._voice = Voice(view.schema, self._mind.agenda.secret, self._mind.style)
        self._turns = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> AgendaConversation:
        other = copy.copy(self)
        other._mind = self._mind.copied()
        return other

    def opening(self) -> Utterance:
        """Returns what the person says first: wishes, something they liked, or only that they want help."""
        mind, self._turns = self._mind, 1
        lines = [Line("greeting")] if mind.chance(0.3 * (1.1 - mind.style.terse)) else []
        drawn = mind.rng.random()
        if mind.liked and drawn < 0.3:
            lines.append(mind.liked_line("opening_liked"))
            lines += mind.wish("also") if mind.chance(0.5) else []
        elif not mind.agenda.stack or drawn < 0.4:
            lines.append(Line("opening_vague"))
            lines += mind.wish("wish") if mind.chance(0.5) else []
        else:
            lines += mind.wish("opening", mind.rng.choices((1, 2, 3), (50, 37, 13))[0])
        return self._utter(lines + (mind.rule_out() if mind.chance(0.08) else []))

    def respond(self, shown: Shown) -> Utterance:
        """Returns an answer, a reaction or a new wish; `Person.mistakes` of them go wrong."""
        self._turns += 1
        if self._turns > self._mind.person.patience:
            return Utterance(self._aside("leave"), done=True)
        if self._mind.chance(self._mind.person.mistakes):
            return self._go_wrong(shown)
        return self._utter(self._plain(shown))

    def _plain(self, shown: Shown) -> list[Line]:
        """Returns what they say when nothing goes wrong."""
        mind = self._mind
        if shown.items and (shown.question is None or mind.chance(_REACT_RATHER_THAN_ANSWER)):
            return react(mind, shown)
        if shown.question is not None:
            lines = answer(mind, shown.question)
            return lines + (mind.wish("also") if mind.chance(0.3 * (1 - mind.style.terse)) else [])
        if mind.liked and mind.chance(0.12):
            return [mind.liked_line("liked")]
        ruled_out = mind.rule_out() if mind.chance(0.08) else []
        return ruled_out or mind.wish("wish", mind.rng.choice((1, 1, 2))) or [Line("prompt")]

    def _go_wrong(self, shown: Shown) -> Utterance:
        """Makes one of the mistakes that are possible now, in a weighted random order."""
        order = sorted(_SLIPS, key=lambda kind: self._mind.rng.random() ** (1 / _SLIPS[kind]), reverse=True)
        for kind in order:
            if kind == "silence":
                break
            if kind == "typo":
                return self._utter(self._plain(shown), "typo")
            lines = misspeak(self._mind, shown) if kind == "wrong" else change_mind(self._mind)
            if lines:
                return self._utter(lines, kind)
        return Utterance(self._aside("silence"), mistakes=("silence",))

    def _utter(self, lines: list[Line], mistake: Mistake | None = None) -> Utterance:
        """Returns the lines in words, or a filler where every wording of them would give the target away."""
        mind = self._mind
        text = self._voice.say(lines, mind.said, mind.rng, typo=mistake == "typo")
        if text is None:
            return Utterance(self._aside("something_else", fresh=True))
        mind.said.add(fold(text))
        mind.note(lines)
        statements = tuple(statement for line in lines for statement in line.meaning)
        retracted = tuple(statement for line in lines for statement in line.retracted)
        return Utterance(text, statements, retracted, (mistake,) if mistake else ())

    def _aside(self, act: str, *, fresh: bool = False) -> str:
        """Returns words that mean nothing about the target, new ones if there still are any."""
        said = self._mind.said if fresh else set()
        new = self._voice.say([Line(act)], said, self._mind.rng)
        text = new if new is not None else self._voice.say([Line(act)], set(), self._mind.rng) or ""
        said.add(fold(text))
        return text
