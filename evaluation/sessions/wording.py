"""People whose words a chat model puts into others. What they mean stays; where that cannot be told, their own words stay too."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from convrec.core.errors import ConvrecError
from convrec.core.text import words
from convrec.evaluation.manifest import hashed
from convrec.evaluation.sessions.faithful import Meaning, Words
from convrec.evaluation.sessions.people import Conversation, Person, Shown, Simulator, Utterance, View
from convrec.evaluation.sessions.session import Worded, names
from convrec.prompts.rendering import prompt, prompt_hash, styles

_PROMPT = "reword"
_SHORTEST_LIMIT = 200  # characters that other words may always have
STYLES = tuple(sorted(styles(_PROMPT)))
"""The names of the manners in which people write."""


class NoWordingError(ConvrecError):
    """The model did not answer, or not with words."""


class Wording(Protocol):
    """Whoever puts texts into other words. `model` stands in tables."""

    model: str

    def __call__(self, text: str, style: str) -> str:
        """Returns the text in other words, as somebody writes who has that style.

        Raises:
            NoWordingError: there are none.
        """
        ...


def prompt_of(text: str, style: str) -> str:
    """Returns all that a model is sent: how to reword, and the text between two marks that do not stand in it."""
    manner = styles(_PROMPT)[style]
    return prompt(_PROMPT, text=text, style=manner, mark=f"=== {hashed(text.encode(errors='replace'))} ===")


class Reworded:
    """People of another simulator, who do and mean the same, in a model's words. Their style goes by their id."""

    def __init__(self, plain: Simulator, wording: Wording) -> None:
        self.name = f"{plain.name}, worded by {wording.model}"
        self._plain, self._wording = plain, wording
        self._known: tuple[View, frozenset[Words]] | None = None

    def begin(self, person: Person, catalogue: View, rng: random.Random) -> Conversation:
        """Returns the person at the beginning of a conversation; only what the plain one draws is drawn from `rng`."""
        plain = self._plain.begin(person, catalogue, rng)
        return RewordedConversation(plain, person, catalogue, self._values(catalogue), self._wording)

    def _values(self, catalogue: View) -> frozenset[Words]:
        if self._known is None or self._known[0] is not catalogue:
            values = [value for each in catalogue.common.values() for value, _ in each]
            self._known = catalogue, frozenset(tuple(words(value)) for value in values)
        return self._known[1]


class RewordedConversation:
    """One person in a model's words. A copy, by which others look ahead, answers in plain words and asks no model."""

    def __init__(
        self, plain: Conversation, person: Person, catalogue: View, known: frozenset[Words], wording: Wording
    ) -> None:
        self._plain, self._person, self._catalogue, self._known, self._wording = (
            plain,
            person,
            catalogue,
            known,
            wording,
        )
        self._titles = {item.id: item.title for item in person.liked}
        self._style = random.Random(f"style/{person.id}").choice(STYLES)

    def __deepcopy__(self, memo: dict[int, Any]) -> Conversation:
        return copy.deepcopy(self._plain, memo)

    def opening(self) -> Utterance:
        """Returns what the person says first."""
        return self._worded(self._plain.opening())

    def respond(self, shown: Shown) -> Utterance:
        """Returns what the person says to what they are shown."""
        self._titles |= {item.id: item.title for item in shown.items}
        return self._worded(self._plain.respond(shown))

    def _worded(self, said: Utterance) -> Worded:
        new, kept = self._other(said)
        return Worded(
            said.text if kept else new, said.statements, said.retracted, said.mistakes, said.done, said.text, kept
        )

    def _other(self, said: Utterance) -> tuple[str, str]:
        """Returns other words, and why they won't do: nothing where they do."""
        if not words(said.text) or said.done or "silence" in said.mistakes:
            return "", "nothing was said"
        if "typo" in said.mistakes:
            return "", "a slip of the keyboard"
        meaning = Meaning.of(said, self._catalogue.schema, self._titles)
        if meaning is None or names(said.text, self._person.target):
            return "", "the meaning cannot be checked"
        try:
            new = self._wording(said.text, self._style)
        except NoWordingError:
            return "", "no answer"
        return new, self._fault(meaning, new)

    def _fault(self, meaning: Meaning, new: str) -> str:
        if not words(new):
            return "an empty answer"
        if len(new) > max(_SHORTEST_LIMIT, 4 * len(meaning.text)):
            return "too long"
        if names(new, self._person.target):
            return "the target was named"
        return meaning.fault(new, self._known) or ""


def described(model: str) -> dict[str, str]:
    """Returns what a manifest says of wording: the model and its prompt's hash, not where it is served."""
    return {"worded_by": model, "wording_prompt": prompt_hash(_PROMPT)}


def counted(transcripts: Iterable[Mapping[str, Any]]) -> tuple[dict[str, int], str]:
    """Returns how many utterances of the transcripts are the model's and how many were kept, and in words why."""
    turns = [turn for transcript in transcripts for turn in transcript.get("turns", ()) if "kept" in turn]
    why = Counter(turn["kept"] for turn in turns if turn["kept"])
    kept = why.total()
    counts = {"utterances worded by the model": len(turns) - kept, "utterances kept as they were": kept}
    listed = ", ".join(f"{n:,} {reason}" for reason, n in sorted(why.items(), key=lambda each: (-each[1], each[0])))
    return counts, f"Kept as they were: {listed or 'none'}."
