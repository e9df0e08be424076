"""A simulated person who browses: begins vaguely and lets what they see drive what they say.

Where an agenda-based user (Schatzmann et al. 2007) works off what it wants, this one reacts: it critiques, refuses, praises, compares,
wanders and complains by chances that depend on its last act and on the slate. It knows its target's facts, and never says which it is.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from convrec.evaluation.sessions.browser_answers import answer, asked_field, shrug
from convrec.evaluation.sessions.browser_facts import Mind, Secrets, closeness, counted, holds, met_in
from convrec.evaluation.sessions.browser_habits import MISTAKES, OPENINGS, Act, Habits, Sight, acts, in_order
from convrec.evaluation.sessions.browser_manner import Manner, mistyped
from convrec.evaluation.sessions.browser_memory import misremembered, reconsidered
from convrec.evaluation.sessions.browser_numbers import is_year
from convrec.evaluation.sessions.browser_phrases import Phrases
from convrec.evaluation.sessions.browser_reactions import ACTS, Remark, Scene, toward, wander, wished
from convrec.evaluation.sessions.browser_wishes import Wish, Wording
from convrec.evaluation.sessions.people import Item, Mistake, Person, Shown, Statement, Utterance, View

_TRIES = 4  # times that words are sought which give nothing away


class BrowserSimulator:
    """People who browse. `this_year` lets them say "the last ten years"; without it they never do."""

    name = "browser"

    def __init__(self, habits: Habits | None = None, this_year: int | None = None) -> None:
        self._habits = habits or Habits()
        self._phrases = Phrases.load()
        self._this_year = this_year

    def begin(self, person: Person, catalogue: View, rng: random.Random) -> BrowserConversation:
        """Returns the person at the beginning of a conversation; everything left to chance is drawn from `rng`."""
        wording = Wording(self._phrases, catalogue.schema, self._this_year)
        return BrowserConversation(person, catalogue, wording, self._habits, rng)


@dataclass(frozen=True)
class _Turn:
    """Words in the making: remarks with what they mean, the mistakes in them, and the act that they came from."""

    remarks: tuple[Remark, ...]
    mistakes: tuple[Mistake, ...] = ()
    act: Act | None = None
    bare: bool = False  # said as it stands, without a manner

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(dict.fromkeys(statement for remark in self.remarks for statement in remark.statements))


class BrowserConversation:
    """One browsing person in one conversation."""

    def __init__(self, person: Person, catalogue: View, wording: Wording, habits: Habits, rng: random.Random) -> None:
        self._person, self._catalogue, self._wording, self._habits = person, catalogue, wording, habits
        self._rng = rng
        self._counts = counted(catalogue)
        self._secrets = Secrets(person.target, catalogue.schema)
        self._manner = Manner.of_chance(rng)
        self._met = met_in(person.liked, catalogue.schema)
        self._before: frozenset[str] = frozenset()
        self._said: tuple[Wish, ...] = ()
        self._act: Act | None = None
        self._turns = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> BrowserConversation:
        """Returns a conversation that goes on alike: all but the source of chance never changes in place and is shared."""
        twin = copy.copy(self)
        twin._rng = copy.deepcopy(self._rng, memo)
        return twin

    def opening(self) -> Utterance:
        """Returns what the person says first: a kind, a decade, something that they liked, or nothing in particular."""
        for _ in range(_TRIES):
            scene = self._scene(())
            kinds = in_order(OPENINGS, self._rng)
            remark = next(made for kind in kinds if (made := self._open(kind, scene)) is not None)
            utterance = self._spoken(_Turn((remark,)))
            if utterance is not None:
                return utterance
        return self._mute(())

    def respond(self, shown: Shown) -> Utterance:
        """Returns what the person says to what they are shown; a goodbye once their patience is at an end."""
        if self._turns >= self._person.patience:
            text = self._manner.leave(self._wording.phrases, self._rng)
            return Utterance("" if self._secrets.betrayed_by(text) else text, done=True)
        self._met |= met_in(shown.items, self._catalogue.schema)
        slips = self._rng.random() < self._person.mistakes
        utterance = None
        for _ in range(_TRIES):
            utterance = utterance or self._spoken(self._mistaken(shown) if slips else self._sound(shown))
        self._before |= {item.id for item in shown.items}
        return utterance or self._mute(("silence",) if slips else ())

    def _scene(self, slate: tuple[Item, ...], facts: Mapping[str, Any] | None = None, answered: bool = False) -> Scene:
        mind = Mind(facts or self._person.target.facts, self._counts, self._secrets, self._met)
        return Scene(mind, slate, self._wording, self._person.liked, self._before, self._said, answered)

    def _open(self, kind: str, scene: Scene) -> Remark | None:
        rng = self._rng
        if kind == "nothing":
            return Remark(self._wording.say("open_nothing", rng))
        if kind == "liked":
            liked = scene.likeable()[-3:]
            item = rng.choice(liked) if liked else None
            named = item and self._wording.say("open_liked", rng, title=" ".join(item.title.split()))
            return Remark(named, (toward(item),)) if item and named else None
        fields = [field for field in self._wording.schema.fields if field.type != "number" or is_year(field)]
        found = [wish for field in fields for wish in self._wording.wishes(scene.mind, field)]
        fitting = [w for w in found if w.kind == kind and w.statement.polarity > 0 and w.statement.value is not False]
        return wished(rng.choice(fitting), "open", False, scene, rng) if fitting else None

    def _sound(self, shown: Shown, facts: Mapping[str, Any] | None = None) -> _Turn:
        """Returns what the person says without a mistake, or with the facts misremembered."""
        rng, question = self._rng, shown.question
        scene = self._scene(shown.items, facts, answered=question is not None)
        replies: list[Remark] = []
        if question is not None and rng.random() < self._habits.answer:
            replies.append(answer(question, scene, rng) or shrug(scene, rng))
        add = self._habits.add_when_chatty if self._manner.style == "chatty" else self._habits.add
        if replies and (not shown.items or rng.random() >= add):
            return _Turn(tuple(replies))
        act, remark = self._react(scene)
        if not replies and rng.random() < add and act != "wander":
            second = wander(replace(scene, said=(*scene.said, *remark.wishes)), rng)
            return _Turn((remark, second) if second else (remark,), act=act)
        return _Turn((*replies, remark), act=act)

    def _react(self, scene: Scene) -> tuple[Act, Remark]:
        wanted, liked = self._person.target.facts, {item.id for item in self._person.liked}
        near = [closeness(item.facts, wanted, self._catalogue.schema) for item in scene.slate]
        shown = {item.id for item in scene.slate}
        sight = Sight(max(near, default=0.0), bool(shown & self._before), bool(shown & liked), not shown)
        tried = acts(self._act, sight, self._rng)
        made = ((act, ACTS[act](scene, self._rng)) for act in tried)
        return next((act, remark) for act, remark in made if remark is not None)

    def _mistaken(self, shown: Shown) -> _Turn:
        """Returns what the person says with a mistake, drawn by the shares of the kinds; silence where no other is possible."""
        for kind in in_order(MISTAKES, self._rng):
            turn = self._slip(kind, shown)
            if turn is not None:
                return turn
        return _Turn((), ("silence",))

    def _slip(self, kind: Mistake, shown: Shown) -> _Turn | None:
        rng = self._rng
        if kind == "silence":
            return _Turn((Remark(self._wording.say("silence", rng)),), ("silence",), bare=True)
        if kind == "typo":
            return replace(self._sound(shown), mistakes=("typo",))
        if kind == "change_of_mind":
            remark = reconsidered(self._scene(shown.items), rng)
            return None if remark is None else _Turn((remark,), ("change_of_mind",))
        return self._misspoken(shown)

    def _misspoken(self, shown: Shown) -> _Turn | None:
        """Returns words in which a statement is false, said from facts of which one is misremembered."""
        mind, schema = self._scene(shown.items).mind, self._catalogue.schema
        asked = asked_field(shown.question, schema) if shown.question else None
        for facts in misremembered(mind, schema, asked, self._rng):
            turn = self._sound(shown, facts)
            if not all(holds(statement, self._person.target, schema) for statement in turn.statements):
                return replace(turn, mistakes=("wrong",))
        return None

    def _spoken(self, turn: _Turn) -> Utterance | None:
        """Returns the words, and remembers them; None where they would give the target away."""
        said = [remark.text for remark in turn.remarks]
        text = "".join(said) if turn.bare else self._manner.dress(said, self._wording.phrases, self._rng, self._turns)
        if "typo" in turn.mistakes:
            slipped = mistyped(text, self._rng)
            if slipped == text:
                return None
            text = slipped
        if self._secrets.betrayed_by(text):
            return None
        retracted = tuple(statement for remark in turn.remarks for statement in remark.retracted)
        self._remember(turn, retracted)
        return Utterance(text, tuple(map(self._judged, turn.statements)), retracted, turn.mistakes)

    def _judged(self, statement: Statement) -> Statement:
        return replace(statement, true=holds(statement, self._person.target, self._catalogue.schema))

    def _remember(self, turn: _Turn, retracted: tuple[Statement, ...]) -> None:
        new = [
            replace(wish, statement=self._judged(wish.statement)) for remark in turn.remarks for wish in remark.wishes
        ]
        kept = [wish for wish in self._said if wish.statement not in retracted]
        self._said = (*kept, *new)
        self._act = turn.act
        self._turns += 1

    def _mute(self, mistakes: tuple[Mistake, ...]) -> Utterance:
        """Returns a word that gives nothing away, or none."""
        self._turns += 1
        words = [word for word in self._wording.phrases.says["silence"] if not self._secrets.betrayed_by(word)]
        return Utterance(self._rng.choice([*words, ""]), mistakes=mistakes)
